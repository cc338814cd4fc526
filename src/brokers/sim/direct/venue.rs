//! Everything at the broker's side behind one lock: floor, streams and faults.
//!
//! It is moved by whoever drives the simulation ([`DirectVenue::beat`]); faults strike
//! when they are told to. Whoever watches hears of every call that leaves the house and
//! of everything that the exchange does, with the ledger before them.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::sync::mpsc;

use crate::brokers::sim::direct::floor::{Floor, FloorSetup};
use crate::brokers::sim::direct::line::{Ends, Late, Line};
use crate::brokers::sim::direct::mishap::Mishap;
use crate::brokers::sim::direct::news;
use crate::brokers::sim::direct::troubles::{Armed, Asks, Fate, Troubles};
use crate::brokers::sim::exchange::{Intent, Report};
use crate::brokers::sim::market::MarketError;
use crate::brokers::{MarketSink, Push};
use crate::bus::clock::Stopwatch;
use crate::domain::ids::{BrokerOrderId, ClientOrderId, Symbol};
use crate::domain::market::{MarketStep, Quote, Tick};
use crate::domain::money::{Price, Qty};
use crate::domain::order::OrderRequest;
use crate::domain::time::Timestamp;

/// The way to the broker takes from this many milliseconds …
const WAY_LEAST: u64 = 4;
/// … to this many more.
const WAY_SPREAD: u64 = 60;
/// How long news of orders are on their way.
const PUSH_WAYS: [Duration; 3] =
    [Duration::ZERO, Duration::from_millis(60), Duration::from_millis(250)];
/// How long a stream needs to open again.
const DIAL: Duration = Duration::from_millis(400);
/// How often a stream that opens and closes does so.
const LOOPS: u32 = 4;

/// A call that leaves the house.
#[derive(Debug, Clone, Copy)]
pub enum Outgoing<'a> {
    /// An order.
    Submit(&'a OrderRequest),
    /// A cancel.
    Cancel(&'a BrokerOrderId),
    /// A replacement, under our name for the new order.
    Replace(&'a ClientOrderId),
    /// A cancel of everything.
    CancelAll,
    /// A question.
    Read,
}

/// Watches the wire and the ledger.
pub trait Watch: Send + Sync + 'static {
    /// A call leaves the house.
    fn leaves(&self, call: Outgoing<'_>, floor: &Floor);
    /// The exchange has done something, or time has passed there.
    fn happened(&self, floor: &Floor, reports: &[Report]);
    /// A fault has struck.
    fn struck(&self, mishap: Mishap, at: Timestamp);
}

/// The broker's side.
pub struct DirectVenue {
    inside: Mutex<Inside>,
    start: Timestamp,
    since: Stopwatch,
    watch: Arc<dyn Watch>,
}

struct Inside {
    floor: Floor,
    line: Line,
    troubles: Troubles,
    chance: ChaCha8Rng,
}

impl fmt::Debug for DirectVenue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DirectVenue").field("start", &self.start).finish_non_exhaustive()
    }
}

impl DirectVenue {
    /// Opens at the first opening of the market, which is now by tokio's clock.
    ///
    /// # Errors
    /// When a part of the setup is out of its range.
    pub fn new(setup: FloorSetup, watch: Arc<dyn Watch>) -> Result<Arc<Self>, MarketError> {
        let mut chance = ChaCha8Rng::seed_from_u64(setup.seed ^ 0x7a79);
        // News overtake the answers of some brokers, and limp behind those of others.
        let draw = usize::try_from(chance.next_u32()).unwrap_or_default();
        let way = PUSH_WAYS[draw % PUSH_WAYS.len()];
        let floor = Floor::new(setup)?;
        let start = floor.opened_at();
        let (line, troubles) = (Line::new(way), Troubles::default());
        let inside = Mutex::new(Inside { floor, line, troubles, chance });
        Ok(Arc::new(Self { inside, start, since: Stopwatch::start(), watch }))
    }

    /// The present instant at the broker.
    pub fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.since.elapsed().as_nanos()).unwrap_or(i64::MAX);
        self.start.plus(SignedDuration::from_nanos(passed))
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets somebody look at the ledger.
    pub fn look<R>(&self, look: impl FnOnce(&Floor) -> R) -> R {
        look(&self.inside().floor)
    }

    /// When the market speaks next.
    pub fn next_at(&self) -> Timestamp {
        self.inside().floor.next_at()
    }

    /// Carries out everything that is due by now.
    pub fn beat(self: &Arc<Self>) {
        self.act(|_| ());
    }

    /// A house listens to both streams from now on.
    pub fn connect(&self, orders: mpsc::Sender<Push>, market: Arc<dyn MarketSink>) {
        self.inside().line.connect(Ends { orders, market });
    }

    /// The house is gone.
    pub fn disconnect(&self) {
        self.inside().line.disconnect();
    }

    /// Moves everything to now, does something at the floor, and tells what came of it.
    pub(super) fn act<R>(self: &Arc<Self>, act: impl FnOnce(&mut Floor) -> R) -> R {
        let now = self.now();
        let mut inside = self.inside();
        let Inside { floor, line, .. } = &mut *inside;
        match floor.advance_to(now) {
            Ok(steps) => steps.into_iter().for_each(|step| line.market(step)),
            Err(error) => tracing::error!(%error, "the market's calendar is over"),
        }
        let done = act(floor);
        let reports = floor.take_reports();
        self.watch.happened(floor, &reports);
        for update in reports.iter().filter_map(news::update) {
            let (struck, late) = line.news(update);
            if let Some(mishap) = struck {
                self.watch.struck(mishap, now);
            }
            if let Some(Late { push, to }) = late {
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_secs(6)).await;
                    // The house may have ended meanwhile.
                    let _ = to.try_send(push);
                });
            }
        }
        done
    }

    /// A call leaves: what becomes of it.
    pub(super) fn meet(&self, asks: Asks, call: Outgoing<'_>) -> Fate {
        let now = self.now();
        let mut inside = self.inside();
        let drawn = u64::from(inside.chance.next_u32()) % WAY_SPREAD;
        let way = Duration::from_millis(WAY_LEAST + drawn);
        let (fate, struck) = inside.troubles.meet(asks, now, way);
        if let Some(mishap) = struck {
            self.watch.struck(mishap, now);
        }
        if fate.is_sent {
            self.watch.leaves(call, &inside.floor);
        }
        fate
    }

    /// Lets a fault strike: at once, or on the next call or news that it concerns. `lot`
    /// draws whom it strikes.
    pub fn strike(self: &Arc<Self>, mishap: Mishap, lot: u64) {
        let now = self.now();
        let armed = self.inside().troubles.arm(mishap, now);
        let has_struck = match armed {
            Armed::Waits => false,
            Armed::Begun => true,
            Armed::Elsewhere => self.strike_elsewhere(mishap, lot),
        };
        if has_struck {
            self.watch.struck(mishap, now);
        }
    }

    /// A fault that is not about calls; false when it waits, or found nobody.
    fn strike_elsewhere(self: &Arc<Self>, mishap: Mishap, lot: u64) -> bool {
        if mishap == Mishap::StopCancelled {
            return self.act(|floor| cancel_a_stop(floor, lot));
        }
        let is_of_news = matches!(
            mishap,
            Mishap::PushLost | Mishap::PushTwice | Mishap::PushesSwapped | Mishap::PushLate
        );
        if is_of_news {
            self.inside().line.arm(mishap);
            return false;
        }
        if mishap == Mishap::SymbolHalted {
            self.halt(lot);
        } else if matches!(mishap, Mishap::QuoteCrossed | Mishap::PriceJump | Mishap::PriceTiny) {
            self.speak_nonsense(mishap, lot);
        } else {
            self.break_stream(mishap);
        }
        true
    }

    fn halt(self: &Arc<Self>, lot: u64) {
        let Some(symbol) = self.look(|floor| a_symbol(floor, lot)) else { return };
        let halted = move |floor: &mut Floor, is_halted| floor.halt(symbol, is_halted);
        let step = self.act(|floor| halted(floor, true));
        self.inside().line.market(step);
        let venue = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(lasts(Mishap::SymbolHalted)).await;
            let step = venue.act(|floor| halted(floor, false));
            venue.inside().line.market(step);
        });
    }

    /// The market stream says what the market does not: the exchange hears none of it.
    fn speak_nonsense(&self, mishap: Mishap, lot: u64) {
        let mut inside = self.inside();
        let Some(symbol) = a_symbol(&inside.floor, lot) else { return };
        let Some(quote) = inside.floor.quote(symbol) else { return };
        let at = inside.floor.now();
        let times = |price: Price, percent: i64| {
            Price::from_units(price.units() / 100 * percent).unwrap_or(price)
        };
        let tiny = Price::from_units(1).unwrap_or(quote.bid);
        let percent = if lot.is_multiple_of(2) { 160 } else { 40 };
        let (bid, ask) = if mishap == Mishap::QuoteCrossed {
            (quote.ask, quote.bid)
        } else if mishap == Mishap::PriceTiny {
            (tiny, tiny)
        } else {
            (times(quote.bid, percent), times(quote.ask, percent))
        };
        let size = Qty::shares(100).unwrap_or(Qty::ZERO);
        let print = Tick { symbol, price: bid, size, at };
        let ticks = if mishap == Mishap::PriceJump { vec![print] } else { Vec::new() };
        let quotes = vec![Quote { bid, ask, at, ..quote }];
        inside.line.market(MarketStep { at, quotes, ticks, ..MarketStep::default() });
    }

    fn break_stream(self: &Arc<Self>, mishap: Mishap) {
        let house = self.inside().line.house();
        let venue = self.clone();
        tokio::spawn(async move {
            // Only as long as the same house listens: another has dialled anew.
            let with = |act: &dyn Fn(&mut Line)| {
                let mut inside = venue.inside();
                if inside.line.house() == house {
                    act(&mut inside.line);
                }
            };
            if mishap == Mishap::OrdersMuted {
                with(&Line::orders_mute);
                tokio::time::sleep(lasts(mishap)).await;
                with(&Line::orders_down);
                tokio::time::sleep(DIAL).await;
                with(&Line::orders_up);
            } else if mishap == Mishap::OrdersGap {
                with(&Line::orders_down);
                tokio::time::sleep(lasts(mishap)).await;
                with(&Line::orders_up);
            } else if mishap == Mishap::OrdersLoop {
                for turn in 1..=LOOPS {
                    with(&Line::orders_down);
                    tokio::time::sleep(DIAL * turn).await;
                    with(&Line::orders_up);
                    tokio::time::sleep(DIAL).await;
                }
            } else {
                let is_mute = mishap == Mishap::MarketMuted;
                let since = venue.inside().line.market_stops(is_mute);
                tokio::time::sleep(lasts(mishap)).await;
                if is_mute {
                    with(&|line| {
                        line.market_stops(false);
                    });
                    tokio::time::sleep(DIAL).await;
                }
                with(&|line| line.market_up(Some(since)));
            }
        });
    }
}

fn lasts(mishap: Mishap) -> Duration {
    mishap.lasts().unsigned_abs()
}

/// A stock, by lot.
fn a_symbol(floor: &Floor, lot: u64) -> Option<Symbol> {
    let count = u64::try_from(floor.quotes().count()).unwrap_or(1).max(1);
    let at = usize::try_from(lot % count).unwrap_or(0);
    floor.quotes().nth(at).map(|quote| quote.symbol)
}

/// Cancels a resting stop, by lot; false when none rests.
fn cancel_a_stop(floor: &mut Floor, lot: u64) -> bool {
    let stops: Vec<BrokerOrderId> = floor
        .exchange()
        .working()
        .into_iter()
        .filter(|order| order.intent == Intent::Close && order.kind.stop().is_some())
        .map(|order| order.broker_order_id.clone())
        .collect();
    let count = u64::try_from(stops.len()).unwrap_or(1).max(1);
    let Some(id) = stops.get(usize::try_from(lot % count).unwrap_or(0)) else { return false };
    floor.trade(|exchange, at, out| exchange.carry_out_cancel(id, at, out));
    true
}
