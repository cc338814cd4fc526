//! Alpaca's two streams: market data and the account's orders.
//!
//! Read in this order: what the data stream says ([`message`]), how frames become
//! that ([`decode`], one reader for each wire form).

mod message;
mod number;
mod reader;
mod decode_json;
mod decode_msgpack;
mod decode;
#[cfg(test)]
mod tests;

pub use decode::Decoder;
pub use message::{
    CancelledTrade, Channel, Correction, DataMessage, DecodeCounts, HaltNotice, LuldBand,
    Subscriptions,
};
pub use reader::BrokenFrame;
