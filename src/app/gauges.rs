//! What is measured about the program itself, and the task that tells the read model.
//!
//! Each owner is asked for its own figure: the journal by what stands around it here, the
//! queues by those who fill them, memory by the system. Nothing of it is journalled.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::brokers::gateway::Load;
use crate::bus::clock::Stopwatch;
use crate::domain::ids::Seq;
use crate::events::Envelope;
use crate::journal::{Journal, JournalError};
use crate::view::{JournalFacts, Machine, NoticeDelay, Publisher, QueueRow};

/// How often the read model is told; what has not changed wakes nobody.
const EVERY: Duration = Duration::from_secs(1);
/// Memory is told in steps of this many bytes: a smaller change is no news.
const MEMORY_STEP: u64 = 1 << 20;

/// A figure that its owner can always be asked for.
type Ask = Box<dyn Fn() -> u64 + Send + Sync>;

/// One queue, with whom to ask.
struct Queue {
    name: &'static str,
    most: Option<u64>,
    ask: Ask,
}

/// All that is measured.
pub(super) struct Gauges {
    pub(super) journal: Arc<Pulse>,
    pub(super) notices: Arc<Delays>,
    queues: Mutex<Vec<Queue>>,
}

impl Default for Gauges {
    fn default() -> Self {
        let queues = Mutex::new(Vec::new());
        Self { journal: Arc::default(), notices: Arc::default(), queues }
    }
}

impl Gauges {
    /// Shows a queue from now on. The question must not wait for anything.
    pub(super) fn add(
        &self,
        name: &'static str,
        most: Option<usize>,
        ask: impl Fn() -> usize + Send + Sync + 'static,
    ) {
        let ask: Ask = Box::new(move || count(ask()));
        self.queues().push(Queue { name, most: most.map(count), ask });
    }

    /// Shows what waits at a gateway and what is under way to its broker.
    pub(super) fn follow(&self, load: Arc<Load>) {
        let calls = load.clone();
        self.add("gateway", None, move || load.waiting());
        self.add("broker calls", None, move || calls.calls());
    }

    fn queues(&self) -> MutexGuard<'_, Vec<Queue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks everybody.
    fn read(&self) -> Machine {
        let row = |queue: &Queue| {
            let Queue { name, most, ask } = queue;
            QueueRow { name, waiting: ask(), most: *most }
        };
        let queues = self.queues().iter().map(row).collect();
        let memory = memory().map(|bytes| bytes - bytes % MEMORY_STEP);
        Machine { journal: Some(self.journal.read()), memory, queues, notices: self.notices.read() }
    }

    /// Tells the read model until the token is cancelled.
    pub(super) async fn tell(self: Arc<Self>, publisher: Arc<Publisher>, stop: CancellationToken) {
        let mut beat = tokio::time::interval(EVERY);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            // The stop first: there is always a next beat.
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                _ = beat.tick() => publisher.tell(self.read()),
            }
        }
    }
}

fn count(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// Memory that the process holds, bytes: the line `VmRSS` of Linux, in kibibytes, which
/// is the second figure of `statm` without its unit of pages.
fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1_024)
}

/// What is known of the journal's syncs. Times are microseconds since it was made, one
/// more than they are: zero is never.
#[derive(Debug)]
pub(super) struct Pulse {
    started: Stopwatch,
    unsynced: AtomicU64,
    oldest: AtomicU64,
    synced: AtomicU64,
    syncing: AtomicU64,
    took: AtomicU64,
    slowest: AtomicU64,
}

impl Default for Pulse {
    fn default() -> Self {
        let never = AtomicU64::default;
        Self {
            started: Stopwatch::start(),
            unsynced: never(),
            oldest: never(),
            synced: never(),
            syncing: never(),
            took: never(),
            slowest: never(),
        }
    }
}

impl Pulse {
    fn now(&self) -> u64 {
        micros(self.started.elapsed()).saturating_add(1)
    }

    fn appended(&self) {
        if self.unsynced.fetch_add(1, Ordering::Relaxed) == 0 {
            self.oldest.store(self.now(), Ordering::Relaxed);
        }
    }

    fn begins(&self) {
        self.syncing.store(self.now(), Ordering::Relaxed);
    }

    fn ends(&self) {
        let now = self.now();
        let took = now.saturating_sub(self.syncing.swap(0, Ordering::Relaxed));
        self.unsynced.store(0, Ordering::Relaxed);
        self.oldest.store(0, Ordering::Relaxed);
        self.synced.store(now, Ordering::Relaxed);
        self.took.store(took, Ordering::Relaxed);
        self.slowest.fetch_max(took, Ordering::Relaxed);
    }

    fn read(&self) -> JournalFacts {
        let now = self.now();
        let age = |place: &AtomicU64| match place.load(Ordering::Relaxed) {
            0 => None,
            at => Some(Duration::from_micros(now.saturating_sub(at))),
        };
        let span = |place: &AtomicU64| Duration::from_micros(place.load(Ordering::Relaxed));
        JournalFacts {
            unsynced: self.unsynced.load(Ordering::Relaxed),
            oldest_unsynced: age(&self.oldest).map(in_seconds),
            since_sync: age(&self.synced).map(in_seconds),
            sync_took: span(&self.took),
            sync_slowest: span(&self.slowest),
            syncing: age(&self.syncing),
        }
    }
}

/// Whole seconds; what is younger than one is as good as new, and no news.
const fn in_seconds(age: Duration) -> Duration {
    Duration::from_secs(age.as_secs())
}

fn micros(length: Duration) -> u64 {
    u64::try_from(length.as_micros()).unwrap_or(u64::MAX)
}

/// A journal whose syncs are measured.
#[derive(Debug)]
pub(super) struct Measured<J> {
    journal: J,
    pulse: Arc<Pulse>,
}

impl<J: Journal> Measured<J> {
    pub(super) const fn new(journal: J, pulse: Arc<Pulse>) -> Self {
        Self { journal, pulse }
    }
}

impl<J: Journal> Journal for Measured<J> {
    fn append(&mut self, envelope: &Envelope) -> Result<(), JournalError> {
        self.journal.append(envelope)?;
        self.pulse.appended();
        Ok(())
    }

    /// A sync that fails stays under way: the run ends with it.
    fn sync(&mut self) -> Result<(), JournalError> {
        self.pulse.begins();
        self.journal.sync()?;
        self.pulse.ends();
        Ok(())
    }

    fn for_each(
        &mut self,
        before: Seq,
        visit: &mut dyn FnMut(&Envelope),
    ) -> Result<(), JournalError> {
        self.journal.for_each(before, visit)
    }
}

/// How long notices took.
#[derive(Debug, Default)]
pub(super) struct Delays {
    told: AtomicU64,
    newest: AtomicU64,
    longest: AtomicU64,
}

impl Delays {
    /// One notice was handed out.
    pub(super) fn note(&self, delay: Duration) {
        let delay = micros(delay);
        self.told.fetch_add(1, Ordering::Relaxed);
        self.newest.store(delay, Ordering::Relaxed);
        self.longest.fetch_max(delay, Ordering::Relaxed);
    }

    /// What is known.
    pub(super) fn read(&self) -> NoticeDelay {
        let span = |place: &AtomicU64| Duration::from_micros(place.load(Ordering::Relaxed));
        NoticeDelay {
            told: self.told.load(Ordering::Relaxed),
            newest: span(&self.newest),
            longest: span(&self.longest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::AgentId;
    use crate::domain::time::Timestamp;
    use crate::events::{Alert, Severity, SystemEvent};
    use crate::journal::Memory;

    fn envelope(seq: u64) -> Envelope {
        let alert = Alert { severity: Severity::Info, text: "a".into() };
        Envelope {
            seq: Seq(seq),
            at: Timestamp::from_seconds(1),
            cause: None,
            root: Seq(seq),
            source: AgentId::Spine,
            event: SystemEvent::Alert(alert).into(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_entry_that_is_not_synced_ages_until_the_next_sync() {
        let pulse = Arc::new(Pulse::default());
        let mut journal = Measured::new(Memory::default(), pulse.clone());
        assert_eq!(pulse.read(), JournalFacts::default());
        for seq in 1..=3 {
            journal.append(&envelope(seq)).unwrap();
            tokio::time::advance(Duration::from_secs(2)).await;
        }
        let facts = pulse.read();
        assert_eq!((facts.unsynced, facts.oldest_unsynced), (3, Some(Duration::from_secs(6))));
        assert_eq!(facts.since_sync, None);
        journal.sync().unwrap();
        tokio::time::advance(Duration::from_secs(5)).await;
        let facts = pulse.read();
        assert_eq!((facts.unsynced, facts.oldest_unsynced), (0, None));
        assert_eq!((facts.since_sync, facts.syncing), (Some(Duration::from_secs(5)), None));
    }

    #[test]
    fn memory_is_more_than_nothing_and_queues_are_asked_in_order() {
        assert!(memory().is_none_or(|bytes| bytes > 1_000_000));
        let gauges = Gauges::default();
        gauges.add("spine", Some(1_024), || 3);
        gauges.add("gateway", None, || 0);
        let read = gauges.read().queues;
        let row = |name, waiting, most| QueueRow { name, waiting, most };
        assert_eq!(read, [row("spine", 3, Some(1_024)), row("gateway", 0, None)]);
    }
}
