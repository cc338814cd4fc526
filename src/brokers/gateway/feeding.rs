//! Market data from a broker's stream to the door, as fast as the house takes it.
//!
//! [`MarketInlet`] takes everything off the stream at once, the other half offers what
//! waits; in between stands the [buffer](crate::brokers::gateway::market). A gap is
//! filled with bars of the past before anything that came after it is passed on (F28).
//! Where they cannot be read, everything but bars goes on, and it is tried again: bars
//! across a gap would be counted as neighbours.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::brokers::gateway::desk::Desk;
use crate::brokers::gateway::entrance::Entrance;
use crate::brokers::gateway::market::{MarketBuffer, MarketItem};
use crate::brokers::{Broker, MarketSink, Push};
use crate::bus::clock::Stopwatch;
use crate::domain::ids::AgentId;
use crate::domain::market::{Bar, Interval};
use crate::domain::time::Timestamp;
use crate::events::{FeedConflated, FeedEvent, Severity};

/// The first wait before a gap is tried again; doubles.
const GAP_WAIT: Duration = Duration::from_secs(1);
/// The longest: half the budget of a minute is for others even if a gap never fills.
const GAP_WAIT_MAX: Duration = Duration::from_mins(1);
/// After so many tries, some five minutes, a human is told.
const GAP_TRIES_SAID: u32 = 10;
/// Nanoseconds of a minute.
const MINUTE_NANOS: i64 = 60_000_000_000;
/// How often at most it is told what was conflated, by the market's time.
const CONFLATED_EVERY: SignedDuration = SignedDuration::from_secs(5);

/// The way in for market data: takes everything at once.
#[derive(Debug, Default)]
pub struct MarketInlet {
    buffer: Mutex<MarketBuffer>,
    /// What was told of it last, and when.
    told: Mutex<(FeedConflated, Timestamp)>,
    arrived: Notify,
}

impl MarketInlet {
    fn buffer(&self) -> MutexGuard<'_, MarketBuffer> {
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MarketSink for MarketInlet {
    fn push(&self, push: Push) {
        let other = self.buffer().push(push);
        self.arrived.notify_one();
        if let Some(other) = other {
            tracing::error!(?other, "news of an order came by the market stream");
        }
    }
}

/// Who empties the inlet.
pub(super) struct Feeding<B, E> {
    desk: Arc<Desk<B, E>>,
    inlet: Arc<MarketInlet>,
}

/// Bars that are missing and could not be read yet.
#[derive(Debug, Clone, Copy)]
struct Gap {
    since: Timestamp,
    tries: u32,
    /// Since the last try ended.
    tried: Stopwatch,
}

impl Gap {
    fn left(&self) -> Duration {
        let doublings = self.tries.saturating_sub(1).min(6);
        let wait = GAP_WAIT.saturating_mul(1 << doublings).min(GAP_WAIT_MAX);
        wait.saturating_sub(self.tried.elapsed())
    }
}

impl<B: Broker, E: Entrance> Feeding<B, E> {
    /// Begins with a gap as long as the warm-up.
    pub(super) fn new(desk: Arc<Desk<B, E>>, inlet: Arc<MarketInlet>) -> Self {
        let warm_up = SignedDuration::from_mins(desk.config.warm_up_minutes.into());
        if !warm_up.is_zero() {
            inlet.push(Push::MarketResumed { since: desk.clock.now().plus(-warm_up) });
        }
        Self { desk, inlet }
    }

    /// Takes one push.
    pub(super) fn push(&self, push: Push) {
        self.inlet.push(push);
    }

    /// Offers what waits until it is stopped.
    pub(super) async fn deliver(&self, stop: CancellationToken) {
        // The stop first: the door may be full for as long as the house lives.
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = self.deliver_for_ever() => {}
        }
        let buffer = self.buffer();
        tracing::info!(
            quotes_conflated = buffer.quotes_conflated(),
            ticks_conflated = buffer.ticks_conflated(),
            bars_late = buffer.bars_late(),
            overflowed = buffer.overflowed(),
            "market data ends"
        );
    }

    async fn deliver_for_ever(&self) {
        loop {
            match self.deliver_waiting().await {
                None => self.inlet.arrived.notified().await,
                Some(since) => {
                    let bars = self.read_gap(since).await;
                    let mut gap = self.fill(since, bars, None).await;
                    while let Some(open) = gap {
                        gap = self.fill_again(open).await;
                    }
                }
            }
        }
    }

    /// Delivers what waits up to the next gap, whose beginning it returns.
    async fn deliver_waiting(&self) -> Option<Timestamp> {
        while let Some(item) = self.take() {
            match item {
                MarketItem::Step(step) => {
                    self.say(FeedEvent::Step(Arc::new(step))).await;
                    self.say_conflated().await;
                }
                MarketItem::Link(changed) => self.say(FeedEvent::Link(changed)).await,
                MarketItem::Missing(since) => return Some(since),
            }
        }
        None
    }

    /// Waits until it is time to read the bars of a gap, and reads them; all but bars is
    /// delivered meanwhile. Returns what is missing then.
    async fn fill_again(&self, gap: Gap) -> Option<Gap> {
        loop {
            let left = gap.left();
            if left.is_zero() {
                break;
            }
            let _ = tokio::time::timeout(left, self.inlet.arrived.notified()).await;
            // A later gap is part of the one that is still open.
            while self.deliver_waiting().await.is_some() {}
        }
        let mut later = None;
        let reading = self.read_gap(gap.since);
        tokio::pin!(reading);
        let bars = loop {
            // The bars first: what comes meanwhile may wait for them.
            tokio::select! {
                biased;
                bars = &mut reading => break bars,
                () = self.inlet.arrived.notified() => {
                    while let Some(since) = self.deliver_waiting().await {
                        // The reading under way may end before it.
                        later.get_or_insert(since);
                    }
                }
            }
        };
        let mut missing = self.fill(gap.since, bars, later).await?;
        if missing.tries > 0 {
            missing.tries = gap.tries.saturating_add(1);
        }
        if missing.tries == GAP_TRIES_SAID {
            let text = format!(
                "bars since {} cannot be read: nothing is decided on bars until they are",
                missing.since
            );
            self.desk.alert(Severity::Critical, text).await;
        }
        Some(missing)
    }

    fn take(&self) -> Option<MarketItem> {
        let now = self.desk.clock.now();
        self.buffer().take(now)
    }

    /// Tells from time to time what did not become an event of its own.
    async fn say_conflated(&self) {
        let (now, counts) = (self.desk.clock.now(), self.buffer().conflated());
        let is_due = {
            let mut told = self.inlet.told.lock().unwrap_or_else(PoisonError::into_inner);
            let is_due = told.0 != counts && now.since(told.1) >= CONFLATED_EVERY;
            if is_due {
                *told = (counts, now);
            }
            is_due
        };
        if is_due {
            self.say(FeedEvent::Conflated(counts)).await;
        }
    }

    async fn say(&self, event: FeedEvent) {
        self.desk.say_as(AgentId::Feed, event).await;
    }

    /// Reads the bars since an instant.
    async fn read_gap(&self, since: Timestamp) -> Option<Vec<Bar>> {
        let symbols = &self.desk.config.symbols;
        if symbols.is_empty() {
            return Some(Vec::new());
        }
        let span = (minute_of(since), self.desk.clock.now());
        self.desk.read_bars(symbols, Interval::Minute, span).await
    }

    /// Tells the bars of a gap that nobody has heard. Returns what is missing then: all
    /// of it where the bars could not be read, or a gap that came meanwhile; bars wait as
    /// long as there is one.
    async fn fill(
        &self,
        since: Timestamp,
        bars: Option<Vec<Bar>>,
        later: Option<Timestamp>,
    ) -> Option<Gap> {
        let Some(bars) = bars else {
            tracing::warn!(%since, "bars are missing; those after them wait");
            self.buffer().withhold();
            return Some(Gap { since, tries: 1, tried: Stopwatch::start() });
        };
        let bars = self.buffer().fresh(Interval::Minute, bars);
        if !bars.is_empty() {
            self.desk.say_history(Interval::Minute, bars).await;
        }
        if let Some(since) = later {
            return Some(Gap { since, tries: 0, tried: Stopwatch::start() });
        }
        self.buffer().release();
        None
    }

    fn buffer(&self) -> MutexGuard<'_, MarketBuffer> {
        self.inlet.buffer()
    }
}

/// The start of the minute around an instant: bars are stamped with it, and the minute in
/// which a line broke is as incomplete as those after it.
fn minute_of(at: Timestamp) -> Timestamp {
    Timestamp::from_nanos(at.as_nanos() - at.as_nanos().rem_euclid(MINUTE_NANOS))
}
