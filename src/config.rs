//! From what the user wrote to what the parts are told.
//!
//! Three layers, later ones win: the defaults of the mode, a preset (a name or a
//! file), a configuration file; flags of the command line come last and are applied
//! by the command itself. Every part defines its own settings beside its own code;
//! here they are only composed. An unknown key, a wrong type or a value out of
//! range is one line that names file, line and remedy.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

use crate::agents::{
    AgentConfigs, market_data, order_execution, position_management, risk_management, strategy,
};
use crate::brokers::sim::exchange::{
    ExchangeConfig, Fees, FillModel, MarketFill, Multiplier, Partials,
};
use crate::brokers::sim::venue::VenueConfig;
use crate::domain::calendar::MarketHours;
use crate::domain::hex::hex;
use crate::domain::ids::Symbol;
use crate::domain::market::Interval;
use crate::domain::money::{Money, Price};
use crate::risk::Limits;

/// Presets that travel inside the binary.
const PRESETS: &[(&str, &str)] = &[("reference", include_str!("../presets/reference.toml"))];

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("cannot read {path}: {cause}; give the path of a readable TOML file", path = path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// A preset of this name does not exist.
    #[error("there is no preset '{name}'; there are: {known}; or give the path of a file")]
    UnknownPreset {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// The text is not what it should be.
    #[error("{source_name}:{line}: {what}")]
    Malformed {
        /// File or preset.
        source_name: String,
        /// Line, counted from one.
        line: usize,
        /// What is wrong and what is expected.
        what: String,
    },
    /// A value is out of its range.
    #[error("configuration: {0}")]
    OutOfRange(String),
}

/// In which way the configuration will be used; decides the defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The embedded market, with a human or a script beside it.
    Sim,
    /// Recorded bars, with nobody beside it.
    Replay,
}

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Seed of everything that draws lots.
    pub seed: u64,
    /// The market.
    pub market: Market,
    /// The account.
    pub account: Account,
    /// The strategy agent.
    pub strategy: strategy::Config,
    /// The limits of the risk agent.
    pub risk: Limits,
    /// The execution agent.
    pub execution: order_execution::Config,
    /// The position agent.
    pub position: position_management::Config,
    /// The simulated venue.
    pub venue: Venue,
    /// The embedded market.
    pub sim: Sim,
}

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
    /// How long a human has to answer, seconds, 1 or more.
    pub approval_seconds: u32,
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
    /// How much faster than the wall clock it runs.
    pub speed: u32,
    /// Milliseconds between two steps of the market, 100 to 60 000.
    pub cadence_ms: u32,
}

impl Account {
    fn validate(&self) -> Result<(), String> {
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

impl Venue {
    fn validate(&self) -> Result<(), String> {
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

impl Default for Config {
    fn default() -> Self {
        Self::defaults(Purpose::Sim)
    }
}

impl Default for Market {
    fn default() -> Self {
        let market_data::Config { hours, outlier_fraction, stale_seconds, detect_splits } =
            market_data::Config::default();
        Self { hours, outlier_fraction, stale_seconds, detect_splits }
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
            cadence_ms: 1_000,
        }
    }
}

impl Config {
    /// Returns the defaults of a mode. A replay has nobody who could allow a
    /// strategy again, bars without quotes, and nobody who watches profit and loss
    /// go by, so these are off there.
    pub fn defaults(purpose: Purpose) -> Self {
        let mut risk = Limits::default();
        let mut strategy = strategy::Config::default();
        let mut position = position_management::Config::default();
        match purpose {
            Purpose::Sim => {
                risk.allow_short = true;
                strategy.time_exit_minutes = 120;
                strategy.trail_start_r = Decimal::ONE;
            }
            Purpose::Replay => {
                risk.require_quote = false;
                risk.allow_short = true;
                risk.max_strategy_orders = 0;
                risk.max_strategy_losses = 0;
                position.pnl_seconds = 0;
            }
        }
        Self {
            seed: 1,
            market: Market::default(),
            account: Account::default(),
            strategy,
            risk,
            execution: order_execution::Config::default(),
            position,
            venue: Venue::default(),
            sim: Sim::default(),
        }
    }

    /// Reads the layers and checks the result.
    ///
    /// # Errors
    /// Names file, line, key and remedy.
    pub fn load(
        purpose: Purpose,
        preset: Option<&str>,
        file: Option<&Path>,
    ) -> Result<Self, ConfigError> {
        let mut layers = Vec::new();
        if let Some(name) = preset {
            layers.push(preset_text(name)?);
        }
        if let Some(path) = file {
            layers.push((path.display().to_string(), read(path)?));
        }
        let mut table = Self::defaults(purpose).to_table();
        for (name, text) in &layers {
            overlay(&mut table, checked_layer(name, text)?);
        }
        let config: Self =
            table.try_into().map_err(|error: toml::de::Error| wrong(error.message()))?;
        config.validate().map_err(|error| placed(error, &layers))?;
        Ok(config)
    }

    /// Everything that is set, as a table with the keys of a configuration file.
    ///
    /// # Panics
    /// Never: every setting has a form in TOML.
    pub fn to_table(&self) -> toml::Table {
        toml::Table::try_from(self).expect("every setting has a form in TOML")
    }

    /// Checks every range.
    ///
    /// # Errors
    /// Names key, value and range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.risk.validate().map_err(|error| wrong(&error.to_string()))?;
        self.strategy.validate().map_err(|what| wrong(&format!("strategy.{what}")))?;
        self.agents().market_data.validate().map_err(|what| wrong(&what))?;
        self.execution.validate().map_err(|what| wrong(&format!("execution.{what}")))?;
        self.position.validate().map_err(|what| wrong(&format!("position.{what}")))?;
        self.account.validate().map_err(|what| wrong(&format!("account.{what}")))?;
        self.venue.validate().map_err(|what| wrong(&format!("venue.{what}")))?;
        if self.sim.speed == 0 {
            return Err(wrong("sim.speed is 0, it must be 1 or more"));
        }
        if !(100..=60_000).contains(&self.sim.cadence_ms) || 60_000 % self.sim.cadence_ms != 0 {
            return Err(wrong(&format!(
                "sim.cadence_ms is {}, it must divide a minute and lie in 100 to 60000",
                self.sim.cadence_ms
            )));
        }
        Ok(())
    }

    /// What the five agents are told.
    pub fn agents(&self) -> AgentConfigs {
        let mut risk = risk_management::Config::sim(self.risk.clone(), self.account.opening_cash);
        risk.approval = self.account.approval;
        risk.approval_seconds = self.account.approval_seconds;
        AgentConfigs {
            market_data: market_data::Config {
                hours: self.market.hours,
                outlier_fraction: self.market.outlier_fraction,
                stale_seconds: self.market.stale_seconds,
                detect_splits: self.market.detect_splits,
            },
            strategy: self.strategy.clone(),
            risk,
            execution: self.execution.clone(),
            position: self.position.clone(),
        }
    }

    /// What the simulated venue is told.
    pub fn venue(&self, trades_on_bars: bool, bars_kept: usize) -> VenueConfig {
        let per_share = Price::from_decimal(self.venue.fee_per_share.to_decimal()).ok();
        VenueConfig {
            hours: self.market.hours,
            trades_on_bars,
            detect_splits: self.market.detect_splits,
            bars_kept,
            exchange: ExchangeConfig {
                opening_cash: self.account.opening_cash,
                multiplier: self.venue.multiplier,
                shorting_enabled: self.venue.shorting,
                enforce_increments: self.venue.enforce_increments,
                fill: FillModel {
                    market_fill: self.venue.market_fill,
                    slippage_bps: self.venue.slippage_bps,
                    partials: self.venue.partials,
                },
                fees: Fees { per_order: self.venue.fee_per_order, per_share, ..Fees::default() },
                keep_finished: 1_000,
                ..ExchangeConfig::default()
            },
        }
    }

    /// A short name of everything that can show in the result of a run, for the
    /// first line of a journal: all but the speed.
    pub fn hash(&self) -> Arc<str> {
        let mut shown = self.clone();
        shown.sim.speed = Sim::default().speed;
        let digest = Sha256::digest(shown.to_table().to_string().as_bytes());
        Arc::from(hex(&digest[..8]))
    }

    /// Fits the rules to the length of the bars: a daily bar is told just before
    /// the close, where entries of shorter bars stop.
    pub const fn fit_to(&mut self, interval: Interval) {
        if matches!(interval, Interval::Day) {
            self.risk.entry_cutoff_minutes = 0;
        }
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path)
        .map_err(|cause| ConfigError::Unreadable { path: path.to_path_buf(), cause })
}

fn preset_text(name: &str) -> Result<(String, String), ConfigError> {
    if let Some((_, text)) = PRESETS.iter().find(|(known, _)| *known == name) {
        return Ok((format!("preset {name}"), (*text).to_owned()));
    }
    let path = Path::new(name);
    if path.extension().is_some_and(|extension| extension == "toml") {
        return Ok((name.to_owned(), read(path)?));
    }
    let known: Vec<&str> = PRESETS.iter().map(|(known, _)| *known).collect();
    Err(ConfigError::UnknownPreset { name: name.to_owned(), known: known.join(", ") })
}

/// Reads a day written as TOML's own date or as a text.
fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let value = toml::Value::deserialize(deserializer)?;
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.parse().map_err(|_| D::Error::custom(format!("'{text}' is not a day such as 2026-01-05")))
}

/// Reads a layer twice: as a whole configuration, which finds unknown keys and
/// wrong types with their lines, and as the table of what it really says.
fn checked_layer(source_name: &str, text: &str) -> Result<toml::Table, ConfigError> {
    toml::from_str::<Config>(text).map_err(|error| malformed(source_name, text, &error))?;
    text.parse().map_err(|error: toml::de::Error| malformed(source_name, text, &error))
}

/// Puts a layer over a table, key by key.
fn overlay(below: &mut toml::Table, layer: toml::Table) {
    for (key, value) in layer {
        match (below.get_mut(&key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(layer)) => overlay(below, layer),
            (_, value) => {
                below.insert(key, value);
            }
        }
    }
}

fn wrong(what: &str) -> ConfigError {
    ConfigError::OutOfRange(what.to_owned())
}

/// Finds the line that sets a value out of range: the last layer that has its key.
fn placed(error: ConfigError, layers: &[(String, String)]) -> ConfigError {
    let ConfigError::OutOfRange(what) = &error else { return error };
    let path = what.split_whitespace().next().unwrap_or_default();
    let key = path.rsplit('.').next().unwrap_or_default();
    let sets = |line: &str| {
        let rest = line.trim_start().strip_prefix(key)?;
        rest.trim_start().starts_with('=').then_some(())
    };
    for (source_name, text) in layers.iter().rev() {
        if let Some(at) = text.lines().position(|line| sets(line).is_some()) {
            let (source_name, what) = (source_name.clone(), what.clone());
            return ConfigError::Malformed { source_name, line: at + 1, what };
        }
    }
    error
}

fn malformed(source_name: &str, text: &str, error: &toml::de::Error) -> ConfigError {
    let start = error.span().map_or(0, |span| span.start);
    let before = text.as_bytes().iter().take(start).filter(|byte| **byte == b'\n').count();
    ConfigError::Malformed {
        source_name: source_name.to_owned(),
        line: before + 1,
        what: error.message().replace('\n', " "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flightdeck.toml");
        std::fs::write(&path, text).unwrap();
        Config::load(Purpose::Sim, None, Some(&path))
    }

    #[track_caller]
    fn check_refused(text: &str, parts: &[&str]) {
        let error = load(text).unwrap_err().to_string();
        assert!(!error.contains('\n'), "one line: {error}");
        for part in parts {
            assert!(error.contains(part), "{error:?} should name {part:?}");
        }
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line_and_the_known_ones() {
        check_refused(
            "seed = 7\n\n[risk]\nmax_postion_value = 5\n",
            &["flightdeck.toml:4:", "max_postion_value", "max_position_value"],
        );
    }

    #[test]
    fn a_wrong_type_or_range_is_refused_by_name() {
        check_refused("[account]\nopening_cash = true\n", &[":2:", "a number such as"]);
        check_refused("[account]\nopening_cash = -5\n", &["account.opening_cash", "-5"]);
        for (text, key) in [
            ("[execution]\nfinished_kept = 0\n", "execution.finished_kept is 0"),
            ("[position]\nprotect_again_seconds = 0\n", "position.protect_again_seconds is 0"),
            (
                "[position]\nunexplained_stop_fraction = 7\n",
                "position.unexplained_stop_fraction is 7",
            ),
            ("[account]\nopening_cash = 99999999999\n", "account.opening_cash is 99999999999"),
            ("[account]\napproval_seconds = 0\n", "account.approval_seconds is 0"),
            ("[strategy]\nvote_seconds = 0\n", "strategy.vote_seconds is 0"),
            ("[venue]\nfee_per_order = -5\n", "venue.fee_per_order is -5"),
            ("[venue]\nslippage_bps = 10000\n", "venue.slippage_bps is 10000"),
            (
                "[venue]\npartials = { volume_share = { percent = 0 } }\n",
                "venue.partials has 0 percent",
            ),
        ] {
            check_refused(text, &[key]);
        }
        check_refused("[strategy]\nstop_fraction = 0.9\n", &["strategy.stop_fraction", "0.9"]);
        check_refused("[execution.guard]\nopen_seconds = 0\n", &["execution.guard.open_seconds"]);
        check_refused(
            "[execution.guard]\nrequests_per_minute = 20\n",
            &["execution.guard.requests_reserved", "30", "20"],
        );
        check_refused(
            "[position]\nunexplained_stop_fraction = 0.9\n",
            &["position.unexplained_stop_fraction", "0.9"],
        );
        check_refused("[risk\n", &[":1:"]);
    }

    #[test]
    fn a_day_is_read_with_and_without_quotes() {
        for text in ["[sim]\nstart = 2026-03-02\n", "[sim]\nstart = \"2026-03-02\"\n"] {
            assert_eq!(load(text).unwrap().sim.start, Date::constant(2026, 3, 2));
        }
        check_refused("[sim]\nstart = \"soon\"\n", &[":2:", "'soon'", "2026-01-05"]);
    }

    #[test]
    fn a_layer_changes_only_what_it_says() {
        let base = Config::defaults(Purpose::Sim);
        let config = load("[strategy.ensemble]\nthreshold = 0.25\n").unwrap();
        assert!((config.strategy.ensemble.threshold - 0.25).abs() < 1e-12);
        assert_eq!(config.strategy.time_exit_minutes, base.strategy.time_exit_minutes);
        assert_eq!(config.risk, base.risk);
    }

    #[test]
    fn an_amount_is_exactly_what_the_user_typed() {
        let config = load("[account]\nopening_cash = 100000.07\n").unwrap();
        assert_eq!(config.account.opening_cash, Money::from_cents(10_000_007));
    }

    #[test]
    fn every_shipped_preset_is_legal() {
        for (name, _) in PRESETS {
            Config::load(Purpose::Replay, Some(name), None).unwrap();
        }
        let error = Config::load(Purpose::Replay, Some("nonsense"), None).unwrap_err();
        assert!(error.to_string().contains("reference"));
    }

    #[test]
    fn what_is_printed_can_be_read_again() {
        let config = Config::defaults(Purpose::Replay);
        let text = config.to_table().to_string();
        assert_eq!(load(&text).unwrap(), config);
    }
}
