//! Sizes, tokens, exits: what comes out when the rules have spoken.

use super::*;
use crate::domain::ids::ClientOrderId;
use crate::domain::order::{OrderPurpose, Side, StopLeg};
use crate::risk::RuleName as R;

#[test]
fn a_thousand_dollars_buy_five_shares_at_175_50() {
    let record = Case::golden().size();
    assert_eq!(record.quantity, shares(5));
    assert_eq!(record.value.to_string(), "877.50");
    assert_eq!((record.budget, record.bound_by), (dollars(1000), CapName::MaxPositionValue));
    assert_eq!(record.caps.len(), 4);
}

#[track_caller]
fn check_size(bound_by: CapName, quantity: u64, change: impl FnOnce(&mut Case)) {
    let mut case = Case::with(change);
    let record = case.size();
    assert_eq!((record.bound_by, record.quantity), (bound_by, shares(quantity)), "{record:?}");
    case.qty = record.quantity;
    if quantity > 0 {
        assert!(assess(&case.question()).is_ok(), "a size is made to be approved");
    }
}

#[test]
fn the_tightest_cap_decides_and_is_named() {
    check_size(CapName::MaxEquityFraction, 4, |case| {
        case.account.equity = dollars(4_000);
        case.account.cash = dollars(4_000);
        case.account.equity_peak = dollars(4_000);
        case.account.day_start_equity = dollars(4_000);
        case.account.week_start_equity = dollars(4_000);
    });
    check_size(CapName::MinCashFraction, 2, |case| case.account.cash = dollars(50_400));
    check_size(CapName::BuyingPower, 1, |case| case.account.buying_power = Some(dollars(200)));
    check_size(CapName::MaxShares, 3, |case| case.limits.max_shares = 3);
    check_size(CapName::IntentQuantity, 2, |case| case.intent.quantity = Some(shares(2)));
    check_size(CapName::FirstTrades, 1, |case| case.limits.first_trades_at_minimum = 1);
    check_size(CapName::MaxPositionValue, 2, |case| case.intent.consensus = dec!(0.5));
    check_size(CapName::MaxPositionValue, 1, |case| case.intent.size_scale = dec!(0.2));
    check_size(CapName::MaxPositionValue, 5, |case| {
        case.intent.consensus = dec!(0.5);
        case.limits.weigh_by_consensus = false;
    });
    check_size(CapName::MaxPositionValue, 5, |case| case.intent.size_scale = dec!(9));
    check_size(CapName::MaxPositionValue, 2, |case| {
        case.intent.size_scale = dec!(9);
        case.intent.consensus = dec!(0.5);
    });
    check_size(CapName::BuyingPower, 0, |case| case.account.buying_power = Some(dollars(-1)));
}

#[test]
fn without_room_the_refusal_says_so() {
    let denial = assess(&Case::with(|case| case.qty = Qty::ZERO).question()).unwrap_err();
    assert_eq!((denial.rule, denial.value, denial.limit), (R::MinShares, Some(dec!(0)), dec!(1)));
}

#[test]
fn a_refusal_names_the_first_rule_and_keeps_every_answer() {
    let denial = assess(&Case::with(|case| case.qty = shares(6)).question()).unwrap_err();
    assert_eq!(denial.rule, R::PositionValue);
    assert_eq!((denial.value, denial.limit), (Some(dec!(1053)), dec!(1000)));
    assert!(denial.explanation.contains("$1053.00, limit $1000.00"), "{denial}");
    let json = serde_json::to_string(&denial).unwrap();
    assert_eq!(serde_json::from_str::<Denial>(&json).unwrap(), *denial);
}

#[test]
fn wide_limits_approve_what_the_defaults_refuse_but_never_without_a_stop() {
    let mut case = Case::with(|case| {
        case.qty = shares(550);
        case.intent.target = None;
        case.intent.stop = Some(price("100"));
        case.symbol.quote = None;
        case.symbol.previous_price = Some(price("17"));
        case.symbol.time_to_close = Some(SignedDuration::ZERO);
        case.account.equity_peak = dollars(900_000);
        case.account.open_risk_to_stops = dollars(90_000);
    });
    assert!(assess(&case.question()).is_err());
    case.limits = Limits::wide();
    assert!(assess(&case.question()).is_ok());
    case.intent.stop = None;
    assert_eq!(assess(&case.question()).unwrap_err().rule, R::StopSide);
}

#[test]
fn an_approval_is_good_for_two_seconds_and_not_a_nanosecond_longer() {
    let order = assess(&Case::golden().question()).unwrap();
    let id = ClientOrderId::new("fd-1");
    let permitted = order.permit(id.clone(), second(NOW + 2)).unwrap();
    assert_eq!(permitted.request().client_order_id, id);
    assert_eq!((permitted.purpose(), permitted.request().qty), (OrderPurpose::Entry, shares(5)));
    assert!(permitted.request().clone().checked().is_ok());
    let late = Timestamp::from_nanos(second(NOW + 2).as_nanos() + 1);
    let refusal = order.permit(id, late).unwrap_err();
    assert!(matches!(refusal, NotPermitted::Expired { .. }), "{refusal}");
}

#[test]
fn tokens_come_back_from_the_journal_as_they_went_in() {
    let order = assess(&Case::golden().question()).unwrap();
    let json = serde_json::to_string(&order).unwrap();
    assert_eq!(serde_json::from_str::<ApprovedOrder>(&json).unwrap(), order);
    let permitted = order.permit(ClientOrderId::new("fd-1"), second(NOW)).unwrap();
    let json = serde_json::to_string(&permitted).unwrap();
    assert_eq!(serde_json::from_str::<PermittedOrder>(&json).unwrap(), permitted);
    let stop = StopLeg { stop: price("166.72"), limit: Some(price("166.00")) };
    let oco = ReductionIntent {
        class: OrderClass::Oco { stop },
        ..exit(OrderPurpose::Protection, 5, OrderKind::Limit { limit: price("201.82") })
    };
    let order = reduce(&oco, &view(Direction::Long, 0, 0)).unwrap();
    let json = serde_json::to_string(&order).unwrap();
    assert_eq!(serde_json::from_str::<ApprovedOrder>(&json).unwrap(), order);
    let record = Case::golden().size();
    let json = serde_json::to_string(&record).unwrap();
    assert_eq!(serde_json::from_str::<SizeRecord>(&json).unwrap(), record);
}

fn exit(purpose: OrderPurpose, qty: u64, kind: OrderKind) -> ReductionIntent {
    ReductionIntent {
        trade_id: TradeId::new("trade-1"),
        symbol: aapl(),
        purpose,
        qty: shares(qty),
        kind,
        time_in_force: TimeInForce::Gtc,
        class: OrderClass::Simple,
        extended_hours: false,
        at: second(NOW),
    }
}

fn view(direction: Direction, open_exits: u64, exits_to_cancel: u64) -> ReductionView {
    ReductionView {
        position: Some(Position { direction, ..long_position(5, 877) }),
        open_exits: shares(open_exits),
        exits_to_cancel: shares(exits_to_cancel),
        identity_matches: true,
    }
}

fn reduce(intent: &ReductionIntent, view: &ReductionView) -> Result<ApprovedOrder, R> {
    let limits = Limits::default();
    assess_reduction(&ReductionQuestion { intent, limits: &limits, view })
        .map_err(|denial| denial.rule)
}

#[test]
fn c07_exits_together_never_exceed_the_position() {
    let market = |qty| exit(OrderPurpose::Exit, qty, OrderKind::Market);
    for (qty, open, to_cancel, refusal) in [
        (5, 0, 0, None),
        (6, 0, 0, Some(R::ExitQuantity)),
        (3, 2, 0, None),
        (4, 2, 0, Some(R::ExitQuantity)),
        (1, 5, 0, Some(R::ExitQuantity)),
        (5, 5, 5, None),
        (5, 5, 4, Some(R::ExitQuantity)),
        (0, 0, 0, Some(R::MinShares)),
    ] {
        let outcome = reduce(&market(qty), &view(Direction::Long, open, to_cancel));
        assert_eq!(outcome.err(), refusal, "{qty} {open} {to_cancel}");
    }
    let flat = ReductionView { position: None, ..view(Direction::Long, 0, 0) };
    assert_eq!(reduce(&market(1), &flat), Err(R::ExitQuantity));
    let elsewhere = ReductionIntent { symbol: Symbol::new("MSFT").unwrap(), ..market(1) };
    assert_eq!(reduce(&elsewhere, &view(Direction::Long, 0, 0)), Err(R::ExitQuantity));
    let stranger = ReductionView { identity_matches: false, ..view(Direction::Long, 0, 0) };
    assert_eq!(reduce(&market(1), &stranger), Err(R::AccountIdentity));
}

#[test]
fn an_exit_is_always_on_the_side_that_closes() {
    for (direction, side) in [(Direction::Long, Side::Sell), (Direction::Short, Side::Buy)] {
        let intent = exit(OrderPurpose::Exit, 5, OrderKind::Market);
        assert_eq!(reduce(&intent, &view(direction, 0, 0)).unwrap().side(), side);
    }
    let entry = exit(OrderPurpose::Entry, 5, OrderKind::Market);
    assert_eq!(reduce(&entry, &view(Direction::Long, 0, 0)), Err(R::ExitShape));
}

#[test]
fn c10_protection_is_a_stop_or_an_oco_with_its_legs_on_their_own_sides() {
    let stop = |text: &str| StopLeg { stop: price(text), limit: None };
    let limit = OrderKind::Limit { limit: price("201.82") };
    let oco = |leg| ReductionIntent {
        class: OrderClass::Oco { stop: leg },
        ..exit(OrderPurpose::Protection, 5, limit)
    };
    let order = reduce(&oco(stop("166.72")), &view(Direction::Long, 0, 0)).unwrap();
    assert_eq!((order.stop(), order.target()), (Some(price("166.72")), Some(price("201.82"))));
    assert!(
        order
            .permit(ClientOrderId::new("x"), second(NOW))
            .unwrap()
            .request()
            .clone()
            .checked()
            .is_ok()
    );
    assert_eq!(reduce(&oco(stop("201.82")), &view(Direction::Long, 0, 0)), Err(R::ExitStop));
    assert_eq!(reduce(&oco(stop("166.72")), &view(Direction::Short, 0, 0)), Err(R::ExitStop));
    assert!(reduce(&oco(stop("210.00")), &view(Direction::Short, 0, 0)).is_ok());
    assert_eq!(reduce(&oco(stop("166.725")), &view(Direction::Long, 0, 0)), Err(R::ExitShape));
    let bare = exit(OrderPurpose::Protection, 5, limit);
    assert_eq!(reduce(&bare, &view(Direction::Long, 0, 0)), Err(R::ExitStop));
    let plain = exit(OrderPurpose::Protection, 5, OrderKind::Stop { stop: price("166.72") });
    assert!(reduce(&plain, &view(Direction::Long, 0, 0)).is_ok());
}

#[test]
fn a_conditional_exit_goes_only_after_the_cancellation_and_never_beyond_what_is_left() {
    let intent = exit(OrderPurpose::Exit, 5, OrderKind::Limit { limit: price("201.82") });
    let order = reduce(&intent, &view(Direction::Long, 5, 5)).unwrap();
    assert!(order.is_conditional());
    let id = || ClientOrderId::new("fd-2");
    let refusal = order.permit(id(), second(NOW)).unwrap_err();
    assert!(matches!(refusal, NotPermitted::Conditional { .. }));
    let now = view(Direction::Long, 0, 0);
    assert!(order.permit_after_cancel(id(), second(NOW + 10), &now).is_ok());
    assert!(order.permit_after_cancel(id(), second(NOW + 11), &now).is_err(), "expired");
    // The stop filled, in part or in whole, before the cancellation reached it; or
    // nobody confirmed the cancellation.
    let partly = ReductionView { position: Some(long_position(4, 700)), ..now };
    let flat = ReductionView { position: None, ..now };
    let turned = view(Direction::Short, 0, 0);
    let resting = view(Direction::Long, 5, 5);
    for state in [partly, flat, turned, resting] {
        let refusal = order.permit_after_cancel(id(), second(NOW), &state).unwrap_err();
        assert!(matches!(refusal, NotPermitted::ExceedsPosition { .. }), "{state:?}");
    }
}
