//! From what the user wrote to what the parts are told.
//!
//! Three layers, later ones win: the defaults of the mode, a preset (a name or a
//! file), a configuration file; flags of the command line come last and are applied
//! by the command itself. Every part defines its own settings beside its own code;
//! here they are only composed. An unknown key, a wrong type or a value out of
//! range is one line that names file, line and remedy.

mod error;
mod layers;
mod precautions;
mod remedy;
mod schwab;
mod sections;
#[cfg(test)]
mod tests;

pub use error::ConfigError;
pub use precautions::Precautions;
pub use schwab::Schwab;
pub use sections::{
    Account, Alerts, Alpaca, AlpacaFeed, Market, OnTerminalLost, Screen, Sim, Telemetry, Venue,
};

use std::path::Path;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::agents::{
    AgentConfigs, market_data, order_execution, position_management, risk_management, strategy,
};
use crate::brokers::sim::exchange::{ExchangeConfig, Fees, FillModel};
use crate::brokers::sim::venue::VenueConfig;
use crate::bus::redis::BusConfig;
use crate::domain::hex::hex;
use crate::domain::market::Interval;
use crate::domain::money::Price;
use crate::risk::Limits;
use crate::sources::intel::ingest::Intel;
use layers::{checked_layer, overlay, placed, preset_text, read, wrong};

/// In which way the configuration will be used; decides the defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The embedded market, with a human or a script beside it.
    Sim,
    /// A broker's paper account.
    Paper,
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
    /// Alpaca.
    pub alpaca: Alpaca,
    /// Schwab.
    pub schwab: Schwab,
    /// The cockpit.
    pub screen: Screen,
    /// From where on an approval is unusual and must be typed.
    pub precautions: Precautions,
    /// How people hear of what happens.
    pub alerts: Alerts,
    /// Traces and metrics.
    pub telemetry: Telemetry,
    /// The bus to other processes.
    pub bus: BusConfig,
    /// The assembly line of mail.
    pub intel: Intel,
}

impl Default for Config {
    fn default() -> Self {
        Self::defaults(Purpose::Sim)
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
            Purpose::Paper => {
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
            alpaca: Alpaca::default(),
            schwab: Schwab::default(),
            screen: Screen::default(),
            precautions: Precautions::default(),
            alerts: Alerts::default(),
            telemetry: Telemetry::default(),
            bus: BusConfig::default(),
            intel: Intel::default(),
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
        self.alpaca.validate().map_err(|what| wrong(&format!("alpaca.{what}")))?;
        self.schwab.validate().map_err(|what| wrong(&format!("schwab.{what}")))?;
        self.bus.validate().map_err(|what| wrong(&format!("bus.{what}")))?;
        self.intel.workers.validate().map_err(|what| wrong(&format!("intel.{what}")))?;
        self.precautions.validate().map_err(|what| wrong(&format!("precautions.{what}")))?;
        for (key, speed) in [("speed", self.sim.speed), ("wire_speed", self.sim.wire_speed)] {
            if speed == 0 {
                return Err(wrong(&format!("sim.{key} is 0, it must be 1 or more")));
            }
        }
        if !(100..=60_000).contains(&self.sim.cadence_ms) || 60_000 % self.sim.cadence_ms != 0 {
            return Err(wrong(&format!(
                "sim.cadence_ms is {}, it must divide a minute and lie in 100 to 60000",
                self.sim.cadence_ms
            )));
        }
        self.sim.validate().map_err(|what| wrong(&format!("sim.{what}")))
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
                second_fraction: self.market.second_fraction,
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
    /// first line of a journal: all but the speeds, the screen, what a human is asked,
    /// the alerts, telemetry, the bus and the mailbox.
    pub fn hash(&self) -> Arc<str> {
        let mut shown = self.clone();
        shown.sim.speed = Sim::default().speed;
        shown.sim.wire_speed = Sim::default().wire_speed;
        shown.screen = Screen::default();
        shown.precautions = Precautions::default();
        shown.alerts = Alerts::default();
        shown.telemetry = Telemetry::default();
        shown.bus = BusConfig::default();
        // Mails that count are in the journal themselves.
        shown.intel = Intel::default();
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
