//! The order object of Schwab and the answer to a preview (Schwab, protocol page §3.3
//! and §3.4 of November 2026).

use serde::Deserialize;

use crate::brokers::decimal::DecimalText;

/// An order. Every node of a group is one, with an id of its own; the node of an OCO
/// has no legs and no prices.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct WireOrder {
    /// Schwab's name for it, an integer.
    pub(crate) order_id: Option<DecimalText>,
    /// `SINGLE`, `OCO`, `TRIGGER`.
    pub(crate) order_strategy_type: Option<String>,
    /// `LIMIT`, `STOP` and so on.
    pub(crate) order_type: Option<String>,
    /// `NORMAL`, `SEAMLESS` and so on.
    pub(crate) session: Option<String>,
    /// `DAY`, `GOOD_TILL_CANCEL` and so on.
    pub(crate) duration: Option<String>,
    /// Shares ordered.
    pub(crate) quantity: Option<DecimalText>,
    /// Shares filled, as Schwab says; the executions are the proof.
    pub(crate) filled_quantity: Option<DecimalText>,
    /// Limit, dollars per share.
    pub(crate) price: Option<DecimalText>,
    /// Stop, dollars per share.
    pub(crate) stop_price: Option<DecimalText>,
    /// `VALUE` or `PERCENT` of a trailing stop.
    pub(crate) stop_price_link_type: Option<String>,
    /// Distance of a trailing stop.
    pub(crate) stop_price_offset: Option<DecimalText>,
    /// Where it stands.
    pub(crate) status: Option<String>,
    /// Why it was rejected.
    pub(crate) status_description: Option<String>,
    /// When it was entered, to the second.
    pub(crate) entered_time: Option<String>,
    /// When it ended.
    pub(crate) close_time: Option<String>,
    /// Whose app sent it.
    pub(crate) tag: Option<String>,
    /// What is bought or sold.
    pub(crate) order_leg_collection: Option<Vec<WireOrderLeg>>,
    /// What has happened; absent until something did.
    pub(crate) order_activity_collection: Option<Vec<WireActivity>>,
    /// What hangs on it.
    pub(crate) child_order_strategies: Option<Vec<Self>>,
}

impl WireOrder {
    /// The first leg: equity orders have one.
    pub(crate) fn leg(&self) -> Option<&WireOrderLeg> {
        self.order_leg_collection.as_ref()?.first()
    }

    /// What hangs on it.
    pub(crate) fn children(&self) -> &[Self] {
        self.child_order_strategies.as_deref().unwrap_or_default()
    }

    /// Whether it is the node of an OCO.
    pub(crate) fn is_oco(&self) -> bool {
        self.order_strategy_type.as_deref() == Some("OCO")
    }

    /// Its id as text.
    pub(crate) fn id(&self) -> Option<&str> {
        self.order_id.as_ref().map(DecimalText::as_str).filter(|id| !id.is_empty())
    }
}

/// What is bought or sold.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireOrderLeg {
    /// Its number within the order.
    pub(crate) leg_id: Option<DecimalText>,
    /// `BUY`, `SELL`, `SELL_SHORT`, `BUY_TO_COVER`.
    pub(crate) instruction: Option<String>,
    /// Shares.
    pub(crate) quantity: Option<DecimalText>,
    /// Of what.
    pub(crate) instrument: Option<WireInstrument>,
}

/// An instrument.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireInstrument {
    /// Which.
    pub(crate) symbol: Option<String>,
    /// `EQUITY`, `COLLECTIVE_INVESTMENT`, `OPTION` and so on.
    pub(crate) asset_type: Option<String>,
}

impl WireInstrument {
    /// Whether it is a stock or a fund that trades like one (§3.1: ETFs are
    /// `COLLECTIVE_INVESTMENT`). What is not said is one.
    pub(crate) fn is_equity(&self) -> bool {
        self.asset_type
            .as_deref()
            .is_none_or(|kind| matches!(kind, "EQUITY" | "COLLECTIVE_INVESTMENT" | "ETF"))
    }
}

/// Something that happened to an order.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireActivity {
    /// `EXECUTION` or `ORDER_ACTION`.
    pub(crate) activity_type: Option<String>,
    /// `FILL`; also `CANCELED`, which is none.
    pub(crate) execution_type: Option<String>,
    /// What was executed.
    pub(crate) execution_legs: Option<Vec<WireExecution>>,
}

/// One execution.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireExecution {
    /// Of which leg.
    pub(crate) leg_id: Option<DecimalText>,
    /// Shares.
    pub(crate) quantity: Option<DecimalText>,
    /// Dollars per share.
    pub(crate) price: Option<DecimalText>,
    /// When.
    pub(crate) time: Option<String>,
}

/// The answer to a preview.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WirePreview {
    /// What Schwab found.
    pub(crate) order_validation_result: Option<WireValidation>,
    /// The order as it would be.
    pub(crate) order_strategy: Option<WireOrder>,
}

/// What Schwab found in a preview.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct WireValidation {
    /// What it would be refused for.
    pub(crate) rejects: Option<Vec<WireReason>>,
    /// What a human should know.
    pub(crate) alerts: Option<Vec<WireReason>>,
    /// What a human should know.
    pub(crate) warns: Option<Vec<WireReason>>,
    /// What would be looked at by hand.
    pub(crate) reviews: Option<Vec<WireReason>>,
}

/// One finding.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireReason {
    /// In words.
    pub(crate) activity_message: Option<String>,
}
