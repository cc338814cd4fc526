//! The error envelope of Alpaca (protocol page §2.4 of October 2026).

use serde::Deserialize;

use crate::brokers::alpaca::wire::DecimalText;

/// What an error says of itself; every field may be missing, and the body may be no
/// JSON at all.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct WireError {
    /// Alpaca's own code, such as 40310000; absent on gateway and market data errors.
    pub(crate) code: Option<DecimalText>,
    /// In words.
    pub(crate) message: Option<String>,
    /// What the account could have bought, dollars.
    pub(crate) buying_power: Option<DecimalText>,
    /// What the order would have cost, dollars.
    pub(crate) cost_basis: Option<DecimalText>,
}
