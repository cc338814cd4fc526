//! Market data (Schwab, protocol page §4 of November 2026).

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::brokers::decimal::DecimalText;
use crate::brokers::schwab::wire::WireInstrument;

/// What is known of one symbol.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireQuoted {
    /// `EQUITY` and so on.
    pub(crate) asset_main_type: Option<String>,
    /// Bid and ask.
    pub(crate) quote: Option<WireQuote>,
    /// Facts about it.
    pub(crate) reference: Option<WireReference>,
}

/// Bid and ask.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireQuote {
    /// Dollars per share; 0 when nobody bids.
    pub(crate) bid_price: Option<DecimalText>,
    /// Its size.
    pub(crate) bid_size: Option<DecimalText>,
    /// Dollars per share; 0 when nobody offers.
    pub(crate) ask_price: Option<DecimalText>,
    /// Its size.
    pub(crate) ask_size: Option<DecimalText>,
    /// When, in milliseconds since 1970.
    pub(crate) quote_time: Option<DecimalText>,
    /// `Normal`, `Halted`, `Closed`.
    pub(crate) security_status: Option<String>,
}

/// Facts about a symbol.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireReference {
    /// Whether it is hard to borrow.
    pub(crate) is_hard_to_borrow: Option<bool>,
    /// Whether it may be sold short.
    pub(crate) is_shortable: Option<bool>,
}

/// Bars of one symbol.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct WireHistory {
    /// The bars, oldest first.
    pub(crate) candles: Option<Vec<WireCandle>>,
}

/// One bar.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct WireCandle {
    /// First price, dollars per share.
    pub(crate) open: DecimalText,
    /// Highest price.
    pub(crate) high: DecimalText,
    /// Lowest price.
    pub(crate) low: DecimalText,
    /// Last price.
    pub(crate) close: DecimalText,
    /// Shares.
    pub(crate) volume: Option<DecimalText>,
    /// Its start, in milliseconds since 1970.
    pub(crate) datetime: DecimalText,
}

/// The hours of one product of a market on one day.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireMarketDay {
    /// Whether it is a trading day; not whether it is open now.
    pub(crate) is_open: Option<bool>,
    /// The sessions by name; absent on closed days.
    pub(crate) session_hours: Option<BTreeMap<String, Vec<WireSpan>>>,
}

/// A session.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct WireSpan {
    /// When it begins.
    pub(crate) start: String,
    /// When it ends.
    pub(crate) end: String,
}

/// Instruments that were found.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct WireInstruments {
    /// Them.
    pub(crate) instruments: Option<Vec<WireInstrument>>,
}
