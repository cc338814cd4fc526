//! From what a row says about its time to when its bar began and became known.
//!
//! A bar shorter than a day is known one interval after its start. A daily bar
//! is known at the regular close of its trading day in New York, never before:
//! that is what keeps a replay from looking ahead.

use std::sync::LazyLock;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;

use crate::domain::market::Interval;
use crate::domain::time::Timestamp;
use crate::sources::history::error::{Fault, Reason};
use crate::sources::history::instant::{DAY, RowTime};

static NEW_YORK: LazyLock<TimeZone> = LazyLock::new(|| {
    TimeZone::get("America/New_York").expect("the zone is part of the bundled database")
});

/// When a bar begins and when it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) start: Timestamp,
    pub(super) at: Timestamp,
}

/// Places rows of one interval in time; remembers the last answer, since many
/// rows share it.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    interval: Interval,
    length: i64,
    last: Option<(RowTime, Result<Placed, Fault>)>,
}

impl Schedule {
    pub(super) fn new(interval: Interval) -> Self {
        let length = i64::try_from(interval.duration().as_nanos()).unwrap_or(DAY);
        Self { interval, length, last: None }
    }

    /// Returns where a row belongs, or why it belongs nowhere.
    #[inline]
    pub(super) fn place(&mut self, time: RowTime) -> Result<Placed, Fault> {
        if self.interval == Interval::Day {
            return match &self.last {
                Some((known, placed)) if *known == time => placed.clone(),
                Some(_) | None => {
                    let placed = place_day(time);
                    self.last = Some((time, placed.clone()));
                    placed
                }
            };
        }
        if time.is_date {
            let what = format!("a date without a time among bars of {}", self.interval);
            return Err(Fault::new(Reason::Time, what));
        }
        let at = Timestamp::from_nanos(time.nanos.saturating_add(self.length));
        Ok(Placed { start: Timestamp::from_nanos(time.nanos), at })
    }
}

/// The session of the day that a daily bar names: midnight UTC is how a date is
/// written as an instant, anything else is read on a wall clock in New York
/// (Alpaca stamps daily bars with midnight there).
fn place_day(time: RowTime) -> Result<Placed, Fault> {
    let instant = Timestamp::from_nanos(time.nanos);
    let zone = if time.nanos % DAY == 0 { &TimeZone::UTC } else { &*NEW_YORK };
    let date = instant.in_zone(zone).date();
    match session(date) {
        Ok(Some(placed)) => Ok(placed),
        Ok(None) => {
            let what = format!("{date} is not a trading day in New York");
            Err(Fault::new(Reason::NotATradingDay, what))
        }
        Err(why) => Err(Fault::new(Reason::Time, why)),
    }
}

/// The regular session of a day, `None` when there is none.
///
/// This is the one seam to the market calendar: weekdays from 09:30 to 16:00
/// until `domain::calendar` answers it with holidays and early closings.
fn session(date: Date) -> Result<Option<Placed>, String> {
    if matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) {
        return Ok(None);
    }
    let moment = |hour, minute| {
        let wall = date.to_datetime(Time::constant(hour, minute, 0, 0));
        let zoned = wall.to_zoned(NEW_YORK.clone());
        zoned.map(|zoned| Timestamp::from_jiff(zoned.timestamp())).map_err(|e| e.to_string())
    };
    Ok(Some(Placed { start: moment(9, 30)?, at: moment(16, 0)? }))
}
