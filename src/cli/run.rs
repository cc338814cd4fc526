//! `flightdeck`: the house on the embedded market or on a broker's paper account.

use std::future::Future;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow};
use etcetera::BaseStrategy;
use rustix::fs::Mode;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::app::headless::{Feed, HeadlessOptions, run as run_headless};
use crate::app::schwab::{SchwabSetting, Stake};
use crate::app::second::SecondSource;
use crate::app::wire::{Venue, WireOptions, run as run_wire};
use crate::app::{People, Summary, check_calendar, is_refusal, standby};
use crate::brokers::alpaca::{AlpacaConfig, ApiKeys};
use crate::bus::clock::SystemClock;
use crate::cli::arguments::{Arguments, BrokerName, Run, Speed};
use crate::cli::live;
use crate::cli::telemetry::Observed;
use crate::cli::{Failure, Outcome, config, output, people};
use crate::config::{Config, Purpose};
use crate::sources::history::{History, Options, check};
use crate::telemetry::LogTarget;

/// Journals of one seed in the data folder; more than that are a mistake.
const RUNS_MAX: u32 = 1_000_000;

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let (summary, journal) = begin(arguments, true)?;
    output::remark(&format!(
        "{}: {} events, {} trades; the journal is {}",
        summary.reason,
        summary.events,
        summary.trades,
        journal.display()
    ));
    Ok(())
}

/// Runs without a word on standard output; says what came of it and where the journal is.
pub(crate) fn quietly(arguments: &Arguments) -> Result<(Summary, PathBuf), Failure> {
    begin(arguments, false)
}

fn begin(arguments: &Arguments, is_told: bool) -> Result<(Summary, PathBuf), Failure> {
    let run = &arguments.run;
    // Journals, logs and pages hold what an account does: they are this user's alone.
    rustix::process::umask(Mode::from_raw_mode(0o077));
    let has_screen = !run.no_ui && io::stdin().is_terminal() && io::stdout().is_terminal();
    let target =
        if has_screen { LogTarget::Folder(people::state_folder()?) } else { LogTarget::Stderr };
    let way = Way::of(arguments)?;
    let is_outside = way.is_outside();
    let purpose = if is_outside { Purpose::Paper } else { Purpose::Sim };
    let mut settings = config::load(arguments, purpose)?;
    let mode = if is_outside { "paper" } else { "sim" };
    let observed = Observed::open((run, mode), &settings, &target)?;
    if !run.no_ui && !has_screen {
        output::remark("this is no terminal to draw on; running as with --no-ui");
    }
    let mut people = people::around(run, has_screen, is_outside, &settings)?;
    people.telemetry.clone_from(&observed.telemetry);
    let is_silent = has_screen || !is_told;
    Ok(match way {
        Way::Inside => {
            let feed = feed(&mut settings, &run.market)?;
            let journal = journal_of(run, settings.seed)?;
            let options = HeadlessOptions {
                until_trades: run.until_trades,
                duration: run.duration,
                speed: pace(run, &settings),
                journal: journal.clone(),
                people,
            };
            let begin = |out, stop: CancellationToken| {
                let run = run_headless(&settings, &options, feed, out, stop.clone());
                alone(&options.people, &options.journal, stop, run)
            };
            (on_a_runtime((has_screen, is_silent), begin)?, journal)
        }
        Way::Loopback
        | Way::Paper
        | Way::Schwab
        | Way::PaperBesideSchwab
        | Way::SchwabBesideAlpaca => {
            let (venue, journal) = venue(run, way, &settings)?;
            let options = WireOptions {
                until_trades: run.until_trades,
                duration: run.duration,
                journal: journal.clone(),
                people,
            };
            let begin = |out, stop: CancellationToken| {
                let run = run_wire(&settings, &options, venue, out, stop.clone());
                alone(&options.people, &options.journal, stop, run)
            };
            (on_a_runtime((has_screen, is_silent), begin)?, journal)
        }
    })
}

/// Runs when no other process runs this instance, where that was asked for.
async fn alone(
    people: &People,
    journal: &Path,
    stop: CancellationToken,
    run: impl Future<Output = anyhow::Result<Summary>>,
) -> anyhow::Result<Summary> {
    standby::run(people.bus.as_ref(), journal, &stop, run).await
}

/// Where the venue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// In the process, without a wire: the run repeats exactly.
    Inside,
    /// In the process, behind a socket.
    Loopback,
    /// A broker's paper account.
    Paper,
    /// Schwab's data, or an account of Schwab's.
    Schwab,
    /// A broker's paper account, beside the data of Schwab.
    PaperBesideSchwab,
    /// An account of Schwab's, beside the data of Alpaca.
    SchwabBesideAlpaca,
}

impl Way {
    /// A seed or recorded data ask for a run that repeats exactly.
    fn of(arguments: &Arguments) -> Result<Self, Failure> {
        let run = &arguments.run;
        let clash = |what: &str| Err(Failure::refused(anyhow!("{what}")));
        match run.broker.as_slice() {
            [_, ..] if run.wire || !run.market.is_empty() || run.speed.is_some() => {
                clash("--broker trades a broker's market: leave out --wire, --market and --speed")
            }
            [BrokerName::Schwab] => Ok(Self::Schwab),
            [BrokerName::Alpaca] | [] if run.live => {
                clash("--live is for Schwab in this version: give --broker schwab with it")
            }
            [BrokerName::Alpaca] => Ok(Self::Paper),
            [BrokerName::Alpaca, BrokerName::Schwab] | [BrokerName::Schwab, BrokerName::Alpaca] => {
                Ok(if run.live { Self::SchwabBesideAlpaca } else { Self::PaperBesideSchwab })
            }
            [] => Self::embedded(arguments),
            [_, _, ..] => clash("--broker names each broker once"),
        }
    }

    /// Without a broker the market is in the process.
    fn embedded(arguments: &Arguments) -> Result<Self, Failure> {
        let run = &arguments.run;
        let clash = |what: &str| Err(Failure::refused(anyhow!("{what}")));
        let is_max = run.speed == Some(Speed::Max);
        if run.wire && !run.market.is_empty() {
            return clash("recorded data are played without a wire: leave out --wire or --market");
        }
        if run.wire && is_max {
            return clash(
                "a wire has a pace: give --speed as a number such as 60x, or leave out --wire",
            );
        }
        if !run.wire && (arguments.seed.is_some() || !run.market.is_empty()) {
            return Ok(Self::Inside);
        }
        if !run.wire && is_max {
            return clash("--speed max is for runs without a wire: pass --seed N with it");
        }
        Ok(Self::Loopback)
    }

    /// Whether it is a broker's market.
    const fn is_outside(self) -> bool {
        match self {
            Self::Inside | Self::Loopback => false,
            Self::Paper | Self::Schwab | Self::PaperBesideSchwab | Self::SchwabBesideAlpaca => true,
        }
    }
}

/// How many times as fast as the wall; `None` as fast as it goes.
fn pace(run: &Run, settings: &Config) -> Option<u32> {
    match run.speed {
        None => Some(settings.sim.speed),
        Some(Speed::Times(times)) => Some(times),
        Some(Speed::Max) => None,
    }
}

/// The broker's side of the wire, and where the journal goes: one file per run of the
/// embedded market, one per account of a broker.
fn venue(run: &Run, way: Way, settings: &Config) -> Result<(Venue, PathBuf), Failure> {
    match way {
        Way::Inside | Way::Loopback => {
            let speed = match run.speed {
                Some(Speed::Times(times)) => times,
                Some(Speed::Max) | None => settings.sim.wire_speed,
            };
            Ok((Venue::Simulated { speed }, journal_of(run, settings.seed)?))
        }
        Way::Paper => alpaca(run, settings),
        Way::Schwab => schwab(run, settings),
        Way::PaperBesideSchwab => {
            output::remark(
                "Alpaca's paper account takes the orders; Schwab's data stand beside Alpaca's",
            );
            let second = schwab_setting(settings, Stake::DataOnly)?;
            let (orders, journal) = alpaca(run, settings)?;
            Ok((beside(orders, SecondSource::Schwab(Box::new(second))), journal))
        }
        Way::SchwabBesideAlpaca => {
            let (account, keys) = paper(settings)?;
            let (orders, journal) = schwab(run, settings)?;
            Ok((beside(orders, SecondSource::Alpaca { account, keys }), journal))
        }
    }
}

fn beside(orders: Venue, second: SecondSource) -> Venue {
    Venue::Beside { orders: Box::new(orders), second: Box::new(second) }
}

/// Alpaca's paper account, or a simulated one, and its keys.
fn paper(settings: &Config) -> Result<(Box<AlpacaConfig>, ApiKeys), Failure> {
    let file = &settings.alpaca.key_file;
    let keys = if file.as_os_str().is_empty() {
        ApiKeys::from_lookup(|name| std::env::var(name).ok())
    } else {
        ApiKeys::from_file(file)
    };
    Ok((Box::new(settings.alpaca.paper_account()), keys.map_err(Failure::refused)?))
}

/// Alpaca's side, and one journal for the account.
fn alpaca(run: &Run, settings: &Config) -> Result<(Venue, PathBuf), Failure> {
    let (account, keys) = paper(settings)?;
    let name =
        if settings.alpaca.host.is_empty() { "alpaca.sqlite" } else { "alpaca-simulated.sqlite" };
    let journal = match &run.journal {
        Some(path) => path.clone(),
        None => data_folder()?.join("paper").join(name),
    };
    Ok((Venue::AlpacaPaper { account, keys }, journal))
}

/// Schwab's side, and one journal for each kind of stake.
fn schwab(run: &Run, settings: &Config) -> Result<(Venue, PathBuf), Failure> {
    let stake = live::stake(run, &settings.schwab)?;
    let setting = schwab_setting(settings, stake)?;
    let journal = match &run.journal {
        Some(path) => path.clone(),
        None => data_folder()?.join("paper").join(live::journal_name(stake)),
    };
    Ok((Venue::Schwab(Box::new(setting)), journal))
}

fn schwab_setting(settings: &Config, stake: Stake) -> Result<SchwabSetting, Failure> {
    let section = &settings.schwab;
    Ok(SchwabSetting {
        hosts: section.hosts().map_err(|what| Failure::refused(anyhow!(what)))?,
        keys: section.keys(|name| std::env::var(name).ok()).map_err(Failure::refused)?,
        token_file: section.token_file(&data_folder()?),
        stake,
        clock: Arc::new(SystemClock),
    })
}

fn journal_of(run: &Run, seed: u64) -> Result<PathBuf, Failure> {
    match &run.journal {
        Some(path) => Ok(path.clone()),
        None => new_journal(seed),
    }
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

/// Runs to its end on a runtime of its own; SIGINT and SIGTERM end it cleanly.
fn on_a_runtime<'a, F>(
    (has_screen, is_silent): (bool, bool),
    begin: impl FnOnce(Box<dyn Write + Send>, CancellationToken) -> F,
) -> Result<Summary, Failure>
where
    F: Future<Output = anyhow::Result<Summary>> + 'a,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let summary = runtime.block_on(async {
        let stop = CancellationToken::new();
        let signals = stop_on_signals(stop.clone())?;
        let _hang_up = if has_screen { None } else { stop_on_hang_up(stop.clone())? };
        // The screen owns the standard output.
        let out: Box<dyn Write + Send> = if is_silent {
            Box::new(io::sink())
        } else {
            Box::new(BufWriter::with_capacity(1 << 16, io::stdout()))
        };
        let summary = begin(out, stop).await;
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

/// Cancels the token at SIGHUP, unless whoever started us chose to have it ignored
/// (`nohup`). From then on SIGUSR1 does nothing: without a screen there is no theme.
fn stop_on_hang_up(stop: CancellationToken) -> anyhow::Result<Option<tokio::task::JoinHandle<()>>> {
    let _no_theme = signal(SignalKind::user_defined1()).context("cannot hear SIGUSR1")?;
    if is_hang_up_ignored() {
        return Ok(None);
    }
    let mut hang_up = signal(SignalKind::hangup()).context("cannot hear SIGHUP")?;
    Ok(Some(tokio::spawn(async move {
        hang_up.recv().await;
        stop.cancel();
    })))
}

/// Whether SIGHUP is ignored, as the system tells; where it does not tell, it is not.
fn is_hang_up_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 1 == 1)
}

/// Names the journal of a new run in the data folder: runs of the embedded market
/// never overwrite each other.
fn new_journal(seed: u64) -> Result<PathBuf, Failure> {
    let folder = data_folder()?.join("sim");
    let name = |run: u32| folder.join(format!("seed{seed}-run{run:04}.sqlite"));
    (1..RUNS_MAX)
        .map(name)
        .find(|path| !path.exists())
        .ok_or_else(|| Failure::refused(anyhow!("{} is full of journals", folder.display())))
}

pub(crate) fn data_folder() -> Result<PathBuf, Failure> {
    let folders = etcetera::choose_base_strategy().map_err(|_| {
        Failure::refused(anyhow!("there is no home folder; name a file with --journal"))
    })?;
    Ok(folders.data_dir().join("flightdeck"))
}
