//! One day of trading as four instants, and the days before and after it.
//!
//! Asks `closings` whether and how long; knows nothing of "now". For the session
//! at an instant see [`MarketHours`](super::MarketHours).

use std::sync::LazyLock;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::closings;
use crate::domain::time::Timestamp;

/// First date that the calendar answers for; Martin Luther King Jr. Day became a
/// holiday of the exchanges in that year.
pub const FIRST: Date = Date::constant(1998, 1, 1);
/// Last date that the calendar answers for.
pub const LAST: Date = Date::constant(2030, 12, 31);

static NEW_YORK: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZone::get("America/New_York").expect("the zone database is compiled in"));

/// Why the calendar cannot answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The date is before the first or after the last one that the calendar holds.
    #[error(
        "{date} is outside the New York market calendar ({FIRST} to {LAST}): take data of those \
         years, set market hours to 'continuous', or install a release with a longer calendar"
    )]
    OutOfRange {
        /// The date in New York that was asked for.
        date: Date,
    },
}

/// A day on which the exchanges trade.
///
/// `pre_open < open < close < after_close`, all on `date` in New York. Today's
/// extended hours (04:00 to 20:00, 17:00 after an early close) are given for the
/// whole range, though in its first years fewer venues kept them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradingDay {
    /// The date in New York.
    pub date: Date,
    /// Start of pre-market trading, 04:00.
    pub pre_open: Timestamp,
    /// Start of the regular session, 09:30.
    pub open: Timestamp,
    /// End of the regular session, 16:00 or 13:00.
    pub close: Timestamp,
    /// End of after-hours trading, 20:00 or 17:00.
    pub after_close: Timestamp,
    /// Whether the regular session ends at 13:00.
    pub is_early_close: bool,
}

/// Returns the trading day of a date, `None` on a weekend or holiday.
///
/// # Errors
/// When the date is outside 1998 to 2030.
pub fn trading_day(date: Date) -> Result<Option<TradingDay>, CalendarError> {
    if !(FIRST..=LAST).contains(&date) {
        return Err(CalendarError::OutOfRange { date });
    }
    if closings::is_weekend(date) || closings::closing(date).is_some() {
        return Ok(None);
    }
    let is_early_close = closings::is_early_close(date);
    let (close, after_close) = if is_early_close { (13, 17) } else { (16, 20) };
    let open = closings::late_open(date).unwrap_or(Time::constant(9, 30, 0, 0));
    Ok(Some(TradingDay {
        date,
        pre_open: in_new_york(date, Time::constant(4, 0, 0, 0)),
        open: in_new_york(date, open),
        close: in_new_york(date, Time::constant(close, 0, 0, 0)),
        after_close: in_new_york(date, Time::constant(after_close, 0, 0, 0)),
        is_early_close,
    }))
}

/// Returns the first trading day later than a date.
///
/// # Errors
/// When that day is outside 1998 to 2030.
pub fn next_trading_day(after: Date) -> Result<TradingDay, CalendarError> {
    // Ends: the longest closing is a week, and the range has an end.
    let mut date = after;
    loop {
        date = date.tomorrow().map_err(|_| CalendarError::OutOfRange { date })?;
        if let Some(day) = trading_day(date)? {
            return Ok(day);
        }
    }
}

/// Returns the last trading day earlier than a date.
///
/// # Errors
/// When that day is outside 1998 to 2030.
pub fn previous_trading_day(before: Date) -> Result<TradingDay, CalendarError> {
    let mut date = before;
    loop {
        date = date.yesterday().map_err(|_| CalendarError::OutOfRange { date })?;
        if let Some(day) = trading_day(date)? {
            return Ok(day);
        }
    }
}

/// Returns the date that a calendar on a wall in New York shows at an instant.
pub fn date_in_new_york(at: Timestamp) -> Date {
    at.in_zone(&NEW_YORK).date()
}

/// Returns the instant of a time of day in New York. Clocks change between 01:00
/// and 03:00, so every time that this calendar uses exists exactly once.
pub(super) fn in_new_york(date: Date, time: Time) -> Timestamp {
    NEW_YORK
        .to_timestamp(date.to_datetime(time))
        .map(Timestamp::from_jiff)
        .expect("dates up to 2030 are far inside the range of instants")
}
