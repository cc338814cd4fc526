//! What the rules promise, control by control and as properties.
//!
//! [`Case`] is the golden trade of the house, which passes every rule; each test
//! changes one thing and says which rule must answer.

mod approvals;
mod controls_account;
mod controls_order;
mod properties;

use std::sync::Arc;

use jiff::SignedDuration;
use rust_decimal::{Decimal, dec};

use crate::domain::ids::{Symbol, TradeId};
use crate::domain::market::{Quote, Session, TradingStatus};
use crate::domain::money::{Money, Price, Qty};
use crate::domain::order::{OrderClass, OrderKind, TimeInForce};
use crate::domain::position::{Direction, Position};
use crate::domain::time::Timestamp;
use crate::risk::*;

/// AAPL at 175.50, stop 166.72, target 201.82, five shares, $100 000 of equity.
#[derive(Debug, Clone)]
struct Case {
    intent: EntryIntent,
    qty: Qty,
    limits: Limits,
    account: AccountView,
    symbol: SymbolView,
    conduct: Conduct,
}

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

fn shares(count: u64) -> Qty {
    Qty::shares(count).unwrap()
}

fn dollars(amount: i64) -> Money {
    Money::from_dollars(amount)
}

fn second(at: i64) -> Timestamp {
    Timestamp::from_seconds(at)
}

fn aapl() -> Symbol {
    Symbol::new("AAPL").unwrap()
}

/// The moment of the golden decision.
const NOW: i64 = 1_000_000;

impl Case {
    fn golden() -> Self {
        let entry = price("175.50");
        let identity = Identity { account: Arc::from("PA123"), mode: AccountMode::Paper };
        Self {
            intent: EntryIntent {
                trade_id: TradeId::new("trade-1"),
                symbol: aapl(),
                direction: Direction::Long,
                kind: OrderKind::Limit { limit: entry },
                time_in_force: TimeInForce::Day,
                class: OrderClass::Simple,
                extended_hours: false,
                entry_price: entry,
                stop: Some(price("166.72")),
                target: Some(price("201.82")),
                quantity: None,
                strategy: Arc::from("trend_following"),
                confidence: dec!(0.8),
                consensus: dec!(1),
                size_scale: dec!(1),
                repeat_allowed: false,
                at: second(NOW),
            },
            qty: shares(5),
            limits: Limits::default(),
            account: AccountView {
                equity: dollars(100_000),
                equity_peak: dollars(100_000),
                cash: dollars(100_000),
                buying_power: Some(dollars(100_000)),
                day_start_equity: dollars(100_000),
                week_start_equity: dollars(100_000),
                open_risk_to_stops: Money::ZERO,
                gross: Money::ZERO,
                net: Money::ZERO,
                reserved: Totals::default(),
                open_positions: 0,
                entries_working: 0,
                entries_allowed: true,
                identity: identity.clone(),
                identity_configured: identity,
            },
            symbol: SymbolView {
                position: None,
                reserved: Totals::default(),
                reference: Some(Reference { price: entry, at: second(NOW) }),
                quote: Some(
                    Quote::new(aapl(), (price("175.49"), 1), (entry, 1), second(NOW)).unwrap(),
                ),
                band: None,
                previous_price: Some(entry),
                second_source: None,
                locked_since: None,
                suspicion: None,
                status: TradingStatus::Trading,
                session: Session::Open,
                time_to_close: Some(SignedDuration::from_hours(3)),
                own_best_bid: None,
                own_best_ask: None,
                is_in_doubt: false,
                tradable: true,
                fractionable: true,
                borrow: Borrow::Easy,
            },
            conduct: Conduct::default(),
        }
    }

    /// The mirrored trade: sold short at 175.50, stop above, target below.
    fn short() -> Self {
        let mut case = Self::golden();
        case.intent.direction = Direction::Short;
        case.intent.stop = Some(price("184.28"));
        case.intent.target = Some(price("149.18"));
        case
    }

    /// The golden trade with one change.
    fn with(change: impl FnOnce(&mut Self)) -> Self {
        let mut case = Self::golden();
        change(&mut case);
        case
    }

    fn question(&self) -> Question<'_> {
        let Self { intent, qty, limits, account, symbol, conduct } = self;
        Question { intent, qty: *qty, limits, account, symbol, conduct }
    }

    fn size(&self) -> SizeRecord {
        size(&self.intent, &self.limits, &self.account, &self.symbol, &self.conduct)
    }

    fn check(&self, rule: RuleName) -> Check {
        let rule = RULES.iter().find(|candidate| candidate.name == rule).unwrap();
        rule.check(&self.question())
    }
}

/// The rule refuses, names the value, and so the order is refused.
#[track_caller]
fn refused(rule: RuleName, change: impl FnOnce(&mut Case)) {
    let case = Case::with(change);
    refused_case(rule, &case);
}

#[track_caller]
fn refused_case(rule: RuleName, case: &Case) {
    let check = case.check(rule);
    assert!(!check.passed, "expected a refusal: {check}");
    let denial = assess(&case.question()).unwrap_err();
    assert!(denial.checks.iter().any(|check| check.rule == rule && !check.passed));
    assert_eq!(denial.checks.len(), RULES.len(), "every rule is on record");
}

/// The rule lets the order through; other rules may not.
#[track_caller]
fn passed(rule: RuleName, change: impl FnOnce(&mut Case)) {
    let check = Case::with(change).check(rule);
    assert!(check.passed, "expected to pass: {check}");
}

fn long_position(count: u64, cost: i64) -> Position {
    let direction = Direction::Long;
    Position { symbol: aapl(), direction, qty: shares(count), cost: dollars(cost) }
}

fn amount(text: &str) -> Money {
    text.parse().unwrap()
}

fn decimal(check: Check) -> (Decimal, Decimal) {
    (check.value.unwrap(), check.limit)
}
