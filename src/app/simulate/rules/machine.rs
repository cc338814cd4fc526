//! What the machine of an order may say (I6), held against the ledger: shares are counted
//! once, and nothing is believed over that lives (I11).

use crate::app::simulate::notes::{OrderNote, is_end};
use crate::brokers::sim::exchange::{Exchange, Order, OrderName};
use crate::domain::ids::ClientOrderId;
use crate::domain::money::Qty;
use crate::events::OrderStateChanged;

/// Every step that may be taken from a state to another one. A step to the same state
/// counts shares.
const STEPS: [(&str, &[&str]); 9] = [
    ("DRAFT", &["SUBMITTED", "CANCELLED"]),
    (
        "SUBMITTED",
        &[
            "DRAFT",
            "ACCEPTED",
            "PARTIALLY_FILLED",
            "FILLED",
            "CANCELLED",
            "EXPIRED",
            "REJECTED",
            "UNKNOWN",
        ],
    ),
    ("ACCEPTED", &["PARTIALLY_FILLED", "FILLED", "CANCELLED", "EXPIRED", "REJECTED"]),
    ("PARTIALLY_FILLED", &["PARTIALLY_FILLED", "FILLED", "CANCELLED", "EXPIRED", "REJECTED"]),
    (
        "UNKNOWN",
        &["DRAFT", "ACCEPTED", "PARTIALLY_FILLED", "FILLED", "CANCELLED", "EXPIRED", "REJECTED"],
    ),
    // Late fills are counted, and complete an order whatever was said of it.
    ("CANCELLED", &["CANCELLED", "FILLED"]),
    ("EXPIRED", &["EXPIRED", "FILLED"]),
    ("REJECTED", &["REJECTED", "ACCEPTED", "PARTIALLY_FILLED", "FILLED"]),
    ("FILLED", &["FILLED"]),
];

/// What is wrong with a step: the invariant, and words. `before` is what was noted of the
/// order before it.
pub(in crate::app::simulate) fn moved(
    step: &OrderStateChanged,
    before: Option<&OrderNote>,
    exchange: &Exchange,
) -> Option<(&'static str, String)> {
    let id = &step.client_order_id;
    let (from, to) = (step.from.as_str(), step.to.as_str());
    if let Some(note) = before.filter(|note| note.state != from) {
        return Some(("I6", format!("{id} goes from {from} to {to}, and it was {}", note.state)));
    }
    let is_listed = STEPS.iter().any(|(state, next)| *state == from && next.contains(&to));
    if !is_listed {
        return Some(("I6", format!("{id} goes from {from} to {to}, which no table has")));
    }
    if step.filled > step.qty {
        return Some(("I6", format!("{id} has {} filled of {}", step.filled, step.qty)));
    }
    if before.is_some_and(|note| note.filled > step.filled) {
        return Some(("I6", format!("{id} loses shares: {} filled now", step.filled)));
    }
    against_ledger(id, step, exchange)
}

fn against_ledger(
    id: &ClientOrderId,
    step: &OrderStateChanged,
    exchange: &Exchange,
) -> Option<(&'static str, String)> {
    let found = exchange.order(OrderName::Client(id));
    let executed = found.map_or(Qty::ZERO, |order| order.filled);
    if step.filled > executed {
        let text = format!("{id} counts {} shares, and the ledger {executed}", step.filled);
        return Some(("I6", text));
    }
    let lives = |order: &&Order| !order.status.is_final();
    if is_end(&step.to)
        && let Some(order) = found.filter(lives)
    {
        let status = order.status.name();
        let text = format!("{id} is {} for the house and {status} in the ledger", step.to);
        return Some(("I11", text));
    }
    if step.to == "REJECTED" && !executed.is_zero() && step.filled < executed {
        let text = format!("{id} is REJECTED for the house, and {executed} shares are executed");
        return Some(("I11", text));
    }
    None
}
