//! The simulated broker inside the process, on a socket of its own.
//!
//! It serves on loopback what a broker's host serves, and shares its clock with the
//! client: both live in the time of the simulated world.

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::app::Refusal;
use crate::app::wire::Setting;
use crate::brokers::alpaca::{AccountKind, AlpacaConfig, ApiKeys, KEY_ID_NAME};
use crate::brokers::sim::market::MarketSetup;
use crate::brokers::sim::server::{Pace, ServerConfig, Shared, WorldSetup, open, serve};
use crate::config::Config;
use crate::domain::calendar::{next_trading_day, trading_day};
use crate::domain::ids::Symbol;
use crate::risk::AccountMode;

/// A pair of keys for the simulated broker, which takes any: they protect nothing.
fn made_up(name: &str) -> &'static str {
    if name == KEY_ID_NAME { "PKSIMULATED" } else { "simulated" }
}

/// A simulated broker that serves.
pub(super) struct Loopback {
    account: AlpacaConfig,
    keys: ApiKeys,
    symbols: Vec<Symbol>,
    speed: u32,
    state: Shared,
    serving: JoinHandle<std::io::Result<()>>,
    stop: CancellationToken,
}

impl Loopback {
    /// Opens the world on the configured day and serves it.
    pub(super) async fn open(config: &Config, speed: u32) -> anyhow::Result<Self> {
        let day = match trading_day(config.sim.start).map_err(Refusal::from)? {
            Some(day) => day,
            None => next_trading_day(config.sim.start).map_err(Refusal::from)?,
        };
        let symbols = match config.sim.symbols.as_slice() {
            [] => config.alpaca.symbols.clone(),
            wanted => wanted.to_vec(),
        };
        check_listed(&symbols, config)?;
        let setup = WorldSetup {
            seed: config.seed,
            start: day.open,
            symbols: symbols.clone(),
            opening_cash: config.account.opening_cash,
        };
        let served = ServerConfig { has_control: false, ..ServerConfig::default() };
        let state = open(&setup, Pace::SkippingNights(speed), served).map_err(Refusal::from)?;
        let listener =
            TcpListener::bind(("127.0.0.1", 0)).await.context("cannot listen on loopback")?;
        let base = format!("http://{}", listener.local_addr()?);
        let base: url::Url = base.parse().context("the address of the simulated broker")?;
        let stop = CancellationToken::new();
        let serving = tokio::spawn(serve(listener, state.clone(), stop.clone()));
        Ok(Self {
            account: AlpacaConfig::new(AccountKind::Simulated {
                trading: base.clone(),
                data: base,
            }),
            keys: ApiKeys::from_lookup(|name| Some(made_up(name).to_owned()))?,
            symbols,
            speed,
            state,
            serving,
            stop,
        })
    }

    /// What the house needs to know of it.
    pub(super) fn setting(&self) -> Setting {
        Setting {
            mode: AccountMode::Sim,
            account: self.account.clone(),
            keys: self.keys.clone(),
            clock: self.state.clock.clone(),
            symbols: self.symbols.clone(),
            speed: self.speed,
        }
    }

    /// Ends it, and waits until it has ended.
    pub(super) async fn close(self) -> anyhow::Result<()> {
        self.stop.cancel();
        self.serving.await.context("the simulated broker panicked")??;
        Ok(())
    }
}

/// Refuses a stock that the simulated broker does not list.
fn check_listed(symbols: &[Symbol], config: &Config) -> Result<(), Refusal> {
    let listed = MarketSetup::broad(config.seed, config.sim.start).listings;
    let known: Vec<Symbol> = listed.iter().map(|listing| listing.symbol).collect();
    match symbols.iter().find(|symbol| !known.contains(symbol)) {
        None => Ok(()),
        Some(unknown) => {
            let known: Vec<&str> = known.iter().map(Symbol::as_str).collect();
            Err(Refusal::UnknownSymbol { unknown: *unknown, known: known.join(", ") })
        }
    }
}
