//! The gate for entries: one flag that is read as the last step before an order that
//! adds risk leaves.
//!
//! It is shared with whoever may halt (a key, a signal, a file) and does not depend on
//! the spine being well. It holds orders back and knows none; what reduces risk never
//! asks it. The ladder of trading states is in [`fsm::trading`](crate::fsm).

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::sync::Notify;

/// The gate, shared by clones. Open until somebody closes it.
#[derive(Debug, Clone, Default)]
pub struct Gate(Arc<Shared>);

#[derive(Default)]
struct Shared {
    is_closed: AtomicBool,
    is_waiting: AtomicBool,
    /// Whether this process may act at all; absent while nobody could take its place.
    tenure: OnceLock<Box<dyn Fn() -> bool + Send + Sync>>,
    changed: Notify,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("is_closed", &self.is_closed)
            .field("is_waiting", &self.is_waiting)
            .finish_non_exhaustive()
    }
}

impl Gate {
    /// Closes it: one store, and no entry that asks afterwards may leave. One that is on
    /// its way asks at every step; the step that is under way on another thread is the
    /// last.
    pub fn close(&self) {
        self.0.is_closed.store(true, Ordering::SeqCst);
        self.0.changed.notify_waiters();
    }

    /// Opens it again. Only a person at the local terminal decides so.
    pub fn open(&self) {
        self.0.is_closed.store(false, Ordering::SeqCst);
    }

    /// Tells whether entries are held back.
    pub fn is_closed(&self) -> bool {
        self.0.is_closed.load(Ordering::SeqCst)
    }

    /// Holds entries back for as long as something is missing without which none may
    /// leave (the bus); unlike [`close`](Self::close) it cancels none.
    pub fn set_waiting(&self, is_waiting: bool) {
        self.0.is_waiting.store(is_waiting, Ordering::SeqCst);
    }

    /// Tells whether entries wait for what is missing.
    pub fn is_waiting(&self) -> bool {
        self.0.is_waiting.load(Ordering::SeqCst)
    }

    /// Lets requests of every kind leave only while `may_act` says so: another process may
    /// take this one's place. Once; it is asked before every request and at every step of
    /// one that is on its way, so it must not wait.
    pub fn bind(&self, may_act: impl Fn() -> bool + Send + Sync + 'static) {
        // Who is bound twice stays bound by the first.
        let _ = self.0.tenure.set(Box::new(may_act));
    }

    /// Tells whether another process may act in this one's place.
    pub fn is_succeeded(&self) -> bool {
        self.0.tenure.get().is_some_and(|may_act| !may_act())
    }

    /// Waits until it is closed; returns at once when it is.
    pub async fn closed(&self) {
        loop {
            let changed = self.0.changed.notified();
            tokio::pin!(changed);
            // Registered before the flag is read, so a closing in between is not missed.
            changed.as_mut().enable();
            if self.is_closed() {
                return;
            }
            changed.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_waits_for_the_closing_hears_it() {
        let gate = Gate::default();
        let waiting = tokio::spawn({
            let gate = gate.clone();
            async move { gate.closed().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished() && !gate.is_closed());
        gate.close();
        waiting.await.unwrap();
        gate.closed().await;
        gate.open();
        assert!(!gate.is_closed());
    }

    #[test]
    fn whoever_is_bound_acts_as_long_as_it_may() {
        let gate = Gate::default();
        assert!(!gate.is_succeeded(), "nobody could take its place");
        let may = Arc::new(AtomicBool::new(true));
        let asked = may.clone();
        gate.bind(move || asked.load(Ordering::SeqCst));
        gate.bind(|| true);
        assert!(!gate.is_succeeded());
        may.store(false, Ordering::SeqCst);
        assert!(gate.is_succeeded() && !gate.is_closed());
    }
}
