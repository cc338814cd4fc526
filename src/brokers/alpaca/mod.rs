//! Alpaca: its wire, behind the contract of [`Broker`](crate::brokers::Broker).
//!
//! `wire` holds its JSON, `translate` what that means in our words, `stream` its two
//! sockets.

mod oddity;
mod translate;
mod wire;
pub mod stream;

pub use oddity::{Oddities, Oddity, OddityCounts};
