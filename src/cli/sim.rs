//! `flightdeck sim`: a simulated broker on loopback, with one face or two.

use std::net::SocketAddr;

use anyhow::Context;
use serde_json::{Map, Value};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::brokers::sim::server::schwab::{SchwabConfig, SchwabState};
use crate::brokers::sim::server::{
    Pace, ServerConfig, Shared, WorldSetup, open, serve, serve_schwab,
};
use crate::bus::clock::{Clock, SystemClock};
use crate::cli::arguments::{Arguments, Sim};
use crate::cli::run::stop_on_signals;
use crate::cli::{Failure, Outcome, output};
use crate::domain::money::Money;
use crate::telemetry::{LogTarget, init};

/// Seed of the market unless one is given.
const SEED: u64 = 1;
/// Cash of a new paper account, dollars (Alpaca, protocol page §4.13 of October 2026).
const OPENING_CASH: i64 = 100_000;

pub(crate) fn sim(arguments: &Arguments, sim: &Sim) -> Outcome {
    let _log = init(&LogTarget::Stderr).map_err(Failure::refused)?;
    let setup = WorldSetup {
        seed: arguments.seed.unwrap_or(SEED),
        start: sim.start.unwrap_or_else(|| SystemClock.now()),
        symbols: Vec::new(),
        opening_cash: Money::from_dollars(OPENING_CASH),
    };
    let pace = match (sim.manual_clock, sim.accelerate) {
        (true, _) => Pace::Manual,
        (false, times) => Pace::Times(times.unwrap_or(1)),
    };
    let config = ServerConfig {
        has_control: !sim.no_control,
        rejected_key: sim.reject_key.clone(),
        ..ServerConfig::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(async {
        let alpaca = listen(sim.alpaca).await?;
        let schwab = listen(sim.schwab).await?;
        let state = open(&setup, pace, config).map_err(Failure::refused)?;
        run(alpaca, schwab, state).await
    })
}

async fn listen(address: Option<SocketAddr>) -> Result<Option<TcpListener>, Failure> {
    let Some(address) = address else { return Ok(None) };
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}"))
        .map_err(Failure::refused)?;
    Ok(Some(listener))
}

/// Serves every face of one world until a signal; says first where they are.
async fn run(alpaca: Option<TcpListener>, schwab: Option<TcpListener>, state: Shared) -> Outcome {
    let stop = CancellationToken::new();
    let signals = stop_on_signals(stop.clone())?;
    let mut places = Map::new();
    for (name, listener) in [("alpaca", &alpaca), ("schwab", &schwab)] {
        if let Some(listener) = listener {
            let address = listener.local_addr().context("the listener has no address")?;
            places.insert(name.into(), format!("http://{address}").into());
        }
    }
    output::say(&Value::Object(places).to_string())?;
    let (world, ended) = (state.clone(), stop.clone());
    let first = async move {
        match alpaca {
            Some(listener) => serve(listener, world, ended).await,
            None => Ok(()),
        }
    };
    let second = async move {
        match schwab {
            Some(listener) => {
                let face = SchwabState::new(state, SchwabConfig::default());
                serve_schwab(listener, face, stop).await
            }
            None => Ok(()),
        }
    };
    let (first, second) = tokio::join!(first, second);
    signals.abort();
    first.and(second).context("the simulated broker ended")?;
    Ok(())
}
