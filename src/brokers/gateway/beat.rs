//! What the gateway does without being asked: at the closing of the gate, after a
//! comparison, and once a second.
//!
//! When each is due is decided in [`room`](super::room).

use crate::brokers::Broker;
use crate::brokers::gateway::entrance::Entrance;
use crate::brokers::gateway::lines::Job;
use crate::brokers::gateway::room::{Read, Room};
use crate::domain::time::Timestamp;
use crate::events::BreakerEvent;

impl<B: Broker, E: Entrance> Room<B, E> {
    /// The gate is closed: every entry that may work is cancelled, also one whose
    /// answer is awaited; one by one, so that no stop is among them. The house says
    /// the same a moment later, if it is well.
    pub(super) fn cancel_entries(&mut self) {
        self.is_gate_seen = true;
        let entries = self.desk.ledger().live_entries();
        for id in entries {
            self.add(id, Job::Cancel);
        }
    }

    /// What was asked for and has not happened is asked for again, at the pace of the
    /// comparisons: cancels that stick, and entries that came to light after the gate was
    /// closed.
    pub(super) fn ask_again(&mut self) {
        let mut wanted = self.desk.ledger().owed_cancels();
        if self.desk.gate.is_closed() {
            wanted.extend(self.desk.ledger().live_entries());
        }
        for id in wanted {
            if self.lines.is_idle(&id) {
                self.add(id, Job::Cancel);
            }
        }
    }

    /// Reads the orders of which the stream says nothing, and has a silent stream
    /// connected anew. What waits here to be told is no silence.
    pub(super) fn look_at_silence(&mut self, now: Timestamp) {
        if !self.desk.broker.pushes_executions() {
            return;
        }
        let due = self.desk.ledger().due_looks(now);
        for id in due {
            self.read_if_room(|desk| async move {
                desk.look(&id).await;
                Read::Other
            });
        }
        if self.is_held || self.is_telling || !self.desk.readiness.is_ready() {
            return;
        }
        let unpushed = self.desk.ledger().unpushed(now);
        if !unpushed.is_empty() {
            // Noted before the task runs: it is said once.
            self.desk.ledger().stream_resumed();
            self.read(|desk| async move {
                desk.end_silence(&unpushed).await;
                Read::Other
            });
        }
    }

    /// Says how the budget stands, at most once a tick and only what is new; not while
    /// the door is shut and the last word of it still waits.
    pub(super) fn say_budget(&mut self) {
        if std::mem::replace(&mut self.is_saying, true) {
            return;
        }
        let name = self.desk.broker.name();
        let exhausted = self.desk.surfaces.take_exhausted(name);
        let usage = self.desk.surfaces.usage(name);
        let new: Vec<_> =
            usage.iter().filter(|budget| !self.usage.contains(budget)).cloned().collect();
        self.usage = usage;
        self.read(|desk| async move {
            desk.tick().await;
            for event in exhausted {
                desk.say(BreakerEvent::BudgetExhausted(event)).await;
            }
            for event in new {
                desk.say(BreakerEvent::BudgetChanged(event)).await;
            }
            Read::Said
        });
    }
}
