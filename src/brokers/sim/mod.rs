//! The simulated broker and its market.

pub mod market;
