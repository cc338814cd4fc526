//! Schwab's streamer: market data and wake-ups about orders, over one socket.
//!
//! Read in this order: what is asked (`request`); what comes (`frame`), and what its
//! items mean (`level_one` with changed fields alone, `chart` with whole bars); the
//! conversation without its socket (`session`); who is asked for the address
//! (`preference`); and the whole as a task ([`Streamer`]). The task itself is that of
//! [all brokers](crate::brokers::stream). Reference: Schwab, protocol page §5 of
//! November 2026.

mod chart;
mod frame;
mod level_one;
mod preference;
mod request;
mod session;
mod streamer;
#[cfg(test)]
mod tests;

pub use request::Detail;
pub use session::{StreamCounts, Wish};
pub use streamer::{Streamer, StreamerConfig};
