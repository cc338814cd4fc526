//! Where a broker's streams end and its gateway begins.

use std::sync::Arc;

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
