//! What comes in from a market, before anybody has judged it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::market::{BarBatch, MarketStep};
use crate::events::wire::family;
use crate::fsm::link::LinkState;

family! {
    /// What a feed said, unjudged.
    FeedEvent {
        /// Everything the market said at one instant.
        Step(Arc<MarketStep>) = "feed.market.received",
        /// Bars of the past, for warming up or because somebody asked.
        History(BarBatch) = "feed.history.received",
        /// A feed's connection changed.
        Link(FeedLinkChanged) = "feed.link.changed",
        /// How much of what was said did not become an event of its own.
        Conflated(FeedConflated) = "feed.data.conflated",
        /// What a second source said of the market: it is compared with the first, and
        /// stands in while that one is away.
        Second(SecondStep) = "feed.second.received",
        /// The connection of a second source changed.
        SecondLink(FeedLinkChanged) = "feed.second_link.changed",
    }
}

family! {
    /// The embedded market's own movement. The simulated venue trades on it
    /// before anybody hears the same step as [`FeedEvent::Step`], as an exchange
    /// trades before it publishes.
    TapeEvent {
        /// Everything the market does at one instant.
        Step(Arc<MarketStep>) = "tape.market.moved",
    }
}

/// What market data did not become events of their own, counted since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FeedConflated {
    /// Quotes that a newer one replaced while the house was busy.
    pub quotes: u64,
    /// Prints that a newer one replaced.
    pub ticks: u64,
    /// Better versions of bars that had been passed on.
    pub bars_late: u64,
    /// Bars, halts and corrections lost because a bound was reached.
    pub lost: u64,
}

/// Everything that a second source said at one instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondStep {
    /// Which source, such as `schwab`.
    pub source: Arc<str>,
    /// What it said.
    pub step: Arc<MarketStep>,
}

/// A feed's connection changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedLinkChanged {
    /// Which feed, such as `alpaca.iex`.
    pub feed: String,
    /// Its state from now on.
    pub state: LinkState,
}
