//! Vouches for market data: in order of time, on a market that is open or not, doubtful
//! where it is. The [`MarketDataAgent`] compares a second source with the first, where
//! there is one.

mod agent;
mod second;
mod sources;

pub use agent::{Config, MarketDataAgent};
