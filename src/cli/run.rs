//! `flightdeck --no-ui`: the house on the embedded market.

use std::io::{self, BufWriter};
use std::path::PathBuf;

use anyhow::{Context, anyhow};
use etcetera::BaseStrategy;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::app::headless::{Feed, HeadlessOptions, run as run_headless};
use crate::app::{Summary, check_calendar, is_refusal};
use crate::cli::arguments::{Arguments, Speed};
use crate::cli::{Failure, Outcome, config, output};
use crate::config::{Config, Purpose};
use crate::sources::history::{History, Options, check};
use crate::telemetry::{LogTarget, init};

/// Journals of one seed in the data folder; more than that are a mistake.
const RUNS_MAX: u32 = 1_000_000;

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let _log = init(&LogTarget::Stderr).map_err(Failure::refused)?;
    let mut settings = config::load(arguments, Purpose::Sim)?;
    let run = &arguments.run;
    if !run.no_ui {
        output::remark("the dashboard is not part of this version yet; running as with --no-ui");
    }
    let feed = feed(&mut settings, &run.market)?;
    let journal = match &run.journal {
        Some(path) => path.clone(),
        None => new_journal(settings.seed)?,
    };
    let speed = match run.speed {
        None => Some(settings.sim.speed),
        Some(Speed::Times(times)) => Some(times),
        Some(Speed::Max) => None,
    };
    let options = HeadlessOptions {
        until_trades: run.until_trades,
        duration: run.duration,
        speed,
        journal: journal.clone(),
    };
    let summary = execute(&settings, &options, feed)?;
    output::remark(&format!(
        "{}: {} events, {} trades; the journal is {}",
        summary.reason,
        summary.events,
        summary.trades,
        journal.display()
    ));
    Ok(())
}

fn feed(settings: &mut Config, files: &[PathBuf]) -> Result<Feed, Failure> {
    if files.is_empty() {
        return Ok(Feed::Generated);
    }
    let summary = check(files, Options::default()).map_err(Failure::refused)?;
    check_calendar(settings.market.hours, summary.span).map_err(Failure::refused)?;
    settings.fit_to(summary.interval);
    settings.risk.require_quote = summary.quotes > 0;
    let history = History::open(files, Options::default()).map_err(Failure::refused)?;
    Ok(Feed::Recorded(Box::new(history)))
}

fn execute(settings: &Config, options: &HeadlessOptions, feed: Feed) -> Result<Summary, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let summary = runtime.block_on(async {
        let stop = CancellationToken::new();
        let signals = stop_on_signals(stop.clone())?;
        let out = Box::new(BufWriter::with_capacity(1 << 16, io::stdout()));
        let summary = run_headless(settings, options, feed, out, stop).await;
        signals.abort();
        summary
    });
    summary.map_err(|error| {
        if is_refusal(&error) { Failure::Refused(error) } else { Failure::Failed(error) }
    })
}

/// Cancels the token at SIGINT or SIGTERM; both end the run cleanly.
pub(crate) fn stop_on_signals(
    stop: CancellationToken,
) -> anyhow::Result<tokio::task::JoinHandle<()>> {
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot hear SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot hear SIGTERM")?;
    Ok(tokio::spawn(async move {
        // Which of the two comes first does not matter.
        tokio::select! {
            biased;
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        stop.cancel();
    }))
}

/// Names the journal of a new run in the data folder: runs of the embedded market
/// never overwrite each other.
fn new_journal(seed: u64) -> Result<PathBuf, Failure> {
    let folders = etcetera::choose_base_strategy().map_err(|_| {
        Failure::refused(anyhow!("there is no home folder; name a file with --journal"))
    })?;
    let folder = folders.data_dir().join("flightdeck").join("sim");
    let name = |run: u32| folder.join(format!("seed{seed}-run{run:04}.sqlite"));
    (1..RUNS_MAX)
        .map(name)
        .find(|path| !path.exists())
        .ok_or_else(|| Failure::refused(anyhow!("{} is full of journals", folder.display())))
}
