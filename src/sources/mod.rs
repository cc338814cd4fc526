//! Layer 3: what enters the house beside the brokers' streams.
//!
//! A source reads, checks and hands over plain values of the domain; it knows
//! nothing of agents or of what is decided from its values. Start with
//! [`history`] and [`intel`].

pub mod history;
pub mod intel;
