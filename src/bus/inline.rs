//! Delivery by plain calls on one thread: replay at full speed.
//!
//! The same order as [`spine`](crate::bus::spine), and so the same journal.

use std::fmt;

use crate::bus::agent::{Agent, Outbox, Roster, RosterSeat, Tap};
use crate::bus::fold::fold_all;
use crate::bus::sequencer::{Sequencer, SpineError};
use crate::bus::supervision::{FaultBook, handle_caught, needs_sync, wants};
use crate::domain::ids::{AgentId, Seq};
use crate::domain::time::Timestamp;
use crate::events::{AgentStarted, Envelope, Event, SystemEvent, Topics};
use crate::journal::Journal;

/// The spine without tasks.
pub struct Inline<J: Journal> {
    order: Sequencer,
    seats: Vec<InlineSeat>,
    journal: J,
    taps: Vec<Box<dyn Tap>>,
    faults: FaultBook,
    out: Outbox,
}

struct InlineSeat {
    seat: RosterSeat,
    topics: Topics,
    /// `None` once the seat has been emptied.
    agent: Option<Box<dyn Agent>>,
}

impl<J: Journal> fmt::Debug for Inline<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inline").field("order", &self.order).finish_non_exhaustive()
    }
}

impl<J: Journal> Inline<J> {
    /// Builds every agent of the roster.
    pub fn new(roster: Roster, journal: J, taps: Vec<Box<dyn Tap>>) -> Self {
        let seats = roster
            .into_iter()
            .map(|seat| {
                let agent = (seat.factory)();
                InlineSeat { topics: agent.topics(), agent: Some(agent), seat }
            })
            .collect();
        Self {
            order: Sequencer::default(),
            seats,
            journal,
            taps,
            faults: FaultBook::default(),
            out: Outbox::default(),
        }
    }

    /// Takes one input: fires the timers that are due before it, then runs its
    /// cascade to the end.
    ///
    /// # Errors
    /// When the journal fails, a cascade does not end, or an agent cannot be
    /// rebuilt.
    pub fn input(
        &mut self,
        at: Timestamp,
        source: AgentId,
        event: impl Into<Event>,
    ) -> Result<(), SpineError> {
        self.run_timers(at)?;
        self.order.admit(at, source, event.into());
        self.run_cascade()
    }

    /// Announces the agents: what a seated run does of itself right after its
    /// first input, which carries the time of the run.
    ///
    /// # Errors
    /// As [`Inline::input`].
    pub fn announce(&mut self, at: Timestamp) -> Result<(), SpineError> {
        let seats = self.seats.iter().skip(self.order.announced());
        let agents: Vec<AgentId> = seats.map(|seat| seat.seat.id).collect();
        for agent in agents {
            self.input(at, AgentId::Spine, SystemEvent::AgentStarted(AgentStarted { agent }))?;
        }
        Ok(())
    }

    /// Fires every timer that is due by `until`.
    ///
    /// # Errors
    /// As [`Inline::input`].
    pub fn run_timers(&mut self, until: Timestamp) -> Result<(), SpineError> {
        while self.order.admit_due(until) {
            self.run_cascade()?;
        }
        Ok(())
    }

    fn run_cascade(&mut self) -> Result<(), SpineError> {
        while let Some(envelope) = self.order.next()? {
            self.journal.append(&envelope)?;
            if needs_sync(&envelope.event) {
                self.journal.sync()?;
            }
            for tap in &mut self.taps {
                tap.see(&envelope);
            }
            for at in 0..self.seats.len() {
                self.deliver(at, &envelope)?;
            }
        }
        Ok(())
    }

    fn deliver(&mut self, at: usize, envelope: &Envelope) -> Result<(), SpineError> {
        let seat = &mut self.seats[at];
        if !wants(seat.seat.id, seat.topics, envelope) {
            return Ok(());
        }
        let Some(agent) = seat.agent.as_mut() else { return Ok(()) };
        match handle_caught(agent.as_mut(), envelope, &mut self.out) {
            Ok(()) => self.order.absorb(seat.seat.id, envelope.seq, self.out.drain()),
            Err(message) => {
                let (rebuilt, event) =
                    self.faults.recover(&seat.seat, &mut self.journal, envelope, message)?;
                seat.agent = rebuilt;
                self.order.insert(Some(envelope.seq), event);
            }
        }
        Ok(())
    }

    /// Folds everything that the journal holds, says what a crash has kept from
    /// being said (the rest of the last cascade, the announcements), and goes on; to be called before the
    /// first input. Returns the number of the last event.
    ///
    /// # Errors
    /// When the journal cannot be read; for the rest of the cascade as
    /// [`Inline::input`].
    pub fn recover(&mut self) -> Result<Seq, SpineError> {
        let roster: Roster = self.seats.iter().map(|seat| seat.seat.clone()).collect();
        let (order, agents) = fold_all(&roster, &mut self.journal, &mut self.faults.poisons)?;
        self.order = order;
        for (seat, agent) in self.seats.iter_mut().zip(agents) {
            seat.agent = Some(agent);
        }
        if self.order.last() > Seq(0) {
            self.run_cascade()?;
            self.announce(self.order.now())?;
        }
        Ok(self.order.last())
    }

    /// Returns the number of the last event.
    pub const fn last_seq(&self) -> Seq {
        self.order.last()
    }

    /// Returns the time of the last event.
    pub const fn now(&self) -> Timestamp {
        self.order.now()
    }

    /// Writes what is still in memory and returns the journal and the taps.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn finish(mut self) -> Result<(J, Vec<Box<dyn Tap>>), SpineError> {
        self.journal.sync()?;
        Ok((self.journal, self.taps))
    }
}
