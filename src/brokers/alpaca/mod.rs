//! Alpaca: its wire, behind the contract of [`Broker`](crate::brokers::Broker).
//!
//! `wire` holds its JSON, `translate` what that means in our words.

mod oddity;
mod translate;
mod wire;

pub use oddity::{Oddities, Oddity, OddityCounts};
