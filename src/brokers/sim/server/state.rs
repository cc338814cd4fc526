//! The world behind a lock, with clock, faults and limits: what every route shares.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::bus::clock::{Clock, Stopwatch};
use crate::domain::time::Timestamp;

use super::alpaca::{Desk, StreamRules};
use super::clock::{Pace, SimClock};
use super::faults::Faults;
use super::ids::{family, uuid};
use super::limits::{Limit, RateWindow};
use super::setup::{WorldError, WorldSetup};
use super::world::World;

/// When an answer is likely to have arrived.
const SOON: Duration = Duration::from_millis(50);
/// Deeds that may wait; more are dropped.
const DEEDS_MAX: usize = 1_000;
/// How often the world is moved with its clock.
const TICK: Duration = Duration::from_millis(20);

/// What can be set at a simulated broker beside its world.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Whether `/_sim/…` is served.
    pub has_control: bool,
    /// A key that is refused; every other one that is not empty is taken.
    pub rejected_key: Option<String>,
    /// Trading requests a minute, and market data requests a minute.
    pub requests_per_minute: u32,
    /// What holds for the streams and for market data.
    pub streams: StreamRules,
}

impl Default for ServerConfig {
    /// Control served, every key taken, 200 requests a minute (Alpaca, protocol page
    /// §2.5 of October 2026).
    fn default() -> Self {
        Self {
            has_control: true,
            rejected_key: None,
            requests_per_minute: 200,
            streams: StreamRules::default(),
        }
    }
}

/// Everything that the routes of one simulated broker share.
#[derive(Debug)]
pub struct ServerState {
    /// What time it is.
    pub clock: Arc<SimClock>,
    /// What goes wrong on purpose.
    pub faults: Faults,
    /// What was set.
    pub config: ServerConfig,
    /// Held for one call each; never across an await.
    world: Mutex<World>,
    trading: Mutex<RateWindow>,
    data: Mutex<RateWindow>,
    desk: Mutex<Desk>,
    /// At first the one of the configuration; held for a look.
    rejected_key: Mutex<Option<String>>,
    requests: AtomicU64,
    deeds: Mutex<Deeds>,
}

/// What is still to be done to the world, oldest first; at most [`DEEDS_MAX`].
#[derive(Default)]
struct Deeds(Vec<Deed>);

impl fmt::Debug for Deeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} deeds", self.0.len())
    }
}

/// Something to be done to the world later.
struct Deed {
    due: Option<Timestamp>,
    since: Stopwatch,
    wait: Duration,
    act: Box<dyn FnOnce(&mut World) + Send>,
}

/// The state as the routes hold it.
pub type Shared = Arc<ServerState>;

/// Opens a simulated broker whose clock starts where its world does.
///
/// # Errors
/// When the setup is not a market.
pub fn open(setup: &WorldSetup, pace: Pace, config: ServerConfig) -> Result<Shared, WorldError> {
    let world = World::new(setup)?;
    let clock = Arc::new(SimClock::new(pace, world.now()));
    Ok(Arc::new(ServerState::new(world, clock, config)))
}

impl ServerState {
    /// Puts a world behind a clock.
    pub fn new(world: World, clock: Arc<SimClock>, config: ServerConfig) -> Self {
        let window = || Mutex::new(RateWindow::new(config.requests_per_minute));
        Self {
            clock,
            faults: Faults::default(),
            world: Mutex::new(world),
            trading: window(),
            data: window(),
            desk: Mutex::default(),
            rejected_key: Mutex::new(config.rejected_key.clone()),
            requests: AtomicU64::new(0),
            deeds: Mutex::default(),
            config,
        }
    }

    /// Returns what time it is.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Moves the world to now and lets somebody at it. Not for use across an await.
    pub fn with_world<R>(&self, act: impl FnOnce(&mut World) -> R) -> R {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.advance_to(self.clock.now());
        act(&mut world)
    }

    /// Lets somebody at what the broker keeps beside orders: account settings and
    /// watchlists.
    pub(super) fn with_desk<R>(&self, act: impl FnOnce(&mut Desk) -> R) -> R {
        act(&mut self.desk.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Counts a trading request.
    pub fn count_trading(&self) -> Limit {
        count(&self.trading, self.now())
    }

    /// Counts a market data request: both surfaces count separately.
    pub fn count_data(&self) -> Limit {
        count(&self.data, self.now())
    }

    /// Tells where the window of trading or of market data stands, for answers that are
    /// not counted.
    pub fn look_at_limit(&self, is_data: bool) -> Limit {
        let window = if is_data { &self.data } else { &self.trading };
        window.lock().unwrap_or_else(PoisonError::into_inner).look(self.now())
    }

    /// Does something to the world a moment after the answer under way: after some
    /// seconds of the world or the wall, whichever are over first, or as soon as the
    /// answer is likely to have arrived.
    pub(super) fn later(
        &self,
        seconds: Option<u32>,
        act: impl FnOnce(&mut World) + Send + 'static,
    ) {
        let wait = seconds.map_or(SOON, |seconds| Duration::from_secs(seconds.into()));
        let due =
            seconds.map(|seconds| self.now().plus(jiff::SignedDuration::from_secs(seconds.into())));
        let deed = Deed { due, since: Stopwatch::start(), wait, act: Box::new(act) };
        let mut deeds = self.deeds.lock().unwrap_or_else(PoisonError::into_inner);
        if deeds.0.len() < DEEDS_MAX {
            deeds.0.push(deed);
        }
    }

    /// Does what is due, and returns how much that was.
    fn do_deeds(&self) -> usize {
        let now = self.now();
        let is_due = |deed: &mut Deed| {
            deed.since.elapsed() >= deed.wait || deed.due.is_some_and(|due| now >= due)
        };
        let due: Vec<Deed> = {
            let mut deeds = self.deeds.lock().unwrap_or_else(PoisonError::into_inner);
            deeds.0.extract_if(.., is_due).collect()
        };
        let count = due.len();
        for deed in due {
            self.with_world(deed.act);
        }
        count
    }

    /// Returns a new name for an order that the client did not name.
    pub(super) fn spare_id(&self) -> String {
        uuid(family::CLIENT, self.requests.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Returns the most requests of any minute, those served, those refused: first of
    /// trading, then of market data.
    pub fn request_tallies(&self) -> [(usize, u64, u64); 2] {
        let tally = |window: &Mutex<RateWindow>| {
            window.lock().unwrap_or_else(PoisonError::into_inner).tally()
        };
        [tally(&self.trading), tally(&self.data)]
    }

    /// Returns a new name for a request: 32 hexadecimal digits.
    pub fn request_id(&self) -> String {
        let number = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let millis = (self.now().as_nanos() / 1_000_000) & 0xffff_ffff_ffff;
        format!("51a0{millis:012x}{number:016x}")
    }

    /// Refuses another key from now on, or none.
    pub fn reject_key(&self, key: Option<String>) {
        *self.rejected_key.lock().unwrap_or_else(PoisonError::into_inner) = key;
    }

    /// Tells whether a pair of keys is accepted.
    pub fn accepts_keys(&self, key: &str, secret: &str) -> bool {
        let rejected = self.rejected_key.lock().unwrap_or_else(PoisonError::into_inner);
        let is_rejected = rejected.as_deref() == Some(key);
        !key.is_empty() && !secret.is_empty() && !is_rejected
    }
}

fn count(window: &Mutex<RateWindow>, now: Timestamp) -> Limit {
    window.lock().unwrap_or_else(PoisonError::into_inner).count(now)
}

/// Moves the world with its clock until the token is cancelled.
pub(super) async fn tick(state: Shared, stop: CancellationToken) {
    let mut beat = tokio::time::interval(TICK);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        // The stop first: there is always a next beat.
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            _ = beat.tick() => {
                state.with_world(|_| ());
                state.do_deeds();
            }
        }
    }
}
