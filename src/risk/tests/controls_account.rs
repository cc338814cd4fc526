//! Controls on the account: C03, C04, C15, C16, and the ledger behind them.

use super::*;
use crate::risk::RuleName as R;

#[test]
fn c03_working_entries_count_as_gross_exposure_from_the_moment_of_intent() {
    let gross = |gross: &'static str, reserved: i64| {
        move |case: &mut Case| {
            case.account.gross = amount(gross);
            case.account.reserved.cost = dollars(reserved);
        }
    };
    passed(R::GrossExposure, gross("99122.50", 0));
    refused(R::GrossExposure, gross("99122.51", 0));
    passed(R::GrossExposure, gross("98122.50", 1000));
    refused(R::GrossExposure, gross("98122.51", 1000));
}

#[test]
fn c03_net_exposure_is_the_worst_of_all_ways_to_fill() {
    let net = |net: i64, long: i64, short: i64| {
        move |case: &mut Case| {
            case.limits.max_net_exposure = dec!(0.01);
            case.account.net = dollars(net);
            case.account.reserved.long = dollars(long);
            case.account.reserved.short = dollars(short);
        }
    };
    passed(R::NetExposure, net(100, 0, 1000));
    refused(R::NetExposure, net(123, 0, 0));
    refused(R::NetExposure, net(0, 123, 0));
    refused(R::NetExposure, net(-500, 0, 501));
}

#[test]
fn c04_entries_stop_at_a_fifth_below_the_peak() {
    passed(R::Drawdown, |case| case.account.equity = dollars(80_000));
    refused(R::Drawdown, |case| case.account.equity = amount("79999.99"));
}

#[test]
fn c04_the_day_and_the_week_may_lose_so_much_with_all_stops_counted_as_hit() {
    // The golden trade itself risks $43.90; $5000 and $10 000 are the limits.
    let lost = |equity: i64, open: &'static str, working: i64| {
        move |case: &mut Case| {
            case.account.equity = dollars(equity);
            case.account.open_risk_to_stops = amount(open);
            case.account.reserved.worst_loss = dollars(working);
        }
    };
    passed(R::DailyLoss, lost(96_000, "856.10", 100));
    refused(R::DailyLoss, lost(96_000, "856.11", 100));
    passed(R::WeeklyLoss, lost(91_000, "856.10", 100));
    refused(R::WeeklyLoss, lost(91_000, "856.11", 100));
}

#[test]
fn c15_another_account_or_mode_than_the_configured_one_is_refused() {
    refused(R::AccountIdentity, |case| case.account.identity.mode = AccountMode::Live);
    refused(R::AccountIdentity, |case| case.account.identity.account = Arc::from("PA124"));
    refused(R::TradingState, |case| case.account.entries_allowed = false);
}

#[test]
fn c25_a_stock_in_which_something_is_not_known_takes_no_entry() {
    refused(R::SymbolInDoubt, |case| case.symbol.is_in_doubt = true);
}

#[test]
fn half_of_equity_stays_in_cash_after_the_trade_with_reservations_counted() {
    let cash = |cash: &'static str, reserved: i64| {
        move |case: &mut Case| {
            case.account.cash = amount(cash);
            case.account.reserved.cost = dollars(reserved);
        }
    };
    passed(R::CashFraction, cash("50877.50", 0));
    refused(R::CashFraction, cash("50877.49", 0));
    passed(R::CashFraction, cash("51877.50", 1000));
    refused(R::CashFraction, cash("51877.49", 1000));
}

#[test]
fn proceeds_of_short_sales_are_not_free_cash() {
    let case = Case::with(|case| {
        case.account.cash = dollars(140_000);
        case.account.gross = dollars(40_000);
        case.account.net = dollars(-40_000);
    });
    assert_eq!(case.account.cash_uncommitted(), dollars(60_000));
}

#[test]
fn c16_buying_power_without_orders_in_flight_covers_the_cost() {
    let power = |power: Option<&'static str>, in_flight: i64| {
        move |case: &mut Case| {
            case.account.buying_power = power.map(amount);
            case.account.reserved.cost_unconfirmed = dollars(in_flight);
        }
    };
    passed(R::BuyingPower, power(Some("877.50"), 0));
    refused(R::BuyingPower, power(Some("877.49"), 0));
    passed(R::BuyingPower, power(Some("1877.50"), 1000));
    refused(R::BuyingPower, power(Some("1877.49"), 1000));
    passed(R::BuyingPower, power(None, 0));
    refused(R::BuyingPower, |case| {
        power(None, 0)(case);
        case.account.cash = dollars(877);
    });
}

#[test]
fn positions_and_working_entries_together_are_counted() {
    let counts = |open: u32, working: u32| {
        move |case: &mut Case| {
            case.account.open_positions = open;
            case.account.entries_working = working;
        }
    };
    passed(R::OpenPositions, counts(40, 9));
    refused(R::OpenPositions, counts(40, 10));
    passed(R::OpenPositions, |case| {
        counts(50, 0)(case);
        case.symbol.position = Some(long_position(1, 175));
    });
}

fn approved() -> ApprovedOrder {
    assess(&Case::golden().question()).unwrap()
}

#[test]
fn c16_a_reservation_is_kept_while_the_outcome_is_unknown() {
    let order = approved();
    let id = order.trade_id().clone();
    let mut ledger = Reservations::default();
    assert!(ledger.reserve(&order));
    assert!(!ledger.reserve(&order), "counted once");
    let cost = amount("877.50");
    assert_eq!((ledger.total().cost, ledger.total().cost_unconfirmed), (cost, cost));
    assert_eq!((ledger.total().long, ledger.total().worst_loss), (cost, amount("43.90")));
    assert!(ledger.mark(&id, Standing::InFlight));
    assert!(ledger.mark(&id, Standing::Unknown));
    assert!(!ledger.release_unsent(&id), "unknown is not rejected (I11)");
    assert_eq!(ledger.total().cost_unconfirmed, cost);
    assert!(ledger.mark(&id, Standing::Working));
    assert_eq!((ledger.total().cost, ledger.total().cost_unconfirmed), (cost, Money::ZERO));
    assert!(ledger.fill(&id, shares(2)));
    assert_eq!(ledger.of_symbol(aapl()).cost, amount("526.50"));
    assert!(ledger.release_on_evidence(&id));
    assert!(!ledger.release_on_evidence(&id));
    assert_eq!((ledger.total(), ledger.of_symbol(aapl())), Default::default());
    assert!(ledger.is_empty());
}

#[test]
fn an_approval_that_was_never_sent_gives_its_reservation_back() {
    let order = approved();
    let mut ledger = Reservations::default();
    ledger.reserve(&order);
    assert!(ledger.release_unsent(order.trade_id()));
    assert_eq!(ledger.total(), Totals::default());
}

#[test]
fn a_fill_is_evidence_that_the_broker_has_the_order() {
    let order = approved();
    let mut ledger = Reservations::default();
    ledger.reserve(&order);
    ledger.mark(order.trade_id(), Standing::Unknown);
    assert!(!ledger.mark(order.trade_id(), Standing::Approved), "nothing is unsent");
    ledger.fill(order.trade_id(), shares(2));
    assert_eq!(ledger.get(order.trade_id()).unwrap().standing, Standing::Working);
    assert_eq!(
        (ledger.total().cost, ledger.total().cost_unconfirmed),
        (amount("526.50"), Money::ZERO)
    );
}
