//! The only place that asks what time it is.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::domain::time::Timestamp;

/// Tells the time. Two callers: the spine and the gateway.
pub trait Clock: Send + Sync {
    /// Returns the present instant.
    fn now(&self) -> Timestamp;
}

/// The wall clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    fn now(&self) -> Timestamp {
        Timestamp::from_jiff(jiff::Timestamp::now())
    }
}

/// A clock that is moved by the feed and never by the wall.
#[derive(Debug, Default)]
pub struct ReplayClock(AtomicI64);

impl ReplayClock {
    /// Moves the clock; never backwards.
    pub fn move_to(&self, at: Timestamp) {
        self.0.fetch_max(at.as_nanos(), Ordering::Relaxed);
    }
}

impl Clock for ReplayClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

/// The target of tracing under which measures of wall time are said: one field with the
/// measure's name and its seconds, and `of`, whose it is. Telemetry listens, where it is
/// switched on; nothing that is journalled depends on it.
pub const MEASURES: &str = "flightdeck::measure";

/// Starts a stopwatch where somebody listens to measures.
pub fn lap() -> Option<Stopwatch> {
    tracing::enabled!(target: MEASURES, tracing::Level::TRACE).then(Stopwatch::start)
}

/// Measures wall time for reports and pacing; nothing that is journalled depends
/// on it.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(tokio::time::Instant);

impl Stopwatch {
    /// Starts now.
    #[must_use]
    pub fn start() -> Self {
        Self(tokio::time::Instant::now())
    }

    /// Returns the time since the start.
    pub fn elapsed(&self) -> std::time::Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_replay_clock_never_goes_back() {
        let clock = ReplayClock::default();
        clock.move_to(Timestamp::from_seconds(10));
        clock.move_to(Timestamp::from_seconds(5));
        assert_eq!(clock.now(), Timestamp::from_seconds(10));
    }
}
