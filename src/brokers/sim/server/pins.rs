//! A stock whose price is set from outside instead of by the generator.

use crate::domain::ids::Symbol;
use crate::domain::market::{Quote, Tick};
use crate::domain::money::{Price, Qty, ValueError};
use crate::domain::time::Timestamp;

/// Shares on each side of a pinned quote, and of a print at it.
const QUOTE_SHARES: u64 = 1_000;
const PRINT_SHARES: u64 = 10;

/// The price of a pinned stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pin {
    /// Best bid, dollars per share.
    pub bid: Price,
    /// Best ask, not below the bid.
    pub ask: Price,
    /// Price of every print.
    pub last: Price,
}

impl Pin {
    /// The quote at an instant.
    ///
    /// # Errors
    /// When the bid is above the ask.
    pub fn quote(&self, symbol: Symbol, at: Timestamp) -> Result<Quote, ValueError> {
        Quote::new(symbol, (self.bid, QUOTE_SHARES), (self.ask, QUOTE_SHARES), at)
    }

    /// The print at an instant.
    pub(super) fn tick(&self, symbol: Symbol, at: Timestamp) -> Tick {
        let size = Qty::shares(PRINT_SHARES).expect("ten shares are a quantity");
        Tick { symbol, price: self.last, size, at }
    }
}
