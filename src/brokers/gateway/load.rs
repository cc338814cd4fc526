//! How much is under way at a gateway, for those who look on. Decides nothing; the
//! [`Gateway`] notes it once a second.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::brokers::gateway::room::Gateway;

/// What is under way at a gateway.
#[derive(Debug, Default)]
pub struct Load {
    waiting: AtomicUsize,
    calls: AtomicUsize,
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

    pub(super) fn note(&self, waiting: usize, calls: usize) {
        self.waiting.store(waiting, Ordering::Relaxed);
        self.calls.store(calls, Ordering::Relaxed);
    }
}

impl<B, E> Gateway<B, E> {
    /// What is under way, for who looks on.
    pub fn load(&self) -> Arc<Load> {
        self.load.clone()
    }
}
