//! Orders that the rules permitted: there is no other way to come by one.

use std::sync::Arc;

use flightdeck::domain::ids::ClientOrderId;
use flightdeck::domain::market::{Quote, Session, TradingStatus};
use flightdeck::domain::money::{Money, Qty};
use flightdeck::domain::order::{OrderClass, OrderKind, OrderPurpose, StopLeg, TimeInForce};
use flightdeck::domain::position::{Direction, Position};
use flightdeck::domain::time::Timestamp;
use flightdeck::risk::{
    AccountMode, AccountView, ApprovedOrder, Borrow, Check, Conduct, Denial, EntryIntent, Identity,
    Limits, PermittedOrder, Question, ReductionIntent, ReductionQuestion, ReductionView, Reference,
    SizeRecord, SymbolView, Totals, assess, assess_reduction, size,
};
use jiff::SignedDuration;
use rust_decimal::dec;

use crate::support::examples::{aapl, money, ours, price, shares, time, trade};

fn now() -> Timestamp {
    time("2025-10-28T14:30:00Z")
}

/// The golden entry, approved: five shares at a limit of 175.50.
pub(super) fn approved_entry() -> ApprovedOrder {
    judge(shares(5)).expect("the golden entry passes every rule")
}

/// The golden entry under its name, as it is sent.
pub(super) fn permitted_entry(client_order_id: ClientOrderId) -> PermittedOrder {
    approved_entry().permit(client_order_id, now()).expect("the approval is fresh")
}

/// Every rule's answer to an entry that is too large, refusals among them.
pub(super) fn refusal() -> Denial {
    *judge(shares(5_000)).expect_err("five thousand shares exceed every limit")
}

/// How the golden entry got its size.
pub(super) fn size_record() -> SizeRecord {
    let (limits, conduct) = (Limits::default(), Conduct::default());
    size(&intent(), &limits, &account(), &symbol_view(), &conduct)
}

/// The answers of all rules to the golden entry.
pub(super) fn checks() -> Vec<Check> {
    approved_entry().checks().to_vec()
}

/// Stop and target resting as one OCO.
pub(super) fn permitted_protection() -> PermittedOrder {
    let stop = StopLeg { stop: price("166.72"), limit: None };
    let kind = OrderKind::Limit { limit: price("201.82") };
    reduction(OrderPurpose::Protection, kind, OrderClass::Oco { stop })
}

/// A plain protective stop.
pub(super) fn permitted_stop() -> PermittedOrder {
    let kind = OrderKind::Stop { stop: price("166.72") };
    reduction(OrderPurpose::Protection, kind, OrderClass::Simple)
}

/// A market order that closes the position.
pub(super) fn permitted_exit() -> PermittedOrder {
    reduction(OrderPurpose::Exit, OrderKind::Market, OrderClass::Simple)
}

fn judge(qty: Qty) -> Result<ApprovedOrder, Box<Denial>> {
    let limits = Limits::default();
    let (account, symbol) = (account(), symbol_view());
    assess(&Question {
        intent: &intent(),
        qty,
        limits: &limits,
        account: &account,
        symbol: &symbol,
        conduct: &Conduct::default(),
    })
}

fn intent() -> EntryIntent {
    let entry = price("175.50");
    EntryIntent {
        trade_id: trade(),
        symbol: aapl(),
        direction: Direction::Long,
        kind: OrderKind::Limit { limit: entry },
        time_in_force: TimeInForce::Day,
        class: OrderClass::Simple,
        extended_hours: false,
        entry_price: entry,
        stop: Some(price("166.72")),
        target: Some(price("201.82")),
        quantity: Some(shares(5)),
        strategy: Arc::from("trend_following_3_to_1"),
        confidence: dec!(0.84),
        consensus: dec!(1),
        size_scale: dec!(1),
        repeat_allowed: false,
        at: now(),
    }
}

fn account() -> AccountView {
    let whole = Money::from_dollars(100_000);
    let identity = Identity { account: Arc::from("SIM-1"), mode: AccountMode::Sim };
    AccountView {
        equity: whole,
        equity_peak: whole,
        cash: whole,
        buying_power: Some(whole),
        day_start_equity: whole,
        week_start_equity: whole,
        open_risk_to_stops: Money::ZERO,
        gross: Money::ZERO,
        net: Money::ZERO,
        reserved: Totals::default(),
        open_positions: 0,
        entries_working: 0,
        entries_allowed: true,
        identity: identity.clone(),
        identity_configured: identity,
    }
}

fn symbol_view() -> SymbolView {
    let last = price("175.50");
    SymbolView {
        is_in_doubt: false,
        position: None,
        reserved: Totals::default(),
        reference: Some(Reference { price: last, at: now() }),
        quote: Some(Quote::new(aapl(), (price("175.49"), 1), (last, 1), now()).unwrap()),
        band: None,
        previous_price: Some(last),
        second_source: None,
        locked_since: None,
        suspicion: None,
        status: TradingStatus::Trading,
        session: Session::Open,
        time_to_close: Some(SignedDuration::from_hours(3)),
        own_best_bid: None,
        own_best_ask: None,
        tradable: true,
        fractionable: true,
        borrow: Borrow::Easy,
    }
}

fn reduction(purpose: OrderPurpose, kind: OrderKind, class: OrderClass) -> PermittedOrder {
    let intent = ReductionIntent {
        trade_id: trade(),
        symbol: aapl(),
        purpose,
        qty: shares(5),
        kind,
        time_in_force: TimeInForce::Gtc,
        class,
        extended_hours: false,
        at: now(),
    };
    let held = Position {
        symbol: aapl(),
        direction: Direction::Long,
        qty: shares(5),
        cost: money("877.50"),
    };
    let view = ReductionView {
        position: Some(held),
        open_exits: Qty::ZERO,
        exits_to_cancel: Qty::ZERO,
        identity_matches: true,
    };
    let limits = Limits::default();
    let question = ReductionQuestion { intent: &intent, limits: &limits, view: &view };
    let approved = assess_reduction(&question).expect("closing what is held is permitted");
    approved.permit(ours(2), now()).expect("the approval is fresh")
}
