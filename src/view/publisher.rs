//! From the spine's thread to those who look.
//!
//! The publisher folds each envelope under a lock that nobody else wants but for the
//! moment in which a snapshot is copied: at most once for each time a reader asks,
//! some tens of microseconds. So the newest state is always to be had, also after the
//! last event before a silence, and nothing is made that nobody asked for. A reader
//! that waits is woken; one that is busy drawing costs a glance at a flag.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::events::Envelope;
use crate::view::lanes::{Dropped, Lane};
use crate::view::log::EventLine;
use crate::view::machine::Machine;
use crate::view::projector::Projector;
use crate::view::snapshot::Snapshot;

struct Shared {
    desk: Mutex<Desk>,
    /// Whether somebody waits for something newer.
    is_waited_for: AtomicBool,
}

struct Desk {
    projector: Projector,
    /// Rises with everything that changes what is shown.
    changes: u64,
    /// How the program itself is.
    machine: Arc<Machine>,
    /// The lane of single events, once somebody reads it.
    lane: Option<Lane>,
}

impl Shared {
    /// A panic of one who looked leaves nothing half done: all changes are made by
    /// the publisher.
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes envelopes in the order of the journal; the composition root hangs it behind
/// the spine as a tap.
pub struct Publisher {
    shared: Arc<Shared>,
    /// How many changes there have been, sent only while somebody waits.
    wake: watch::Sender<u64>,
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher").finish_non_exhaustive()
    }
}

impl Publisher {
    /// Begins with a projector, which may have folded a journal already.
    pub fn new(projector: Projector) -> Self {
        let desk = Desk { projector, changes: 0, machine: Arc::default(), lane: None };
        let shared = Shared { desk: Mutex::new(desk), is_waited_for: AtomicBool::new(false) };
        Self { shared: Arc::new(shared), wake: watch::Sender::new(0) }
    }

    /// Takes one envelope.
    pub fn see(&self, envelope: &Envelope) {
        let changes = {
            let mut desk = self.shared.desk();
            let line = desk.projector.see_line(envelope);
            desk.changes += 1;
            if let (Some(lane), Some(line)) = (&mut desk.lane, line) {
                lane.push(line);
            }
            desk.changes
        };
        self.wake(changes);
    }

    /// Takes what was measured about the program itself. What says nothing new wakes
    /// nobody.
    pub fn tell(&self, machine: Machine) {
        let changes = {
            let mut desk = self.shared.desk();
            if *desk.machine == machine {
                return;
            }
            desk.machine = Arc::new(machine);
            desk.changes += 1;
            desk.changes
        };
        self.wake(changes);
    }

    /// How many single events wait for a reader.
    pub fn waiting(&self) -> usize {
        self.shared.desk().lane.as_ref().map_or(0, Lane::len)
    }

    /// Shows another journal from now on.
    pub fn begin_anew(&self, projector: Projector) {
        let changes = {
            let mut desk = self.shared.desk();
            desk.projector = projector;
            desk.changes += 1;
            desk.changes
        };
        self.wake(changes);
    }

    fn wake(&self, changes: u64) {
        // The lock of the caller orders this after the flag of everybody who has found
        // nothing newer than the event before.
        if self.shared.is_waited_for.load(Ordering::SeqCst) {
            self.shared.is_waited_for.store(false, Ordering::SeqCst);
            self.wake.send_replace(changes);
        }
    }

    /// Makes a reader. When the publisher is gone, readers are told by
    /// [`Viewer::changed`].
    pub fn viewer(&self) -> Viewer {
        Viewer { shared: Arc::clone(&self.shared), woken: self.wake.subscribe(), taken: 0 }
    }
}

/// Reads the newest snapshot, and single events.
pub struct Viewer {
    shared: Arc<Shared>,
    woken: watch::Receiver<u64>,
    taken: u64,
}

impl fmt::Debug for Viewer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Viewer").field("taken", &self.taken).finish_non_exhaustive()
    }
}

impl Viewer {
    /// Returns the newest moment.
    pub fn snapshot(&mut self) -> Arc<Snapshot> {
        let mut desk = self.shared.desk();
        self.taken = desk.changes;
        let mut snapshot = desk.projector.snapshot();
        // Made a moment ago, so nobody else holds it.
        if let Some(made) = Arc::get_mut(&mut snapshot) {
            made.machine = Arc::clone(&desk.machine);
        }
        snapshot
    }

    fn has_news(&self) -> bool {
        self.shared.desk().changes > self.taken
    }

    /// Waits until there is something newer than the last snapshot taken here. May be
    /// dropped and begun again. Returns false when nothing will ever come.
    pub async fn changed(&mut self) -> bool {
        loop {
            self.woken.mark_unchanged();
            self.shared.is_waited_for.store(true, Ordering::SeqCst);
            if self.has_news() {
                return true;
            }
            if self.woken.changed().await.is_err() {
                return self.has_news();
            }
        }
    }

    /// Moves at most `most` single events into `into`, oldest first, and returns how
    /// many were dropped so far. There is one lane; it begins with the first call, and
    /// what one reader has taken another does not get.
    pub fn events(&self, into: &mut Vec<EventLine>, most: usize) -> Dropped {
        let mut desk = self.shared.desk();
        let lane = desk.lane.get_or_insert_default();
        lane.take(into, most);
        lane.dropped()
    }

    /// Tells whether single events wait.
    pub fn has_events(&self) -> bool {
        self.shared.desk().lane.as_ref().is_some_and(|lane| !lane.is_empty())
    }
}
