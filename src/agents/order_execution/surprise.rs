//! What the venue says of an order that cannot be so: it has one that it was said not to
//! have, or another one under the name of ours.
//!
//! An order that was ended as not received and arrives all the same is said aloud and
//! ended: nobody reckons with it any more. The stop of shares that have no other is taken
//! up instead. An order that is another one (F21) is said and nothing of it is believed.

use crate::agents::order_execution::OrderExecutionAgent;
use crate::agents::order_execution::book::Trust;
use crate::bus::Outbox;
use crate::domain::ids::ClientOrderId;
use crate::domain::order::OrderPurpose;
use crate::events::{Alert, OrderCancel, OrderEvent, Severity, SystemEvent};
use crate::fsm::order::OrderInput;

impl OrderExecutionAgent {
    /// Notes that an order was ended because the venue did not have it.
    pub(super) fn doubt_arrival(&mut self, id: &ClientOrderId) {
        if let Some(row) = self.book.get_mut(id).filter(|row| row.state.is_terminal()) {
            row.trust = Trust::NotReceived;
        }
    }

    /// Tells whether news are of an order that the venue was said not to have; the first
    /// time a human is told.
    pub(super) fn is_surprise(&mut self, id: &ClientOrderId, out: &mut Outbox) -> bool {
        let Some(row) = self.book.get_mut(id) else { return false };
        match row.trust {
            Trust::Plain | Trust::Mistaken => false,
            Trust::Surprising => true,
            Trust::NotReceived => {
                row.trust = Trust::Surprising;
                let qty = row.state.terms().qty;
                let text = format!(
                    "order {id}, {} {qty} {}, was ended as not received and is at the broker all \
                     the same: look at the position in {}",
                    row.side, row.symbol, row.symbol
                );
                out.publish(SystemEvent::Alert(Alert { severity: Severity::Critical, text }));
                true
            }
        }
    }

    /// Takes up a stop of shares that have no other, as if it were just sent. False when
    /// the order is none.
    pub(super) fn take_up(&mut self, id: &ClientOrderId, out: &mut Outbox) -> bool {
        let Some(row) = self.book.get(id) else { return false };
        let Some(trade_id) = row.trade_id.clone() else { return false };
        let (symbol, qty) = (row.symbol, row.state.remaining());
        let is_needed = row.purpose == OrderPurpose::Protection
            && row.state.is_terminal()
            && !qty.is_zero()
            && qty <= self.book.closable_of(symbol, &trade_id)
            && self.book.exits_of(symbol, &trade_id).is_empty();
        if is_needed {
            self.book.revive(id);
            self.step(id, &OrderInput::Submit, out);
        }
        is_needed
    }

    /// Asks for the end of an order with which nobody reckons; each time that the venue
    /// shows it working.
    pub(super) fn end_surprise(&self, id: &ClientOrderId, out: &mut Outbox) {
        out.publish(OrderEvent::Cancel(OrderCancel {
            client_order_id: id.clone(),
            trade_id: self.trade_of(id),
            reason: "it was ended as not received and has arrived".into(),
        }));
    }

    /// Another order has the name of one of ours: a human is told once.
    pub(super) fn mistaken(&mut self, id: &ClientOrderId, what: &str, out: &mut Outbox) {
        let Some(row) = self.book.get_mut(id).filter(|row| row.trust != Trust::Mistaken) else {
            return;
        };
        row.trust = Trust::Mistaken;
        let text = format!(
            "order {id} is {what} at the broker and should be {} {}: nothing of it is counted as \
             ours, look at the broker's own list",
            row.side, row.symbol
        );
        out.publish(SystemEvent::Alert(Alert { severity: Severity::Critical, text }));
    }
}
