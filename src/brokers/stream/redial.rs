//! The wish that a stream connect anew, from one who knows that it says too little.
//!
//! Pings prove that somebody is at the other end, not that he tells everything. Whoever
//! has read what a stream should have told asks; the stream's own conversation takes the
//! wish at its next look at the clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Shared by who asks and the stream.
#[derive(Debug, Clone, Default)]
pub struct Redial(Arc<AtomicBool>);

impl Redial {
    /// Asks for another connection.
    pub fn ask(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Takes the wish, once.
    pub(in crate::brokers) fn take(&self) -> bool {
        self.0.swap(false, Ordering::SeqCst)
    }
}
