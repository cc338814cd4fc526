//! The life of a trade idea.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{Symbol, TradeId};
use crate::events::wire::family;

family! {
    /// The life of a trade idea.
    TradeEvent {
        /// A trade machine moved.
        StateChanged(TradeStateChanged) = "trade.state.changed",
        /// A trade machine was asked for what it may not do.
        TransitionInvalid(TransitionInvalid) = "trade.transition.invalid",
    }
}

impl TradeEvent {
    /// The trade that the event belongs to.
    pub const fn trade_id(&self) -> &TradeId {
        match self {
            Self::StateChanged(event) => &event.trade_id,
            Self::TransitionInvalid(event) => &event.trade_id,
        }
    }
}

/// A trade machine moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeStateChanged {
    /// Which trade.
    pub trade_id: TradeId,
    /// Which stock.
    pub symbol: Symbol,
    /// State before, such as `SCANNING`.
    pub from: String,
    /// State after.
    pub to: String,
    /// Why it was aborted or why it is leaving, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A trade machine was asked for what it may not do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransitionInvalid {
    /// Which trade.
    pub trade_id: TradeId,
    /// Which stock.
    pub symbol: Symbol,
    /// Where it was.
    pub from: String,
    /// The refusal, such as `cannot transition from ENTRY_APPROVED to FILLED`.
    pub error: String,
}
