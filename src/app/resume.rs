//! Going on with the journal of an earlier run of the embedded market.
//!
//! The market is made again from its seed or read again from its files, and passed
//! over up to the place that the journal names. What was handed in and what was not
//! is read from the inputs on record, never from their times: a crash may lie
//! between the market's own step and its being told. Knows nothing of agents; what
//! they said is the business of [`bus`](crate::bus).

use std::sync::{Arc, Mutex, MutexGuard};

use crate::config::Config;
use crate::domain::ids::Seq;
use crate::domain::market::MarketStep;
use crate::domain::time::Timestamp;
use crate::events::{Envelope, Event, FeedEvent, SystemEvent, TapeEvent};
use crate::journal::{Journal, JournalError, SqliteJournal};

/// Why a journal cannot be gone on with.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// Its market has another seed.
    #[error(
        "the journal began with seed {recorded}, not {asked}: pass --seed {recorded}, or name another journal"
    )]
    OtherSeed {
        /// The seed of the journal.
        recorded: u64,
        /// The seed in force.
        asked: u64,
    },
    /// Agents that are built with other settings are not those of the journal.
    #[error(
        "the journal was written under other settings (hash {recorded}, now {asked}): pass the same --config, --preset and --market, or name another journal"
    )]
    OtherSettings {
        /// Hash of the settings then.
        recorded: String,
        /// Hash of the settings in force.
        asked: String,
    },
    /// The market does what it did not do then.
    #[error(
        "the market at {at} is not the one that the journal has: pass the same --market files, or name another journal"
    )]
    OtherMarket {
        /// The last moment on record.
        at: Timestamp,
    },
}

/// Refuses a journal that is of another seed or of other settings. Reads its first
/// record only.
///
/// # Errors
/// Why it cannot be gone on with, or when it cannot be read.
pub(super) fn admit(journal: &mut SqliteJournal, config: &Config) -> anyhow::Result<()> {
    let recorded = journal.identity().seed;
    if recorded != config.seed {
        return Err(ResumeError::OtherSeed { recorded, asked: config.seed }.into());
    }
    let mut first = None;
    journal.for_each(Seq(2), &mut |envelope| first = Some(envelope.event.clone()))?;
    let Some(Event::System(SystemEvent::SessionStarted(started))) = first else { return Ok(()) };
    let asked = config.hash().to_string();
    if started.config_hash != asked {
        return Err(ResumeError::OtherSettings { recorded: started.config_hash, asked }.into());
    }
    Ok(())
}

/// How far the market of a journal has come.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    seen: Seq,
    /// Batches of bars of the past that were handed in.
    pub(super) warm_ups: usize,
    /// The last step that the market itself has made.
    moved: Option<Arc<MarketStep>>,
    /// Whether that step has been told to the agents as well.
    is_told: bool,
    is_passed: bool,
}

/// What is to be done with a step of the market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing: it is on record.
    Nothing,
    /// The market has made it, the agents have not heard of it.
    Telling,
    /// Both.
    Everything,
}

impl Place {
    fn note(&mut self, envelope: &Envelope) {
        // A journal is read once more for every agent that breaks.
        if envelope.seq <= self.seen {
            return;
        }
        self.seen = envelope.seq;
        match &envelope.event {
            Event::Tape(TapeEvent::Step(step)) => {
                self.moved = Some(step.clone());
                self.is_told = false;
            }
            Event::Feed(FeedEvent::Step(_)) => self.is_told = true,
            Event::Feed(FeedEvent::History(_)) if envelope.cause.is_none() => self.warm_ups += 1,
            Event::Feed(
                FeedEvent::History(_)
                | FeedEvent::Link(_)
                | FeedEvent::Conflated(_)
                | FeedEvent::Second(_)
                | FeedEvent::SecondLink(_),
            )
            | Event::Market(_)
            | Event::Signal(_)
            | Event::Risk(_)
            | Event::Order(_)
            | Event::Venue(_)
            | Event::Position(_)
            | Event::Trade(_)
            | Event::Intel(_)
            | Event::Breaker(_)
            | Event::Operator(_)
            | Event::Request(_)
            | Event::System(_) => {}
        }
    }

    /// Decides about the next step of the market.
    ///
    /// # Errors
    /// When the market is not the one on record.
    pub(super) fn judge(&mut self, step: &MarketStep) -> Result<Due, ResumeError> {
        let Some(moved) = self.moved.as_ref().filter(|_| !self.is_passed) else {
            return Ok(Due::Everything);
        };
        if step.at < moved.at {
            return Ok(Due::Nothing);
        }
        if *step != **moved {
            return Err(ResumeError::OtherMarket { at: moved.at });
        }
        self.is_passed = true;
        Ok(if self.is_told { Due::Nothing } else { Due::Telling })
    }

    /// Tells whether the market has come as far as the record.
    ///
    /// # Errors
    /// When it has ended before.
    pub(super) fn check_passed(&self) -> Result<(), ResumeError> {
        match &self.moved {
            Some(moved) if !self.is_passed => Err(ResumeError::OtherMarket { at: moved.at }),
            Some(_) | None => Ok(()),
        }
    }
}

/// A journal that notes the place of the market while it is folded.
#[derive(Debug)]
pub(super) struct Placed {
    journal: SqliteJournal,
    place: Arc<Mutex<Place>>,
}

impl Placed {
    pub(super) fn new(journal: SqliteJournal) -> (Self, Arc<Mutex<Place>>) {
        let place = Arc::new(Mutex::new(Place::default()));
        (Self { journal, place: place.clone() }, place)
    }
}

/// Takes the place as it is now.
pub(super) fn read(place: &Mutex<Place>) -> Place {
    lock(place).clone()
}

fn lock(place: &Mutex<Place>) -> MutexGuard<'_, Place> {
    place.lock().expect("nothing panics while it holds the place")
}

impl Journal for Placed {
    fn append(&mut self, envelope: &Envelope) -> Result<(), JournalError> {
        self.journal.append(envelope)
    }

    fn sync(&mut self) -> Result<(), JournalError> {
        self.journal.sync()
    }

    fn for_each(
        &mut self,
        before: Seq,
        visit: &mut dyn FnMut(&Envelope),
    ) -> Result<(), JournalError> {
        let Self { journal, place } = self;
        journal.for_each(before, &mut |envelope| {
            lock(place).note(envelope);
            visit(envelope);
        })
    }
}
