//! What the gauges show, kept by the fold and read when somebody asks.
//!
//! Ages are worked out at the asking, by the house's own clock: when events stop, ages
//! must still grow.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use crate::bus::clock::{Clock, Stopwatch};
use crate::domain::ids::{ClientOrderId, TradeId};
use crate::domain::time::Timestamp;

/// Orders and positions that are timed at once; more are not timed.
pub(in crate::telemetry) const TIMED_MAX: usize = 4_096;

/// Where an order is on its way, by the wall clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct OnItsWay {
    pub(super) decided: Stopwatch,
    pub(super) sent: Option<Stopwatch>,
    pub(super) taken: Option<Stopwatch>,
}

/// The present values.
#[derive(Debug, Default)]
pub(super) struct Readings {
    pub(super) events: BTreeMap<&'static str, u64>,
    pub(super) quotes: u64,
    pub(super) newest_quote: Option<Timestamp>,
    pub(super) breakers: BTreeMap<String, u64>,
    /// Used and allowed, by budget.
    pub(super) budgets: BTreeMap<String, (u64, u64)>,
    pub(super) feeds: BTreeMap<String, u64>,
    pub(super) unknown: BTreeMap<ClientOrderId, Timestamp>,
    pub(super) naked: BTreeMap<TradeId, Timestamp>,
    pub(super) tokens: BTreeMap<String, Timestamp>,
    /// Events that the bus to other processes has left out.
    pub(super) bus_dropped: u64,
    pub(super) trading: u64,
    pub(super) orders: BTreeMap<ClientOrderId, OnItsWay>,
    /// The time of the newest event.
    pub(super) at: Timestamp,
}

/// The clock of the house, once there is one.
#[derive(Default)]
pub(super) struct HouseClock(OnceLock<Arc<dyn Clock>>);

impl std::fmt::Debug for HouseClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HouseClock").field("is_set", &self.0.get().is_some()).finish()
    }
}

impl HouseClock {
    /// Sets the clock; the first one stays.
    pub(super) fn set(&self, clock: Arc<dyn Clock>) {
        // A second house in one process is a test's, and reads the first one's time.
        let _ = self.0.set(clock);
    }

    /// The time, never before that of the newest event.
    pub(super) fn now(&self, newest: Timestamp) -> Timestamp {
        self.0.get().map_or(newest, |clock| clock.now().max(newest))
    }
}

/// Seconds from one time to another, never negative.
pub(super) fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.since(from).as_secs_f64().max(0.0)
}
