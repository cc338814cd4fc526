//! The simulated exchange behind brokers' own wire protocols, on loopback.

pub mod alpaca;
