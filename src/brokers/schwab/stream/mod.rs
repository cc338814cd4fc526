//! Schwab's streamer: market data and wake-ups about orders, over one socket.
//!
//! Read in this order: what is asked (`request`); what comes (`frame`), and what its
//! items mean (`level_one` with changed fields alone, `chart` with whole bars), stock by stock (`market`); the
//! conversation without its socket (`session`); who is asked for the address
//! (`preference`); and the whole as a task ([`Streamer`]). The task itself is that of
//! [all brokers](crate::brokers::stream). Reference: Schwab, protocol page §5 of
//! November 2026.

mod chart;
mod counts;
mod frame;
mod level_one;
mod market;
mod preference;
mod request;
mod session;
mod streamer;
mod wish;
#[cfg(test)]
mod tests;

pub use counts::StreamCounts;
pub use request::Detail;
pub use streamer::{Streamer, StreamerConfig};
pub use wish::Wish;
