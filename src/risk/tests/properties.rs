//! What holds for whatever is put in.

use super::*;
use crate::domain::order::OrderPurpose;
use proptest::prelude::*;

/// An account in cents, a price in cents, percentages and a size.
fn cases() -> impl Strategy<Value = Case> {
    let account = (1_i64..10_000_000, 50_i64..110, 0_i64..400_000, 0_i64..400_000);
    let trade = (100_i64..60_000, 1_i64..700, 1_i64..2_000, any::<bool>());
    let size = (0_i64..=100, 0_u64..40, -100_i64..100);
    (account, trade, size).prop_map(
        |((equity, cash, gross, reserved), (cents, stop, target, long), (weight, qty, nudge))| {
            let mut case = if long { Case::golden() } else { Case::short() };
            let entry = Price::from_cents(cents).unwrap();
            let moved = |basis_points: i64| {
                let ratio = Decimal::new(10_000 + basis_points, 4);
                entry.scaled(ratio, crate::domain::money::Rounding::Down)
            };
            let sign = if long { 1 } else { -1 };
            case.intent.entry_price = entry;
            let limit = moved(nudge).unwrap_or(entry);
            case.intent.kind = OrderKind::Limit { limit };
            case.intent.stop = moved(-sign * stop);
            case.intent.target = moved(sign * target);
            case.intent.consensus = Decimal::new(weight, 2);
            case.symbol.reference = Some(Reference { price: entry, at: second(NOW) });
            case.symbol.previous_price = Some(entry);
            let account = &mut case.account;
            account.equity = Money::from_cents(equity);
            account.cash = account.equity.scaled(Decimal::new(cash, 2));
            account.gross = Money::from_cents(gross.min(equity));
            account.net = account.gross;
            account.reserved.cost = Money::from_cents(reserved.min(equity));
            account.reserved.long = account.reserved.cost;
            account.reserved.cost_unconfirmed = account.reserved.cost;
            account.buying_power = Some(account.cash);
            account.day_start_equity = account.equity;
            account.week_start_equity = account.equity;
            account.equity_peak = account.equity;
            case.qty = shares(qty);
            case
        },
    )
}

/// The limits once more, in plain decimals and by another road than the rules.
fn within_limits(case: &Case, order: &ApprovedOrder) -> Result<(), TestCaseError> {
    let qty = order.qty().to_decimal();
    let limit = order.kind().limit().unwrap().to_decimal();
    let entry = case.intent.entry_price.to_decimal();
    let stop = order.stop().unwrap().to_decimal();
    let cost = limit.max(entry) * qty;
    let equity = case.account.equity.to_decimal();
    let reserved = case.account.reserved.cost.to_decimal();
    let gross = case.account.gross.to_decimal();
    let in_cash = case.account.cash.to_decimal();
    prop_assert!(qty >= dec!(1) && qty.fract().is_zero());
    prop_assert!(cost <= dec!(1000));
    prop_assert!(cost <= equity * dec!(0.2));
    prop_assert!(in_cash - reserved - cost >= equity * dec!(0.5));
    prop_assert!(in_cash - reserved >= cost);
    prop_assert!(gross + reserved + cost <= equity);
    let worst = if order.side() == crate::domain::order::Side::Buy {
        prop_assert!(stop < limit.min(entry));
        limit.max(entry)
    } else {
        prop_assert!(stop > limit.max(entry));
        limit.min(entry)
    };
    let increment = dec!(0.01);
    prop_assert!((worst - stop).abs() <= worst * dec!(0.05) + increment);
    prop_assert!((worst - stop).abs() * qty <= equity * dec!(0.015));
    let target = order.target().unwrap().to_decimal();
    prop_assert!((target - worst).abs() >= (worst - stop).abs() * dec!(2.5));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn i3_an_approved_order_never_exceeds_a_limit(case in cases()) {
        for qty in [case.qty, case.size().quantity] {
            let case = Case { qty, ..case.clone() };
            if let Ok(order) = assess(&case.question()) {
                within_limits(&case, &order)?;
                prop_assert!(order.checks().iter().all(|check| check.passed));
            }
        }
    }

    #[test]
    fn a_size_is_never_refused_by_the_rules_that_made_it(case in cases()) {
        let case = Case { qty: case.size().quantity, ..case };
        for rule in [
            RuleName::PositionValue,
            RuleName::EquityFraction,
            RuleName::CashFraction,
            RuleName::BuyingPower,
            RuleName::MaxShares,
        ] {
            let check = case.check(rule);
            prop_assert!(check.passed || case.qty.is_zero(), "{}", check);
        }
    }

    #[test]
    fn more_consensus_never_buys_less(case in cases(), low in 0_i64..=100, more in 0_i64..=100) {
        let sized = |percent: i64| {
            let mut case = case.clone();
            case.intent.consensus = Decimal::new(percent, 2);
            case.size().quantity
        };
        prop_assert!(sized(low) <= sized(low + more));
    }

    #[test]
    fn a_reduction_never_exceeds_the_position(
        (held, open, to_cancel, qty) in (0_u64..20, 0_u64..20, 0_u64..20, 0_u64..20),
        (later_held, later_open) in (0_u64..20, 0_u64..20),
    ) {
        let position = |count| (count > 0).then(|| long_position(count, 100));
        let intent = ReductionIntent {
            trade_id: TradeId::new("trade-1"),
            symbol: aapl(),
            purpose: OrderPurpose::Exit,
            qty: shares(qty),
            kind: OrderKind::Market,
            time_in_force: TimeInForce::Day,
            class: OrderClass::Simple,
            extended_hours: false,
            at: second(NOW),
        };
        let view = ReductionView {
            position: position(held),
            open_exits: shares(open),
            exits_to_cancel: shares(to_cancel),
            identity_matches: true,
        };
        let limits = Limits::default();
        let Ok(order) = assess_reduction(&ReductionQuestion { intent: &intent, limits: &limits, view: &view }) else {
            return Ok(());
        };
        let id = || crate::domain::ids::ClientOrderId::new("fd-1");
        prop_assert!(order.qty() <= shares(held));
        if order.permit(id(), second(NOW)).is_ok() {
            prop_assert!(open + qty <= held);
        }
        let later = ReductionView {
            position: position(later_held),
            open_exits: shares(later_open),
            ..view
        };
        if order.permit_after_cancel(id(), second(NOW), &later).is_ok() {
            prop_assert!(later_open + qty <= later_held);
        }
    }

    /// Whatever happens in whatever order, the sums are those of the rows.
    #[test]
    fn the_ledger_adds_up_after_every_change(
        steps in prop::collection::vec((0_usize..4, 0_u8..7, 1_u64..4), 1..60)
    ) {
        let mut ledger = Reservations::default();
        for (which, what, qty) in steps {
            let mut case = if which % 2 == 0 { Case::golden() } else { Case::short() };
            case.intent.trade_id = TradeId::new(format!("trade-{which}"));
            let order = assess(&case.question()).unwrap();
            let id = order.trade_id().clone();
            match what {
                0 | 1 => ledger.reserve(&order),
                2 => ledger.mark(&id, Standing::InFlight),
                3 => ledger.mark(&id, Standing::Unknown),
                4 => ledger.fill(&id, shares(qty)),
                5 => ledger.release_unsent(&id),
                _ => ledger.release_on_evidence(&id),
            };
            let cost: Money = ledger.iter().map(|(_, row)| row.price.times(row.qty)).sum();
            let unconfirmed: Money = ledger
                .iter()
                .filter(|(_, row)| row.standing != Standing::Working)
                .map(|(_, row)| row.price.times(row.qty))
                .sum();
            let total = ledger.total();
            prop_assert_eq!(total.cost, cost);
            prop_assert_eq!(total.cost_unconfirmed, unconfirmed);
            prop_assert_eq!(total.long + total.short, cost);
            prop_assert_eq!(ledger.of_symbol(aapl()), total);
        }
    }
}
