//! The house on the embedded market, without a screen.
//!
//! Every event is a line of JSON on the given output. The market runs at an
//! accelerated clock: its time comes from the generator, the wall only paces it,
//! so a seed gives the same lines at any speed.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::Refusal;
use crate::app::attendance::Attendance;
use crate::app::gauges::Measured;
use crate::app::mail::Mailroom;
use crate::app::resume::{self, Due, Place, Placed};
use crate::app::taps::{Count, Counters, Lines};
use crate::app::{People, Summary, bus, read_model, session_started, simulated_roster};
use crate::brokers::sim::market::{Market, MarketSetup};
use crate::bus::Tap;
use crate::bus::clock::{Clock, ReplayClock, Stopwatch};
use crate::bus::spine::{Door, Spine};
use crate::config::Config;
use crate::domain::calendar::trading_day;
use crate::domain::ids::{AgentId, Symbol};
use crate::domain::market::{BarBatch, MarketStep};
use crate::domain::time::Timestamp;
use crate::events::{FeedEvent, SessionEnded, TapeEvent};
use crate::journal::{SqliteJournal, StoreIdentity};
use crate::risk::AccountMode;
use crate::sources::history::History;
use crate::telemetry::spans::VenueNames;

/// Minute bars of the session before that warm the indicators up.
const WARM_UP_BARS: usize = 120;
/// Minute bars of each symbol that the venue keeps for those who ask.
const BARS_KEPT: usize = 1_000;
/// A pause shorter than this is not worth a timer.
const PAUSE_MIN: Duration = Duration::from_millis(1);

/// Where the market comes from.
#[derive(Debug)]
pub enum Feed {
    /// The seeded generator.
    Generated,
    /// Recorded bars.
    Recorded(Box<History>),
}

/// When and how a headless run ends, and how fast it goes.
#[derive(Debug, Clone, Default)]
pub struct HeadlessOptions {
    /// Ends after so many finished trades.
    pub until_trades: Option<u64>,
    /// Ends after so much time of the market.
    pub duration: Option<SignedDuration>,
    /// How much faster than the wall clock; `None` as fast as it goes.
    pub speed: Option<u32>,
    /// Where the journal is kept.
    pub journal: PathBuf,
    /// Who may be around.
    pub people: People,
}

/// Runs until the token is cancelled or the options say so. Ends cleanly: the
/// cascade under way is finished, the journal is synced, every task has stopped.
///
/// A journal of an earlier run is gone on with as if that had never ended: a cascade
/// that a crash has cut is finished first, then the market goes on with the first
/// input that is not on record. Trades and time are counted from there.
///
/// # Errors
/// When the journal cannot be opened, gone on with ([`ResumeError`](crate::app::ResumeError))
/// or written, or an agent fails for good.
pub async fn run(
    config: &Config,
    options: &HeadlessOptions,
    feed: Feed,
    out: Box<dyn Write + Send>,
    stop: CancellationToken,
) -> anyhow::Result<Summary> {
    let setup = setup(config)?;
    let identity = StoreIdentity {
        mode: "sim".into(),
        account: "SIM".into(),
        opening_cash: config.account.opening_cash,
        seed: config.seed,
    };
    let mut bus = bus::open(&options.people, &options.journal).await?;
    let mut journal = SqliteJournal::open(&options.journal, &identity)?;
    resume::admit(&mut journal, config)?;
    let speed = options.speed.unwrap_or(1);
    let read = read_model(config, "SIM", journal.identity().opening_cash, speed);
    let attendance = Attendance::new(read, &mut journal, options.journal.clone())?;
    let clock = Arc::new(ReplayClock::default());
    let mut taps: Vec<Box<dyn Tap>> = Vec::new();
    if let Some(telemetry) = &options.people.telemetry {
        taps.push(telemetry.tap(VenueNames::inside(), clock.clone(), &mut journal)?);
    }
    let mail = Mailroom::open(config, &options.journal, &mut journal)?;
    let (journal, place) = Placed::new(journal);
    let trades_on_bars = matches!(feed, Feed::Recorded(_));
    let roster = simulated_roster(config, config.venue(trades_on_bars, BARS_KEPT))?;
    let counters = Arc::new(Counters::default());
    let lines = Lines {
        out,
        counters: counters.clone(),
        flushes: options.speed.is_some(),
        line: Vec::new(),
    };
    taps.push(Box::new(lines));
    taps.push(Box::new(Count(counters.clone())));
    if options.people.is_there() {
        taps.push(attendance.tap());
    }
    taps.extend(bus.as_mut().and_then(bus::Opened::tap));
    let tracker = TaskTracker::new();
    let journal = Measured::new(journal, attendance.gauges().journal.clone());
    let (mut spine, door) = Spine::new(roster, Box::new(journal), taps, &tracker)?;
    if let Some(bus) = &bus {
        Box::pin(bus.seats().fill(&mut spine, (config, &config.agents()))).await?;
    }
    let resumed_at = spine.now();
    let running = tokio::spawn(spine.run());
    let place = resume::read(&place);
    clock.move_to(resumed_at);
    let served = CancellationToken::new();
    let asked = (door.clone(), clock.clone() as Arc<dyn Clock>);
    let around =
        attendance.receive(&options.people, AccountMode::Sim, asked, (&tracker, &stop, &served))?;
    mail.start((door.clone(), clock.clone()), &tracker, &served);
    if let Some(bus) = bus {
        bus.start((&attendance, AccountMode::Sim), &around, &tracker);
    }
    let mut driver =
        Driver { config, options, counters: &counters, door, clock, stop, resumed_at, place };
    let reason = driver.drive(feed, setup).await;
    served.cancel();
    drop(driver);
    around.leave().await?;
    // The spine's own error is the cause of a closed door.
    running.await.context("the spine panicked")??;
    tracker.close();
    tracker.wait().await;
    if counters.is_output_lost() {
        anyhow::bail!("not all events could be written to standard output: is the disk full?");
    }
    Ok(Summary { events: counters.events(), trades: counters.trades(), reason: reason? })
}

/// Feeds the market through the door, one settled cascade after the other.
struct Driver<'a> {
    config: &'a Config,
    options: &'a HeadlessOptions,
    counters: &'a Counters,
    door: Door,
    /// The market's time, for those who ask from outside.
    clock: Arc<ReplayClock>,
    stop: CancellationToken,
    /// The time of the last event that the journal held.
    resumed_at: Timestamp,
    /// How far the journal's market had come.
    place: Place,
}

impl Driver<'_> {
    async fn drive(&mut self, feed: Feed, setup: MarketSetup) -> anyhow::Result<&'static str> {
        match feed {
            Feed::Recorded(history) => {
                let mut steps = history;
                self.steps(&[], std::iter::from_fn(|| steps.next().map(|step| Ok(step?)))).await
            }
            Feed::Generated => {
                let mut market = Market::new(setup)?;
                let mut history = market.history(1);
                let warm_up = history.split_off(history.len().saturating_sub(WARM_UP_BARS));
                self.steps(&warm_up, std::iter::from_fn(|| market.next().map(Ok))).await
            }
        }
    }

    async fn steps(
        &mut self,
        warm_up: &[BarBatch],
        steps: impl Iterator<Item = anyhow::Result<MarketStep>>,
    ) -> anyhow::Result<&'static str> {
        let stopwatch = Stopwatch::start();
        let mut began: Option<Timestamp> = None;
        let mut last = self.resumed_at;
        for step in steps {
            let step = step?;
            let due = self.place.judge(&step)?;
            if due == Due::Nothing {
                continue;
            }
            let at = step.at;
            if began.is_none() {
                self.begin(at, warm_up).await?;
                last = at;
            }
            let since = at.since(*began.get_or_insert(at));
            if let Some(reason) = self.pause(since, stopwatch).await {
                return self.end(last, reason).await;
            }
            last = at;
            self.take(step, due).await?;
            if let Some(reason) = self.is_enough(since) {
                return self.end(last, reason).await;
            }
        }
        self.place.check_passed()?;
        if began.is_none() {
            self.begin(last, warm_up).await?;
        }
        self.end(last, "the data end here").await
    }

    async fn take(&self, step: MarketStep, due: Due) -> anyhow::Result<()> {
        let (at, step) = (step.at, Arc::new(step));
        self.clock.move_to(at);
        if due == Due::Everything {
            self.door.send(at, AgentId::Feed, TapeEvent::Step(step.clone())).await?;
        }
        self.door.send_and_settle(at, AgentId::Feed, FeedEvent::Step(step)).await?;
        Ok(())
    }

    async fn begin(&self, at: Timestamp, warm_up: &[BarBatch]) -> anyhow::Result<()> {
        if self.resumed_at > Timestamp::default() {
            tracing::info!(market_time = %self.resumed_at, "going on with the journal");
        }
        let started = session_started("sim", self.config, at);
        self.door.send_and_settle(at, AgentId::Spine, started).await?;
        for batch in warm_up.iter().skip(self.place.warm_ups) {
            let history = FeedEvent::History(batch.clone());
            self.door.send_and_settle(at, AgentId::Feed, history).await?;
        }
        Ok(())
    }

    async fn end(&self, at: Timestamp, reason: &'static str) -> anyhow::Result<&'static str> {
        let ended = SessionEnded { reason: reason.to_owned() };
        let event = crate::events::SystemEvent::SessionEnded(ended);
        self.door.send_and_settle(at, AgentId::Spine, event).await?;
        Ok(reason)
    }

    /// Waits until the wall has come as far as the market at the chosen speed.
    /// Returns the reason when the run was stopped meanwhile.
    async fn pause(&self, market: SignedDuration, stopwatch: Stopwatch) -> Option<&'static str> {
        const STOPPED: &str = "stopped";
        if self.stop.is_cancelled() {
            return Some(STOPPED);
        }
        let speed = self.options.speed?;
        let due = market.unsigned_abs() / speed.max(1);
        let ahead = due.saturating_sub(stopwatch.elapsed());
        if ahead < PAUSE_MIN {
            return None;
        }
        // The stop signal first: it must not lose against a short pause.
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Some(STOPPED),
            () = tokio::time::sleep(ahead) => None,
        }
    }

    fn is_enough(&self, market: SignedDuration) -> Option<&'static str> {
        if self.options.until_trades.is_some_and(|wanted| self.counters.trades() >= wanted) {
            return Some("enough trades");
        }
        if self.options.duration.is_some_and(|wanted| market >= wanted) {
            return Some("enough time");
        }
        self.counters.is_output_closed().then_some("nobody reads the events")
    }
}

fn setup(config: &Config) -> Result<MarketSetup, Refusal> {
    // The embedded market is in New York whatever hours the house keeps.
    trading_day(config.sim.start)?;
    let mut setup = MarketSetup::demo(config.seed, config.sim.start);
    setup.cadence = SignedDuration::from_millis(config.sim.cadence_ms.into());
    let wanted = &config.sim.symbols;
    if !wanted.is_empty() {
        let known: Vec<Symbol> = setup.listings.iter().map(|listing| listing.symbol).collect();
        if let Some(unknown) = wanted.iter().find(|symbol| !known.contains(symbol)) {
            let known: Vec<&str> = known.iter().map(Symbol::as_str).collect();
            return Err(Refusal::UnknownSymbol { unknown: *unknown, known: known.join(", ") });
        }
        setup.listings.retain(|listing| wanted.contains(&listing.symbol));
    }
    Ok(setup)
}
