//! The bodies that we send (protocol page §3.4 and §3.6 of October 2026): only
//! documented fields, decimals as strings, and nothing null.

use serde::Serialize;

/// The body of a new order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct WireSubmit<'a> {
    /// Which stock.
    pub(crate) symbol: &'a str,
    /// Shares.
    pub(crate) qty: String,
    /// `buy` or `sell`.
    pub(crate) side: &'static str,
    /// The order's type.
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    /// How long it works.
    pub(crate) time_in_force: &'static str,
    /// Limit, dollars per share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limit_price: Option<String>,
    /// Stop, dollars per share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stop_price: Option<String>,
    /// Distance of a trailing stop, dollars per share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trail_price: Option<String>,
    /// Distance of a trailing stop, percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trail_percent: Option<String>,
    /// Sent only when true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) extended_hours: Option<bool>,
    /// Our name for it.
    pub(crate) client_order_id: &'a str,
    /// `bracket`, `oco` or `oto`; not sent for a single order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) order_class: Option<&'static str>,
    /// The target of a group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) take_profit: Option<WireTarget>,
    /// The stop of a group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stop_loss: Option<WireStop>,
}

/// The target of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct WireTarget {
    /// Limit, dollars per share.
    pub(crate) limit_price: String,
}

/// The stop of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct WireStop {
    /// Stop, dollars per share.
    pub(crate) stop_price: String,
    /// With a limit the leg is a stop-limit order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limit_price: Option<String>,
}

/// The body of a replacement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct WireReplace<'a> {
    /// Total shares, those already filled included. Always sent: without it a
    /// replacement after a partial fill has been seen to order the whole again (§3.6).
    pub(crate) qty: String,
    /// Limit, dollars per share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limit_price: Option<String>,
    /// Stop, dollars per share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stop_price: Option<String>,
    /// Our name for the order that takes the place, by which it can be found.
    pub(crate) client_order_id: &'a str,
}

/// The body of a change to the account's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct WireSuspend {
    /// Whether new orders are refused.
    pub(crate) suspend_trade: bool,
}
