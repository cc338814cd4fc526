//! The operator says what became of an order of which nobody knows.
//!
//! Unknown ends by evidence of the venue or by a human (I11): what the human has read in
//! the broker's own list is taken as the broker's word, and nothing else is. Asking the
//! venue is in [`asking`](super::asking).

use crate::agents::order_execution::OrderExecutionAgent;
use crate::agents::order_execution::book::OrderRow;
use crate::bus::Outbox;
use crate::domain::command::{Outcome, Settle};
use crate::domain::ids::BrokerOrderId;
use crate::domain::money::{Price, Qty};
use crate::domain::order::{OrderReport, ReportedStatus};
use crate::domain::time::Timestamp;
use crate::events::{Alert, CallFailed, Severity, SystemEvent, VenueAccepted, VenueCall};
use crate::fsm::order::OrderState;

impl OrderExecutionAgent {
    /// Takes the operator's word for an order whose outcome is unknown; what cannot be
    /// taken is said.
    pub(super) fn settle(&mut self, at: Timestamp, settle: &Settle, out: &mut Outbox) {
        let id = &settle.client_order_id;
        let row = match self.book.get(id) {
            Some(row) if matches!(row.state, OrderState::Unknown { .. }) => row.clone(),
            Some(row) => return not_taken(id.as_str(), row.state.name(), out),
            None => return not_taken(id.as_str(), "not an order of ours", out),
        };
        match &settle.outcome {
            Outcome::NotThere => {
                let failed = CallFailed {
                    breaker: self.config.guard.name.clone(),
                    call: VenueCall::Submit,
                    client_order_id: Some(id.clone()),
                    definitely_not_sent: true,
                    counts: false,
                    detail: format!("the operator did not find it: {}", settle.reason),
                };
                self.stop_asking(id);
                self.submit_failed(at, id, &failed, out);
            }
            Outcome::Working { broker_order_id } => {
                let (client_order_id, legs) = (id.clone(), Vec::new());
                let broker_order_id = broker_order_id.clone();
                self.stop_asking(id);
                self.accepted(&VenueAccepted { client_order_id, broker_order_id, legs }, out);
            }
            Outcome::Over { filled, price } => match over(&row, *filled, *price) {
                Ok(report) => {
                    self.stop_asking(id);
                    self.reported(at, &report, out);
                }
                Err(why) => not_taken(id.as_str(), why, out),
            },
        }
    }
}

/// The order as a list of the broker's would show it.
fn over(row: &OrderRow, filled: Qty, price: Option<Price>) -> Result<OrderReport, &'static str> {
    let qty = row.state.terms().qty;
    if filled > qty || filled < row.state.filled() {
        return Err("settled with more shares than were ordered, or fewer than are counted");
    }
    if price.is_none() && !filled.is_zero() {
        return Err("settled with shares and without their price");
    }
    let by_hand = || BrokerOrderId::new(format!("settled-{}", row.client_order_id));
    Ok(OrderReport {
        client_order_id: Some(row.client_order_id.clone()),
        broker_order_id: row.broker_order_id.clone().unwrap_or_else(by_hand),
        symbol: row.symbol,
        side: row.side,
        qty,
        kind: row.kind(),
        filled,
        average_price: price,
        status: if filled == qty { ReportedStatus::Filled } else { ReportedStatus::Cancelled },
    })
}

fn not_taken(id: &str, why: &str, out: &mut Outbox) {
    let text = format!("order {id} is not settled: it is {why}");
    out.publish(SystemEvent::Alert(Alert { severity: Severity::Warning, text }));
}
