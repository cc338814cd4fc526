//! The one order of events: numbers, times, timers, cascades.
//!
//! A cascade is an input and everything that follows from it. All its envelopes
//! carry the input's time. Timers that are due fire before a later input is
//! admitted, stamped with their due time, so that the same inputs give the same
//! order however fast they come.

use std::collections::{BTreeMap, VecDeque};

use crate::bus::agent::Output;
use crate::domain::ids::{AgentId, Seq};
use crate::domain::time::Timestamp;
use crate::events::{Envelope, Event, SystemEvent, Timer, TimerDue};
use crate::journal::JournalError;

/// More envelopes than this from one input mean that two agents answer each other
/// for ever: a bug, and the run ends. A trade takes some thirty envelopes, and every
/// symbol of a large universe may trade at one instant, so the bound is far above
/// what a thousand would allow.
pub const MAX_CASCADE: u32 = 1_000_000;

/// Why a run cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum SpineError {
    /// The journal failed: nothing may happen that it does not know.
    #[error("the journal failed")]
    Journal(#[from] JournalError),
    /// A cascade grew beyond [`MAX_CASCADE`].
    #[error("event {root} led to more than {MAX_CASCADE} events, the last one is {name}")]
    EndlessCascade {
        /// The input.
        root: Seq,
        /// Name of the last event.
        name: &'static str,
    },
    /// An agent panicked and cannot be rebuilt, because the run keeps no journal.
    #[error(
        "{agent} panicked at event {poison} ({message}); the run keeps no journal to rebuild it from"
    )]
    Unrecoverable {
        /// Which agent.
        agent: AgentId,
        /// The event that it could not bear.
        poison: Seq,
        /// Its last words.
        message: String,
    },
    /// The spine has ended and takes no more inputs.
    #[error("the spine has ended")]
    Closed,
}

/// An event that waits for its number.
#[derive(Debug)]
struct Pending {
    cause: Option<Seq>,
    source: AgentId,
    event: Event,
}

/// Gives events their numbers and times.
#[derive(Debug, Default)]
pub(in crate::bus) struct Sequencer {
    last: Seq,
    now: Timestamp,
    root: Seq,
    length: u32,
    queue: VecDeque<Pending>,
    /// Timers by due time, then in the order in which they were set.
    timers: BTreeMap<(Timestamp, u64), TimerDue>,
    timers_set: u64,
    /// Agents announced on record.
    announced: usize,
}

impl Sequencer {
    /// Admits an input; its time is never earlier than what has been.
    pub(in crate::bus) fn admit(&mut self, at: Timestamp, source: AgentId, event: Event) {
        debug_assert!(self.queue.is_empty(), "one cascade at a time");
        self.now = self.now.max(at);
        self.length = 0;
        self.queue.push_back(Pending { cause: None, source, event });
    }

    /// Adds an event of the spine's own to the present cascade.
    pub(in crate::bus) fn insert(&mut self, cause: Option<Seq>, event: SystemEvent) {
        self.queue.push_back(Pending { cause, source: AgentId::Spine, event: event.into() });
    }

    /// Admits the first timer that is due by `until`; false when there is none.
    /// An input that comes with an older time than the present is stamped with
    /// the present, so timers due by now fire before it as well.
    pub(in crate::bus) fn admit_due(&mut self, until: Timestamp) -> bool {
        let until = until.max(self.now);
        match self.timers.first_entry() {
            Some(entry) if entry.key().0 <= until => {
                let ((at, _), due) = entry.remove_entry();
                self.admit(at, AgentId::Spine, SystemEvent::TimerDue(due).into());
                true
            }
            Some(_) | None => false,
        }
    }

    /// Gives the next event of the cascade its number.
    pub(in crate::bus) fn next(&mut self) -> Result<Option<Envelope>, SpineError> {
        let Some(Pending { cause, source, event }) = self.queue.pop_front() else {
            return Ok(None);
        };
        self.last = Seq(self.last.0 + 1);
        if cause.is_none() && self.length == 0 {
            self.root = self.last;
        }
        self.length += 1;
        if self.length > MAX_CASCADE {
            return Err(SpineError::EndlessCascade { root: self.root, name: event.name() });
        }
        Ok(Some(Envelope { seq: self.last, at: self.now, cause, root: self.root, source, event }))
    }

    /// Queues what an agent said about an envelope.
    pub(in crate::bus) fn absorb(
        &mut self,
        agent: AgentId,
        cause: Seq,
        outputs: impl IntoIterator<Item = Output>,
    ) {
        for output in outputs {
            match output {
                Output::Publish(event) => {
                    self.queue.push_back(Pending { cause: Some(cause), source: agent, event });
                }
                Output::WakeAt(at, timer) => self.set_timer(agent, at, timer),
            }
        }
    }

    fn set_timer(&mut self, agent: AgentId, at: Timestamp, timer: Timer) {
        self.timers_set += 1;
        self.timers.insert((at.max(self.now), self.timers_set), TimerDue { agent, timer });
    }

    /// Takes a recorded envelope as having happened: its number and time, its
    /// timer as fired, its place in the queue as taken. Used when a journal is
    /// folded at the start; what is still queued after the last record is the rest
    /// of a cascade that a crash has cut.
    pub(in crate::bus) fn resume_after(&mut self, envelope: &Envelope) {
        self.last = envelope.seq;
        self.now = envelope.at;
        self.root = envelope.root;
        if envelope.seq == envelope.root {
            self.queue.clear();
            self.length = 0;
        } else {
            self.take_queued(envelope);
        }
        self.length += 1;
        if matches!(envelope.event, Event::System(SystemEvent::AgentStarted(_))) {
            self.announced += 1;
        }
        if let Event::System(SystemEvent::TimerDue(fired)) = &envelope.event {
            let key = self
                .timers
                .iter()
                .find(|((at, _), due)| *at <= envelope.at && *due == fired)
                .map(|(key, _)| *key);
            if let Some(key) = key {
                self.timers.remove(&key);
            }
        }
    }

    /// Takes what was recorded from the queue, with what was queued before it and
    /// is not on record any more (pruned market data). What the spine says of its
    /// own accord, about a fault, no fold has queued.
    fn take_queued(&mut self, envelope: &Envelope) {
        let is_it = |pending: &Pending| {
            pending.cause == envelope.cause
                && pending.source == envelope.source
                && pending.event.name() == envelope.event.name()
        };
        match self.queue.iter().position(is_it) {
            Some(at) => drop(self.queue.drain(..=at)),
            None if envelope.source == AgentId::Spine => {}
            // Another version wrote this: what is queued here did not happen.
            None => self.queue.clear(),
        }
    }

    /// So many agents had been announced when the journal ended.
    pub(in crate::bus) const fn announced(&self) -> usize {
        self.announced
    }

    /// The last number given.
    pub(in crate::bus) const fn last(&self) -> Seq {
        self.last
    }

    /// The time of the last event.
    pub(in crate::bus) const fn now(&self) -> Timestamp {
        self.now
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{Alert, Severity};

    fn alert(text: &str) -> SystemEvent {
        SystemEvent::Alert(Alert { severity: Severity::Info, text: text.into() })
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn a_cascade_has_one_time_one_root_and_rising_numbers() {
        let mut order = Sequencer::default();
        order.admit(at(10), AgentId::Feed, alert("first").into());
        let first = order.next().unwrap().unwrap();
        order.absorb(AgentId::Strategy, first.seq, [Output::Publish(alert("second").into())]);
        let second = order.next().unwrap().unwrap();
        assert_eq!((first.seq, second.seq), (Seq(1), Seq(2)));
        assert_eq!((second.at, second.root, second.cause), (at(10), Seq(1), Some(Seq(1))));
        assert_eq!(order.next().unwrap(), None);
        order.admit(at(5), AgentId::Feed, alert("late").into());
        assert_eq!(order.next().unwrap().unwrap().at, at(10), "time never goes back");
    }

    #[test]
    fn due_timers_fire_in_order_before_a_later_input() {
        let mut order = Sequencer::default();
        let wake = |seconds, timer: Timer| Output::WakeAt(at(seconds), timer);
        order.absorb(
            AgentId::Strategy,
            Seq(0),
            [
                wake(30, Timer::Breaker("x".into())),
                wake(20, Timer::Session),
                wake(20, Timer::DataAge),
            ],
        );
        let mut fired = Vec::new();
        while order.admit_due(at(25)) {
            let envelope = order.next().unwrap().unwrap();
            assert_eq!(envelope.at, at(20));
            if let Event::System(SystemEvent::TimerDue(due)) = envelope.event {
                fired.push(due.timer);
            }
        }
        assert_eq!(fired, [Timer::Session, Timer::DataAge]);
        assert!(!order.admit_due(at(29)));
        assert!(order.admit_due(at(30)));
    }

    #[test]
    fn an_endless_cascade_ends_the_run() {
        let mut order = Sequencer::default();
        order.admit(at(0), AgentId::Feed, alert("x").into());
        let mut seen = 0_u32;
        let error = loop {
            match order.next() {
                Ok(Some(envelope)) => {
                    seen += 1;
                    order.absorb(
                        AgentId::Venue,
                        envelope.seq,
                        [Output::Publish(alert("x").into())],
                    );
                }
                Ok(None) => unreachable!("the queue is never empty"),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, SpineError::EndlessCascade { .. }));
        assert_eq!(seen, MAX_CASCADE);
    }
}
