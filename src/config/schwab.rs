//! The section about Schwab: whose account, which token, how many calls.
//!
//! Knows no secret: the app's key and secret are read by
//! [`AppKeys`] from a file or the environment.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::brokers::schwab::auth::{AppKeys, Callback, KeyError};
use crate::brokers::schwab::hosts::SchwabHosts;
use crate::domain::ids::Symbol;

/// Stocks that one streamer connection is known to carry (protocol page §5.4).
const SYMBOLS_MAX: usize = 500;
/// Calls a minute that Schwab allows an app, and orders an account at most (§2.2).
const CALLS_MAX: u32 = 120;

/// Schwab.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Schwab {
    /// What to follow and trade, 1 to 500 stocks.
    pub symbols: Vec<Symbol>,
    /// The account's number, or its last digits, at least three; empty takes the only
    /// one.
    pub account: String,
    /// File with the app's key and secret, mode 0600, JSON or TOML with `app_key` and
    /// `app_secret`; empty reads `FLIGHTDECK_SCHWAB_KEY` and `FLIGHTDECK_SCHWAB_SECRET`
    /// from the environment.
    pub key_file: PathBuf,
    /// File of the token; empty is `schwab-token.json` in the data folder.
    pub token_file: PathBuf,
    /// The callback, exactly as it is registered with Schwab.
    pub callback: String,
    /// A simulated Schwab on this machine, such as `http://127.0.0.1:4220`; empty is the
    /// real one.
    pub host: String,
    /// Whether orders may be sent with real money at all; `--live` must be given too, and
    /// the account's last digits typed or an arming file named.
    pub live: bool,
    /// Requests a minute, 1 to 120.
    pub requests_per_minute: u32,
    /// Orders a minute, 0 to 120, as chosen when the app was registered; 0 sends none.
    pub orders_per_minute: u32,
}

impl Default for Schwab {
    fn default() -> Self {
        let symbols =
            ["AAPL", "MSFT", "NVDA", "AMZN", "GOOGL", "META", "TSLA", "AMD", "SPY", "QQQ"];
        Self {
            symbols: symbols.iter().filter_map(|name| Symbol::new(name).ok()).collect(),
            account: String::new(),
            key_file: PathBuf::new(),
            token_file: PathBuf::new(),
            callback: "https://127.0.0.1:8182".into(),
            host: String::new(),
            live: false,
            requests_per_minute: CALLS_MAX,
            orders_per_minute: CALLS_MAX,
        }
    }
}

impl Schwab {
    /// Returns where Schwab is.
    ///
    /// # Errors
    /// In words, when a simulated one is not on this machine.
    pub fn hosts(&self) -> Result<SchwabHosts, String> {
        if self.host.is_empty() {
            return Ok(SchwabHosts::production());
        }
        SchwabHosts::simulated(&self.host).map_err(|error| error.to_string())
    }

    /// Reads the app's key and secret, from the file or by the look-up, as a rule the
    /// environment.
    ///
    /// # Errors
    /// When they are not there or cannot be used.
    pub fn keys(
        &self,
        find: impl FnMut(&'static str) -> Option<String>,
    ) -> Result<AppKeys, KeyError> {
        if self.key_file.as_os_str().is_empty() {
            AppKeys::from_lookup(find)
        } else {
            AppKeys::from_file(&self.key_file)
        }
    }

    /// Returns the file of the token; `data` is the data folder.
    pub fn token_file(&self, data: &Path) -> PathBuf {
        if self.token_file.as_os_str().is_empty() {
            data.join("schwab-token.json")
        } else {
            self.token_file.clone()
        }
    }

    pub(super) fn validate(&self) -> Result<(), String> {
        if !(1..=SYMBOLS_MAX).contains(&self.symbols.len()) {
            let number = self.symbols.len();
            return Err(format!("symbols names {number} stocks, it must name 1 to 500"));
        }
        let is_number = self.account.bytes().all(|byte| byte.is_ascii_digit());
        if !self.account.is_empty() && (!is_number || self.account.len() < 3) {
            return Err("account must be digits: the number of the account, or its last three \
                        or more"
                .into());
        }
        if !(1..=CALLS_MAX).contains(&self.requests_per_minute) {
            let limit = self.requests_per_minute;
            return Err(format!("requests_per_minute is {limit}, it must lie in 1 to 120"));
        }
        if self.orders_per_minute > CALLS_MAX {
            let limit = self.orders_per_minute;
            return Err(format!("orders_per_minute is {limit}, it must lie in 0 to 120"));
        }
        Callback::new(&self.callback).map_err(|error| format!("callback is wrong: {error}"))?;
        self.hosts().map_err(|error| format!("host is wrong: {error}"))?;
        Ok(())
    }
}
