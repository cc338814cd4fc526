//! `flightdeck sim`: a simulated broker on loopback.

use anyhow::Context;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::brokers::sim::server::{Pace, ServerConfig, Shared, WorldSetup, open, serve};
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
        let listener = TcpListener::bind(sim.alpaca)
            .await
            .with_context(|| format!("cannot listen on {}", sim.alpaca))
            .map_err(Failure::refused)?;
        let state = open(&setup, pace, config).map_err(Failure::refused)?;
        run(listener, state).await
    })
}

async fn run(listener: TcpListener, state: Shared) -> Outcome {
    let stop = CancellationToken::new();
    let signals = stop_on_signals(stop.clone())?;
    let address = listener.local_addr().context("the listener has no address")?;
    output::say(&json!({ "alpaca": format!("http://{address}") }).to_string())?;
    let served = serve(listener, state, stop).await;
    signals.abort();
    served.context("the simulated broker ended")?;
    Ok(())
}
