//! The gate for entries: one flag that is read as the last step before an order that
//! adds risk leaves.
//!
//! It is shared with whoever may halt (a key, a signal, a file) and does not depend on
//! the spine being well. It holds orders back and knows none; what reduces risk never
//! asks it. The ladder of trading states is in [`fsm::trading`](crate::fsm).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// The gate, shared by clones. Open until somebody closes it.
#[derive(Debug, Clone, Default)]
pub struct Gate(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    is_closed: AtomicBool,
    is_waiting: AtomicBool,
    changed: Notify,
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
}
