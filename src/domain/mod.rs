//! Layer 0: plain values. They know nothing of events, agents or brokers.
//!
//! Start with [`money`]: every price, amount and quantity of the house is made
//! there and nowhere else.

#![deny(clippy::float_arithmetic, clippy::as_conversions)]

pub(crate) mod digits;
pub mod calendar;
pub mod command;
pub mod ids;
pub mod ratio;
pub mod exact;
pub mod market;
pub mod money;
mod amount_text;
pub mod order;
pub mod position;
pub mod symbols;
pub mod corporate_action;
pub mod hex;
pub mod time;
