//! The market's hours as the broker tells them, beside our own calendar.
//!
//! A calendar can be wrong: a day of mourning, an early close that nobody entered. The
//! broker's clock is read at the start, every hour, and when what it told has come; a
//! difference is said, and the stricter of the two holds: no entry leaves while the
//! broker says that the market is closed. Exits ask nobody.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::SignedDuration;

use crate::breakers::{CallClass, Lane};
use crate::brokers::gateway::desk::{Desk, Leave};
use crate::brokers::gateway::entrance::Entrance;
use crate::brokers::{Broker, BrokerClock};
use crate::domain::calendar::{CalendarError, MarketHours};
use crate::domain::market::Session;
use crate::domain::time::Timestamp;
use crate::events::{ReconcileDifference, Severity, SystemEvent};

/// How often the broker's clock is read.
const EVERY: SignedDuration = SignedDuration::from_hours(1);
/// When it is read again after a failure.
const AGAIN: SignedDuration = SignedDuration::from_secs(60);
/// Differences up to this are those of two clocks.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(60);

/// What the broker has told.
#[derive(Debug, Default)]
pub(super) struct Hours(Mutex<Told>);

#[derive(Debug, Default)]
struct Told {
    clock: Option<BrokerClock>,
    /// When that was, by our clock.
    taken_at: Timestamp,
    /// When to read; the first time at once.
    due: Option<Timestamp>,
    /// The difference that was said last, so that it is said once.
    said: Option<String>,
}

/// Open or closed, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Phase {
    is_open: bool,
    until: Timestamp,
}

impl Phase {
    const fn of(clock: &BrokerClock) -> Self {
        let until = if clock.is_open { clock.next_close } else { clock.next_open };
        Self { is_open: clock.is_open, until }
    }

    fn ours(hours: MarketHours, at: Timestamp) -> Result<Self, CalendarError> {
        let is_open = hours.window_at(at)?.session == Session::Open;
        let until = if is_open { hours.next_close(at)? } else { hours.next_open(at)? };
        Ok(Self { is_open, until })
    }

    /// Whether two tell the same, as far as two clocks can.
    fn agrees(self, other: Self, at: Timestamp) -> bool {
        let near = |one: Timestamp, two: Timestamp| one.since(two).abs() <= TOLERANCE;
        if self.is_open == other.is_open {
            return near(self.until, other.until);
        }
        // One of them has passed an opening or a close a moment before the other.
        near(self.until, at) || near(other.until, at)
    }

    fn in_words(self) -> String {
        let word = if self.is_open { "open" } else { "closed" };
        format!("{word} until {}", self.until)
    }
}

impl Hours {
    fn told(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whether it is time to read, once.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        let mut told = self.told();
        let is_due = told.due.is_none_or(|due| now >= due);
        if is_due {
            told.due = Some(now.plus(AGAIN));
        }
        is_due
    }

    /// Tells whether the broker says that the market is closed. Before it has said
    /// anything our calendar stands alone.
    pub(super) fn is_closed(&self, now: Timestamp) -> bool {
        let Some(clock) = self.told().clock else { return false };
        let has_opened = clock.is_open || clock.next_open <= now;
        !(has_opened && now < clock.next_close)
    }

    /// An instant by the broker's clock; `None` before it was read.
    pub(super) fn by_their_clock(&self, now: Timestamp) -> Option<Timestamp> {
        let told = self.told();
        told.clock.map(|clock| clock.now.plus(now.since(told.taken_at)))
    }

    /// Takes the broker's clock; returns a difference that is new, both sides in words.
    fn take(
        &self,
        clock: BrokerClock,
        hours: MarketHours,
        now: Timestamp,
    ) -> Option<(String, String)> {
        let theirs = Phase::of(&clock);
        let mut told = self.told();
        told.clock = Some(clock);
        told.taken_at = now;
        told.due =
            Some(now.plus(EVERY).min(theirs.until.max(now.plus(SignedDuration::from_secs(1)))));
        let ours = Phase::ours(hours, now).ok()?;
        if ours.agrees(theirs, now) {
            told.said = None;
            return None;
        }
        let (journal, venue) = (ours.in_words(), theirs.in_words());
        let is_new = told.said.as_ref() != Some(&venue);
        told.said = Some(venue.clone());
        is_new.then_some((journal, venue))
    }
}

impl<B: Broker, E: Entrance> Desk<B, E> {
    /// Reads the broker's clock and compares it with our calendar.
    pub(super) async fn compare_hours(&self) {
        if self.config.hours == MarketHours::Continuous {
            return; // Synthetic data keep no broker's hours.
        }
        let leave = Leave::read(Lane::Reconcile, Some(CallClass::Accounts));
        let clock = match self.read(leave, || self.broker.clock()).await {
            Ok(clock) => clock,
            Err(failure) => {
                tracing::warn!(%failure, "the broker's clock could not be read");
                return;
            }
        };
        let now = self.clock.now();
        let Some((journal, venue)) = self.hours.take(clock, self.config.hours, now) else { return };
        let text = format!(
            "the broker says that the market is {venue}, our calendar says {journal}: \
             no entry leaves while either says closed"
        );
        let subject = "market hours".to_owned();
        let difference = ReconcileDifference::between(subject, journal, venue);
        self.say(SystemEvent::ReconcileDifference(difference)).await;
        self.alert(Severity::Warning, text).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-10-05T{text}Z").parse().unwrap()
    }

    fn clock(is_open: bool, next_open: &str, next_close: &str) -> BrokerClock {
        let read = |text: &str| text.parse().unwrap();
        let (next_open, next_close) = (read(next_open), read(next_close));
        BrokerClock { now: next_open, is_open, next_open, next_close }
    }

    /// What is said of a clock at an instant, and whether entries are held then.
    #[track_caller]
    fn check(clock: BrokerClock, now: &str, expected: Option<&str>, is_closed: bool) {
        let hours = Hours::default();
        assert!(!hours.is_closed(at(now)), "nothing was told");
        let said = hours.take(clock, MarketHours::NewYork, at(now));
        assert_eq!(said.map(|(_, venue)| venue).as_deref(), expected);
        assert_eq!(hours.is_closed(at(now)), is_closed);
        assert_eq!(hours.take(clock, MarketHours::NewYork, at(now)), None, "said once");
    }

    #[test]
    fn a_clock_that_agrees_is_not_spoken_of() {
        let open = clock(true, "2026-10-06T13:30:00Z", "2026-10-05T20:00:00Z");
        check(open, "15:00:00", None, false);
        let before = clock(false, "2026-10-05T13:30:00Z", "2026-10-05T20:00:00Z");
        check(before, "13:29:00", None, true);
        // Read a moment before the open, and the open has come meanwhile.
        check(before, "13:30:05", None, false);
    }

    #[test]
    fn a_holiday_and_an_early_close_are_said_and_believed() {
        let holiday = clock(false, "2026-10-06T13:30:00Z", "2026-10-06T20:00:00Z");
        check(holiday, "15:00:00", Some("closed until 2026-10-06T13:30:00Z"), true);
        let early = clock(true, "2026-10-06T13:30:00Z", "2026-10-05T17:00:00Z");
        check(early, "15:00:00", Some("open until 2026-10-05T17:00:00Z"), false);
    }

    #[test]
    fn entries_end_at_an_early_close_and_the_clock_is_read_again_then() {
        let hours = Hours::default();
        assert!(hours.is_due(at("16:30:00")), "at the start");
        let early = clock(true, "2026-10-06T13:30:00Z", "2026-10-05T17:00:00Z");
        hours.take(early, MarketHours::NewYork, at("16:30:00"));
        assert!(!hours.is_due(at("16:59:59")) && !hours.is_closed(at("16:59:59")));
        assert!(hours.is_due(at("17:00:00")) && hours.is_closed(at("17:00:00")));
        assert!(!hours.is_due(at("17:00:59")), "a reading is under way");
        assert!(hours.is_due(at("17:01:00")), "which has failed");
    }
}
