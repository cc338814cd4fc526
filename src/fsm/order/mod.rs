//! The life of one order at one broker, from draft to its end.
//!
//! [`state`] is the machine, [`input`] what can happen to an order, [`fills`] the
//! account of executed shares that makes duplicates and swapped reports
//! harmless. Nothing here knows a broker's protocol: its module translates wire
//! words into [`OrderInput`], and the owning agent routes them by client id.

pub mod fills;

pub mod input;

pub mod state;

#[cfg(test)]
mod tests;

pub use fills::Fills;
pub use input::{OrderInput, Standing, Terms};
pub use state::{OrderState, Pending};
