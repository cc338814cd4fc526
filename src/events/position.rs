//! Positions and their protection.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::domain::ids::{ClientOrderId, ExecutionId, Symbol, TradeId};
use crate::domain::money::{Money, Price, Qty};
use crate::domain::order::Side;
use crate::domain::position::Direction;
use crate::domain::time::Timestamp;
use crate::events::wire::family;
use crate::fsm::trade::ExitReason;

family! {
    /// Positions and their protection.
    PositionEvent {
        /// The execution agent is asked to protect a position.
        SetStop(SetStop) = "position.set_stop",
        /// The execution agent is asked to move a stop.
        UpdateStop(UpdateStop) = "position.update_stop",
        /// A position is open.
        Opened(PositionOpened) = "position.open.done" ["position.opened"],
        /// A stop rests at the venue.
        StopSet(StopSet) = "position.stop.set" ["stop_set"],
        /// A stop was reached.
        StopHit(LevelHit) = "position.stop.hit",
        /// A target was reached.
        TargetHit(LevelHit) = "position.target.hit",
        /// Profit and loss of everything that is open.
        Pnl(PnlUpdated) = "position.pnl.updated" ["pnl_updated"],
        /// A position is closed.
        Closed(PositionClosed) = "position.closed.done" ["position.closed"],
        /// The venue filled something that no trade explains.
        Unexplained(UnexplainedPosition) = "position.unexplained.found",
        /// A split changed the number of shares.
        Split(PositionSplit) = "position.split.adjusted",
        /// Shares that had no live exit have one again, or are gone.
        Covered(PositionCovered) = "position.naked.ended",
    }
}

impl PositionEvent {
    /// The trade that the event belongs to.
    pub const fn trade_id(&self) -> Option<&TradeId> {
        match self {
            Self::SetStop(event) => Some(&event.trade_id),
            Self::UpdateStop(event) => Some(&event.trade_id),
            Self::Opened(event) => Some(&event.trade_id),
            Self::StopSet(event) => Some(&event.trade_id),
            Self::StopHit(event) | Self::TargetHit(event) => Some(&event.trade_id),
            Self::Closed(event) => Some(&event.trade_id),
            Self::Split(event) => Some(&event.trade_id),
            Self::Covered(event) => Some(&event.trade_id),
            Self::Pnl(_) | Self::Unexplained(_) => None,
        }
    }

    /// The symbol that the event is about.
    pub const fn symbol(&self) -> Option<Symbol> {
        match self {
            Self::SetStop(event) => Some(event.symbol),
            Self::UpdateStop(event) => Some(event.symbol),
            Self::Opened(event) => Some(event.symbol),
            Self::StopSet(event) => Some(event.symbol),
            Self::StopHit(event) | Self::TargetHit(event) => Some(event.symbol),
            Self::Closed(event) => Some(event.symbol),
            Self::Unexplained(event) => Some(event.symbol),
            Self::Split(event) => Some(event.symbol),
            Self::Covered(event) => Some(event.symbol),
            Self::Pnl(_) => None,
        }
    }
}

/// How a position is left at its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExitStyle {
    /// Stop and target rest at the venue as one OCO.
    #[default]
    NativeOco,
    /// The stop rests, the target is watched here.
    Managed,
}

/// The execution agent is asked to protect a position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetStop {
    /// Which trade.
    pub trade_id: TradeId,
    /// Which stock.
    pub symbol: Symbol,
    /// Long or short.
    pub direction: Direction,
    /// Shares to protect.
    pub qty: Qty,
    /// The stop, dollars per share.
    pub stop: Price,
    /// The target, dollars per share, when it is to rest with the stop.
    pub target: Option<Price>,
}

/// The execution agent is asked to move a stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateStop {
    /// Which trade.
    pub trade_id: TradeId,
    /// Which stock.
    pub symbol: Symbol,
    /// The new stop, dollars per share; never further from the price than before.
    pub stop: Price,
    /// In words.
    pub reason: String,
}

/// A position is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionOpened {
    /// Which trade.
    pub trade_id: TradeId,
    /// Which stock.
    pub symbol: Symbol,
    /// Long or short.
    pub direction: Direction,
    /// Shares.
    pub quantity: Qty,
    /// Average entry price, dollars per share.
    pub entry_price: Price,
    /// Where it will be given up.
    pub stop_price: Price,
    /// Where the profit will be taken.
    pub target_price: Price,
}

/// A stop rests at the venue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopSet {
    /// Which trade.
    pub trade_id: TradeId,
    /// Which stock.
    pub symbol: Symbol,
    /// The order that holds it.
    pub client_order_id: ClientOrderId,
    /// Shares protected.
    pub quantity: Qty,
    /// The stop, dollars per share.
    pub stop_price: Price,
}

/// A level was reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelHit {
    /// Which trade.
    pub trade_id: TradeId,
    /// Which stock.
    pub symbol: Symbol,
    /// The level, dollars per share.
    pub level: Price,
    /// The price that reached it.
    pub price: Price,
}

/// Profit and loss of everything that is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PnlUpdated {
    /// Every open position.
    pub positions: Vec<PositionPnl>,
    /// Profit not yet taken, in dollars.
    pub unrealized: Money,
    /// Profit taken since the run began, in dollars.
    pub realized: Money,
}

/// Profit and loss of one position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionPnl {
    /// Which stock.
    pub symbol: Symbol,
    /// Long or short.
    pub direction: Direction,
    /// Shares.
    pub quantity: Qty,
    /// Average entry price, dollars per share.
    pub entry_price: Price,
    /// Newest price, dollars per share.
    pub price: Price,
    /// Profit not yet taken, in dollars.
    pub unrealized: Money,
}

/// A position is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionClosed {
    /// Which trade.
    pub trade_id: TradeId,
    /// Which stock.
    pub symbol: Symbol,
    /// Long or short.
    pub direction: Direction,
    /// Shares.
    pub quantity: Qty,
    /// When it was opened.
    pub entry_time: Timestamp,
    /// Average entry price, dollars per share.
    pub entry_price: Price,
    /// Average exit price, dollars per share.
    pub exit_price: Price,
    /// Profit in dollars, before fees.
    pub pnl: Money,
    /// Profit ÷ what was risked (entry to the first stop).
    #[serde(with = "crate::domain::ratio::option")]
    pub r_multiple: Option<Decimal>,
    /// Why it ended.
    pub reason: ExitReason,
}

/// The venue filled something that no trade explains: it is counted by risk and
/// shown, never ignored and never closed by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnexplainedPosition {
    /// Which stock.
    pub symbol: Symbol,
    /// Buy or sell.
    pub side: Side,
    /// Shares.
    pub quantity: Qty,
    /// Price, dollars per share.
    pub price: Price,
    /// The execution.
    pub execution_id: ExecutionId,
    /// Why no trade explains it.
    pub detail: String,
}

/// A split changed the number of shares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionSplit {
    /// Which trade.
    pub trade_id: TradeId,
    /// Which stock.
    pub symbol: Symbol,
    /// Shares before.
    pub quantity_before: Qty,
    /// Shares after.
    pub quantity_after: Qty,
    /// Stop after, dollars per share.
    pub stop_price: Price,
    /// Target after, dollars per share.
    pub target_price: Price,
}

/// Shares that had no live exit at the venue have one again, or are gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionCovered {
    /// Which trade.
    pub trade_id: TradeId,
    /// Which stock.
    pub symbol: Symbol,
    /// For how long they had none, milliseconds.
    pub naked_ms: u64,
    /// Whether the venue's own list had shown it; otherwise no stop rested by our own
    /// account.
    pub was_listed: bool,
}
