//! What a human can ask, through a key, the command line or a signal.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{ClientOrderId, Symbol, TradeId};

/// One request of the operator. Each is journalled before anything follows from
/// it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "command")]
pub enum OperatorCommand {
    /// Let a trade that waits for approval go on.
    Approve {
        /// Which trade.
        trade_id: TradeId,
    },
    /// End a trade that waits for approval.
    Reject {
        /// Which trade.
        trade_id: TradeId,
        /// Why, as it should stand in the journal.
        reason: String,
    },
    /// Cancel one working order.
    Cancel {
        /// Which order.
        client_order_id: ClientOrderId,
    },
    /// Close an open or latched breaker by hand.
    ResetBreaker {
        /// Its name, such as `alpaca.paper.orders`.
        breaker: String,
        /// Why, as it should stand in the journal.
        reason: String,
    },
    /// Halt: no entry from now on, own entries cancelled, protection kept.
    Kill {
        /// Why, as it should stand in the journal.
        reason: String,
    },
    /// Only orders that reduce risk from now on.
    Reduce {
        /// Why, as it should stand in the journal.
        reason: String,
    },
    /// Trade again.
    Resume {
        /// Why, as it should stand in the journal.
        reason: String,
    },
    /// Close one position, or all of them.
    Flatten {
        /// Which symbol; all when absent.
        symbol: Option<Symbol>,
        /// Why, as it should stand in the journal.
        reason: String,
    },
}
