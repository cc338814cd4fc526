//! Market data (protocol page §5 of October 2026): JSON numbers, one-letter names.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::brokers::alpaca::wire::DecimalText;

/// A bar.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct WireBar {
    /// Start of the interval.
    pub(crate) t: String,
    /// First price.
    pub(crate) o: DecimalText,
    /// Highest price.
    pub(crate) h: DecimalText,
    /// Lowest price.
    pub(crate) l: DecimalText,
    /// Last price.
    pub(crate) c: DecimalText,
    /// Shares traded.
    pub(crate) v: Option<DecimalText>,
}

/// A quote; a price of 0 means that nobody bids or offers.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct WireQuote {
    /// When it was stamped.
    pub(crate) t: String,
    /// Bid, dollars per share.
    pub(crate) bp: Option<DecimalText>,
    /// Shares wanted at the bid.
    pub(crate) bs: Option<DecimalText>,
    /// Ask, dollars per share.
    pub(crate) ap: Option<DecimalText>,
    /// Shares offered at the ask.
    #[serde(rename = "as")]
    pub(crate) ask_size: Option<DecimalText>,
}

/// A trade.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct WireTrade {
    /// When it was stamped.
    pub(crate) t: String,
    /// Dollars per share.
    pub(crate) p: DecimalText,
    /// Shares.
    pub(crate) s: Option<DecimalText>,
}

/// One page of bars of several symbols. A symbol without bars has no key.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct WireBars {
    /// By symbol, each oldest first.
    pub(crate) bars: Option<BTreeMap<String, Option<Vec<WireBar>>>>,
    /// Where the next page begins; null at the end.
    pub(crate) next_page_token: Option<String>,
}

/// The newest quotes.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct WireQuotes {
    /// By symbol.
    pub(crate) quotes: Option<BTreeMap<String, Option<WireQuote>>>,
}

/// The newest trades.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct WireTrades {
    /// By symbol.
    pub(crate) trades: Option<BTreeMap<String, Option<WireTrade>>>,
}

/// Everything that is newest of one symbol; the answer is a bare map of these.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireSnapshot {
    /// Newest trade.
    pub(crate) latest_trade: Option<WireTrade>,
    /// Newest quote.
    pub(crate) latest_quote: Option<WireQuote>,
    /// Newest minute.
    pub(crate) minute_bar: Option<WireBar>,
    /// Today so far.
    pub(crate) daily_bar: Option<WireBar>,
    /// The trading day before.
    pub(crate) prev_daily_bar: Option<WireBar>,
}
