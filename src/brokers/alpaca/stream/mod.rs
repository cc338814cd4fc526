//! Alpaca's two streams: market data ([`DataStream`]) and the account's orders
//! ([`TradingStream`]).
//!
//! Read in this order: what the data stream says (`message`) and how frames become
//! that (`decode`, one reader for each wire form); what the trading stream says
//! (`update`); the two conversations without their sockets (`data_session` and
//! `trading_session`). The task that both run in is that of
//! [all brokers](crate::brokers::stream). Reference: Alpaca, protocol page §6 and §7 of October 2026.

mod message;
mod number;
mod reader;
mod decode_json;
mod decode_msgpack;
mod decode;
mod update;
mod request;
mod data_session;
mod trading_session;
mod data;
mod trading;
#[cfg(test)]
mod tests;

pub use data::{DataStream, DataStreamConfig};
pub use decode::Decoder;
pub use message::{
    CancelledTrade, Channel, Correction, DataMessage, DecodeCounts, HaltNotice, LuldBand,
    Subscriptions,
};
pub use reader::BrokenFrame;
pub use request::Encoding;
pub use trading::{TradingStream, TradingStreamConfig};
pub use trading_session::TradingCounts;

pub use crate::brokers::stream::{StopReason, StreamStatus, StreamTiming};
