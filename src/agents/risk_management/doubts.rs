//! Orders of unknown outcome: their stock is closed to entries, and one that stays
//! unknown for too long halts trading (kill switch, rule 7 of the faults page §2).
//!
//! Unknown ends by evidence of the venue or by a human, never by time; what the venue
//! holds otherwise than we do is in [`differences`](super::differences).

use std::collections::BTreeMap;

use crate::agents::risk_management::RiskManagementAgent;
use crate::bus::Outbox;
use crate::domain::ids::{ClientOrderId, Symbol};
use crate::domain::order::UNKNOWN_LONGEST;
use crate::domain::time::Timestamp;
use crate::events::{Alert, OrderEvent, OrderStateChanged, Severity, SystemEvent, Timer};
use crate::fsm::trading::TradingInput;

/// The one timer of this agent about the venue: a look at the unknown orders.
const LOOK: Timer = Timer::Venue(0);

/// One order of which nobody knows.
#[derive(Debug)]
struct Unknown {
    symbol: Symbol,
    since: Timestamp,
    has_halted: bool,
}

/// The orders of which nobody knows; bounded by the orders that work.
#[derive(Debug, Default)]
pub(super) struct Doubts(BTreeMap<ClientOrderId, Unknown>);

impl Doubts {
    /// Whether an order of a stock is unknown.
    pub(super) fn concern(&self, symbol: Symbol) -> bool {
        self.0.values().any(|unknown| unknown.symbol == symbol)
    }

    /// Their names.
    pub(super) fn names(&self) -> Vec<&str> {
        self.0.keys().map(ClientOrderId::as_str).collect()
    }

    fn moved(&mut self, at: Timestamp, changed: &OrderStateChanged, out: &mut Outbox) {
        if changed.to == "UNKNOWN" {
            let (symbol, since) = (changed.symbol, at);
            let unknown = Unknown { symbol, since, has_halted: false };
            self.0.entry(changed.client_order_id.clone()).or_insert(unknown);
            out.wake_at(at.plus(UNKNOWN_LONGEST), LOOK);
        } else if changed.from == "UNKNOWN" {
            self.0.remove(&changed.client_order_id);
        }
    }
}

impl RiskManagementAgent {
    /// Follows what is said of orders.
    pub(super) fn follow_doubts(&mut self, at: Timestamp, event: &OrderEvent, out: &mut Outbox) {
        match event {
            OrderEvent::StateChanged(changed) => self.doubts.moved(at, changed, out),
            // What is held has changed: the venue's last word is older than that.
            OrderEvent::PartiallyFilled(filled) | OrderEvent::Filled(filled) => {
                self.differences.held_changed(filled.fill.symbol);
            }
            OrderEvent::External(external) => self.external_listed(at, &external.orders, out),
            OrderEvent::OutcomeUnknown(_)
            | OrderEvent::Submit(_)
            | OrderEvent::Cancel(_)
            | OrderEvent::Modify(_)
            | OrderEvent::Submitted(_)
            | OrderEvent::Rejected(_)
            | OrderEvent::Cancelled(_)
            | OrderEvent::CancelRejected(_)
            | OrderEvent::Modified(_)
            | OrderEvent::ModifyRejected(_)
            | OrderEvent::Expired(_)
            | OrderEvent::StatusReported(_) => {}
        }
    }

    /// Some order may have been unknown for too long.
    pub(super) fn look_at_unknown(&mut self, at: Timestamp, out: &mut Outbox) {
        let is_late = |one: &Unknown| !one.has_halted && at.since(one.since) >= UNKNOWN_LONGEST;
        let mut late = Vec::new();
        for (id, unknown) in self.doubts.0.iter_mut().filter(|(_, unknown)| is_late(unknown)) {
            unknown.has_halted = true;
            late.push(id.clone());
        }
        for id in late {
            let seconds = UNKNOWN_LONGEST.as_secs();
            let why = format!("the outcome of order {id} has been unknown for {seconds} s");
            let text = format!(
                "{why}: look it up in the broker's own list, then run: flightdeck settle {id}"
            );
            out.publish(SystemEvent::Alert(Alert { severity: Severity::Critical, text }));
            self.move_ladder(TradingInput::Halt, &why, out);
        }
    }
}
