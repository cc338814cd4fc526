//! What the broker keeps beside orders: settings of the account and watchlists.

use crate::domain::ids::Symbol;
use crate::domain::time::Timestamp;

/// Account settings and watchlists.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    pub(super) settings: Settings,
    pub(super) watchlists: Vec<Watchlist>,
    /// Watchlists made so far, for their names.
    pub(super) watchlists_made: u64,
}

/// Settings of the account (Alpaca, protocol page §3.1 of October 2026).
#[expect(clippy::struct_excessive_bools, reason = "the flags are the broker's own")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(super) suspend_trade: bool,
    pub(super) no_shorting: bool,
    pub(super) fractional_trading: bool,
    pub(super) max_margin_multiplier: String,
    pub(super) trade_confirm_email: String,
    pub(super) ptp_no_exception_entry: bool,
    pub(super) max_options_trading_level: u8,
    pub(super) disable_overnight_trading: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            suspend_trade: false,
            no_shorting: false,
            fractional_trading: true,
            max_margin_multiplier: "2".into(),
            trade_confirm_email: "all".into(),
            ptp_no_exception_entry: false,
            max_options_trading_level: 0,
            disable_overnight_trading: false,
        }
    }
}

/// A named list of stocks.
#[derive(Debug, Clone)]
pub(crate) struct Watchlist {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) symbols: Vec<Symbol>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}
