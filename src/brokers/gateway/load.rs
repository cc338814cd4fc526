//! What comes into a gateway by itself, and how much is under way in it.
//!
//! What becomes of either is in [`room`](super::room).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc;

use crate::brokers::Push;
use crate::brokers::gateway::feeding::MarketInlet;

/// What the streams of a broker hand in. Order news wait in their channel, of any size,
/// while the house is busy; market data is taken off at once.
#[derive(Debug)]
pub struct Streams {
    /// Pushes of the order stream, its link among them: entries leave only while it is
    /// up and the broker has been read since.
    pub orders: mpsc::Receiver<Push>,
    /// Where the market stream pushes to.
    pub market: Arc<MarketInlet>,
}

/// What is under way at a gateway; looked at once a second.
#[derive(Debug, Default)]
pub struct Load {
    waiting: AtomicUsize,
    calls: AtomicUsize,
}

impl Load {
    /// Notes how much there is.
    pub(super) fn note(&self, waiting: usize, calls: usize) {
        self.waiting.store(waiting, Ordering::Relaxed);
        self.calls.store(calls, Ordering::Relaxed);
    }

    /// Requests about orders that wait behind others about the same order.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Requests about orders whose answer is awaited.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}
