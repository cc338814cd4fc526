//! Accounts, positions and preferences (Schwab, protocol page §3.1 and §3.6 of November
//! 2026).

use serde::Deserialize;

use crate::brokers::decimal::DecimalText;
use crate::brokers::schwab::wire::WireInstrument;

/// A plain number and its hash.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireAccountNumber {
    /// The number that people know; a string here, an integer in orders.
    pub(crate) account_number: DecimalText,
    /// What stands for it in paths.
    pub(crate) hash_value: String,
}

/// One row of the accounts.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireAccountRow {
    /// The account itself.
    pub(crate) securities_account: WireAccount,
}

/// An account.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireAccount {
    /// `CASH` or `MARGIN`.
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    /// The number that people know.
    pub(crate) account_number: DecimalText,
    /// Whether it may only close positions.
    pub(crate) is_closing_only_restricted: Option<bool>,
    /// What it holds, where that was asked for; absent when nothing.
    pub(crate) positions: Option<Vec<WirePosition>>,
    /// Amounts of now.
    pub(crate) current_balances: Option<WireBalances>,
}

/// Amounts of an account, dollars. Those of margin and of cash accounts differ.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireBalances {
    /// Cash plus what is held.
    pub(crate) liquidation_value: Option<DecimalText>,
    /// The same, margin accounts.
    pub(crate) equity: Option<DecimalText>,
    /// Cash, margin accounts.
    pub(crate) cash_balance: Option<DecimalText>,
    /// Cash, cash accounts.
    pub(crate) total_cash: Option<DecimalText>,
    /// What may be spent, margin accounts.
    pub(crate) buying_power: Option<DecimalText>,
    /// What may be spent, cash accounts.
    pub(crate) cash_available_for_trading: Option<DecimalText>,
    /// What may be spent without margin.
    pub(crate) available_funds: Option<DecimalText>,
}

/// A position.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WirePosition {
    /// Shares owned.
    pub(crate) long_quantity: Option<DecimalText>,
    /// Shares owed.
    pub(crate) short_quantity: Option<DecimalText>,
    /// Average price, dollars per share.
    pub(crate) average_price: Option<DecimalText>,
    /// Average price of what is owned.
    pub(crate) average_long_price: Option<DecimalText>,
    /// Average price of what is owed.
    pub(crate) average_short_price: Option<DecimalText>,
    /// In what.
    pub(crate) instrument: WireInstrument,
}

/// The user's preferences: an object on the wire, an array in the specification.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum WirePreferences {
    /// As it comes.
    One(WirePreference),
    /// As it is specified.
    Many(Vec<WirePreference>),
}

/// One set of preferences.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WirePreference {
    /// Where the streamer is, and how to log in there.
    pub(crate) streamer_info: Option<Vec<WireStreamer>>,
}

/// How to reach the streamer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireStreamer {
    /// Its address.
    pub(crate) streamer_socket_url: String,
    /// Whose stream.
    pub(crate) schwab_client_customer_id: String,
    /// Which session.
    pub(crate) schwab_client_correl_id: String,
    /// Which channel.
    pub(crate) schwab_client_channel: String,
    /// Which function.
    pub(crate) schwab_client_function_id: String,
}
