//! Alpaca's two streams: market data ([`DataStream`]) and the account's orders
//! ([`TradingStream`]).
//!
//! Read in this order: what the data stream says (`message`) and how frames become
//! that (`decode`, one reader for each wire form); what the trading stream says
//! (`update`); the two conversations without their sockets (`session` and the two of
//! its kind); the task that both run in (`drive`); and where news goes
//! (`outlet`). Reference: Alpaca, protocol page §6 and §7 of October 2026.

mod message;
mod number;
mod reader;
mod decode_json;
mod decode_msgpack;
mod condition;
mod decode;
mod update;
mod request;
mod link;
mod session;
mod watchdog;
mod data_session;
mod trading_session;
mod backoff;
mod socket;
mod outlet;
mod drive;
mod data;
mod trading;
#[cfg(test)]
mod tests;

pub use data::{DataStream, DataStreamConfig};
pub use decode::Decoder;
pub use drive::StreamTiming;
pub use message::{
    CancelledTrade, Channel, Correction, DataMessage, DecodeCounts, HaltNotice, LuldBand,
    Subscriptions,
};
pub use reader::BrokenFrame;
pub use request::Encoding;
pub use session::{StopReason, StreamStatus};
pub use trading::{TradingStream, TradingStreamConfig};
pub use trading_session::TradingCounts;
