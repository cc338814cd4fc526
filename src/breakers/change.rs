//! What a breaker says of itself: its phase, why it changed, and who may overrule
//! it.
//!
//! These are the words of events, spans, metrics and lights; the rules behind
//! them are in [`breaker`](crate::breakers::breaker).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::time::Timestamp;

/// What a breaker lets through, without the details.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Phase {
    /// All calls.
    Closed,
    /// None, until a time.
    Open,
    /// One.
    HalfOpen,
    /// None, until the operator resets.
    Latched,
}

impl Phase {
    /// The name on screen, in events and in `circuit_breaker.state`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "CLOSED",
            Self::Open => "OPEN",
            Self::HalfOpen => "HALF_OPEN",
            Self::Latched => "LATCHED",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Why a breaker is latched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Latch {
    /// The broker refuses to renew our token.
    TokenDead,
    /// The operator opened it.
    Operator,
}

/// Why a breaker changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Too many counted failures in a row.
    Failures,
    /// The period is over and a probe leaves.
    ProbeDue,
    /// The probe came back well.
    ProbeSucceeded,
    /// The probe came back as a failure.
    ProbeFailed,
    /// The probe did not come back.
    ProbeTimedOut,
    /// The broker refuses to renew our token.
    TokenDead,
    /// The latch of the account was lifted by its read-only probe.
    LatchLifted,
    /// The operator opened it.
    OpenedByOperator,
    /// The operator closed it.
    ClosedByOperator,
    /// The operator reset it: the next call is a probe.
    ResetByOperator,
    /// A call was let through although the breaker refuses; its phase stays.
    Overridden(Authority),
}

/// Who may have a call pass a breaker that refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authority {
    /// A human: kill and flatten.
    Operator,
    /// The guard of unprotected positions.
    Watchdog,
}

/// A change of a breaker, for events, spans, metrics and lights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// The breaker's name.
    pub breaker: String,
    /// Its phase before.
    pub from: Phase,
    /// Its phase now.
    pub to: Phase,
    /// Why.
    pub cause: Cause,
    /// When.
    pub at: Timestamp,
}
