//! Breakers and budgets.

use serde::{Deserialize, Serialize};

use crate::domain::time::Timestamp;
use crate::events::wire::family;

family! {
    /// Breakers and budgets.
    BreakerEvent {
        /// A breaker moved.
        StateChanged(BreakerStateChanged) = "breaker.state.changed",
        /// A budget has nothing left for a lane.
        BudgetExhausted(BudgetExhausted) = "breaker.budget.exhausted",
        /// The use of a budget changed.
        BudgetChanged(BudgetChanged) = "breaker.budget.changed",
    }
}

/// A breaker moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakerStateChanged {
    /// Its name, such as `alpaca.paper.orders`.
    pub breaker: String,
    /// State before, such as `CLOSED`.
    pub from: String,
    /// State after.
    pub to: String,
    /// What moved it, in words.
    pub reason: String,
    /// When a probe will be let through; absent when closed or latched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
}

/// A budget has nothing left for a lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetExhausted {
    /// Its name, such as `alpaca.paper`.
    pub budget: String,
    /// The lane that has to wait.
    pub lane: String,
    /// When the next request may leave.
    pub until: Timestamp,
}

/// The use of a budget changed; said at most once a second.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetChanged {
    /// Its name, such as `alpaca.paper`.
    pub budget: String,
    /// Requests counted in the last minute, others' with our keys included.
    pub used: u32,
    /// Requests per minute that are allowed.
    pub limit: u32,
    /// Until when nothing leaves, because the broker said so; absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shut_until: Option<Timestamp>,
}
