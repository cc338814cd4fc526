//! Layer 0: plain values. They know nothing of events, agents or brokers.
//!
//! Start with [`money`]: every price, amount and quantity of the house is made
//! there and nowhere else.

#![deny(clippy::float_arithmetic, clippy::as_conversions)]

pub mod money;
pub mod ids;
pub mod time;
pub mod calendar;
pub mod market;
pub mod symbols;
pub mod order;
pub mod position;
pub mod corporate_action;
pub mod command;
pub mod ratio;
pub mod exact;
pub mod hex;
pub(crate) mod digits;
pub(crate) mod letters;
