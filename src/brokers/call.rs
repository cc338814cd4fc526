//! How a call to a broker ends: with an answer, or in one of three kinds of failure.
//!
//! For orders the difference decides whether money may be doubled: what certainly
//! did not leave may be sent again, what was refused is over, and everything else is
//! *unknown* until the broker is asked. Knows no broker; each translates its own
//! status codes into these.

use crate::breakers::CallOutcome;
use crate::breakers::RateHeaders;
use crate::domain::money::Money;
use crate::domain::order::RejectReason;
use crate::domain::time::Timestamp;

/// What a broker answered, with what its headers said beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<T> {
    /// The answer.
    pub value: T,
    /// The broker's own count of our requests, where it sends one.
    pub rate: Option<RateHeaders>,
    /// The broker's name of the request, for its support; cannot be looked up later.
    pub request_id: Option<String>,
}

impl<T> Answer<T> {
    /// Translates the answer and keeps what was beside it.
    pub fn map<U>(self, translate: impl FnOnce(T) -> U) -> Answer<U> {
        Answer { value: translate(self.value), rate: self.rate, request_id: self.request_id }
    }
}

/// Why a call did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Not one byte can have left: name, connection or TLS failed. May be sent again
    /// under the same client order id.
    #[error("not sent: {detail}")]
    NotSent {
        /// In words.
        detail: String,
    },
    /// The broker answered and did not do it. Over; sending the same again is
    /// pointless.
    #[error("refused: {0}")]
    Refused(Refusal),
    /// Not done, and nothing will be before a human has logged in again: the broker's
    /// token is dead.
    #[error("login needed: {detail}")]
    LoginNeeded {
        /// Why, and what to run.
        detail: String,
    },
    /// It may or may not have been done: a time-out, a 5xx, a connection that broke,
    /// an answer that cannot be read. Ask before anything else.
    #[error("outcome unknown: {detail}")]
    Unknown {
        /// What it means to a breaker.
        outcome: CallOutcome,
        /// In words.
        detail: String,
        /// The broker's own count of our requests, where it sent one.
        rate: Option<RateHeaders>,
    },
}

/// A broker's refusal in our words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (HTTP {status})")]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The broker's own code, where it sends one.
    pub code: Option<u32>,
    /// Why, in our words.
    pub reason: RejectReason,
    /// The broker's own words, cleaned of control characters and cut to 300.
    pub message: String,
    /// What the order would have cost, dollars, where the broker says so.
    pub estimated_cost: Option<Money>,
    /// What the account could have bought, dollars, where the broker says so.
    pub buying_power: Option<Money>,
    /// When calls make sense again, after a 429 that says so.
    pub retry_at: Option<Timestamp>,
    /// The broker's own count of our requests, where it sent one.
    pub rate: Option<RateHeaders>,
    /// The broker's name of the request.
    pub request_id: Option<String>,
}

impl Refusal {
    /// A refusal of our own, in the form of the one that the broker would have sent; the
    /// message begins with "not sent".
    pub fn of_ours(reason: RejectReason, why: &str) -> Self {
        Self {
            status: 422,
            code: None,
            reason,
            message: format!("not sent: {why}"),
            estimated_cost: None,
            buying_power: None,
            retry_at: None,
            rate: None,
            request_id: None,
        }
    }

    /// Whether the broker turned the call away before it looked at what was asked: too
    /// many calls, or a login that is not taken.
    pub const fn is_turned_away(&self) -> bool {
        matches!(self.status, 401 | 429)
    }
}

impl CallError {
    /// What the failure says about the service behind the call.
    pub const fn outcome(&self) -> CallOutcome {
        match self {
            Self::NotSent { .. } => CallOutcome::ConnectFailed,
            Self::LoginNeeded { .. } => CallOutcome::TokenDead,
            Self::Refused(Refusal { status: 429, .. }) => CallOutcome::RateLimited,
            // A broker that can renew its login does so before it gives a 401 out: one
            // that is left fails every call alike.
            Self::Refused(Refusal { status: 401, .. }) => CallOutcome::ServerError,
            Self::Refused(_) => CallOutcome::CallerError,
            Self::Unknown { outcome, .. } => *outcome,
        }
    }

    /// The broker's own count of our requests, where the failure carried one.
    pub const fn rate(&self) -> Option<RateHeaders> {
        match self {
            Self::NotSent { .. } | Self::LoginNeeded { .. } => None,
            Self::Refused(Refusal { rate, .. }) | Self::Unknown { rate, .. } => *rate,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::breakers::Verdict;

    #[track_caller]
    fn check(status: u16, expected: Verdict) {
        let refusal = Refusal {
            status,
            code: None,
            reason: RejectReason::Other,
            message: String::new(),
            estimated_cost: None,
            buying_power: None,
            retry_at: None,
            rate: None,
            request_id: None,
        };
        assert_eq!(CallError::Refused(refusal).outcome().verdict(), expected, "{status}");
    }

    #[test]
    fn a_dead_token_latches() {
        let error = CallError::LoginNeeded { detail: "run it".into() };
        assert_eq!(error.outcome().verdict(), Verdict::Dead);
    }

    #[test]
    fn keys_that_are_not_taken_and_a_full_budget_count_against_the_breaker() {
        for (status, verdict) in [
            (401, Verdict::Fails),
            (429, Verdict::Fails),
            (403, Verdict::Answers),
            (404, Verdict::Answers),
            (422, Verdict::Answers),
        ] {
            check(status, verdict);
        }
    }
}
