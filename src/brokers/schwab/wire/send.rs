//! The body of an order as it is sent (Schwab, protocol page §3.2 of November 2026).
//! What is not set is not written: fields that only answers have are refused with 400.

use serde::Serialize;
use serde_json::value::RawValue;

/// An order, or a node of a group.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireSend {
    /// `LIMIT`, `STOP` and so on; not in the node of an OCO.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) order_type: Option<&'static str>,
    /// `NORMAL` or `SEAMLESS`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<&'static str>,
    /// `DAY`, `GOOD_TILL_CANCEL` and so on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) duration: Option<&'static str>,
    /// `SINGLE`, `OCO`, `TRIGGER`.
    pub(crate) order_strategy_type: &'static str,
    /// Limit, as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) price: Option<String>,
    /// Stop, as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stop_price: Option<String>,
    /// From which price a trailing stop is measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stop_price_link_basis: Option<&'static str>,
    /// In what it is measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stop_price_link_type: Option<&'static str>,
    /// Its distance, a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stop_price_offset: Option<Box<RawValue>>,
    /// What is bought or sold; not in the node of an OCO.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) order_leg_collection: Vec<WireSendLeg>,
    /// What hangs on it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) child_order_strategies: Vec<Self>,
}

/// What is bought or sold.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct WireSendLeg {
    /// `BUY`, `SELL`, `SELL_SHORT`, `BUY_TO_COVER`.
    pub(crate) instruction: &'static str,
    /// Whole shares.
    pub(crate) quantity: u64,
    /// Of what.
    pub(crate) instrument: WireSendInstrument,
}

/// Of what.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireSendInstrument {
    /// Which, in Schwab's spelling.
    pub(crate) symbol: String,
    /// `EQUITY`, also for funds.
    pub(crate) asset_type: &'static str,
}
