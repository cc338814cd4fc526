//! How much is under way at a gateway, for who shows it.

use std::sync::atomic::{AtomicUsize, Ordering};

/// What is under way at a gateway; looked at once a second.
#[derive(Debug, Default)]
pub struct Load {
    pub(super) waiting: AtomicUsize,
    pub(super) calls: AtomicUsize,
}

impl Load {
    /// Requests about orders that wait behind others about the same order.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Requests about orders whose answer is awaited.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}
