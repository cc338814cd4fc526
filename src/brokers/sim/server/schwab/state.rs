//! What the routes of the simulated Schwab share: the world, which may have another
//! face, and what this broker alone keeps: tokens, order numbers, knobs, limits.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tokio::sync::broadcast;

use crate::brokers::sim::server::{Limit, RateWindow, Shared, World};
use crate::domain::hex::hex;
use crate::domain::time::Timestamp;

use super::auth::Auth;
use super::book::Book;
use super::config::SchwabConfig;
use super::faults::Faults;
use super::requests::RequestLog;
use super::streamer::{Activity, Seat};

/// The account's number; its hash stands in paths.
pub(super) const ACCOUNT: u64 = 73_190_042;
/// Items of activity that a streamer's connection may be behind.
const NEWS_LAG_MAX: usize = 1_024;

/// Everything that the routes of one simulated Schwab share.
///
/// Locks are taken in the order world, book; each for a look, none across an await.
#[derive(Debug)]
pub struct SchwabState {
    /// The world behind its lock and clock.
    pub world: Shared,
    /// What goes wrong on purpose.
    pub faults: Faults,
    config: Mutex<Arc<SchwabConfig>>,
    auth: Mutex<Auth>,
    book: Mutex<Book>,
    requests: Mutex<RateWindow>,
    orders: Mutex<RateWindow>,
    pub(super) seat: Seat,
    /// Activity that the exchange knows nothing of.
    pub(super) news: broadcast::Sender<Arc<Activity>>,
    numbers: AtomicU64,
    hash: String,
    /// What came in.
    pub(super) log: RequestLog,
    /// Where it is served: clients learn the streamer's address from it.
    address: OnceLock<SocketAddr>,
}

/// The state as the routes hold it.
pub type SchwabShared = Arc<SchwabState>;

impl SchwabState {
    /// Puts Schwab's face before a world.
    pub fn new(world: Shared, config: SchwabConfig) -> SchwabShared {
        let window = |limit| Mutex::new(RateWindow::new(limit));
        // Tokens of another run are unknown to this one.
        let salt = format!("{}", world.now().as_nanos());
        let hash = hex(&Sha256::digest(format!("account {ACCOUNT}"))).to_uppercase();
        Arc::new(Self {
            faults: Faults::default(),
            auth: Mutex::new(Auth::new(salt)),
            book: Mutex::default(),
            requests: window(config.requests_per_minute),
            orders: window(config.orders_per_minute),
            config: Mutex::new(Arc::new(config)),
            seat: Seat::default(),
            news: broadcast::Sender::new(NEWS_LAG_MAX),
            numbers: AtomicU64::new(0),
            world,
            hash,
            log: RequestLog::default(),
            address: OnceLock::new(),
        })
    }

    /// Returns what time it is.
    pub fn now(&self) -> Timestamp {
        self.world.now()
    }

    /// Notes where it is served; the first place stays.
    pub fn serve_at(&self, address: SocketAddr) {
        self.address.get_or_init(|| address);
    }

    /// Returns where it is served, once it is.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address.get().copied()
    }

    /// Returns the account's name in paths: 64 hexadecimal digits.
    pub fn account_hash(&self) -> &str {
        &self.hash
    }

    /// Returns how everything is set now.
    pub fn config(&self) -> Arc<SchwabConfig> {
        self.config.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Turns some knobs; limits that change begin with an empty minute.
    ///
    /// # Errors
    /// When there is no such knob or it cannot be turned so.
    pub fn set(&self, knobs: Map<String, Value>) -> Result<(), serde_json::Error> {
        let mut config = self.config.lock().unwrap_or_else(PoisonError::into_inner);
        let new = config.with(knobs)?;
        let renew = |window: &Mutex<RateWindow>, old: u32, new: u32| {
            if old != new {
                let mut window = window.lock().unwrap_or_else(PoisonError::into_inner);
                *window = RateWindow::new(new);
            }
        };
        renew(&self.requests, config.requests_per_minute, new.requests_per_minute);
        renew(&self.orders, config.orders_per_minute, new.orders_per_minute);
        *config = Arc::new(new);
        drop(config);
        self.faults.stir();
        Ok(())
    }

    pub(super) fn with_auth<R>(&self, act: impl FnOnce(&mut Auth) -> R) -> R {
        act(&mut self.auth.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Moves the world to now and lets somebody at it and at the book.
    pub(super) fn with_book<R>(&self, act: impl FnOnce(&mut World, &mut Book) -> R) -> R {
        self.world.with_world(|world| self.at_book(world, act))
    }

    /// As `with_book`, for somebody who has the world already.
    pub(super) fn at_book<R>(
        &self,
        world: &mut World,
        act: impl FnOnce(&mut World, &mut Book) -> R,
    ) -> R {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        act(world, &mut book)
    }

    /// Counts a request: of orders, or of everything else.
    pub(super) fn count(&self, is_order: bool) -> Limit {
        let window = if is_order { &self.orders } else { &self.requests };
        window.lock().unwrap_or_else(PoisonError::into_inner).count(self.now())
    }

    /// Returns the most requests of any minute, those served, those refused: first of
    /// orders, then of everything else.
    pub fn tallies(&self) -> [(usize, u64, u64); 2] {
        [&self.orders, &self.requests]
            .map(|window| window.lock().unwrap_or_else(PoisonError::into_inner).tally())
    }

    /// Returns the next of the numbers from which names are made.
    pub(super) fn next_number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Returns a new name in the shape of a UUID.
    pub(super) fn new_uuid(&self) -> String {
        format!("51a0c0de-5c4b-4000-8000-{:012x}", self.next_number())
    }
}
