//! What time it is in the simulated world, and how fast it goes.
//!
//! The wall paces it at one to one or faster, or it stands until somebody moves it.
//! A client in the same process may share it: it is a [`Clock`] of the house. It never
//! goes back.

use std::sync::{Mutex, PoisonError};

use jiff::SignedDuration;

use crate::bus::clock::{Clock, Stopwatch};
use crate::domain::calendar::MarketHours;
use crate::domain::market::Session;
use crate::domain::time::Timestamp;

/// How long before the open a clock that skips nights sets in again.
const BEFORE_OPEN: SignedDuration = SignedDuration::from_mins(1);
/// Nights that one look at the clock may skip: a year of sessions.
const NIGHTS_MAX: usize = 260;

/// How a simulated clock goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// So many times as fast as the wall; 1 is the wall's own pace.
    Times(u32),
    /// So many times as fast as the wall, from each close straight to a minute before
    /// the next open.
    SkippingNights(u32),
    /// Not at all: it is moved from outside.
    Manual,
}

/// The clock of a simulated world.
#[derive(Debug)]
pub struct SimClock {
    pace: Pace,
    /// Held for the time of a multiplication.
    anchor: Mutex<Anchor>,
}

/// An instant of the world and the wall's time since then.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    at: Timestamp,
    since: Stopwatch,
    /// The close that a clock that skips nights does not pass.
    close: Option<Timestamp>,
}

impl SimClock {
    /// Starts at an instant.
    pub fn new(pace: Pace, start: Timestamp) -> Self {
        let anchor = Anchor { at: start, since: Stopwatch::start(), close: None };
        Self { pace, anchor: Mutex::new(anchor) }
    }

    /// Returns how it goes.
    pub const fn pace(&self) -> Pace {
        self.pace
    }

    /// Moves it forward by some time, whatever its pace, and returns the new instant.
    pub fn advance(&self, by: SignedDuration) -> Timestamp {
        self.move_to(self.now().plus(by))
    }

    /// Moves it to an instant; never backwards.
    pub fn move_to(&self, at: Timestamp) -> Timestamp {
        let at = at.max(self.now());
        let mut anchor = self.anchor.lock().unwrap_or_else(PoisonError::into_inner);
        *anchor = Anchor { at, since: Stopwatch::start(), close: None };
        at
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        let mut anchor = self.anchor.lock().unwrap_or_else(PoisonError::into_inner);
        let times = match self.pace {
            Pace::Manual => return anchor.at,
            Pace::Times(times) | Pace::SkippingNights(times) => times,
        };
        let wall = i64::try_from(anchor.since.elapsed().as_nanos()).unwrap_or(i64::MAX);
        let passed = wall.saturating_mul(i64::from(times));
        let at = anchor.at.plus(SignedDuration::from_nanos(passed));
        if !matches!(self.pace, Pace::SkippingNights(_)) {
            return at;
        }
        if anchor.close.is_none_or(|close| at >= close) {
            let at = without_nights(*anchor, at);
            let close = MarketHours::NewYork.next_close(at).ok();
            *anchor = Anchor { at, since: Stopwatch::start(), close };
            return at;
        }
        at
    }
}

/// Where a clock stands that jumps over everything between close and open.
fn without_nights(anchor: Anchor, at: Timestamp) -> Timestamp {
    let (mut from, mut left) = (anchor.at, at.since(anchor.at));
    for _ in 0..NIGHTS_MAX {
        let Ok(window) = MarketHours::NewYork.window_at(from) else { break };
        if window.session != Session::Open {
            let Ok(open) = MarketHours::NewYork.next_open(from) else { break };
            from = from.max(open.plus(-BEFORE_OPEN));
            let to_open = open.since(from);
            if left < to_open {
                break;
            }
            (from, left) = (open, left - to_open);
            continue;
        }
        let to_close = window.until.since(from);
        if left < to_close {
            break;
        }
        (from, left) = (window.until, left - to_close);
    }
    from.plus(left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_manual_clock_moves_only_when_it_is_moved() {
        let clock = SimClock::new(Pace::Manual, at("2026-10-05T13:30:00Z"));
        tokio::time::advance(Duration::from_mins(1)).await;
        assert_eq!(clock.now(), at("2026-10-05T13:30:00Z"));
        clock.advance(SignedDuration::from_secs(90));
        clock.move_to(at("2026-10-05T13:00:00Z"));
        assert_eq!(clock.now(), at("2026-10-05T13:31:30Z"));
    }

    #[tokio::test(start_paused = true)]
    async fn an_accelerated_clock_goes_on_from_where_it_was_moved_to() {
        let clock = SimClock::new(Pace::Times(60), at("2026-10-05T13:30:00Z"));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(clock.now(), at("2026-10-05T13:32:00Z"));
        clock.move_to(at("2026-10-05T15:00:00Z"));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(clock.now(), at("2026-10-05T15:01:00Z"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_skips_nights_goes_from_the_close_to_a_minute_before_the_open() {
        // Friday, a minute before the close.
        let clock = SimClock::new(Pace::SkippingNights(60), at("2026-10-02T19:59:00Z"));
        assert_eq!(clock.now(), at("2026-10-02T19:59:00Z"));
        tokio::time::advance(Duration::from_millis(1_500)).await;
        assert_eq!(clock.now(), at("2026-10-05T13:29:30Z"));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(clock.now(), at("2026-10-05T13:30:30Z"));
    }
}
