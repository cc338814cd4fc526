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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::brokers::sim::exchange::ExchangeConfig;
    use crate::domain::ids::Symbol;
    use crate::domain::order::{
        OrderClass, OrderKind, OrderPurpose, OrderRequest, Side, TimeInForce,
    };
    use crate::domain::time::Timestamp;

    /// An exchange at which a limit order of five shares works.
    fn exchange() -> Exchange {
        let mut exchange = Exchange::new(ExchangeConfig::default());
        let request = OrderRequest {
            client_order_id: ClientOrderId::new("fd-1"),
            symbol: Symbol::new("AAPL").unwrap(),
            side: Side::Buy,
            qty: Qty::shares(5).unwrap(),
            kind: OrderKind::Limit { limit: "100".parse().unwrap() },
            time_in_force: TimeInForce::Day,
            class: OrderClass::Simple,
            extended_hours: false,
        };
        exchange.submit(&request, Timestamp::default(), &mut Vec::new()).unwrap();
        exchange
    }

    #[track_caller]
    fn check((from, to): (&str, &str), was: &str, filled: u64, broken: Option<&str>) {
        let shares = |number| Qty::shares(number).unwrap();
        let step = OrderStateChanged {
            client_order_id: ClientOrderId::new("fd-1"),
            trade_id: None,
            purpose: OrderPurpose::Entry,
            symbol: Symbol::new("AAPL").unwrap(),
            side: Side::Buy,
            from: from.into(),
            to: to.into(),
            filled: if filled == 0 { Qty::ZERO } else { shares(filled) },
            qty: shares(5),
            average_price: None,
        };
        let note = OrderNote {
            purpose: OrderPurpose::Entry,
            trade_id: None,
            state: was.into(),
            qty: shares(5),
            filled: Qty::ZERO,
            counted: Qty::ZERO,
        };
        let found = moved(&step, Some(&note), &exchange());
        assert_eq!(found.map(|(invariant, _)| invariant), broken, "{from} to {to}");
    }

    #[test]
    fn a_step_that_no_table_has_or_that_the_ledger_denies_is_found() {
        check(("SUBMITTED", "ACCEPTED"), "SUBMITTED", 0, None);
        check(("SUBMITTED", "ACCEPTED"), "UNKNOWN", 0, Some("I6"));
        check(("ACCEPTED", "SUBMITTED"), "ACCEPTED", 0, Some("I6"));
        check(("ACCEPTED", "PARTIALLY_FILLED"), "ACCEPTED", 2, Some("I6"));
        check(("ACCEPTED", "CANCELLED"), "ACCEPTED", 0, Some("I11"));
        check(("SUBMITTED", "REJECTED"), "SUBMITTED", 0, Some("I11"));
    }
}
