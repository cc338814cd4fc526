//! The feeds, and where their steps come from: the world, the world a quarter of an
//! hour ago, or the little market of the test feed.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::SignedDuration;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Interval, MissedTickBehavior};

use super::subscription::Subscription;
use super::tape::{Background, Misprints, Tape};
use super::test_feed::TestFeed;
use crate::brokers::sim::server::alpaca::places::FEEDS;
use crate::brokers::sim::server::frames::Field;
use crate::brokers::sim::server::{Fault, Faults, KeptBar, Shared};
use crate::bus::clock::{Clock, SystemClock};
use crate::domain::ids::Symbol;
use crate::domain::market::{Bar, MarketStep};

/// How much later the delayed feed tells.
const DELAY: SignedDuration = SignedDuration::from_mins(15);
/// Steps that the delayed feed holds: a quarter of an hour and more at one a second.
const DELAYED_MAX: usize = 2_048;

/// A data feed by its name in the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Feed {
    /// One exchange's trades; here the whole market's.
    Iex,
    /// All exchanges.
    Sip,
    /// All exchanges, a quarter of an hour late.
    DelayedSip,
    /// The night market Blue Ocean; here the same market.
    Boats,
    /// Alpaca's own night feed; here the same market.
    Overnight,
    /// The one that is always on.
    Test,
}

impl Feed {
    /// All feeds with their names.
    pub(super) const ALL: [(Self, &'static str); FEEDS] = [
        (Self::Iex, "iex"),
        (Self::Sip, "sip"),
        (Self::DelayedSip, "delayed_sip"),
        (Self::Boats, "boats"),
        (Self::Overnight, "overnight"),
        (Self::Test, "test"),
    ];

    /// Returns its place among all feeds.
    pub(super) fn index(self) -> usize {
        Self::ALL.iter().position(|(feed, _)| *feed == self).unwrap_or_default()
    }
}

/// Tells whether a path is that of a feed's stream.
pub(in crate::brokers::sim::server::alpaca) fn is_stream(path: &str) -> bool {
    let feed = path.strip_prefix("/v2/");
    feed.is_some_and(|path| Feed::ALL.iter().any(|(_, name)| *name == path))
}

/// Where the steps of one client's feed come from.
#[derive(Debug)]
pub(super) enum Source {
    /// The world's market.
    World {
        /// The steps; the world owns the other end.
        steps: broadcast::Receiver<Arc<MarketStep>>,
        /// What the delayed feed holds back.
        delayed: Option<VecDeque<Arc<MarketStep>>>,
        /// The tape of each stock.
        tapes: BTreeMap<Symbol, &'static str>,
    },
    /// The little market.
    Test {
        /// Makes the steps.
        feed: TestFeed,
        /// Says when.
        beat: Interval,
    },
}

impl Source {
    /// Begins to hear a feed.
    pub(super) fn of(feed: Feed, state: &Shared) -> Self {
        if feed == Feed::Test {
            let mut beat = tokio::time::interval(TestFeed::PACE);
            beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
            return Self::Test { feed: TestFeed::new(), beat };
        }
        state.with_world(|world| Self::World {
            steps: world.subscribe_market(),
            delayed: (feed == Feed::DelayedSip).then(VecDeque::new),
            tapes: world.stocks().map(|stock| (stock.symbol, stock.tape)).collect(),
        })
    }

    /// Returns the next step, `None` when the world is gone. Cancelling the wait loses
    /// nothing.
    pub(super) async fn next(&mut self) -> Option<Arc<MarketStep>> {
        match self {
            Self::Test { feed, beat } => {
                beat.tick().await;
                Some(Arc::new(feed.next(SystemClock.now())))
            }
            // Ends: each turn takes a step of the world.
            Self::World { steps, delayed, .. } => loop {
                let step = match steps.recv().await {
                    Ok(step) => step,
                    // After a leap of the clock the newest steps are told, as after a
                    // reconnection: there is no replay (protocol page §7.3).
                    Err(RecvError::Lagged(_)) => continue,
                    Err(RecvError::Closed) => return None,
                };
                let Some(held) = delayed else { return Some(step) };
                if let Some(due) = hold_back(held, step) {
                    return Some(due);
                }
            },
        }
    }

    /// Returns what a client wants to hear of a step.
    pub(super) fn say(
        &self,
        tape: &mut Tape,
        step: &MarketStep,
        wants: &Subscription,
        state: &Shared,
    ) -> Option<Field> {
        match self {
            Self::Test { feed, .. } => tape.say(step, wants, feed, &NoMisprints),
            Self::World { tapes, .. } => {
                tape.say(step, wants, &WorldBackground { state, tapes }, &state.faults)
            }
        }
    }
}

/// Holds a step back; hands over the one whose quarter of an hour is over.
fn hold_back(
    held: &mut VecDeque<Arc<MarketStep>>,
    step: Arc<MarketStep>,
) -> Option<Arc<MarketStep>> {
    let now = step.at;
    if held.len() >= DELAYED_MAX {
        held.pop_front();
    }
    held.push_back(step);
    held.pop_front_if(|oldest| now.since(oldest.at) >= DELAY)
}

/// The lookups of a step: locks of the world, a few each minute.
struct WorldBackground<'a> {
    state: &'a Shared,
    tapes: &'a BTreeMap<Symbol, &'static str>,
}

impl Background for WorldBackground<'_> {
    fn tape(&self, symbol: Symbol) -> &'static str {
        self.tapes.get(&symbol).copied().unwrap_or("C")
    }

    fn minute(&self, bar: &Bar) -> Option<KeptBar> {
        self.state
            .with_world(|world| world.timeline(bar.symbol)?.minutes(bar.start, bar.start).pop())
    }

    fn day(&self, symbol: Symbol) -> Option<KeptBar> {
        self.state.with_world(|world| world.daily_bars(symbol).0)
    }
}

/// Nothing goes wrong on the test feed.
struct NoMisprints;

impl Misprints for NoMisprints {
    fn corrects(&self, _: Symbol) -> bool {
        false
    }
}

impl Misprints for Faults {
    fn corrects(&self, symbol: Symbol) -> bool {
        self.take_for(Fault::PrintCorrection, Some(symbol)).is_some()
    }
}
