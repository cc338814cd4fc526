//! The way into the house, as the gateway sees it.
//!
//! The door belongs to the bus, which brokers do not know; the composition root puts
//! one behind this trait, tests a list.

use std::future::Future;

use crate::domain::ids::AgentId;
use crate::domain::time::Timestamp;
use crate::events::Event;

/// The house takes nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the house is closed")]
pub struct Closed;

/// Takes events from outside, one after the other.
pub trait Entrance: Send + Sync + 'static {
    /// Hands in an event; waits while the house is busy, which is all the back-pressure
    /// there is: market data is conflated meanwhile, the rest is never dropped.
    ///
    /// # Errors
    /// When the house has ended.
    fn offer(
        &self,
        at: Timestamp,
        source: AgentId,
        event: Event,
    ) -> impl Future<Output = Result<(), Closed>> + Send;
}
