//! `flightdeck seat`.

use anyhow::{Context, anyhow};
use tokio_util::sync::CancellationToken;

use crate::app::is_refusal;
use crate::app::seats::{SitOptions, sit};
use crate::cli::arguments::Arguments;
use crate::cli::arguments_bus::Seat;
use crate::cli::run::stop_on_signals;
use crate::cli::{Failure, Outcome, config};
use crate::config::Purpose;
use crate::telemetry::{LogTarget, init};

pub(crate) fn seat(arguments: &Arguments, verb: &Seat) -> Outcome {
    let mut bus = config::load(arguments, Purpose::Sim)?.bus;
    if let Some(url) = &verb.bus {
        bus.redis.clone_from(url);
    }
    if bus.redis.is_empty() {
        return Err(Failure::refused(anyhow!("say where Redis is with --bus URL")));
    }
    let key_file = verb.key_file.clone().unwrap_or_else(|| bus.key_file.clone());
    let _log = init(&LogTarget::Stderr).map_err(Failure::refused)?;
    let options =
        SitOptions { bus, instance: verb.instance.clone(), seat: verb.agent.clone(), key_file };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let sat = runtime.block_on(async {
        let stop = CancellationToken::new();
        let signals = stop_on_signals(stop.clone())?;
        let sat = sit(options, stop).await;
        signals.abort();
        sat
    });
    sat.map_err(
        |error| {
            if is_refusal(&error) { Failure::Refused(error) } else { Failure::Failed(error) }
        },
    )
}
