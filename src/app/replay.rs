//! The house over recorded data, as fast as the machine goes.
//!
//! Every step of the files is told twice: to the simulated venue, which trades on
//! it, and then to the market data agent, as an exchange trades before it
//! publishes. The result depends on files, configuration and seed alone, not on
//! the way of delivery or the number of threads.

use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};

use anyhow::Context;
use serde::Serialize;
use tokio_util::task::TaskTracker;

use crate::app::taps::{Counters, Judge, Lines, Outcome};
use crate::app::{Refusal, check_calendar};
use crate::app::{session_started, simulated_roster};
use crate::bus::clock::Stopwatch;
use crate::bus::inline::Inline;
use crate::bus::spine::{Door, Spine};
use crate::bus::{Roster, Tap};
use crate::config::Config;
use crate::domain::ids::{AgentId, Symbol};
use crate::domain::market::{Interval, MarketStep};
use crate::domain::time::Timestamp;
use crate::events::{FeedEvent, SessionEnded, SystemEvent, TapeEvent};
use crate::journal::{Forgetful, Journal, SqliteJournal, StoreIdentity};
use crate::report::{Metrics, TradeRecord};
use crate::sources::history::{BadRows, History, Options, check};

/// How events reach the agents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Delivery {
    /// By plain calls on one thread.
    #[default]
    Inline,
    /// One tokio task per agent, on so many worker threads.
    Seated {
        /// 1 or more.
        threads: usize,
    },
}

/// What is replayed, and how.
#[derive(Debug, Clone)]
pub struct ReplayOptions {
    /// The files, merged by time.
    pub files: Vec<PathBuf>,
    /// Length of the bars, when it should not be judged from the files.
    pub interval: Option<Interval>,
    /// What happens to a row that cannot be right.
    pub bad_rows: BadRows,
    /// How events reach the agents.
    pub delivery: Delivery,
    /// Where every event is written as a line of JSON.
    pub events: Option<PathBuf>,
    /// Where a durable journal is kept; none by default.
    pub journal: Option<PathBuf>,
}

/// The result of a replay; the one document of `--json`.
#[derive(Debug, Serialize)]
pub struct ReplayReport {
    /// Bars replayed.
    pub bars: u64,
    /// Events of the run, market data included.
    pub events: u64,
    /// Wall time of the run in seconds, reading included.
    pub elapsed_seconds: f64,
    /// Bars ÷ elapsed time.
    pub bars_per_second: f64,
    /// Length of the bars.
    pub interval: Interval,
    /// The symbols, in the order of their first bars.
    pub symbols: Vec<Symbol>,
    /// The first and the last instant.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Rows that were set aside.
    pub rows_set_aside: u64,
    /// SHA-256 over the lines of all events but market data: equal in every run.
    pub events_sha256: String,
    /// Every trade, in the order of their ends; those still open come last, without
    /// an exit.
    pub trades: Vec<TradeRecord>,
    /// The numbers of the tear-sheet.
    pub metrics: Metrics,
}

/// Replays files.
///
/// # Errors
/// When a file cannot be read or holds a bad row, before anything is traded; when
/// the journal or the event file cannot be written; when an agent fails.
pub fn replay(mut config: Config, options: &ReplayOptions) -> anyhow::Result<ReplayReport> {
    let reading = Options { interval: options.interval, bad_rows: options.bad_rows };
    let summary = check(&options.files, reading)?;
    check_calendar(config.market.hours, summary.span)?;
    config.fit_to(summary.interval);
    let venue = config.venue(true, 0);
    let roster = simulated_roster(&config, venue)?;
    let history = History::open(&options.files, reading)?;
    let (done, outcome) = mpsc::channel();
    keep_inputs(options)?;
    let journal = journal(&config, options)?;
    let written = Arc::new(Counters::default());
    let taps = taps(&config, options, done, &written)?;
    let stopwatch = Stopwatch::start();
    match options.delivery {
        Delivery::Inline => run_inline(&config, roster, journal, taps, history)?,
        Delivery::Seated { threads } => {
            run_seated(&config, threads, roster, journal, taps, history)?;
        }
    }
    let elapsed = stopwatch.elapsed().as_secs_f64();
    let Outcome { events, digest, trades, report } =
        outcome.recv().context("the run ended without an outcome")?;
    if let (true, Some(path)) = (written.is_output_closed(), &options.events) {
        anyhow::bail!("not all events could be written to {}: is the disk full?", path.display());
    }
    #[expect(clippy::cast_precision_loss, reason = "a rate for humans")]
    let bars_per_second = summary.rows as f64 / elapsed.max(1e-9);
    Ok(ReplayReport {
        bars: summary.rows,
        events,
        elapsed_seconds: elapsed,
        bars_per_second,
        interval: summary.interval,
        symbols: summary.symbols,
        span: summary.span,
        rows_set_aside: summary.set_aside.total(),
        events_sha256: digest,
        trades,
        metrics: report.metrics(),
    })
}

fn taps(
    config: &Config,
    options: &ReplayOptions,
    done: mpsc::Sender<Outcome>,
    written: &Arc<Counters>,
) -> anyhow::Result<Vec<Box<dyn Tap>>> {
    let mut taps: Vec<Box<dyn Tap>> = vec![Box::new(Judge::new(config.account.opening_cash, done))];
    if let Some(path) = &options.events {
        let file = File::create(path).with_context(|| Refusal::Events { path: path.clone() })?;
        taps.push(Box::new(Lines {
            out: BufWriter::with_capacity(1 << 16, file),
            counters: written.clone(),
            flushes: false,
            line: Vec::new(),
        }));
    }
    Ok(taps)
}

/// Refuses to write over what is to be read.
fn keep_inputs(options: &ReplayOptions) -> Result<(), Refusal> {
    let whole = |path: &PathBuf| path.canonicalize().ok();
    let inputs: Vec<PathBuf> = options.files.iter().filter_map(whole).collect();
    let outputs = options.events.iter().chain(&options.journal);
    let over = |path: &&PathBuf| whole(path).is_some_and(|path| inputs.contains(&path));
    match outputs.into_iter().find(over) {
        Some(path) => Err(Refusal::OverInput { path: path.clone() }),
        None => Ok(()),
    }
}

fn journal(config: &Config, options: &ReplayOptions) -> anyhow::Result<Box<dyn Journal>> {
    let Some(path) = &options.journal else { return Ok(Box::new(Forgetful)) };
    if path.exists() {
        return Err(Refusal::JournalExists { path: path.clone() }.into());
    }
    let identity = StoreIdentity {
        mode: "replay".into(),
        account: "REPLAY".into(),
        opening_cash: config.account.opening_cash,
        seed: config.seed,
    };
    Ok(Box::new(SqliteJournal::open(path, &identity)?))
}

fn run_inline(
    config: &Config,
    roster: Roster,
    journal: Box<dyn Journal>,
    taps: Vec<Box<dyn Tap>>,
    history: History,
) -> anyhow::Result<()> {
    let mut spine = Inline::new(roster, journal, taps);
    let mut last = Timestamp::default();
    for step in history {
        let step = Arc::new(step?);
        let MarketStep { at, .. } = *step;
        if last == Timestamp::default() {
            spine.input(at, AgentId::Spine, session_started("replay", config, at))?;
            spine.announce(at)?;
        }
        last = at;
        spine.input(at, AgentId::Feed, TapeEvent::Step(step.clone()))?;
        spine.input(at, AgentId::Feed, FeedEvent::Step(step))?;
    }
    spine.input(last, AgentId::Spine, ended())?;
    spine.finish()?;
    Ok(())
}

fn ended() -> SystemEvent {
    SystemEvent::SessionEnded(SessionEnded { reason: "the data end here".into() })
}

fn run_seated(
    config: &Config,
    threads: usize,
    roster: Roster,
    journal: Box<dyn Journal>,
    taps: Vec<Box<dyn Tap>>,
    history: History,
) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads.max(1))
        .enable_time()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(async {
        let tracker = TaskTracker::new();
        let (spine, door) = Spine::new(roster, journal, taps, &tracker)?;
        let running = tokio::spawn(spine.run());
        let fed = feed(config, history, door).await;
        // The spine's own error is the cause of a closed door.
        running.await.context("the spine panicked")??;
        tracker.close();
        tracker.wait().await;
        fed
    })
}

async fn feed(config: &Config, history: History, door: Door) -> anyhow::Result<()> {
    let mut last = Timestamp::default();
    for step in history {
        let step = Arc::new(step?);
        let at = step.at;
        if last == Timestamp::default() {
            door.send(at, AgentId::Spine, session_started("replay", config, at)).await?;
        }
        last = at;
        door.send(at, AgentId::Feed, TapeEvent::Step(step.clone())).await?;
        door.send(at, AgentId::Feed, FeedEvent::Step(step)).await?;
    }
    door.send(last, AgentId::Spine, ended()).await?;
    Ok(())
}
