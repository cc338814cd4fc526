//! Whether news of orders reach us, without which no entry leaves: what happens to an
//! order while the stream is down is told by nobody (Alpaca, protocol page §10 of
//! October 2026, "gate orders on stream readiness").
//!
//! It holds entries back and cancels none: that is the [gate](super::gate)'s. What
//! reduces risk never asks it.

use std::sync::atomic::{AtomicBool, Ordering};

/// Two facts, and entries need both. Not ready at the beginning.
#[derive(Debug, Default)]
pub(super) struct Readiness {
    /// The link of the order stream is up.
    is_up: AtomicBool,
    /// Orders, positions and account have been read since the stream was opened.
    is_read: AtomicBool,
}

impl Readiness {
    /// The link changed.
    pub(super) fn link(&self, is_up: bool) {
        self.is_up.store(is_up, Ordering::SeqCst);
    }

    /// The stream is open again after a gap.
    pub(super) fn resumed(&self) {
        self.is_read.store(false, Ordering::SeqCst);
    }

    /// The broker has been read, and no gap was told meanwhile.
    pub(super) fn read(&self) {
        self.is_read.store(true, Ordering::SeqCst);
    }

    /// Tells whether an entry would be heard of again.
    pub(super) fn is_ready(&self) -> bool {
        self.is_up.load(Ordering::SeqCst) && self.is_read.load(Ordering::SeqCst)
    }
}
