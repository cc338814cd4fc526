//! Judges of paths: trades, orders, breakers, by tables written anew from the
//! specification.

use std::collections::BTreeMap;

use crate::app::validate::{Finding, Rules};
use crate::domain::ids::{ClientOrderId, Seq, TradeId};
use crate::domain::money::Qty;
use crate::domain::time::Timestamp;
use crate::events::{BreakerEvent, Envelope, Event, OrderEvent, PositionEvent, TradeEvent};

/// From a state to the states that may follow.
type Rows = &'static [(&'static str, &'static [&'static str])];

const TRADE: Rows = &[
    ("SCANNING", &["SETUP_DETECTED", "ABORTED"]),
    ("SETUP_DETECTED", &["ENTRY_APPROVED", "ABORTED"]),
    ("ENTRY_APPROVED", &["ORDER_PLACED", "ABORTED"]),
    ("ORDER_PLACED", &["FILLED", "ABORTED"]),
    ("FILLED", &["HOLDING", "EXIT_TRIGGERED"]),
    ("HOLDING", &["EXIT_TRIGGERED"]),
    ("EXIT_TRIGGERED", &["ORDER_CLOSING"]),
    ("ORDER_CLOSING", &["EXIT_TRIGGERED", "CLOSED"]),
];

const ORDER: Rows = &[
    ("DRAFT", &["SUBMITTED", "CANCELLED"]),
    (
        "SUBMITTED",
        &[
            "DRAFT",
            "ACCEPTED",
            "PARTIALLY_FILLED",
            "FILLED",
            "CANCELLED",
            "REJECTED",
            "EXPIRED",
            "UNKNOWN",
        ],
    ),
    ("ACCEPTED", &["PARTIALLY_FILLED", "FILLED", "CANCELLED", "REJECTED", "EXPIRED"]),
    ("PARTIALLY_FILLED", &["FILLED", "CANCELLED", "REJECTED", "EXPIRED"]),
    (
        "UNKNOWN",
        &["DRAFT", "ACCEPTED", "PARTIALLY_FILLED", "FILLED", "CANCELLED", "REJECTED", "EXPIRED"],
    ),
    // Late fills count.
    ("CANCELLED", &["FILLED"]),
    ("EXPIRED", &["FILLED"]),
    ("REJECTED", &["FILLED"]),
];

const BREAKER: Rows = &[
    ("CLOSED", &["OPEN", "LATCHED"]),
    // To CLOSED by the operator alone.
    ("OPEN", &["HALF_OPEN", "LATCHED", "CLOSED"]),
    ("HALF_OPEN", &["CLOSED", "OPEN", "LATCHED"]),
    ("LATCHED", &["HALF_OPEN", "CLOSED"]),
];

fn allows(rows: Rows, from: &str, to: &str) -> bool {
    rows.iter().any(|(state, next)| *state == from && next.contains(&to))
}

/// As many trades are closed as were asked for.
pub(super) fn closed_trades(told: &[Envelope], rules: &Rules) -> Finding {
    let closed = told
        .iter()
        .filter(|envelope| matches!(&envelope.event, Event::Position(PositionEvent::Closed(_))));
    let closed = u64::try_from(closed.count()).unwrap_or(u64::MAX);
    let last = told.last().map_or(Seq(0), |envelope| envelope.seq);
    let mut found = Finding::default();
    found.check(closed >= rules.trades, last, || {
        format!("{closed} trades are closed, {} were asked for", rules.trades)
    });
    found
}

/// Trades move by their table, one step from where they were; closed ones are CLOSED.
pub(super) fn trades(told: &[Envelope], _: &Rules) -> Finding {
    let mut found = Finding::default();
    let mut states: BTreeMap<&TradeId, &str> = BTreeMap::new();
    let mut ended: Vec<(Seq, &TradeId)> = Vec::new();
    for Envelope { seq, event, .. } in told {
        if let Event::Trade(TradeEvent::StateChanged(change)) = event {
            let was = states.insert(&change.trade_id, &change.to).unwrap_or("SCANNING");
            let (id, from, to) = (&change.trade_id, &change.from, &change.to);
            found.check(was == from && allows(TRADE, from, to), *seq, || {
                format!("trade {id} moved from {from} to {to}, and was {was}")
            });
        } else if let Event::Trade(TradeEvent::TransitionInvalid(refused)) = event {
            found.check(false, *seq, || format!("trade {}: {}", refused.trade_id, refused.error));
        } else if let Event::Position(PositionEvent::Closed(closed)) = event {
            ended.push((*seq, &closed.trade_id));
        }
    }
    for (seq, id) in ended {
        let state = states.get(id).copied().unwrap_or("unheard of");
        found.check(state == "CLOSED", seq, || {
            format!("the position of trade {id} is closed, the trade is {state}")
        });
    }
    found
}

/// Orders move by their table, one step from where they were; what is filled never falls
/// and is never more than was ordered.
pub(super) fn orders(told: &[Envelope], _: &Rules) -> Finding {
    let mut found = Finding::default();
    let mut states: BTreeMap<&ClientOrderId, (&str, Qty)> = BTreeMap::new();
    for Envelope { seq, event, .. } in told {
        let Event::Order(OrderEvent::StateChanged(change)) = event else { continue };
        let (id, from, to) = (&change.client_order_id, &change.from, &change.to);
        let was = states.insert(id, (to, change.filled));
        // What we have not sent, such as the legs of an OCO, is first seen at the venue.
        let (was, filled) = was.unwrap_or((from, Qty::ZERO));
        let is_row = allows(ORDER, from, to) || (from == to && change.filled > filled);
        found.check(was == from && is_row, *seq, || {
            format!("order {id} moved from {from} to {to}, and was {was}")
        });
        found.check(filled <= change.filled && change.filled <= change.qty, *seq, || {
            format!("order {id} had {filled} filled, now {} of {}", change.filled, change.qty)
        });
    }
    found
}

/// Breakers move by their table, and let no probe through before its time.
pub(super) fn breakers(told: &[Envelope], _: &Rules) -> Finding {
    let mut found = Finding::default();
    let mut states: BTreeMap<&str, (&str, Option<Timestamp>)> = BTreeMap::new();
    for Envelope { seq, at, event, .. } in told {
        let Event::Breaker(BreakerEvent::StateChanged(change)) = event else { continue };
        let (name, from, to) = (change.breaker.as_str(), &change.from, &change.to);
        let was = states.insert(name, (to, change.retry_at));
        let (was, retry_at) = was.unwrap_or((from, None));
        // An order that goes past an open breaker by authority leaves it as it is.
        let is_row = from == to || allows(BREAKER, from, to);
        found.check(was == from && is_row, *seq, || {
            format!("breaker {name} moved from {from} to {to}, and was {was}")
        });
        let is_probe = from == "OPEN" && to == "HALF_OPEN" && !change.reason.contains("operator");
        if let (true, Some(retry_at)) = (is_probe, retry_at) {
            found.check(*at >= retry_at, *seq, || {
                format!("breaker {name} let a probe through before {retry_at}")
            });
        }
    }
    found
}
