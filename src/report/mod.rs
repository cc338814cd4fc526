//! Layer 4: what a run was worth, in numbers.
//!
//! A [`Report`] is fed with finished trades and, step by step, with the equity of
//! the account; its [`Metrics`] are exact decimals that print as a tear-sheet or
//! serialize to JSON. It knows nothing of how the trades came about. Read
//! [`trade`] first, then `metrics`.

pub mod trade;

mod equity;
mod metrics;
mod tear_sheet;
#[cfg(test)]
mod tests;

pub use equity::EquitySample;
pub use metrics::{MemberMetrics, Metrics, Report};
pub use trade::TradeRecord;
