//! From what a row says about its time to when its bar began and became known.
//!
//! A bar shorter than a day is known one interval after its start. A daily bar
//! is known one second before the regular close of its trading day in New York, never
//! earlier: that is what keeps a replay from looking ahead.

use jiff::SignedDuration;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::domain::calendar::{date_in_new_york, trading_day};
use crate::domain::market::Interval;
use crate::domain::time::Timestamp;
use crate::sources::history::error::{Fault, Reason};
use crate::sources::history::instant::{DAY, RowTime};

/// A daily bar is told this long before the close, so that an order at its last
/// price still meets an open market, as an order for the closing auction would.
const BEFORE_THE_CLOSE: SignedDuration = SignedDuration::from_secs(1);

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
    let date = if time.nanos % DAY == 0 {
        instant.in_zone(&TimeZone::UTC).date()
    } else {
        date_in_new_york(instant)
    };
    match session(date) {
        Ok(Some(placed)) => Ok(placed),
        Ok(None) => {
            let what = format!("{date} is not a trading day in New York");
            Err(Fault::new(Reason::NotATradingDay, what))
        }
        Err(why) => Err(Fault::new(Reason::Time, why)),
    }
}

/// The regular session of a day, early closings included; `None` when there is
/// none.
fn session(date: Date) -> Result<Option<Placed>, String> {
    let day = trading_day(date).map_err(|error| error.to_string())?;
    Ok(day.map(|day| Placed { start: day.open, at: day.close.plus(-BEFORE_THE_CLOSE) }))
}
