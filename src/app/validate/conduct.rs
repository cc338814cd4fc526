//! Judges of conduct: positions are protected in time, the gate holds, nothing is
//! counted twice.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::validate::{Finding, Rules};
use crate::domain::command::OperatorCommand;
use crate::domain::ids::{ClientOrderId, ExecutionId, Seq, TradeId};
use crate::domain::order::OrderPurpose;
use crate::domain::position::Direction;
use crate::domain::time::Timestamp;
use crate::events::{
    BreakerEvent, Envelope, Event, OrderEvent, PositionEvent, SystemEvent, TradeEvent,
};

/// A position has a stop on its right side, or is on its way out, within the time.
pub(super) fn protection(told: &[Envelope], rules: &Rules) -> Finding {
    let mut found = Finding::default();
    let mut bare: BTreeMap<&TradeId, (Seq, Timestamp)> = BTreeMap::new();
    for Envelope { seq, at, event, .. } in told {
        if let Event::Position(PositionEvent::Opened(opened)) = event {
            bare.insert(&opened.trade_id, (*seq, *at));
            let (stop, entry) = (opened.stop_price, opened.entry_price);
            let is_right = match opened.direction {
                Direction::Long => stop < entry,
                Direction::Short => stop > entry,
            };
            found.check(is_right, *seq, || {
                format!("trade {} at {entry} has its stop at {stop}", opened.trade_id)
            });
        }
        let safe = made_safe(event);
        if let Some((opened, since)) = safe.and_then(|id| bare.remove(id)) {
            let took = at.since(since);
            found.check(took <= rules.stop_within, opened, || {
                format!("the position was bare for {took:#}, at most {:#}", rules.stop_within)
            });
        }
    }
    let end = told.last().map_or(Timestamp::default(), |envelope| envelope.at);
    for (id, (opened, since)) in bare {
        let is_young = end.since(since) <= rules.stop_within;
        found.check(is_young, opened, || format!("the position of trade {id} never had a stop"));
    }
    found
}

/// The trade whose position has a stop now, or is on its way out.
fn made_safe(event: &Event) -> Option<&TradeId> {
    if let Event::Trade(TradeEvent::StateChanged(change)) = event {
        return (change.to == "EXIT_TRIGGERED").then_some(&change.trade_id);
    }
    if let Event::Position(PositionEvent::StopSet(set)) = event {
        return Some(&set.trade_id);
    }
    if let Event::Position(PositionEvent::Closed(closed)) = event {
        return Some(&closed.trade_id);
    }
    None
}

/// No entry leaves after a kill or while entries are forbidden, nor through an open
/// breaker of orders.
pub(super) fn gate(told: &[Envelope], _: &Rules) -> Finding {
    let mut found = Finding::default();
    let mut shut: Option<&str> = None;
    let mut open_breakers: BTreeSet<&str> = BTreeSet::new();
    for Envelope { seq, event, .. } in told {
        if let Event::Operator(OperatorCommand::Kill(_) | OperatorCommand::Reduce(_)) = event {
            shut = Some("ended by the operator");
        } else if let Event::System(SystemEvent::TradingChanged(change)) = event {
            shut = (change.to != "ACTIVE").then_some(change.to.as_str());
        } else if let Event::Breaker(BreakerEvent::StateChanged(change)) = event {
            let is_open = change.to == "OPEN" || change.to == "LATCHED";
            if is_open && change.breaker.ends_with(".orders") {
                open_breakers.insert(&change.breaker);
            } else {
                open_breakers.remove(change.breaker.as_str());
            }
        } else if let Event::Order(OrderEvent::Submit(submit)) = event
            && submit.order.purpose() == OrderPurpose::Entry
        {
            let id = &submit.order.request().client_order_id;
            found.check(shut.is_none(), *seq, || {
                format!("entry {id} left while trading was {}", shut.unwrap_or_default())
            });
            found.check(open_breakers.is_empty(), *seq, || {
                format!("entry {id} left through an open breaker: {open_breakers:?}")
            });
        }
    }
    found
}

/// An id is given to one order; it is sent again only after proof that the venue does
/// not have it. An execution is told once.
pub(super) fn ids(told: &[Envelope], _: &Rules) -> Finding {
    let mut found = Finding::default();
    let mut sent: BTreeSet<&ClientOrderId> = BTreeSet::new();
    let mut executions: BTreeSet<&ExecutionId> = BTreeSet::new();
    for Envelope { seq, event, .. } in told {
        let Event::Order(event) = event else { continue };
        if let OrderEvent::StateChanged(change) = event
            && change.to == "DRAFT"
        {
            sent.remove(&change.client_order_id);
        } else if let OrderEvent::Submit(submit) = event {
            let id = &submit.order.request().client_order_id;
            found.check(sent.insert(id), *seq, || format!("order {id} was sent twice"));
        } else if let OrderEvent::Modify(modify) = event {
            let id = &modify.new_client_order_id;
            found.check(sent.insert(id), *seq, || format!("order id {id} was given twice"));
        } else if let OrderEvent::Filled(filled) | OrderEvent::PartiallyFilled(filled) = event {
            let id = &filled.fill.execution_id;
            found
                .check(executions.insert(id), *seq, || format!("execution {id} was counted twice"));
        }
    }
    found
}
