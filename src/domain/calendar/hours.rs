//! Which session an instant belongs to, and for how long that stays true.
//!
//! Knows days only through [`trading_day`]. A caller keeps
//! the window that it got until `until` has come and asks again then, so a feed of
//! quotes costs no calendar arithmetic.

use jiff::SignedDuration;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::day::FIRST;
use super::day::in_new_york;
use super::{
    CalendarError, TradingDay, date_in_new_york, next_trading_day, previous_trading_day,
    trading_day,
};
use crate::domain::market::Session;
use crate::domain::time::Timestamp;

const DAY_NANOS: i64 = 86_400_000_000_000;

/// A stretch of time with one answer to "which session is this?".
///
/// Holds `from <= t < until`. The windows of one [`MarketHours`] tile time: each
/// begins where the one before it ends, without gap or overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionWindow {
    /// The part of the day.
    pub session: Session,
    /// First instant of the window.
    pub from: Timestamp,
    /// First instant after the window.
    pub until: Timestamp,
    /// The day to which the session belongs; for [`Session::Closed`] the next
    /// trading day.
    pub trading_day: Date,
}

/// When a market trades.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarketHours {
    /// US equities: sessions, holidays and early closings of New York.
    #[default]
    NewYork,
    /// Never closed, for synthetic data. Days change at midnight UTC.
    Continuous,
}

impl MarketHours {
    /// Returns the window around an instant.
    ///
    /// # Errors
    /// In New York, outside 1998 to 2030, and after the last session of 2030,
    /// whose next trading day is not known.
    pub fn window_at(self, at: Timestamp) -> Result<SessionWindow, CalendarError> {
        match self {
            Self::NewYork => new_york_window(at),
            Self::Continuous => Ok(utc_day(at)),
        }
    }

    /// Returns the first opening of a regular session after an instant, as the
    /// `next_open` of Alpaca's clock: while a session is open, that of the next
    /// trading day (docs.alpaca.markets, "Get Market Clock info").
    ///
    /// # Errors
    /// As [`MarketHours::window_at`].
    pub fn next_open(self, at: Timestamp) -> Result<Timestamp, CalendarError> {
        self.next(at, |day| day.open)
    }

    /// Returns the first close of a regular session after an instant, as the
    /// `next_close` of Alpaca's clock: that of the present session while it is
    /// open, else that of the next one.
    ///
    /// # Errors
    /// As [`MarketHours::window_at`].
    pub fn next_close(self, at: Timestamp) -> Result<Timestamp, CalendarError> {
        self.next(at, |day| day.close)
    }

    /// The first `moment` of a trading day that is later than `at`. A continuous
    /// market closes and opens in the same instant, at midnight UTC.
    fn next(
        self,
        at: Timestamp,
        moment: impl Fn(&TradingDay) -> Timestamp,
    ) -> Result<Timestamp, CalendarError> {
        match self {
            Self::Continuous => Ok(utc_day(at).until),
            Self::NewYork => {
                let date = date_in_new_york(at);
                match trading_day(date)?.map(|day| moment(&day)) {
                    Some(today) if today > at => Ok(today),
                    Some(_) | None => next_trading_day(date).map(|day| moment(&day)),
                }
            }
        }
    }
}

fn new_york_window(at: Timestamp) -> Result<SessionWindow, CalendarError> {
    let date = date_in_new_york(at);
    let Some(day) = trading_day(date)? else {
        return Ok(closed_between(end_of_trading_before(date), &next_trading_day(date)?));
    };
    if at < day.pre_open {
        return Ok(closed_between(end_of_trading_before(date), &day));
    }
    if at >= day.after_close {
        return Ok(closed_between(day.after_close, &next_trading_day(date)?));
    }
    let (session, from, until) = if at < day.open {
        (Session::PreMarket, day.pre_open, day.open)
    } else if at < day.close {
        (Session::Open, day.open, day.close)
    } else {
        (Session::AfterHours, day.close, day.after_close)
    };
    Ok(SessionWindow { session, from, until, trading_day: date })
}

fn closed_between(from: Timestamp, next: &TradingDay) -> SessionWindow {
    SessionWindow { session: Session::Closed, from, until: next.pre_open, trading_day: next.date }
}

/// The instant at which the newest trading day before a date ended; the first
/// midnight of the calendar when it holds none.
fn end_of_trading_before(date: Date) -> Timestamp {
    previous_trading_day(date)
        .map_or_else(|_| in_new_york(FIRST, Time::midnight()), |day| day.after_close)
}

fn utc_day(at: Timestamp) -> SessionWindow {
    let into_day = at.as_nanos().rem_euclid(DAY_NANOS);
    let from = Timestamp::from_nanos(at.as_nanos().saturating_sub(into_day));
    SessionWindow {
        session: Session::Open,
        from,
        until: from.plus(SignedDuration::from_nanos(DAY_NANOS)),
        trading_day: at.in_zone(&TimeZone::UTC).date(),
    }
}
