//! What is done about an agent that panics.
//!
//! Its outputs are discarded, a new one is built by its factory and folded over
//! the journal up to the event that the old one could not bear. The third fault
//! within a minute empties the seat.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::SignedDuration;

use crate::bus::agent::{Agent, Outbox, RosterSeat};
use crate::bus::fold::{Poisons, rebuild};
use crate::bus::sequencer::SpineError;
use crate::domain::ids::AgentId;
use crate::domain::time::Timestamp;
use crate::events::{AgentFailed, Envelope, Event, SystemEvent, Topic, Topics};
use crate::journal::{Journal, JournalError};

/// So many faults of one agent within [`FAULT_WINDOW`] empty its seat.
const FAULTS_MAX: usize = 3;
const FAULT_WINDOW: SignedDuration = SignedDuration::from_mins(1);

/// Whether a seat wants to hear an envelope: its topics, and of the timers only
/// its own.
pub(in crate::bus) fn wants(id: AgentId, topics: Topics, envelope: &Envelope) -> bool {
    if let Event::System(SystemEvent::TimerDue(due)) = &envelope.event {
        return due.agent == id;
    }
    topics.contains(envelope.event.topic())
}

/// Tells whether the journal must be on disk before an event is delivered: an
/// intent before it leaves, a result before anybody hears of it.
pub(in crate::bus) const fn needs_sync(event: &Event) -> bool {
    matches!(event.topic(), Topic::Order | Topic::Venue | Topic::Operator)
}

/// Hands one envelope to an agent; a panic becomes its message.
pub(in crate::bus) fn handle_caught(
    agent: &mut dyn Agent,
    envelope: &Envelope,
    out: &mut Outbox,
) -> Result<(), String> {
    let handled = catch_unwind(AssertUnwindSafe(|| agent.handle(envelope, out)));
    handled.map_err(|panic| {
        out.clear();
        last_words(panic.as_ref())
    })
}

fn last_words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".into())
}

/// Remembers the faults of every seat and decides what follows.
#[derive(Debug, Default)]
pub(in crate::bus) struct FaultBook {
    faults: VecDeque<(AgentId, Timestamp)>,
    /// What must be skipped whenever an agent is folded again.
    pub(in crate::bus) poisons: Poisons,
}

impl FaultBook {
    /// Notes a fault; returns a new agent, or `None` when the seat stays empty,
    /// and the event that says so.
    pub(in crate::bus) fn recover(
        &mut self,
        seat: &RosterSeat,
        journal: &mut dyn Journal,
        poison: &Envelope,
        message: String,
    ) -> Result<(Option<Box<dyn Agent>>, SystemEvent), SpineError> {
        self.faults.retain(|(_, at)| poison.at.since(*at) < FAULT_WINDOW);
        self.faults.push_back((seat.id, poison.at));
        self.poisons.note(seat.id, poison.seq);
        let count = self.faults.iter().filter(|(id, _)| *id == seat.id).count();
        let agent = if count < FAULTS_MAX {
            match rebuild(seat, journal, poison.seq, &mut self.poisons) {
                Ok(agent) => Some(agent),
                Err(JournalError::NotKept) => {
                    return Err(SpineError::Unrecoverable {
                        agent: seat.id,
                        poison: poison.seq,
                        message,
                    });
                }
                Err(error) => return Err(error.into()),
            }
        } else {
            None
        };
        let trade = poison.event.trade_id().map(tracing::field::display);
        tracing::error!(agent = %seat.id, seq = poison.seq.0, trade, %message, rebuilt = agent.is_some(), "agent panicked");
        let failed =
            AgentFailed { agent: seat.id, poison: poison.seq, message, rebuilt: agent.is_some() };
        Ok((agent, SystemEvent::AgentFailed(failed)))
    }
}
