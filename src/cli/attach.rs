//! `flightdeck attach`.

use std::io::{self, IsTerminal};

use anyhow::Context;
use tokio_util::sync::CancellationToken;

use crate::app::attach::{AttachOptions, run};
use crate::app::is_refusal;
use crate::cli::arguments::{Arguments, Run};
use crate::cli::arguments_bus::Attach;
use crate::cli::run::stop_on_signals;
use crate::cli::{Failure, Outcome, config, output, people};
use crate::config::Purpose;
use crate::telemetry::{LogTarget, init};

pub(crate) fn attach(arguments: &Arguments, verb: &Attach) -> Outcome {
    let settings = config::load(arguments, Purpose::Sim)?;
    let has_screen = !verb.once && io::stdin().is_terminal() && io::stdout().is_terminal();
    let looks = Run {
        ascii: verb.ascii,
        theme: verb.theme.clone(),
        read_only: verb.key_file.is_none(),
        ..Run::none()
    };
    let target =
        if has_screen { LogTarget::Folder(people::state_folder()?) } else { LogTarget::Stderr };
    let _log = init(&target).map_err(Failure::refused)?;
    let screen = if has_screen { Some(people::screen(&looks, &settings)?) } else { None };
    let mut bus = settings.bus.clone();
    bus.redis.clone_from(&verb.url);
    let options = AttachOptions {
        bus,
        instance: verb.instance.clone(),
        key_file: verb.key_file.clone(),
        sender: verb.sender.clone(),
        screen,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let status = runtime.block_on(async {
        let stop = CancellationToken::new();
        let signals = stop_on_signals(stop.clone())?;
        let status = run(options, stop).await;
        signals.abort();
        status
    });
    let status = status.map_err(|error| {
        if is_refusal(&error) { Failure::Refused(error) } else { Failure::Failed(error) }
    })?;
    if let Some(status) = status {
        output::say_json(&status)?;
    }
    Ok(())
}
