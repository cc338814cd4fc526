//! Doubts about the account: orders of unknown outcome, and positions that the venue
//! holds otherwise than we do.
//!
//! Both may be explained by the next word of the venue. What is not explained in time
//! tightens the ladder: an unknown order halts trading (kill switch, rule 7 of the
//! faults page §2), a position that differs reduces it (C25).

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use crate::agents::risk_management::RiskManagementAgent;
use crate::bus::Outbox;
use crate::domain::ids::{ClientOrderId, Symbol};
use crate::domain::position::Position;
use crate::domain::time::Timestamp;
use crate::events::{Alert, OrderEvent, ReconcileDifference, Severity, SystemEvent, Timer};
use crate::fsm::trading::TradingInput;

/// For so long the outcome of an order may be unknown.
const UNKNOWN_LONGEST: SignedDuration = SignedDuration::from_secs(60);
/// For so long a position may differ without explanation.
const DIFFERENCE_LONGEST: SignedDuration = SignedDuration::from_secs(30);
/// The one timer of this agent about the venue: a look at the unknown orders.
const LOOK: Timer = Timer::Venue(0);

/// What is in doubt, and since when.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    unknown: BTreeMap<ClientOrderId, Timestamp>,
    /// Positions that differed when the venue last spoke, and whether that was said.
    positions: BTreeMap<Symbol, (Timestamp, bool)>,
}

impl RiskManagementAgent {
    /// Follows what is said of orders.
    pub(super) fn follow_doubts(&mut self, at: Timestamp, event: &OrderEvent, out: &mut Outbox) {
        match event {
            OrderEvent::OutcomeUnknown(unknown) => {
                self.doubts.unknown.entry(unknown.client_order_id.clone()).or_insert(at);
                out.wake_at(at.plus(UNKNOWN_LONGEST), LOOK);
            }
            OrderEvent::StateChanged(changed) if changed.from == "UNKNOWN" => {
                self.doubts.unknown.remove(&changed.client_order_id);
            }
            // What is held has changed: the venue's last word is older than that.
            OrderEvent::PartiallyFilled(filled) | OrderEvent::Filled(filled) => {
                self.doubts.positions.remove(&filled.fill.symbol);
            }
            OrderEvent::Submit(_)
            | OrderEvent::Cancel(_)
            | OrderEvent::Modify(_)
            | OrderEvent::Submitted(_)
            | OrderEvent::Rejected(_)
            | OrderEvent::Cancelled(_)
            | OrderEvent::CancelRejected(_)
            | OrderEvent::Modified(_)
            | OrderEvent::ModifyRejected(_)
            | OrderEvent::Expired(_)
            | OrderEvent::StatusReported(_)
            | OrderEvent::StateChanged(_) => {}
        }
    }

    /// Some order may have been unknown for too long.
    pub(super) fn look_at_unknown(&mut self, at: Timestamp, out: &mut Outbox) {
        let is_late = |since: &Timestamp| at.since(*since) >= UNKNOWN_LONGEST;
        let late: Vec<ClientOrderId> = self
            .doubts
            .unknown
            .iter()
            .filter(|(_, since)| is_late(since))
            .map(|(id, _)| id.clone())
            .collect();
        for id in late {
            self.doubts.unknown.remove(&id);
            let why = format!(
                "the outcome of order {id} has been unknown for {} s",
                UNKNOWN_LONGEST.as_secs()
            );
            let text = format!("{why}: look it up at the broker");
            out.publish(SystemEvent::Alert(Alert { severity: Severity::Critical, text }));
            self.move_ladder(TradingInput::Halt, &why, out);
        }
    }

    /// Compares the positions that the venue reports with our own.
    pub(super) fn compare(&mut self, at: Timestamp, theirs: &[Position], out: &mut Outbox) {
        let ours: Vec<Position> = self.account.book().positions().map(|(held, _)| held).collect();
        let held = |list: &[Position], symbol| {
            list.iter().find(|it| it.symbol == symbol).map(|it| (it.direction, it.qty))
        };
        let symbols: BTreeSet<Symbol> =
            ours.iter().chain(theirs).map(|position| position.symbol).collect();
        self.doubts.positions.retain(|symbol, _| symbols.contains(symbol));
        for symbol in symbols {
            let (own, venue) = (held(&ours, symbol), held(theirs, symbol));
            if own == venue {
                self.doubts.positions.remove(&symbol);
                continue;
            }
            let (since, was_said) = self.doubts.positions.entry(symbol).or_insert((at, false));
            if *was_said || at.since(*since) < DIFFERENCE_LONGEST {
                continue;
            }
            *was_said = true;
            let words = |held: Option<(crate::domain::position::Direction, _)>| match held {
                Some((direction, qty)) => format!("{} {qty} shares", direction.name()),
                None => "no shares".to_owned(),
            };
            let (journal, venue) = (words(own), words(venue));
            let why = format!("{symbol}: we hold {journal}, the venue says {venue}");
            let subject = symbol.to_string();
            out.publish(SystemEvent::ReconcileDifference(ReconcileDifference {
                subject,
                journal,
                venue,
            }));
            out.publish(SystemEvent::Alert(Alert {
                severity: Severity::Critical,
                text: why.clone(),
            }));
            self.move_ladder(TradingInput::Reduce, &why, out);
        }
    }
}
