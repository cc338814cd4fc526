//! The sections that no part defines beside its own code: market, account, venue, and
//! the embedded market.

use std::fmt;
use std::path::PathBuf;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use url::Url;

use crate::agents::{market_data, risk_management};
use crate::brokers::alpaca::{AccountKind, AlpacaConfig, DataFeed};
use crate::brokers::sim::exchange::{MarketFill, Multiplier, Partials};
use crate::domain::calendar::{FIRST, LAST, MarketHours, next_trading_day, trading_day};
use crate::domain::ids::Symbol;
use crate::domain::money::Money;

/// Stocks that are followed at most.
const ALPACA_SYMBOLS_MAX: usize = 30;
/// Stocks that Alpaca's free plan lets one connection follow: 30 over trades and quotes
/// (protocol page §7.1 of October 2026), and each stock has both.
const ALPACA_SYMBOLS_MAX_FREE: usize = 15;

/// The market and what is vouched for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Market {
    /// `new_york` or `continuous`.
    pub hours: MarketHours,
    /// A price further from the one before than this fraction is doubted.
    #[serde(with = "crate::domain::exact::ratio")]
    pub outlier_fraction: Decimal,
    /// Silence of a symbol after which its data are stale, seconds; 0 never.
    pub stale_seconds: u32,
    /// Whether a jump between two sessions that has the shape of a split is one.
    pub detect_splits: bool,
    /// Two sources whose bid and ask lie further apart than this fraction of the price
    /// disagree, and nothing is entered until they agree.
    #[serde(with = "crate::domain::exact::ratio")]
    pub second_fraction: Decimal,
}

/// The account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Account {
    /// Cash at the start, dollars, up to a thousand million.
    #[serde(with = "crate::domain::exact::dollars")]
    pub opening_cash: Money,
    /// `auto` or `manual`.
    pub approval: risk_management::Approval,
    /// How long a human has to answer, seconds, 1 or more. On the simulated broker they
    /// are seconds by the wall, however fast its market runs.
    pub approval_seconds: u32,
}

/// Alpaca: what is followed, and which account must answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Alpaca {
    /// Stocks that are followed and traded, 1 to 30 (the free plan's limit).
    pub symbols: Vec<Symbol>,
    /// `iex` (free) or `sip` (needs a plan).
    pub feed: AlpacaFeed,
    /// The account that the keys must belong to, by number or id; empty takes any.
    pub account: String,
    /// A simulated Alpaca on this machine, such as `http://127.0.0.1:4210`; empty is the
    /// real one.
    pub host: String,
    /// File with the keys, mode 0600; empty reads `APCA_API_KEY_ID` and
    /// `APCA_API_SECRET_KEY` from the environment.
    pub key_file: PathBuf,
    /// Requests a minute, 1 to 1 000 (the standard account has 200).
    pub requests_per_minute: u32,
    /// Of these, how many entries may never use; fewer than all.
    pub requests_reserved: u32,
    /// A second endpoint of the same account, which stops, exits and their cancels use
    /// besides the first one: `https://paper-api.alpaca.markets` (a connection of its own)
    /// or an address of this machine; empty for none.
    pub backup_host: String,
}

/// Which market data the account is entitled to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlpacaFeed {
    /// One exchange.
    #[default]
    Iex,
    /// All exchanges.
    Sip,
}

/// The cockpit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Screen {
    /// Name of the theme to begin with.
    pub theme: String,
    /// Whether to draw with ASCII signs alone; also chosen by a locale without UTF-8.
    pub ascii: bool,
    /// `halt`, `headless` or `exit`: what follows when the terminal goes away, or when the
    /// screen itself fails by a panic.
    pub on_terminal_lost: OnTerminalLost,
}

/// What follows when the terminal goes away while the house runs, or its screen fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnTerminalLost {
    /// Halt entries and stay alive without a screen.
    #[default]
    Halt,
    /// Stay alive without a screen.
    Headless,
    /// End the run.
    Exit,
}

/// How people hear of what happens when they do not look.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Alerts {
    /// Where notices are posted to: an https address, or http to this machine; empty
    /// posts nothing. It may hold a secret.
    pub webhook: String,
}

impl fmt::Debug for Alerts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alerts").field("has_webhook", &!self.webhook.is_empty()).finish()
    }
}

/// What the program says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telemetry {
    /// Where traces and metrics are sent over OTLP/HTTP, such as
    /// `http://127.0.0.1:4318`; empty sends nothing. `OTEL_EXPORTER_OTLP_ENDPOINT` comes
    /// first.
    pub endpoint: String,
}

/// The simulated venue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Venue {
    /// `cash`, `reg_t` or `intraday`.
    pub multiplier: Multiplier,
    /// Whether the account may sell short.
    pub shorting: bool,
    /// `last` or `next_open`: when a market order fills while only bars are known.
    pub market_fill: MarketFill,
    /// How far market and stop orders execute beyond the price, basis points, 0 to
    /// 5 000.
    pub slippage_bps: u32,
    /// How much of an order executes at once.
    pub partials: Partials,
    /// Fee per order, dollars, 0 to 1 000.
    #[serde(with = "crate::domain::exact::dollars")]
    pub fee_per_order: Money,
    /// Fee per share, dollars, 0 to 1 000.
    #[serde(with = "crate::domain::exact::dollars")]
    pub fee_per_share: Money,
    /// Whether prices finer than the increment are refused.
    pub enforce_increments: bool,
}

/// The embedded market.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sim {
    /// The trading day on which it begins, with or without quotes.
    #[serde(deserialize_with = "date")]
    pub start: Date,
    /// Symbols to trade; all of the demo market when empty.
    pub symbols: Vec<Symbol>,
    /// How much faster than the wall clock it runs with the venue inside.
    pub speed: u32,
    /// How much faster it runs over loopback: an answer takes a millisecond of the
    /// wall, and the agents' patience is measured in the market's time.
    pub wire_speed: u32,
    /// Milliseconds between two steps of the market, 100 to 60 000.
    pub cadence_ms: u32,
}

impl Account {
    pub(super) fn validate(&self) -> Result<(), String> {
        let cash = self.opening_cash;
        if cash <= Money::ZERO || cash > Money::from_dollars(1_000_000_000) {
            return Err(format!(
                "opening_cash is {cash}, it must be above zero and at most 1000000000"
            ));
        }
        if self.approval_seconds == 0 {
            return Err("approval_seconds is 0, it must be 1 or more".into());
        }
        Ok(())
    }
}

impl Alpaca {
    /// What the client is told of the paper account, or of a simulated one.
    pub fn paper_account(&self) -> AlpacaConfig {
        let feed = match self.feed {
            AlpacaFeed::Iex => DataFeed::Iex,
            AlpacaFeed::Sip => DataFeed::Sip,
        };
        let account_id = (!self.account.is_empty()).then(|| self.account.clone());
        // A host that is none is refused by the check of its range.
        let kind = match Url::parse(&self.host) {
            Ok(base) => AccountKind::Simulated { trading: base.clone(), data: base },
            Err(_) => AccountKind::Paper,
        };
        let backup = Url::parse(&self.backup_host).ok();
        AlpacaConfig { feed, account_id, backup, ..AlpacaConfig::new(kind) }
    }

    pub(super) fn validate(&self) -> Result<(), String> {
        let number = self.symbols.len();
        let most = match self.feed {
            AlpacaFeed::Iex => ALPACA_SYMBOLS_MAX_FREE,
            AlpacaFeed::Sip => ALPACA_SYMBOLS_MAX,
        };
        if !(1..=most).contains(&number) {
            let why = if number > most && self.feed == AlpacaFeed::Iex {
                ": the free plan (feed = \"iex\") streams 30 symbols, and trades and quotes of a \
                 stock are two of them"
            } else {
                ""
            };
            return Err(format!("symbols names {number} stocks, it must name 1 to {most}{why}"));
        }
        if !self.host.is_empty() {
            let why = |text: &dyn fmt::Display| format!("host is wrong: {text}");
            Url::parse(&self.host).map_err(|error| why(&error))?;
            self.paper_account().endpoints().map_err(|error| why(&error))?;
        }
        if !(1..=1_000).contains(&self.requests_per_minute) {
            let limit = self.requests_per_minute;
            return Err(format!("requests_per_minute is {limit}, it must lie in 1 to 1000"));
        }
        if self.requests_reserved >= self.requests_per_minute {
            return Err(format!(
                "requests_reserved is {}, it must be below requests_per_minute = {}",
                self.requests_reserved, self.requests_per_minute
            ));
        }
        if !self.backup_host.is_empty() && Url::parse(&self.backup_host).is_err() {
            return Err(format!("backup_host '{}' is not an address", self.backup_host));
        }
        let backup = self.paper_account().backup_endpoints();
        backup.map(|_| ()).map_err(|error| format!("backup_host: {error}"))
    }
}

impl Venue {
    pub(super) fn validate(&self) -> Result<(), String> {
        for (key, fee) in
            [("fee_per_order", self.fee_per_order), ("fee_per_share", self.fee_per_share)]
        {
            if fee.is_negative() || fee > Money::from_dollars(1_000) {
                return Err(format!("{key} is {fee}, it must lie in 0 to 1000"));
            }
        }
        if self.slippage_bps > 5_000 {
            return Err(format!("slippage_bps is {}, it must lie in 0 to 5000", self.slippage_bps));
        }
        match self.partials {
            Partials::VolumeShare { percent } | Partials::Random { percent, .. }
                if !(1..=100).contains(&percent) =>
            {
                Err(format!("partials has {percent} percent, it must lie in 1 to 100"))
            }
            Partials::Never
            | Partials::Displayed
            | Partials::VolumeShare { .. }
            | Partials::Random { .. } => Ok(()),
        }
    }
}

impl Sim {
    /// The embedded market opens on its first day, so that day has to be one on which the
    /// exchanges trade.
    pub(super) fn validate(&self) -> Result<(), String> {
        let start = self.start;
        let range = format!("a trading day from {FIRST} to {LAST}");
        match trading_day(start) {
            Ok(Some(_)) => Ok(()),
            Ok(None) => {
                let next = next_trading_day(start).map(|day| day.date.to_string());
                let next = next.unwrap_or_else(|_| LAST.to_string());
                Err(format!(
                    "start is {start}, when the exchanges are closed; it must be {range}, such as \
                     {next}"
                ))
            }
            Err(_) => Err(format!(
                "start is {start}, it must be {range}, such as {}",
                Self::default().start
            )),
        }
    }
}

impl Default for Market {
    fn default() -> Self {
        let market_data::Config {
            hours,
            outlier_fraction,
            stale_seconds,
            detect_splits,
            second_fraction,
        } = market_data::Config::default();
        Self { hours, outlier_fraction, stale_seconds, detect_splits, second_fraction }
    }
}

impl Default for Account {
    fn default() -> Self {
        Self {
            opening_cash: Money::from_dollars(100_000),
            approval: risk_management::Approval::Auto,
            approval_seconds: 60,
        }
    }
}

impl Default for Alpaca {
    fn default() -> Self {
        let symbols =
            ["AAPL", "MSFT", "NVDA", "AMZN", "GOOGL", "META", "TSLA", "AMD", "SPY", "QQQ"];
        Self {
            symbols: symbols.iter().filter_map(|name| Symbol::new(name).ok()).collect(),
            feed: AlpacaFeed::Iex,
            account: String::new(),
            host: String::new(),
            key_file: PathBuf::new(),
            requests_per_minute: 200,
            requests_reserved: 30,
            backup_host: String::new(),
        }
    }
}

impl Default for Screen {
    fn default() -> Self {
        Self { theme: "classic".into(), ascii: false, on_terminal_lost: OnTerminalLost::Halt }
    }
}

impl Default for Venue {
    fn default() -> Self {
        Self {
            multiplier: Multiplier::RegT,
            shorting: true,
            market_fill: MarketFill::Last,
            slippage_bps: 0,
            partials: Partials::Never,
            fee_per_order: Money::ZERO,
            fee_per_share: Money::ZERO,
            enforce_increments: true,
        }
    }
}

impl Default for Sim {
    fn default() -> Self {
        Self {
            start: Date::constant(2026, 1, 5),
            symbols: Vec::new(),
            speed: 60,
            wire_speed: 10,
            cadence_ms: 1_000,
        }
    }
}

/// Reads a day written as TOML's own date or as a text.
fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let value = toml::Value::deserialize(deserializer)?;
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.parse().map_err(|_| D::Error::custom(format!("'{text}' is not a day such as 2026-01-05")))
}
