//! What the events of a journal look like as traces.
//!
//! [`Projector`] folds envelopes into finished [`Span`]s and knows neither a collector
//! nor a clock: spans begin and end at the times of events, are named by what the trade
//! and the events' numbers say, and are handed out when they are over. So a replay of a
//! journal tells the same traces, a span that lasts costs nothing while it does, and what
//! the agents do is not touched by whether somebody watches. Begin with [`projector`],
//! then [`entry`] for the one trace of an entry and [`later`] for the short ones after
//! it; sending is in [`export`](crate::telemetry::export).

mod span;
mod projector;
mod trade;
mod entry;
mod orders;
mod later;
mod house;

pub use projector::{HttpNames, Projector, VenueNames};
pub use span::{Failure, Kind, Moment, Span, Value};
