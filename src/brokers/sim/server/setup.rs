//! What a simulated world is made from, and why it cannot be made.

use crate::brokers::sim::market::MarketError;
use crate::domain::calendar::CalendarError;
use crate::domain::ids::Symbol;
use crate::domain::money::{Money, ValueError};
use crate::domain::time::Timestamp;

/// What a world is made from.
#[derive(Debug, Clone)]
pub struct WorldSetup {
    /// Seed of the market.
    pub seed: u64,
    /// When it begins; what went before is made up.
    pub start: Timestamp,
    /// The stocks to have; none for all sixteen.
    pub symbols: Vec<Symbol>,
    /// Cash of the account.
    pub opening_cash: Money,
}

/// Why a world cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum WorldError {
    /// The market cannot be.
    #[error(transparent)]
    Market(#[from] MarketError),
    /// The start is outside the calendar.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
    /// A pinned price or symbol cannot be.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// A stock is not listed.
    #[error("symbol not found: {0}")]
    UnknownSymbol(Symbol),
}
