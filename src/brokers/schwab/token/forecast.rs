//! When a human should be asked to log in again.
//!
//! A login that ends in the middle of a session takes the broker away when it is
//! needed, so besides hours the market's calendar counts. Pure: times are given.
//! Schwab, protocol page §8 of November 2026.

use std::fmt;

use jiff::SignedDuration;

use crate::domain::calendar::MarketHours;
use crate::domain::time::Timestamp;

/// What is to be said about the end of a login, from the mildest to the most urgent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LoginWarning {
    /// It is expected to end within 48 hours.
    Within48Hours,
    /// It is expected to end within 24 hours.
    Within24Hours,
    /// It is expected to end before the next close of the market: during a session, or
    /// before the session opens.
    BeforeNextClose,
    /// It is expected to end within 2 hours.
    Within2Hours,
    /// The seven days are over; Schwab may end it at any moment.
    Past,
}

impl LoginWarning {
    /// Returns what is to be said at an instant about a login that is expected to end
    /// at `login_until`; `None` when nothing is.
    pub fn at(login_until: Timestamp, now: Timestamp) -> Option<Self> {
        let left = login_until.since(now);
        let hours = |number| left <= SignedDuration::from_hours(number);
        // A calendar that has ended knows no close.
        let ends_in_session =
            MarketHours::NewYork.next_close(now).is_ok_and(|close| login_until < close);
        if left <= SignedDuration::ZERO {
            Some(Self::Past)
        } else if hours(2) {
            Some(Self::Within2Hours)
        } else if ends_in_session {
            Some(Self::BeforeNextClose)
        } else if hours(24) {
            Some(Self::Within24Hours)
        } else if hours(48) {
            Some(Self::Within48Hours)
        } else {
            None
        }
    }
}

impl fmt::Display for LoginWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Within48Hours => "the Schwab login is expected to end within 48 hours",
            Self::Within24Hours => "the Schwab login is expected to end within 24 hours",
            Self::BeforeNextClose => {
                "the Schwab login is expected to end before the market next closes"
            }
            Self::Within2Hours => "the Schwab login is expected to end within 2 hours",
            Self::Past => "the Schwab login is older than seven days and may end at any moment",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(now: &str, login_until: &str, expected: Option<LoginWarning>) {
        let [now, until] = [now, login_until].map(|at| at.parse::<Timestamp>().unwrap());
        assert_eq!(LoginWarning::at(until, now), expected, "{now} {until}");
    }

    #[test]
    fn hours_and_the_calendar_count() {
        // 2026-10-09 is a Friday; the session is 13:30 to 20:00 UTC.
        let until = "2026-10-09T22:00:00Z";
        check("2026-10-07T21:59:59Z", until, None);
        check("2026-10-07T22:00:00Z", until, Some(LoginWarning::Within48Hours));
        check("2026-10-08T22:00:00Z", until, Some(LoginWarning::Within24Hours));
        check("2026-10-09T19:59:00Z", until, Some(LoginWarning::Within24Hours));
        check("2026-10-09T20:00:00Z", until, Some(LoginWarning::Within2Hours));
        check("2026-10-09T22:00:00Z", until, Some(LoginWarning::Past));
    }

    #[test]
    fn a_login_that_dies_before_the_next_close_is_said_before_the_open() {
        let midday = "2026-10-12T15:00:00Z";
        // After Friday's close the next close is Monday's, three days away.
        check("2026-10-09T19:00:00Z", midday, None);
        check("2026-10-09T20:00:01Z", midday, Some(LoginWarning::BeforeNextClose));
        check("2026-10-12T12:00:00Z", midday, Some(LoginWarning::BeforeNextClose));
        check("2026-10-12T13:00:00Z", midday, Some(LoginWarning::Within2Hours));
        // At a weekend it dies before the session opens.
        check("2026-10-10T00:00:00Z", "2026-10-11T20:00:00Z", Some(LoginWarning::BeforeNextClose));
    }

    #[test]
    fn the_more_urgent_is_the_greater() {
        assert!(LoginWarning::Within48Hours < LoginWarning::BeforeNextClose);
        assert!(LoginWarning::Within2Hours < LoginWarning::Past);
    }
}
