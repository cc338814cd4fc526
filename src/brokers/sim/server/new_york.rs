//! Instants as New York writes them, and its midnights.

use std::sync::LazyLock;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use crate::domain::time::Timestamp;

static NEW_YORK: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZone::get("America/New_York").expect("the zone database is compiled in"));

/// Returns the instant as RFC 3339 with New York's offset (`…-04:00` or `…-05:00`).
pub fn new_york_text(at: Timestamp) -> String {
    let zoned = at.to_jiff().to_zoned(NEW_YORK.clone());
    let offset = zoned.offset().seconds();
    let sign = if offset < 0 { '-' } else { '+' };
    let (hours, minutes) = (offset.abs() / 3_600, offset.abs() / 60 % 60);
    let text = zoned.datetime().to_string();
    format!("{text}{sign}{hours:02}:{minutes:02}")
}

/// Returns the first instant of a date in New York.
pub fn midnight(date: Date) -> Timestamp {
    at_time(date, Time::midnight())
}

/// Returns an instant of a date in New York; held at 1970 for dates beyond all range.
pub(super) fn at_time(date: Date, time: Time) -> Timestamp {
    NEW_YORK
        .to_timestamp(date.to_datetime(time))
        .map_or_else(|_| Timestamp::default(), Timestamp::from_jiff)
}

/// Returns New York's wall clock at an instant.
pub(super) fn wall_clock(at: Timestamp) -> jiff::civil::DateTime {
    at.in_zone(&NEW_YORK)
}
