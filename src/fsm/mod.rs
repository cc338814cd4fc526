//! Layer 1: state machines of orders, trades, connections and of trading itself.
//!
//! Each machine is an enum whose variants hold the data of their state, and a
//! pure `next(&self, &Input) -> Result<State, InvalidTransition>`. Machines know
//! no clock, publish nothing and log nothing: the agent that owns one compares
//! the state before and after and decides what follows. An input that the table
//! does not list is an error value and leaves the state as it was.

#![deny(clippy::float_arithmetic, clippy::as_conversions)]

pub mod transition;

pub mod order;

pub mod trade;

pub mod trading;

pub mod link;

#[cfg(test)]
mod matrix;

pub use transition::InvalidTransition;
