//! One trade, as it is reported.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::domain::ids::{Symbol, TradeId};
use crate::domain::money::{Money, Price, Qty};
use crate::domain::position::Direction;
use crate::domain::time::Timestamp;

/// A trade from its entry to its exit, or to the end of the data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeRecord {
    /// Our name of the trade.
    pub trade_id: TradeId,
    /// Which stock.
    pub symbol: Symbol,
    /// Long or short.
    pub direction: Direction,
    /// Shares, above zero.
    pub quantity: Qty,
    /// When the entry was filled.
    pub entry_time: Timestamp,
    /// Average price of the entry, dollars per share.
    pub entry_price: Price,
    /// When the exit was filled, never before the entry; `None` while it is open.
    pub exit_time: Option<Timestamp>,
    /// Average price of the exit, dollars per share; `None` while it is open.
    pub exit_price: Option<Price>,
    /// Profit or loss in dollars *after* fees: taken, or at the last price.
    pub pnl: Money,
    /// Profit or loss as a multiple of the risk taken at entry; `None` when no
    /// stop defined the risk, or while it is open.
    #[serde(with = "crate::domain::ratio::option")]
    pub r_multiple: Option<Decimal>,
    /// Why it ended, such as `TARGET_HIT`; `OPEN` when it has not.
    pub reason: String,
    /// The rule set that proposed it: the speaker and its reward for a unit of risk.
    pub strategy: String,
    /// Members of the ensemble that had voted for it.
    pub members: Vec<String>,
    /// Fees in dollars of entry and exit together, already inside `pnl`.
    pub fees: Money,
}
