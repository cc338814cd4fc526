//! The only place that asks what time it is.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::SignedDuration;

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
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A wall clock that moves by more than this at once was set, or the machine has slept
/// (faults page §2, rule 7).
pub const STEP_MAX: SignedDuration = SignedDuration::from_secs(2);
/// What a clock gains or loses slowly is forgiven after so long.
const STEADY: Duration = Duration::from_mins(1);

/// Notices when a clock moves otherwise than time passes.
#[derive(Debug)]
pub struct StepWatch {
    passed: Stopwatch,
    /// The clock less the time that has passed, and when that was noted.
    offset: i64,
    noted: Duration,
}

impl StepWatch {
    /// Starts with what the clock shows now.
    pub fn start(clock: &dyn Clock) -> Self {
        let passed = Stopwatch::start();
        Self { passed, offset: clock.now().as_nanos(), noted: Duration::ZERO }
    }

    /// Looks at the clock: by how much it was moved, when that is more than
    /// [`STEP_MAX`]; negative when it was set back. Said once a step.
    pub fn look(&mut self, clock: &dyn Clock) -> Option<SignedDuration> {
        self.judge(clock.now(), self.passed.elapsed())
    }

    fn judge(&mut self, shown: Timestamp, passed: Duration) -> Option<SignedDuration> {
        let nanos = i64::try_from(passed.as_nanos()).unwrap_or(i64::MAX);
        let offset = shown.as_nanos().saturating_sub(nanos);
        let step = SignedDuration::from_nanos(offset.saturating_sub(self.offset));
        let is_step = step.abs() > STEP_MAX;
        if is_step || passed.saturating_sub(self.noted) >= STEADY {
            self.offset = offset;
            self.noted = passed;
        }
        is_step.then_some(step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f55_a_step_of_the_clock_is_said_once_and_drift_is_none() {
        let mut watch = StepWatch { passed: Stopwatch::start(), offset: 0, noted: Duration::ZERO };
        let mut look = |shown_ms: i64, passed_ms: u64| {
            let shown = Timestamp::from_nanos(shown_ms * 1_000_000);
            watch.judge(shown, Duration::from_millis(passed_ms)).map(|step| step.as_millis())
        };
        assert_eq!(look(10, 10), None);
        assert_eq!(look(2_020, 20), None, "two seconds are not more than two");
        assert_eq!(look(3_603_030, 30), Some(3_603_000), "set forward by an hour");
        assert_eq!(look(3_603_040, 40), None, "said once");
        assert_eq!(look(50, 50), Some(-3_603_000), "set back");
        // A second a minute is a bad clock, and no step.
        for minute in 1..600_u64 {
            let passed = 50 + minute * 60_000;
            let shown = i64::try_from(passed + minute * 1_000).unwrap();
            assert_eq!(look(shown, passed), None, "minute {minute}");
        }
    }

    #[test]
    fn the_replay_clock_never_goes_back() {
        let clock = ReplayClock::default();
        clock.move_to(Timestamp::from_seconds(10));
        clock.move_to(Timestamp::from_seconds(5));
        assert_eq!(clock.now(), Timestamp::from_seconds(10));
    }
}
