//! Whether a call may leave now: the budget of requests, and the calls in flight.
//!
//! Who waits is served by lane and then by age: since every lane may use more than the
//! lanes behind it, whoever stands first can go first. It knows no broker; the window
//! itself is in [`breakers::budget`](crate::breakers).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::sync::Notify;

use crate::breakers::{Budget, BudgetConfig, Lane, RateHeaders};
use crate::bus::clock::Clock;
use crate::domain::time::Timestamp;

/// Calls under way at once. A broker answers in tens of milliseconds, so this is far
/// above 200 a minute; it bounds sockets when the broker hangs.
const IN_FLIGHT_MAX: usize = 16;
/// Of these, how many entries, comparisons and data leave to what protects: a hanging
/// broker must not keep a cancel from being tried.
const IN_FLIGHT_RESERVE: usize = 6;
/// Calls that may wait; what does not protect is turned away beyond it.
const WAITING_MAX: usize = 256;
/// Longest nap before the budget is looked at again: the house clock may be faster
/// than the wall's.
const NAP_MAX: Duration = Duration::from_millis(250);
/// Shortest nap, so that nobody spins on a rounding.
const NAP_MIN: Duration = Duration::from_millis(1);

/// Why a call may not leave; not one byte has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Held {
    /// It waited for as long as it could.
    #[error("the request budget left no room in time")]
    TooLate,
    /// Too many wait already.
    #[error("too many requests wait already")]
    TooMany,
}

/// The numbers that are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) used: u32,
    pub(super) limit: u32,
    pub(super) shut_until: Option<Timestamp>,
}

#[derive(Debug)]
struct State {
    budget: Budget,
    in_flight: usize,
    waiting: BTreeSet<(Lane, u64)>,
    next: u64,
    shut_until: Timestamp,
    /// Lanes that had to wait since this was last asked, and until when.
    exhausted: BTreeMap<Lane, Timestamp>,
    chance: ChaCha8Rng,
}

/// The one way out.
pub(super) struct Admission {
    state: Mutex<State>,
    changed: Notify,
    clock: Arc<dyn Clock>,
}

/// Permission for one call, kept while it is under way.
#[must_use]
pub(super) struct Permit<'a>(&'a Admission);

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.state().in_flight -= 1;
        self.0.changed.notify_waiters();
    }
}

/// A place in the line, given up when whoever waits goes away.
struct Place<'a> {
    admission: &'a Admission,
    key: (Lane, u64),
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.admission.state().waiting.remove(&self.key);
        self.admission.changed.notify_waiters();
    }
}

impl Admission {
    pub(super) fn new(config: BudgetConfig, seed: u64, clock: Arc<dyn Clock>) -> Self {
        let mut budget = Budget::new(config);
        // What the process before has sent is not known.
        budget.after_restart(clock.now());
        let state = State {
            budget,
            in_flight: 0,
            waiting: BTreeSet::new(),
            next: 0,
            shut_until: Timestamp::from_nanos(i64::MIN),
            exhausted: BTreeMap::new(),
            chance: ChaCha8Rng::seed_from_u64(seed),
        };
        Self { state: Mutex::new(state), changed: Notify::new(), clock }
    }

    /// Waits for permission, for as long as `patience` lets.
    ///
    /// # Errors
    /// When there was no room in time, or too many wait.
    pub(super) async fn enter(
        &self,
        lane: Lane,
        patience: Option<Duration>,
    ) -> Result<Permit<'_>, Held> {
        self.admitted(lane, patience, true).await?;
        Ok(Permit(self))
    }

    /// Waits for permission for a further request of a call that is under way.
    ///
    /// # Errors
    /// As [`enter`](Self::enter).
    pub(super) async fn enter_again(&self, lane: Lane, patience: Duration) -> Result<(), Held> {
        self.admitted(lane, Some(patience), false).await
    }

    /// Waits in line; with `begins` one more call is under way then.
    async fn admitted(
        &self,
        lane: Lane,
        patience: Option<Duration>,
        begins: bool,
    ) -> Result<(), Held> {
        let key = {
            let mut state = self.state();
            if state.waiting.len() >= WAITING_MAX && !protects(lane) {
                return Err(Held::TooMany);
            }
            let key = (lane, state.next);
            state.next += 1;
            state.waiting.insert(key);
            key
        };
        let place = Place { admission: self, key };
        let admitted = async {
            loop {
                let changed = self.changed.notified();
                tokio::pin!(changed);
                // Registered before the look, so that no change is missed.
                changed.as_mut().enable();
                let Some(nap) = self.try_enter(key, begins) else { return };
                // A change first: it is the reason to look again.
                tokio::select! {
                    biased;
                    () = changed => {}
                    () = tokio::time::sleep(nap) => {}
                }
            }
        };
        match patience {
            None => admitted.await,
            Some(patience) => {
                tokio::time::timeout(patience, admitted).await.map_err(|_| Held::TooLate)?;
            }
        }
        drop(place);
        Ok(())
    }

    /// Takes a request when it is this one's turn; otherwise says how long to nap.
    fn try_enter(&self, key: (Lane, u64), begins: bool) -> Option<Duration> {
        let now = self.clock.now();
        let mut state = self.state();
        // Whoever is first of the line goes first, but a call that is under way does not
        // wait for one that waits until fewer are.
        let free = |lane| IN_FLIGHT_MAX - if protects(lane) { 0 } else { IN_FLIGHT_RESERVE };
        let is_full = begins && state.in_flight >= free(key.0);
        let before = state.waiting.iter().take_while(|other| **other != key);
        let is_first = state.waiting.first() == Some(&key)
            || !begins && before.clone().all(|other| state.in_flight >= free(other.0));
        if !is_first || is_full {
            return Some(NAP_MAX);
        }
        match state.budget.try_take(key.0, now) {
            Ok(()) => {
                state.in_flight += usize::from(begins);
                None
            }
            Err(wait) => {
                let until = wait.until.unwrap_or_else(|| now.plus(SignedDuration::from_secs(60)));
                state.exhausted.entry(key.0).or_insert(until);
                let left = Duration::try_from(until.since(now)).unwrap_or(NAP_MIN);
                Some(left.clamp(NAP_MIN, NAP_MAX))
            }
        }
    }

    /// Takes note of an answer that was not a 429.
    pub(super) fn answered(&self, rate: Option<RateHeaders>) {
        let now = self.clock.now();
        let mut state = self.state();
        match rate {
            Some(rate) => state.budget.observe(rate, now),
            None => state.budget.answered(),
        }
    }

    /// Takes note of a 429: nothing leaves for a while.
    pub(super) fn refused(&self, retry_at: Option<Timestamp>) {
        let now = self.clock.now();
        let mut state = self.state();
        let jitter = unit(&mut state.chance);
        state.shut_until = state.budget.refused(retry_at, jitter, now);
    }

    /// Draws a wait of up to `most`: full jitter.
    pub(super) fn jitter(&self, most: Duration) -> Duration {
        most.mul_f64(unit(&mut self.state().chance))
    }

    pub(super) fn usage(&self) -> Usage {
        let now = self.clock.now();
        let mut state = self.state();
        Usage {
            used: state.budget.used(now),
            limit: state.budget.limit(),
            shut_until: Some(state.shut_until).filter(|until| *until > now),
        }
    }

    /// Takes out which lanes had to wait since the last call.
    pub(super) fn take_exhausted(&self) -> BTreeMap<Lane, Timestamp> {
        std::mem::take(&mut self.state().exhausted)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here can leave a half-made state behind.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a lane may use the reserves.
const fn protects(lane: Lane) -> bool {
    match lane {
        Lane::Kill | Lane::Protective | Lane::Cancel => true,
        Lane::Reconcile | Lane::Entry | Lane::Data => false,
    }
}

/// Draws evenly from 0 inclusive to 1 exclusive.
fn unit(chance: &mut ChaCha8Rng) -> f64 {
    f64::from(chance.next_u32()) / 4_294_967_296.0
}
