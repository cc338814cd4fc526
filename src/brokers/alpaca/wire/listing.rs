//! Assets, hours, activities, and lists of what several calls at once came to
//! (protocol page §3.2 and §3.7 to §3.10 of October 2026).

use jiff::civil::Date;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::brokers::alpaca::wire::DecimalText;
use crate::domain::time::Timestamp;

/// An asset.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct WireAsset {
    /// Which stock.
    pub(crate) symbol: String,
    /// `active` or `inactive`.
    pub(crate) status: Option<String>,
    /// Whether it may be traded.
    pub(crate) tradable: Option<bool>,
    /// Whether it may be sold short.
    pub(crate) shortable: Option<bool>,
    /// `easy_to_borrow` or `hard_to_borrow`, since June 2026.
    pub(crate) borrow_status: Option<String>,
    /// The older form of the same.
    pub(crate) easy_to_borrow: Option<bool>,
    /// Whether parts of shares may be traded.
    pub(crate) fractionable: Option<bool>,
}

/// The market's hours.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct WireClock {
    /// Alpaca's present instant.
    pub(crate) timestamp: Timestamp,
    /// Whether the core session is under way.
    pub(crate) is_open: bool,
    /// The next opening.
    pub(crate) next_open: Timestamp,
    /// The next close.
    pub(crate) next_close: Timestamp,
}

/// One trading day; times are of New York.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct WireDay {
    /// Which day.
    pub(crate) date: Date,
    /// `HH:MM`.
    pub(crate) open: String,
    /// `HH:MM`.
    pub(crate) close: String,
}

/// An execution among the account's activities. It has no execution id.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct WireFill {
    /// The row's id, in order of time; the cursor for the next page.
    pub(crate) id: String,
    /// Which order.
    pub(crate) order_id: String,
    /// Which stock.
    pub(crate) symbol: String,
    /// `buy` or `sell`, in older rows `sell_short`.
    pub(crate) side: String,
    /// Shares of this execution.
    pub(crate) qty: DecimalText,
    /// Dollars per share of this execution.
    pub(crate) price: DecimalText,
    /// Shares of the order filled so far, this execution included.
    pub(crate) cum_qty: Option<DecimalText>,
    /// When it happened.
    pub(crate) transaction_time: Timestamp,
}

/// One line of the answer to *cancel all* or *close all* (HTTP 207).
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct WireItem {
    /// Which order, when orders were cancelled.
    pub(crate) id: Option<String>,
    /// Which stock, when positions were closed.
    pub(crate) symbol: Option<String>,
    /// The HTTP status that this one would have had alone.
    pub(crate) status: u16,
    /// The body that this one would have had alone.
    pub(crate) body: Option<Box<RawValue>>,
}
