//! What a market says: quotes, bars, trade prints, halts.
//!
//! Constructors refuse what cannot be (a high below a low, a crossed quote), so
//! everything behind them may rely on it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::domain::calendar::date_in_new_york;
use crate::domain::ids::Symbol;
use crate::domain::money::{Money, Price, Qty, ValueError};
use crate::domain::time::Timestamp;

/// The best bid and offer of one symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Which stock.
    pub symbol: Symbol,
    /// The best price somebody pays, in dollars per share.
    pub bid: Price,
    /// The best price somebody takes, in dollars per share.
    pub ask: Price,
    /// Shares wanted at the bid.
    pub bid_size: u64,
    /// Shares offered at the ask.
    pub ask_size: u64,
    /// When the venue stamped it.
    pub at: Timestamp,
}

impl Quote {
    /// Makes a quote that is neither crossed nor locked the wrong way round.
    ///
    /// # Errors
    /// When the bid is above the ask.
    pub fn new(
        symbol: Symbol,
        (bid, bid_size): (Price, u64),
        (ask, ask_size): (Price, u64),
        at: Timestamp,
    ) -> Result<Self, ValueError> {
        if bid > ask {
            return Err(ValueError::Inconsistent(format!(
                "crossed quote of {symbol}: bid {bid} is above ask {ask}"
            )));
        }
        Ok(Self { symbol, bid, ask, bid_size, ask_size, at })
    }

    /// Returns the middle of bid and ask, rounded down to a hundred-millionth.
    pub fn mid(&self) -> Price {
        let twice = i128::from(self.bid.units()).saturating_add(i128::from(self.ask.units()));
        let units = i64::try_from(twice.checked_div(2).unwrap_or(0)).unwrap_or(self.bid.units());
        Price::from_units(units).unwrap_or(self.bid)
    }

    /// Returns ask − bid in dollars per share, never negative.
    pub fn spread(&self) -> Money {
        self.ask.minus(self.bid)
    }
}

/// Open, high, low and close of one symbol over one interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bar {
    /// Which stock.
    pub symbol: Symbol,
    /// First price of the interval, dollars per share.
    pub open: Price,
    /// Highest price of the interval.
    pub high: Price,
    /// Lowest price of the interval.
    pub low: Price,
    /// Last price of the interval.
    pub close: Price,
    /// Shares traded in the interval.
    pub volume: u64,
    /// Start of the interval; the bar is known only at its end.
    pub start: Timestamp,
}

impl Bar {
    /// Checks that high and low enclose open and close.
    ///
    /// # Errors
    /// When they do not; the message names the four prices.
    pub fn checked(self) -> Result<Self, ValueError> {
        let Self { symbol, open, high, low, close, .. } = self;
        if high < low || open > high || open < low || close > high || close < low {
            return Err(ValueError::Inconsistent(format!(
                "bar of {symbol} contradicts itself: open {open} high {high} low {low} close {close}"
            )));
        }
        Ok(self)
    }
}

/// Length of a bar.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub enum Interval {
    /// One minute.
    #[default]
    #[serde(rename = "1min")]
    Minute,
    /// Five minutes.
    #[serde(rename = "5min")]
    FiveMinutes,
    /// One hour.
    #[serde(rename = "1hour")]
    Hour,
    /// One trading day.
    #[serde(rename = "1day")]
    Day,
}

impl Interval {
    /// All intervals, shortest first.
    pub const ALL: [Self; 4] = [Self::Minute, Self::FiveMinutes, Self::Hour, Self::Day];

    /// The name on the wire and in configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Minute => "1min",
            Self::FiveMinutes => "5min",
            Self::Hour => "1hour",
            Self::Day => "1day",
        }
    }

    /// The length; a day counts 24 hours here, the calendar knows its session.
    pub const fn duration(self) -> SignedDuration {
        match self {
            Self::Minute => SignedDuration::from_mins(1),
            Self::FiveMinutes => SignedDuration::from_mins(5),
            Self::Hour => SignedDuration::from_hours(1),
            Self::Day => SignedDuration::from_hours(24),
        }
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Interval {
    type Err = ValueError;
    fn from_str(text: &str) -> Result<Self, ValueError> {
        Self::ALL.into_iter().find(|interval| interval.name() == text).ok_or_else(|| {
            ValueError::Inconsistent(format!(
                "'{text}' is not an interval: use 1min, 5min, 1hour or 1day"
            ))
        })
    }
}

/// The bars of all symbols that ended at the same instant, shared by all who
/// hear them: one delivery per timestamp is what makes many symbols cheap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BarBatch {
    /// Length of every bar in the batch.
    pub interval: Interval,
    /// One bar per symbol, in the order in which the feed gave them.
    pub bars: Arc<[Bar]>,
}

/// Combines minute bars of one symbol, oldest first, into longer ones. The last
/// one may still be incomplete. A day is a trading day in New York.
pub fn aggregate(minutes: &[Bar], interval: Interval) -> Vec<Bar> {
    let length = i64::try_from(interval.duration().as_nanos()).unwrap_or(i64::MAX);
    let bucket = |bar: &Bar| match interval {
        Interval::Day => i64::from(date_in_new_york(bar.start).day_of_year()),
        Interval::Minute | Interval::FiveMinutes | Interval::Hour => {
            bar.start.as_nanos().div_euclid(length)
        }
    };
    minutes.chunk_by(|before, after| bucket(before) == bucket(after)).filter_map(combined).collect()
}

/// One bar over several consecutive ones, `None` for none.
fn combined(bars: &[Bar]) -> Option<Bar> {
    let (first, last) = (bars.first()?, bars.last()?);
    Some(Bar {
        high: bars.iter().map(|bar| bar.high).max()?,
        low: bars.iter().map(|bar| bar.low).min()?,
        close: last.close,
        volume: bars.iter().fold(0, |sum, bar| sum.saturating_add(bar.volume)),
        ..*first
    })
}

/// One trade print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    /// Which stock.
    pub symbol: Symbol,
    /// Price of the print, dollars per share.
    pub price: Price,
    /// Shares of the print.
    pub size: Qty,
    /// When the venue stamped it.
    pub at: Timestamp,
}

/// Everything a market said at one instant: what a feed, a file or the embedded
/// market hands to the house, in the order of the fields: bars speak of the
/// interval that is over, prints may rely on the quotes beside them. One delivery
/// per instant, however many symbols.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MarketStep {
    /// When all of it is known.
    pub at: Timestamp,
    /// Bars that ended at this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bars: Option<BarBatch>,
    /// Halts and resumptions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub status: Vec<StatusChange>,
    /// New limit-up/limit-down bands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bands: Vec<PriceBand>,
    /// New best bids and offers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quotes: Vec<Quote>,
    /// Trade prints, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ticks: Vec<Tick>,
    /// Prints of before that were wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corrections: Vec<TickCorrection>,
}

/// The prices between which a stock may trade under limit-up/limit-down, until the
/// next band.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceBand {
    /// Which stock.
    pub symbol: Symbol,
    /// The lowest price, dollars per share.
    pub down: Price,
    /// The highest price, dollars per share.
    pub up: Price,
    /// When the venue stamped it.
    pub at: Timestamp,
}

impl PriceBand {
    /// Tells whether a price lies in the band, its borders included.
    pub fn holds(&self, price: Price) -> bool {
        self.down <= price && price <= self.up
    }
}

/// A print that was reported wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickCorrection {
    /// The print as it was reported; the time is that of the correction.
    pub wrong: Tick,
    /// The print as it is right; absent when there was none at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub right: Option<Tick>,
}

/// A stock begins or ceases to trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusChange {
    /// Which stock.
    pub symbol: Symbol,
    /// Its status from now on.
    pub status: TradingStatus,
}

/// Whether a stock may trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TradingStatus {
    /// Trades normally.
    #[default]
    Trading,
    /// Halted by the venue (news, regulatory, operational).
    Halted,
    /// Paused by limit-up/limit-down.
    LuldPaused,
    /// Trades, but short sales only on an uptick (Rule 201).
    ShortSaleRestricted,
}

/// The part of the trading day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Session {
    /// 04:00 to the open.
    PreMarket,
    /// The regular session.
    Open,
    /// The close to 20:00 (17:00 on early-close days).
    AfterHours,
    /// Night, weekend, holiday.
    Closed,
}

impl Session {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PreMarket => "pre-market",
            Self::Open => "open",
            Self::AfterHours => "after-hours",
            Self::Closed => "closed",
        }
    }
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_combine_into_longer_bars() {
        let symbol = Symbol::new("AAPL").unwrap();
        let minute = |n: i64| {
            let price = Price::from_cents(10_000 + n).unwrap();
            let start = Timestamp::from_seconds(1_761_661_800 + n * 60);
            Bar { symbol, open: price, high: price, low: price, close: price, volume: 10, start }
        };
        let minutes: Vec<Bar> = (0..12).map(minute).collect();
        let fives = aggregate(&minutes, Interval::FiveMinutes);
        assert_eq!(fives.len(), 3);
        assert_eq!(
            (fives[0].open, fives[0].close, fives[0].high),
            (minutes[0].open, minutes[4].close, minutes[4].close)
        );
        assert_eq!(fives.iter().map(|bar| bar.volume).collect::<Vec<_>>(), [50, 50, 20]);
        assert_eq!(aggregate(&minutes, Interval::Day).len(), 1);
        assert!(aggregate(&[], Interval::Hour).is_empty());
    }

    #[test]
    fn a_crossed_quote_or_an_impossible_bar_is_refused() {
        let symbol = Symbol::new("AAPL").unwrap();
        let [low, high] = ["100.00", "101.00"].map(|text| text.parse::<Price>().unwrap());
        let at = Timestamp::default();
        assert!(Quote::new(symbol, (high, 1), (low, 1), at).is_err());
        let quote = Quote::new(symbol, (low, 1), (high, 1), at).unwrap();
        assert_eq!(
            (quote.mid().to_string(), quote.spread()),
            ("100.50".into(), Money::from_dollars(1))
        );
        let bar = Bar { symbol, open: low, high, low, close: high, volume: 1, start: at };
        assert!(bar.checked().is_ok());
        assert!(Bar { open: high, high: low, ..bar }.checked().is_err());
    }
}
