//! Account, configuration and positions (protocol page §3.1 and §3.2 of October 2026).

use serde::Deserialize;

use crate::brokers::alpaca::wire::DecimalText;

/// The account. Only `id` and `status` are indispensable: Alpaca has removed others
/// before, and will again.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct WireAccount {
    /// Alpaca's id, a UUID.
    pub(crate) id: String,
    /// `ACTIVE`, or why not.
    pub(crate) status: String,
    /// The number that people know.
    pub(crate) account_number: Option<String>,
    /// Cash, dollars.
    pub(crate) cash: Option<DecimalText>,
    /// Cash plus market value, dollars.
    pub(crate) equity: Option<DecimalText>,
    /// The older name of `equity`.
    pub(crate) portfolio_value: Option<DecimalText>,
    /// What may be spent on new positions, dollars.
    pub(crate) buying_power: Option<DecimalText>,
    /// The same under Regulation T.
    pub(crate) regt_buying_power: Option<DecimalText>,
    /// The same without margin.
    pub(crate) non_marginable_buying_power: Option<DecimalText>,
    /// Market value of what is owned, dollars.
    pub(crate) long_market_value: Option<DecimalText>,
    /// Market value of what is owed, dollars, negative.
    pub(crate) short_market_value: Option<DecimalText>,
    /// Set by Alpaca.
    pub(crate) trading_blocked: Option<bool>,
    /// Set by Alpaca.
    pub(crate) account_blocked: Option<bool>,
    /// Set by the owner.
    pub(crate) trade_suspended_by_user: Option<bool>,
    /// Whether short sales are allowed.
    pub(crate) shorting_enabled: Option<bool>,
}

/// The part of the account's configuration that we read.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct WireConfiguration {
    /// Whether new orders are refused.
    pub(crate) suspend_trade: bool,
}

/// A position.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct WirePosition {
    /// Which stock.
    pub(crate) symbol: String,
    /// Shares, negative when short.
    pub(crate) qty: DecimalText,
    /// `us_equity` for what we trade.
    pub(crate) asset_class: Option<String>,
    /// `long` or `short`.
    pub(crate) side: Option<String>,
    /// Average price, dollars per share.
    pub(crate) avg_entry_price: Option<DecimalText>,
    /// What was paid or received, dollars; negative when short.
    pub(crate) cost_basis: Option<DecimalText>,
}
