//! The order object of Alpaca (protocol page §3.3 of October 2026), the same in
//! answers and on the trading stream.

use serde::Deserialize;

use crate::brokers::alpaca::wire::DecimalText;

/// An order as Alpaca writes it. An equity order needs an id, a symbol and a side; an
/// option order of several legs has neither of the last two (§3.3).
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct WireOrder {
    /// Alpaca's name for it.
    pub(crate) id: String,
    /// Which stock.
    pub(crate) symbol: Option<String>,
    /// `buy` or `sell`.
    pub(crate) side: Option<String>,
    /// Our name for it.
    pub(crate) client_order_id: Option<String>,
    /// `us_equity` for what we trade.
    pub(crate) asset_class: Option<String>,
    /// `mleg` is an option order whose own symbol and side are empty.
    pub(crate) order_class: Option<String>,
    /// Shares ordered; null when ordered by dollars.
    pub(crate) qty: Option<DecimalText>,
    /// Shares filled in its life.
    pub(crate) filled_qty: Option<DecimalText>,
    /// Average price of what is filled.
    pub(crate) filled_avg_price: Option<DecimalText>,
    /// `market`, `limit` and so on.
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    /// The older name of `type`.
    pub(crate) order_type: Option<String>,
    /// Limit, dollars per share.
    pub(crate) limit_price: Option<DecimalText>,
    /// Stop, dollars per share; of a trailing stop the present one.
    pub(crate) stop_price: Option<DecimalText>,
    /// Distance of a trailing stop in dollars per share.
    pub(crate) trail_price: Option<DecimalText>,
    /// Distance of a trailing stop in percent.
    pub(crate) trail_percent: Option<DecimalText>,
    /// Where it stands (§4.1).
    pub(crate) status: Option<String>,
    /// When Alpaca made it.
    pub(crate) created_at: Option<String>,
    /// When it last changed.
    pub(crate) updated_at: Option<String>,
    /// When it was submitted; rewritten when a queued order is routed (§4.2).
    pub(crate) submitted_at: Option<String>,
    /// The order that took its place.
    pub(crate) replaced_by: Option<String>,
    /// The order whose place it took.
    pub(crate) replaces: Option<String>,
    /// Attached exits, only in some answers and never on the stream.
    pub(crate) legs: Option<Vec<Self>>,
}

impl WireOrder {
    /// Whether it trades something other than one US equity: options, crypto.
    pub(crate) fn is_foreign(&self) -> bool {
        self.asset_class.as_deref().is_some_and(|class| !matches!(class, "us_equity" | ""))
            || self.order_class.as_deref() == Some("mleg")
    }
}
