//! Alpaca's words into ours, and ours into Alpaca's.
//!
//! Pure functions of a wire value; what is missing or unknown but bearable is counted
//! in [`Oddities`](crate::brokers::alpaca::Oddities). Knows no HTTP.

pub(crate) mod account;
pub(crate) mod market;
pub(crate) mod request;

mod field;
mod order;

pub(crate) use field::Unreadable;
pub(crate) use order::{broker_order, broker_orders};
