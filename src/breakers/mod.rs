//! Layer 1: protective machines between us and the brokers.
//!
//! A [`breaker`] refuses calls to a service that fails
//! and speaks in the words of [`change`]; a [`bank`] holds the
//! breakers of one broker account; [`policy`] says which outcomes count;
//! [`alpaca`] and [`schwab`] hold what differs; a [`budget`] keeps to the rate
//! limit. All are pure: time is passed in, nothing is sent, nothing is logged,
//! and what changed is returned as a value for the owner to publish.

pub mod policy;

pub mod change;

pub mod breaker;

pub mod bank;

pub mod alpaca;

pub mod schwab;

pub mod budget;

pub use alpaca::AlpacaBreaker;
pub use bank::{Bank, CallClass};
pub use breaker::{Admission, Breaker, BreakerConfig, Call, Refusal, Ticket};
pub use budget::{Budget, BudgetConfig, Lane, RateHeaders, Wait};
pub use change::{Authority, Cause, Latch, Phase, Transition};
pub use policy::{CallOutcome, Verdict};
pub use schwab::SchwabBreaker;
