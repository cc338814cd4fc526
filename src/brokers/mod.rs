//! The outside market: one folder per broker, and the simulated one.

pub mod sim;
