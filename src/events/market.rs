//! Market data that somebody vouches for.

use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::domain::ids::Symbol;
use crate::domain::market::{
    Bar, Interval, PriceBand, Quote, Session, StatusChange, Tick, TickCorrection,
};
use crate::domain::money::Price;
use crate::domain::time::Timestamp;
use crate::events::wire::family;

family! {
    /// What the market data agent vouches for.
    MarketEvent {
        /// A new best bid and offer.
        Quote(Quote) = "market_data.quote.updated" ["quote_updated"],
        /// Bars that ended, or bars of the past.
        Bars(MarketBars) = "market_data.bars.received" ["bars_received"],
        /// A trade print.
        Tick(Tick) = "market_data.stream.tick" ["stream_tick"],
        /// The session changed, or somebody asked.
        Status(MarketStatus) = "market_data.market.status" ["market_status"],
        /// A stock begins or ceases to trade.
        Halt(StatusChange) = "market_data.halt.changed",
        /// Data that should not be traded on.
        Suspect(DataSuspected) = "market_data.data.suspected",
        /// A price jump that is a split and not a crash.
        Split(SplitDetected) = "market_data.split.detected",
        /// The prices between which a stock may trade changed.
        Band(PriceBand) = "market_data.band.changed",
        /// A print of before was wrong.
        Correction(TickCorrection) = "market_data.tick.corrected",
        /// What a second source says of a stock, and whether the first agrees.
        Second(SecondQuoted) = "market_data.second.compared",
        /// From now on another source's data are passed on, or compared.
        Source(SourceChanged) = "market_data.source.changed",
    }
}

/// Bars of one instant, or of the past.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketBars {
    /// Length of every bar.
    pub interval: Interval,
    /// One bar per symbol, or several of one symbol when they are history.
    pub bars: Arc<[Bar]>,
    /// True for bars of the past: they warm indicators up and trigger nothing.
    #[serde(default)]
    pub is_history: bool,
}

/// Which part of the trading day it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketStatus {
    /// `open`, `closed`, `pre-market` or `after-hours`.
    pub status: Session,
    /// The trading day it belongs to; when closed, the next one.
    pub trading_day: Date,
    /// When it changes next.
    pub until: Timestamp,
}

/// Why data should not be traded on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuspectReason {
    /// Older than its limit.
    Stale,
    /// Bid above ask.
    Crossed,
    /// Too far from the price before.
    Outlier,
    /// Bars are missing.
    Gap,
    /// Stamped before what is known, or in the future.
    Time,
    /// Whether it trades is not known: a halt may have begun while the feed was away.
    Status,
    /// Two sources say different prices.
    Disagreement,
}

impl SuspectReason {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stale => "stale",
            Self::Crossed => "crossed",
            Self::Outlier => "outlier",
            Self::Gap => "gap",
            Self::Time => "time",
            Self::Status => "status",
            Self::Disagreement => "disagreement",
        }
    }
}

impl fmt::Display for SuspectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Data that should not be traded on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataSuspected {
    /// Which stock.
    pub symbol: Symbol,
    /// Why.
    pub reason: SuspectReason,
    /// In words, with the numbers.
    pub detail: String,
}

/// What a second source says of a stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondQuoted {
    /// Which stock.
    pub symbol: Symbol,
    /// Who says it, such as `schwab`.
    pub source: Arc<str>,
    /// The middle of its bid and ask, dollars per share.
    pub price: Price,
    /// Whether the first source says nearly the same.
    pub agrees: bool,
}

/// Whose data are passed on from now on, and whose are compared with them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceChanged {
    /// Whose quotes and prints are passed on, such as `alpaca`; empty while none has been
    /// heard of.
    pub source: Arc<str>,
    /// Who stands beside it and is compared with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<Arc<str>>,
    /// Whether the source stands in for one that is away.
    pub stands_in: bool,
    /// Why, in words.
    pub reason: String,
}

/// A corporate action seen as a price jump between two sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitDetected {
    /// Which stock.
    pub symbol: Symbol,
    /// New shares …
    pub new_shares: u32,
    /// … for so many old ones: 7 for 1 is a seven-for-one split, 1 for 8 a
    /// reverse split.
    pub old_shares: u32,
    /// Price after ÷ price before, as seen.
    #[serde(with = "crate::domain::ratio")]
    pub price_ratio: Decimal,
}
