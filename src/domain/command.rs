//! What a human can ask, through a key, the command line or a signal.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{ClientOrderId, Symbol, TradeId};

/// One request of the operator. Each is journalled before anything follows from
/// it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OperatorCommand {
    /// Let a trade that waits for approval go on.
    Approve(Approve),
    /// End a trade that waits for approval.
    Reject(Reject),
    /// Cancel one working order.
    Cancel(CancelOrder),
    /// Close an open or latched breaker by hand.
    ResetBreaker(ResetBreaker),
    /// Halt: no entry from now on, own entries cancelled, protection kept.
    Kill(Reason),
    /// Only orders that reduce risk from now on.
    Reduce(Reason),
    /// Trade again.
    Resume(Reason),
    /// Close one position, or all of them.
    Flatten(Flatten),
}

/// Which trade may go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approve {
    /// Which trade.
    pub trade_id: TradeId,
}

/// Which trade ends, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reject {
    /// Which trade.
    pub trade_id: TradeId,
    /// Why, as it stands in the journal.
    pub reason: String,
}

/// Which order is to be cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelOrder {
    /// Which order.
    pub client_order_id: ClientOrderId,
}

/// Which breaker is to be closed, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetBreaker {
    /// Its name, such as `alpaca.paper.orders`.
    pub breaker: String,
    /// Why, as it stands in the journal.
    pub reason: String,
}

/// Why, as it stands in the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The operator's own words.
    pub reason: String,
}

/// Which positions are to be closed, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flatten {
    /// Which symbol; all when absent.
    pub symbol: Option<Symbol>,
    /// Why, as it stands in the journal.
    pub reason: String,
}
