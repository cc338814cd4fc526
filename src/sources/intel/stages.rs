//! The steps of the mail's line.
//!
//! A job is a handful of mails, so that the way from stage to stage costs little beside
//! the work. All work is on blocking threads; a mail that makes a step panic fails with
//! that reason and takes nothing else with it. It knows nothing of the line's queues; see
//! [`line`](crate::sources::intel::line).

use std::collections::HashSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use sha2::{Digest, Sha256};

use crate::domain::time::Timestamp;
use crate::intel::correlate::{Correlator, Link, Settings};
use crate::intel::entities::{Entity, Extractor};
use crate::intel::mail::Message;
use crate::intel::parse::parse;
use crate::sources::intel::line::{Stage, Steps};
use crate::sources::intel::mailbox::RawMail;
use crate::sources::intel::store::{Behind, Kept, Store, StoreError};

/// Tells the time, for the rates of the stages alone.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What became of a mail so far.
#[derive(Debug)]
pub enum State {
    /// Read.
    Raw(Vec<u8>),
    /// Worked on.
    Worked(Box<Work>),
    /// Stored.
    Stored,
    /// It was there already.
    Duplicate,
    /// Why it could not be worked on.
    Failed(String),
}

/// What is known of a mail so far.
#[derive(Debug)]
pub struct Work {
    hash: [u8; 32],
    message: Message,
    entities: Vec<Entity>,
    links: Vec<Link>,
}

/// A mail on the line.
#[derive(Debug)]
pub struct Item {
    /// Where it came from.
    pub source: String,
    /// Bytes read from files up to it.
    pub read_bytes: u64,
    /// What became of it so far.
    pub state: State,
}

impl Item {
    /// Puts a mail on the line.
    pub fn new(raw: RawMail) -> Self {
        let state = raw.bytes.map_or_else(State::Failed, State::Raw);
        Self { source: raw.source, read_bytes: raw.read_bytes, state }
    }
}

/// What a stage has done.
#[derive(Debug, Default)]
pub struct Counter {
    /// Mails worked on.
    pub mails: AtomicU64,
    /// Time spent on them by all workers, in nanoseconds.
    pub busy_nanos: AtomicU64,
}

/// The steps, with what they need.
pub struct MailSteps {
    store: Mutex<Store>,
    seen: HashSet<[u8; 32]>,
    extractor: Extractor,
    correlator: Correlator,
    /// Meetings that the correlator knows.
    meetings: u64,
    now: Now,
    is_inline: bool,
    counters: [Counter; 4],
}

impl fmt::Debug for MailSteps {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("MailSteps").field("counters", &self.counters).finish_non_exhaustive()
    }
}

impl MailSteps {
    /// Makes the steps over a store; `is_inline` does the work on the caller's thread.
    ///
    /// # Errors
    /// The store cannot say what it has.
    pub fn new(store: Store, now: Now, is_inline: bool) -> Result<Self, StoreError> {
        let extractor = Extractor::default();
        let settings = Settings::default();
        let transcripts = store.transcripts()?;
        let meetings = u64::try_from(transcripts.len()).unwrap_or(u64::MAX);
        let correlator = Correlator::new(&transcripts, &extractor, settings);
        let seen = store.seen()?;
        let counters = std::array::from_fn(|_| Counter::default());
        let store = Mutex::new(store);
        Ok(Self { store, seen, extractor, correlator, meetings, now, is_inline, counters })
    }

    /// What a stage has done.
    pub const fn counter(&self, stage: Stage) -> &Counter {
        let [parse, extract, correlate, store] = &self.counters;
        match stage {
            Stage::Parse => parse,
            Stage::Extract => extract,
            Stage::Correlate => correlate,
            Stage::Store => store,
        }
    }

    /// Compares some mails again that were stored before a meeting came; says how many.
    ///
    /// # Errors
    /// The database fails.
    pub fn relink(&self, most: usize) -> Result<u64, StoreError> {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        let behind = store.behind(self.meetings, most)?;
        let linked = |mail: Behind| {
            let entities = self.extractor.extract(&mail.message);
            let links = self.correlator.links(&mail.message, &entities);
            (mail, links)
        };
        let linked: Vec<_> = behind.into_iter().map(linked).collect();
        store.relink(&linked, self.meetings)?;
        Ok(u64::try_from(linked.len()).unwrap_or(0))
    }

    fn work(&self, stage: Stage, mut job: Vec<Item>) -> Vec<Item> {
        let start = (self.now)();
        match stage {
            Stage::Store => self.store(&mut job),
            Stage::Parse | Stage::Extract | Stage::Correlate => {
                for item in &mut job {
                    self.guarded(stage, item);
                }
            }
        }
        let spent = (self.now)().as_nanos().saturating_sub(start.as_nanos());
        let counter = self.counter(stage);
        counter.busy_nanos.fetch_add(u64::try_from(spent).unwrap_or(0), Ordering::Relaxed);
        counter.mails.fetch_add(u64::try_from(job.len()).unwrap_or(0), Ordering::Relaxed);
        job
    }

    /// Does one mail's step; a panic is this mail's failure alone.
    fn guarded(&self, stage: Stage, item: &mut Item) {
        let before = std::mem::replace(&mut item.state, State::Duplicate);
        let worked = catch_unwind(AssertUnwindSafe(|| self.advance(stage, before)));
        item.state = worked.unwrap_or_else(|_| {
            State::Failed(format!("{} ended in a bug on this mail", stage.name()))
        });
    }

    fn advance(&self, stage: Stage, before: State) -> State {
        match (stage, before) {
            (Stage::Parse, State::Raw(bytes)) => self.parse(&bytes),
            (Stage::Extract, State::Worked(mut work)) => {
                work.entities = self.extractor.extract(&work.message);
                State::Worked(work)
            }
            (Stage::Correlate, State::Worked(mut work)) => {
                work.links = self.correlator.links(&work.message, &work.entities);
                State::Worked(work)
            }
            (_, before) => before,
        }
    }

    /// A mail that an earlier run has worked on is not worked on again.
    fn parse(&self, bytes: &[u8]) -> State {
        let hash: [u8; 32] = Sha256::digest(bytes).into();
        if self.seen.contains(&hash) {
            return State::Duplicate;
        }
        match parse(bytes) {
            Ok(message) => {
                let (entities, links) = (Vec::new(), Vec::new());
                State::Worked(Box::new(Work { hash, message, entities, links }))
            }
            Err(error) => State::Failed(error.to_string()),
        }
    }

    /// Stores a job's mails in one transaction.
    fn store(&self, job: &mut [Item]) {
        let (mut places, mut mails) = (Vec::new(), Vec::new());
        for (place, item) in job.iter_mut().enumerate() {
            if !matches!(item.state, State::Worked(_)) {
                continue;
            }
            if let State::Worked(work) = std::mem::replace(&mut item.state, State::Stored) {
                let Work { hash, message, entities, links } = *work;
                let source = item.source.clone();
                let linked_with = self.meetings;
                mails.push(Kept { source, hash, message, entities, links, linked_with });
                places.push(place);
            }
        }
        if mails.is_empty() {
            return;
        }
        // A panic inside has rolled its transaction back.
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = store.keep(&mails);
        drop(store);
        for (at, place) in places.into_iter().enumerate() {
            let Some(item) = job.get_mut(place) else { continue };
            item.state = match &kept {
                Ok(are_new) if are_new.get(at) == Some(&true) => State::Stored,
                Ok(_) => State::Duplicate,
                Err(error) => {
                    State::Failed(format!("{error}: {:?}", std::error::Error::source(error)))
                }
            };
        }
    }
}

impl Steps for MailSteps {
    type Job = Vec<Item>;

    fn step(self: Arc<Self>, stage: Stage, job: Vec<Item>) -> BoxFuture<'static, Vec<Item>> {
        if self.is_inline {
            return Box::pin(async move { self.work(stage, job) });
        }
        Box::pin(async move {
            let task = tokio::task::spawn_blocking(move || self.work(stage, job));
            task.await.expect("a step catches the panics of its mails, and is never aborted")
        })
    }
}
