//! The market as the screen shows it: the watchlist, its sparklines, and charts.
//!
//! A row is a plain value without anything on the heap, so that a quote allocates
//! nothing. What fills the rows is in the projector's `market`.

use std::collections::VecDeque;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Serialize, Serializer};

use crate::domain::ids::Symbol;
use crate::domain::market::{Bar, TradingStatus};
use crate::domain::money::{Money, Price, Qty};
use crate::domain::order::Side;
use crate::domain::time::Timestamp;
use crate::events::SuspectReason;
use crate::view::prints::Prints;

/// Most values of a sparkline, one for each minute of the market.
pub const SPARK_MAX: usize = 60;
/// Most minute bars of a chart: a whole regular session.
pub const BARS_MAX: usize = 390;
/// Most own fills marked on one chart.
pub(in crate::view) const MARKS_MAX: usize = 64;
/// Most symbols that are shown; what comes after is counted and left out.
pub(in crate::view) const SYMBOLS_MAX: usize = 5_000;

/// Which way a price went last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Move {
    /// It rose.
    Up,
    /// It fell.
    Down,
    /// It has not changed yet.
    #[default]
    Flat,
}

/// The newest prices of a symbol, one for each minute, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spark {
    prices: [Option<Price>; SPARK_MAX],
    /// Where the oldest one is.
    first: usize,
    length: usize,
}

impl Default for Spark {
    fn default() -> Self {
        Self { prices: [None; SPARK_MAX], first: 0, length: 0 }
    }
}

impl Spark {
    /// Adds a price; the oldest one makes room.
    pub(in crate::view) const fn push(&mut self, price: Price) {
        if self.length < SPARK_MAX {
            self.prices[(self.first + self.length) % SPARK_MAX] = Some(price);
            self.length += 1;
        } else {
            self.prices[self.first] = Some(price);
            self.first = (self.first + 1) % SPARK_MAX;
        }
    }

    /// Puts a price in the place of the newest one.
    pub(in crate::view) const fn replace(&mut self, price: Price) {
        if self.length > 0 {
            self.prices[(self.first + self.length - 1) % SPARK_MAX] = Some(price);
        }
    }

    /// Walks the prices, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = Price> + '_ {
        (0..self.length).filter_map(|at| self.prices[(self.first + at) % SPARK_MAX])
    }

    /// Returns how many prices there are.
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Tells whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }
}

impl Serialize for Spark {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// One symbol of the watchlist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WatchRow {
    /// Which stock.
    pub symbol: Symbol,
    /// The newest price, dollars per share: a print, a close, or the middle of the
    /// quote, whichever came last.
    pub last: Option<Price>,
    /// The best price that somebody pays.
    pub bid: Option<Price>,
    /// Shares wanted at the bid.
    pub bid_size: u64,
    /// The best price that somebody takes.
    pub ask: Option<Price>,
    /// Shares offered at the ask.
    pub ask_size: u64,
    /// When the venue stamped the quote.
    pub quoted_at: Option<Timestamp>,
    /// When something was heard of it last.
    pub heard_at: Timestamp,
    /// The last price of the trading day before; absent until one is known.
    pub previous_close: Option<Price>,
    /// Shares traded today.
    pub volume: u64,
    /// One price for each of the newest minutes; the last one is the newest price.
    pub spark: Spark,
    /// Which way the price went last.
    pub direction: Move,
    /// Whether it trades.
    pub status: TradingStatus,
    /// Why its data should not be traded on, until better ones come.
    pub doubt: Option<SuspectReason>,
    /// Lowest and highest price at which it may trade, where the venue has said so,
    /// dollars per share.
    pub band: Option<(Price, Price)>,
    /// The newest prints.
    pub prints: Prints,
    /// The trading day of the newest price.
    #[serde(skip)]
    pub(in crate::view) day: Date,
    /// The newest price of a regular session.
    #[serde(skip)]
    pub(in crate::view) regular: Option<Price>,
    /// When the sparkline gets its next value.
    #[serde(skip)]
    pub(in crate::view) spark_due: Timestamp,
    /// Shares of bars and of prints today: feeds tell one or both.
    #[serde(skip)]
    pub(in crate::view) traded: (u64, Qty),
}

impl WatchRow {
    pub(in crate::view) fn new(symbol: Symbol) -> Self {
        Self {
            symbol,
            last: None,
            bid: None,
            bid_size: 0,
            ask: None,
            ask_size: 0,
            quoted_at: None,
            heard_at: Timestamp::default(),
            previous_close: None,
            volume: 0,
            spark: Spark::default(),
            direction: Move::Flat,
            status: TradingStatus::Trading,
            doubt: None,
            band: None,
            prints: Prints::default(),
            day: Date::MIN,
            regular: None,
            spark_due: Timestamp::default(),
            traded: (0, Qty::ZERO),
        }
    }

    /// Returns the change since the previous close, dollars per share.
    pub fn change(&self) -> Option<Money> {
        Some(self.last?.minus(self.previous_close?))
    }

    /// Returns the change since the previous close as a ratio of it, four places.
    pub fn change_ratio(&self) -> Option<Decimal> {
        let ratio = self.change()?.ratio_to(self.previous_close?.as_money())?;
        Some(ratio.round_dp(4))
    }

    /// Tells whether the venue lets it trade.
    pub const fn is_halted(&self) -> bool {
        matches!(self.status, TradingStatus::Halted | TradingStatus::LuldPaused)
    }
}

/// One bar of a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ChartBar {
    /// Start of the interval.
    pub start: Timestamp,
    /// First price, dollars per share.
    pub open: Price,
    /// Highest price.
    pub high: Price,
    /// Lowest price.
    pub low: Price,
    /// Last price.
    pub close: Price,
    /// Shares traded.
    pub volume: u64,
}

impl From<&Bar> for ChartBar {
    fn from(bar: &Bar) -> Self {
        let Bar { open, high, low, close, volume, start, .. } = *bar;
        Self { start, open, high, low, close, volume }
    }
}

/// An own execution on a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// When.
    pub at: Timestamp,
    /// Buy or sell.
    pub side: Side,
    /// Shares.
    pub qty: Qty,
    /// At which price, dollars per share.
    pub price: Price,
}

/// The levels of the trade of a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Levels {
    /// Where it was entered, or is to be, dollars per share.
    pub entry: Price,
    /// Where it is given up.
    pub stop: Price,
    /// Where the profit is taken.
    pub target: Price,
}

/// What is drawn of one symbol.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Chart {
    /// The newest bars, oldest first, at most [`BARS_MAX`].
    pub bars: VecDeque<ChartBar>,
    /// The newest own fills, oldest first, at most [`MARKS_MAX`].
    pub marks: VecDeque<Mark>,
    /// The levels of the trade that is under way.
    pub levels: Option<Levels>,
}

/// Adds to a ring; the oldest one makes room.
pub(in crate::view) fn push_bounded<T>(ring: &mut VecDeque<T>, bound: usize, item: T) {
    if ring.len() >= bound {
        ring.pop_front();
    }
    ring.push_back(item);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_keeps_the_newest_sixty_in_order() {
        let price = |cents| Price::from_cents(cents).unwrap();
        let mut spark = Spark::default();
        for cents in 1..=75 {
            spark.push(price(cents));
        }
        spark.replace(price(1_000));
        let mut expected: Vec<Price> = (16..=74).map(price).collect();
        expected.push(price(1_000));
        assert_eq!(spark.iter().collect::<Vec<_>>(), expected);
        assert_eq!(spark.len(), SPARK_MAX);
    }
}
