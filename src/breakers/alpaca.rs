//! Alpaca's breakers: one bank for the paper account, one for the live one.
//!
//! Alpaca's keys do not age, so there is no token to die: a 401 means wrong or
//! revoked keys, fails every call alike, and counts as a failure.

use crate::breakers::bank::Bank;
use crate::breakers::breaker::BreakerConfig;
use crate::breakers::policy::CallOutcome;

/// Makes the banks of Alpaca accounts and reads Alpaca's status codes.
#[derive(Debug, Clone, Copy)]
pub struct AlpacaBreaker;

impl AlpacaBreaker {
    /// What helps against a breaker of Alpaca that does not close.
    pub const REMEDY: &str = "flightdeck doctor";

    /// Returns the bank of the paper account: `alpaca.paper.orders` and so on.
    pub fn paper(config: BreakerConfig) -> Bank {
        Bank::new("alpaca.paper", Self::REMEDY, config)
    }

    /// Returns the bank of the live account: `alpaca.live.orders` and so on.
    pub fn live(config: BreakerConfig) -> Bank {
        Bank::new("alpaca.live", Self::REMEDY, config)
    }

    /// Returns the outcome of an HTTP status from Alpaca.
    pub const fn outcome_of_status(status: u16) -> CallOutcome {
        CallOutcome::of_status(status, CallOutcome::ServerError)
    }
}
