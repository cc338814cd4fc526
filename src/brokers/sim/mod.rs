//! The simulated market: everything that stands in for a real broker.
//!
//! Start with [`exchange`]: the matching engine and ledger that the other parts
//! feed.

pub mod exchange;
