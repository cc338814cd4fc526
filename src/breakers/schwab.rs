//! Schwab's breakers: one bank per account, and a token that can die.
//!
//! Schwab's refresh token ends after seven days and only a human can get a new
//! one. A 401 whose one refresh is refused, or a refused background refresh, is
//! [`CallOutcome::TokenDead`]: it latches the whole bank at once.

use crate::breakers::bank::Bank;
use crate::breakers::breaker::BreakerConfig;
use crate::breakers::policy::CallOutcome;

/// Makes the banks of Schwab accounts and reads Schwab's status codes.
#[derive(Debug, Clone, Copy)]
pub struct SchwabBreaker;

impl SchwabBreaker {
    /// What to run when the token is dead, before the operator's reset.
    pub const REMEDY: &str = "flightdeck login schwab";

    /// Returns the bank of the live account (Schwab has no paper): names such as
    /// `schwab.live.orders`.
    pub fn live(config: BreakerConfig) -> Bank {
        Bank::new("schwab.live", Self::REMEDY, config)
    }

    /// Returns the outcome of an HTTP status from Schwab's trader and market data
    /// services; a 401 says nothing before its token refresh has been answered.
    pub const fn outcome_of_status(status: u16) -> CallOutcome {
        CallOutcome::of_status(status, CallOutcome::Unauthorized)
    }

    /// Returns the outcome of an HTTP status from Schwab's token service, where a
    /// refusal of the refresh token (400 or 401) means that it is dead.
    pub const fn outcome_of_refresh(status: u16) -> CallOutcome {
        match status {
            400 | 401 => CallOutcome::TokenDead,
            _ => CallOutcome::of_status(status, CallOutcome::TokenDead),
        }
    }
}
