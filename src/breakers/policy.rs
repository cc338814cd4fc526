//! What the outcome of a call says about the service behind it.
//!
//! A breaker asks one question: is the *service* ill? Our own mistakes (a bad
//! price, too little money) are answered by a healthy service and do not count.
//! How a broker's status codes become outcomes is in
//! [`alpaca`](crate::breakers::alpaca) and [`schwab`](crate::breakers::schwab).

use serde::{Deserialize, Serialize};

/// How a call to a broker ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallOutcome {
    /// It did what was asked.
    Success,
    /// No answer in time.
    TimedOut,
    /// Name, connection or TLS failed.
    ConnectFailed,
    /// The answer was not understandable.
    Malformed,
    /// 5xx.
    ServerError,
    /// 429.
    RateLimited,
    /// 400, 403, 404, 422 and the like: validation, insufficient funds, unknown
    /// order.
    CallerError,
    /// 401 on a broker whose tokens can be refreshed; the refresh decides.
    Unauthorized,
    /// A refresh of the token was refused: no call can succeed until a human has
    /// logged in.
    TokenDead,
    /// We gave up waiting, for instance since another endpoint answered first.
    CancelledByUs,
}

/// What an outcome means to a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The service works: failures in a row start anew, a probe has succeeded.
    Works,
    /// The service answered, but not to what it should do: failures in a row stay
    /// as they are, a probe has succeeded, since the reply proves that the service
    /// is up.
    Answers,
    /// A failure: counted, and a probe has failed.
    Fails,
    /// Says nothing: a probe's permit is free again.
    Silent,
    /// The token is dead: latch.
    Dead,
}

impl CallOutcome {
    /// All outcomes.
    pub const ALL: [Self; 10] = [
        Self::Success,
        Self::TimedOut,
        Self::ConnectFailed,
        Self::Malformed,
        Self::ServerError,
        Self::RateLimited,
        Self::CallerError,
        Self::Unauthorized,
        Self::TokenDead,
        Self::CancelledByUs,
    ];

    /// The name in events, metrics and spans.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::TimedOut => "timed_out",
            Self::ConnectFailed => "connect_failed",
            Self::Malformed => "malformed",
            Self::ServerError => "server_error",
            Self::RateLimited => "rate_limited",
            Self::CallerError => "caller_error",
            Self::Unauthorized => "unauthorized",
            Self::TokenDead => "token_dead",
            Self::CancelledByUs => "cancelled_by_us",
        }
    }

    /// Returns what the outcome means to a breaker.
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Success => Verdict::Works,
            Self::CallerError => Verdict::Answers,
            // A 429 also empties the budget; three in a row mean that the budget
            // does not know the limit, and only silence helps.
            Self::TimedOut
            | Self::ConnectFailed
            | Self::Malformed
            | Self::ServerError
            | Self::RateLimited => Verdict::Fails,
            Self::Unauthorized | Self::CancelledByUs => Verdict::Silent,
            Self::TokenDead => Verdict::Dead,
        }
    }

    /// Returns the outcome of an HTTP status, all but 401, on which brokers
    /// differ and whose outcome is therefore given.
    pub(in crate::breakers) const fn of_status(status: u16, unauthorized: Self) -> Self {
        match status {
            100..=399 => Self::Success,
            401 => unauthorized,
            408 => Self::TimedOut,
            429 => Self::RateLimited,
            400..=499 => Self::CallerError,
            500..=599 => Self::ServerError,
            _ => Self::Malformed,
        }
    }
}
