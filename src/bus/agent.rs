//! The contract between an agent and the house.

use std::fmt;
use std::sync::Arc;

use crate::domain::ids::AgentId;
use crate::domain::time::Timestamp;
use crate::events::{Envelope, Event, Timer, Topics};

/// A synchronous fold over the one order of events. It owns its state alone,
/// never awaits, never reads a clock, never does I/O; it learns the time from the
/// envelope and sleeps by [`Outbox::wake_at`].
pub trait Agent: Send + 'static {
    /// Returns who it is.
    fn id(&self) -> AgentId;
    /// Returns what it wants to hear; asked once.
    fn topics(&self) -> Topics;
    /// Whether it only passes requests on to the world outside and holds no state.
    /// A port is never folded: an effect must not happen twice.
    fn is_port(&self) -> bool {
        false
    }
    /// Takes one event. A refusal is an event, a panic is a bug.
    fn handle(&mut self, input: &Envelope, out: &mut Outbox);
}

/// Builds an agent anew, for the start and after a panic.
pub type Factory = Arc<dyn Fn() -> Box<dyn Agent> + Send + Sync>;

/// One seat of the roster.
#[derive(Clone)]
pub struct RosterSeat {
    /// Who sits there.
    pub id: AgentId,
    /// How the occupant is built.
    pub factory: Factory,
}

impl fmt::Debug for RosterSeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RosterSeat").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The seats in order of delivery: outputs are queued in this order.
pub type Roster = Vec<RosterSeat>;

/// Sees every envelope after the journal has it; changes nothing.
pub trait Tap: Send {
    /// Sees one envelope.
    fn see(&mut self, envelope: &Envelope);
}

/// What an agent wants done with it.
#[expect(clippy::large_enum_variant, reason = "nearly every output is an event")]
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Say this.
    Publish(Event),
    /// Say [`TimerDue`](crate::events::TimerDue) to the agent at this time.
    WakeAt(Timestamp, Timer),
}

/// Collects what an agent says while it handles one event.
#[derive(Debug, Default)]
pub struct Outbox {
    outputs: Vec<Output>,
}

impl Outbox {
    /// Says an event; it is delivered after everything said before it.
    pub fn publish(&mut self, event: impl Into<Event>) {
        self.outputs.push(Output::Publish(event.into()));
    }

    /// Asks to be woken at a time. A time that has passed means as soon as the
    /// present cascade is over.
    pub fn wake_at(&mut self, at: Timestamp, timer: Timer) {
        self.outputs.push(Output::WakeAt(at, timer));
    }

    /// Returns what has been said so far, oldest first.
    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// Takes everything that has been said.
    pub fn take(&mut self) -> Vec<Output> {
        std::mem::take(&mut self.outputs)
    }

    pub(in crate::bus) fn drain(&mut self) -> std::vec::Drain<'_, Output> {
        self.outputs.drain(..)
    }

    pub(in crate::bus) fn clear(&mut self) {
        self.outputs.clear();
    }
}
