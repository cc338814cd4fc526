//! How the program itself is: its journal, its memory, what waits in its queues.
//!
//! Measured by the wall, by the owner of each, and not part of the journal: two runs of
//! the same inputs differ here and nowhere else. [`Publisher`](crate::view::Publisher)
//! is told of it; whoever shows it measures nothing.

use std::time::Duration;

use serde::Serialize;

/// A sync of the journal that takes longer holds up orders and should be looked at.
const SYNC_SLOW: Duration = Duration::from_millis(500);
/// A sync that takes longer has most likely met a disk that does not answer.
const SYNC_HANGS: Duration = Duration::from_secs(3);

/// How the program itself is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Machine {
    /// The journal; absent while nobody measures it.
    pub journal: Option<JournalFacts>,
    /// Memory that the process holds, bytes; absent where the system does not say.
    pub memory: Option<u64>,
    /// The queues, in the order in which an event passes them.
    pub queues: Vec<QueueRow>,
    /// How long notices took from the event to the people.
    pub notices: NoticeDelay,
}

/// How the journal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct JournalFacts {
    /// Entries that are not on the disk for certain. Whatever an order follows from is
    /// synced before the order leaves; prices wait for the next such entry.
    pub unsynced: u64,
    /// How old the oldest of these is; absent when everything is on the disk.
    pub oldest_unsynced: Option<Duration>,
    /// How long ago the last sync ended; absent before the first one.
    pub since_sync: Option<Duration>,
    /// How long the last sync took.
    pub sync_took: Duration,
    /// How long the slowest sync of the run took.
    pub sync_slowest: Duration,
    /// How long a sync has been under way; absent while none is.
    pub syncing: Option<Duration>,
}

/// What the light of the journal says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum JournalState {
    /// Syncs take as long as they should.
    Well,
    /// A sync takes, or took, so long that orders waited for it.
    Slow,
    /// A sync does not come back: nothing that adds to the journal can happen.
    Hangs,
}

impl JournalFacts {
    /// What the light says: by the sync under way, else by the last one. The age of what
    /// is not synced is no fault of the journal: nobody has asked for it.
    pub fn state(&self) -> JournalState {
        match self.syncing {
            Some(so_far) if so_far >= SYNC_HANGS => JournalState::Hangs,
            Some(so_far) if so_far >= SYNC_SLOW => JournalState::Slow,
            Some(_) | None if self.sync_took >= SYNC_SLOW => JournalState::Slow,
            Some(_) | None => JournalState::Well,
        }
    }
}

/// What waits in one queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QueueRow {
    /// Whose queue.
    pub name: &'static str,
    /// How many wait.
    pub waiting: u64,
    /// How many may wait; absent where the bound lies elsewhere.
    pub most: Option<u64>,
}

/// How long notices took from the event to bell, notification and webhook queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct NoticeDelay {
    /// How many were handed out.
    pub told: u64,
    /// The newest one's delay, from the oldest event that it stands for.
    pub newest: Duration,
    /// The longest delay of the run; 5 s is the most that is allowed.
    pub longest: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(syncing: Option<u64>, took: u64, expected: JournalState) {
        let facts = JournalFacts {
            syncing: syncing.map(Duration::from_millis),
            sync_took: Duration::from_millis(took),
            oldest_unsynced: Some(Duration::from_secs(3_600)),
            ..JournalFacts::default()
        };
        assert_eq!(facts.state(), expected, "{facts:?}");
    }

    #[test]
    fn the_light_says_how_long_syncs_take_and_not_how_long_prices_wait() {
        check(None, 0, JournalState::Well);
        check(Some(499), 0, JournalState::Well);
        check(Some(500), 0, JournalState::Slow);
        check(None, 500, JournalState::Slow);
        check(Some(1), 500, JournalState::Slow);
        check(Some(3_000), 0, JournalState::Hangs);
    }
}
