//! What the rules of the screen must know of the house: little, and none of it
//! drawn. Panels draw the whole snapshot; [`update`](crate::ui::update) decides by
//! these facts alone, and so can be tested without a market.

use crate::domain::ids::{ClientOrderId, Symbol, TradeId};
use crate::domain::time::Timestamp;
use crate::ui::state::Pane;
use std::collections::BTreeMap;

/// Whose money moves. Decided at start; no key changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Mode {
    /// Nobody's: a simulated market.
    #[default]
    Sim,
    /// Nobody's: the broker's paper account.
    Paper,
    /// Ours.
    Live,
}

impl Mode {
    /// The word on the screen; it means the mode and nothing else.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sim => "SIM",
            Self::Paper => "PAPER",
            Self::Live => "LIVE",
        }
    }
}

/// A trade that waits for a human.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalFacts {
    /// Which trade.
    pub trade_id: TradeId,
    /// The order in one line.
    pub title: String,
    /// What the dialog shows: order, reasons, checks.
    pub lines: Vec<String>,
    /// What is typed to send it with real money: symbol and quantity.
    pub word: String,
    /// When it expires, which rejects it.
    pub deadline: Timestamp,
    /// A precautionary limit that it exceeds, in words: it must be typed, also on paper.
    pub caution: Option<String>,
    /// Why it cannot be sent just now, such as a market that moved away.
    pub refusal: Option<String>,
}

/// An order that the venue may know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderFacts {
    /// Our own name of it.
    pub id: ClientOrderId,
    /// The order in one line.
    pub title: String,
    /// True when it still may be filled.
    pub is_working: bool,
    /// True when it protects or closes a position: cancelling it adds risk.
    pub is_protective: bool,
}

/// A breaker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakerFacts {
    /// Its name, such as `alpaca.paper.orders`.
    pub name: String,
    /// True when nothing passes: open, or latched until a human resets it.
    pub is_tripped: bool,
}

/// What the rules of the screen know of the house.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// The house's time of the snapshot.
    pub at: Timestamp,
    /// Whose money moves.
    pub mode: Mode,
    /// True when no entry is let through.
    pub is_halted: bool,
    /// What waits for a human, the most urgent first; these are also the first rows
    /// of the orders pane.
    pub approvals: Vec<ApprovalFacts>,
    /// Orders in the order of the orders pane, after the approvals.
    pub orders: Vec<OrderFacts>,
    /// Breakers in the order of the risk pane.
    pub breakers: Vec<BreakerFacts>,
    /// Symbols that can be shown, in the order of the watchlist.
    pub symbols: Vec<Symbol>,
    /// How many rows each pane has.
    pub rows: BTreeMap<Pane, usize>,
}

impl Facts {
    /// The trade of this name, while it waits.
    pub fn approval(&self, trade_id: &TradeId) -> Option<&ApprovalFacts> {
        self.approvals.iter().find(|approval| approval.trade_id == *trade_id)
    }

    /// How many orders may still be filled.
    pub fn working(&self) -> usize {
        self.orders.iter().filter(|order| order.is_working).count()
    }
}
