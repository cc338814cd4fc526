//! Agents made from the journal: at the start, and after a panic.
//!
//! A fold hears everything recorded and says nothing but the rest of a cascade that
//! a crash has cut. What an agent could not bear is skipped as a whole: it had been
//! discarded and built anew then, so nothing that it did before it broke may remain
//! now. Ports are built and never folded.

use std::collections::BTreeSet;

use crate::bus::agent::{Agent, Outbox, RosterSeat};
use crate::bus::sequencer::Sequencer;
use crate::bus::supervision::{handle_caught, wants};
use crate::domain::ids::{AgentId, Seq};
use crate::journal::{Journal, JournalError};

/// The events that broke an agent, known so far.
#[derive(Debug, Default)]
pub(in crate::bus) struct Poisons(BTreeSet<(AgentId, Seq)>);

impl Poisons {
    /// Notes that an agent could not bear an event.
    pub(in crate::bus) fn note(&mut self, agent: AgentId, poison: Seq) {
        self.0.insert((agent, poison));
    }
}

/// Builds one agent and folds it over everything recorded before `before`.
pub(in crate::bus) fn rebuild(
    seat: &RosterSeat,
    journal: &mut dyn Journal,
    before: Seq,
    poisons: &mut Poisons,
) -> Result<Box<dyn Agent>, JournalError> {
    let mut muted = Outbox::default();
    // Each turn finds one more poison, so there are few turns.
    loop {
        let mut agent = (seat.factory)();
        if agent.is_port() {
            return Ok(agent);
        }
        let topics = agent.topics();
        let mut broke_at = None;
        journal.for_each(before, &mut |envelope| {
            let is_skipped = broke_at.is_some() || poisons.0.contains(&(seat.id, envelope.seq));
            if is_skipped || !wants(seat.id, topics, envelope) {
                return;
            }
            if handle_caught(agent.as_mut(), envelope, &mut muted).is_err() {
                broke_at = Some(envelope.seq);
            }
            muted.clear();
        })?;
        match broke_at {
            Some(poison) => poisons.note(seat.id, poison),
            None => return Ok(agent),
        }
    }
}

/// Builds every agent of a roster and folds it over everything recorded; timers
/// that have not fired yet are set again, and numbers go on from there. What the
/// agents say is compared with the records, not said again; only what follows from
/// the last cascade and is not on record, because a crash has cut it, is left in
/// the queue and must be said first. A run that keeps no journal starts empty.
pub(in crate::bus) fn fold_all(
    roster: &[RosterSeat],
    journal: &mut dyn Journal,
    poisons: &mut Poisons,
) -> Result<(Sequencer, Vec<Box<dyn Agent>>), JournalError> {
    let mut out = Outbox::default();
    loop {
        let mut order = Sequencer::default();
        let mut agents: Vec<Box<dyn Agent>> = roster.iter().map(|seat| (seat.factory)()).collect();
        let topics: Vec<_> = agents.iter().map(|agent| agent.topics()).collect();
        let mut broke_at = vec![None; roster.len()];
        let read = journal.for_each(Seq(u64::MAX), &mut |envelope| {
            order.resume_after(envelope);
            for (at, (seat, agent)) in roster.iter().zip(&mut agents).enumerate() {
                let is_skipped =
                    broke_at[at].is_some() || poisons.0.contains(&(seat.id, envelope.seq));
                if is_skipped || agent.is_port() || !wants(seat.id, topics[at], envelope) {
                    continue;
                }
                match handle_caught(agent.as_mut(), envelope, &mut out) {
                    Ok(()) => order.absorb(seat.id, envelope.seq, out.drain()),
                    Err(_) => broke_at[at] = Some(envelope.seq),
                }
            }
        });
        match read {
            Ok(()) | Err(JournalError::NotKept) => {}
            Err(error) => return Err(error),
        }
        if broke_at.iter().all(Option::is_none) {
            return Ok((order, agents));
        }
        for (seat, poison) in roster.iter().zip(broke_at) {
            if let Some(poison) = poison {
                poisons.note(seat.id, poison);
            }
        }
    }
}
