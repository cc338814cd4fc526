//! Timeframes of bars: which there are, and how minutes and days become longer bars.
//!
//! Alpaca, protocol page §5 of October 2026: `[1-59]Min|T`, `[1-23]Hour|H`, `1Day|D`,
//! `1Week|W`, `[1,2,3,4,6,12]Month|M`. Hours and minutes count from midnight in New
//! York, weeks from Monday, months from January.

use std::str::FromStr;

use jiff::SignedDuration;
use jiff::civil::{Date, Weekday};

use crate::brokers::sim::server::{KeptBar, midnight};
use crate::domain::calendar::date_in_new_york;
use crate::domain::market::Interval;
use crate::domain::time::Timestamp;

/// The length of a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timeframe {
    /// 1 to 59 minutes, or hours as 60 to 1380 of them.
    Minutes(u32),
    /// A trading day.
    Day,
    /// Monday to Sunday.
    Week,
    /// 1, 2, 3, 4, 6 or 12 months.
    Months(i8),
}

impl FromStr for Timeframe {
    /// Alpaca's message.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("invalid timeframe: {text}");
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at_checked(digits).ok_or_else(refused)?;
        let number: u32 = number.parse().map_err(|_| refused())?;
        match (unit, number) {
            ("Min" | "T", 1..=59) => Ok(Self::Minutes(number)),
            ("Hour" | "H", 1..=23) => Ok(Self::Minutes(number * 60)),
            ("Day" | "D", 1) => Ok(Self::Day),
            ("Week" | "W", 1) => Ok(Self::Week),
            ("Month" | "M", 1 | 2 | 3 | 4 | 6 | 12) => {
                i8::try_from(number).map(Self::Months).map_err(|_| refused())
            }
            _ => Err(refused()),
        }
    }
}

impl Timeframe {
    /// Returns the bars from which this one is joined.
    pub(super) const fn source(self) -> Interval {
        match self {
            Self::Minutes(_) => Interval::Minute,
            Self::Day | Self::Week | Self::Months(_) => Interval::Day,
        }
    }

    /// Returns the start of the bar to which an instant belongs.
    pub(super) fn start(self, at: Timestamp) -> Timestamp {
        let date = date_in_new_york(at);
        match self {
            Self::Minutes(minutes) => {
                let from = midnight(date);
                let length = i64::from(minutes) * 60_000_000_000;
                let into_day = at.since(from).as_nanos();
                let into_day = i64::try_from(into_day).unwrap_or_default();
                from.plus(SignedDuration::from_nanos(into_day.div_euclid(length) * length))
            }
            Self::Day => midnight(date),
            Self::Week => {
                let monday = date.weekday().since(Weekday::Monday);
                let days = jiff::Span::new().days(monday);
                midnight(date.checked_sub(days).unwrap_or(date))
            }
            Self::Months(months) => {
                let month = (date.month() - 1) / months * months + 1;
                midnight(Date::new(date.year(), month, 1).unwrap_or(date))
            }
        }
    }

    /// Joins minutes or days, oldest first, to bars of this length. The first may have
    /// begun before them, the last may still be under way.
    pub(super) fn join(self, bars: &[KeptBar]) -> Vec<KeptBar> {
        let mut joined: Vec<KeptBar> = Vec::new();
        for bar in bars {
            let start = self.start(bar.bar.start);
            if let Some(last) = joined.last_mut().filter(|last| last.bar.start == start) {
                last.join(bar);
                continue;
            }
            let mut first = *bar;
            first.bar.start = start;
            joined.push(first);
        }
        joined
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<Timeframe>) {
        assert_eq!(text.parse::<Timeframe>().ok(), expected, "{text}");
    }

    #[test]
    fn timeframes_are_those_of_the_page() {
        check("1Min", Some(Timeframe::Minutes(1)));
        check("59T", Some(Timeframe::Minutes(59)));
        check("23H", Some(Timeframe::Minutes(1_380)));
        check("1Day", Some(Timeframe::Day));
        check("1W", Some(Timeframe::Week));
        check("12Month", Some(Timeframe::Months(12)));
        for refused in ["60Min", "24Hour", "5Month", "2Day", "0Min", "Min", "", "1Year", "1min"] {
            check(refused, None);
        }
        assert_eq!("60Min".parse::<Timeframe>(), Err("invalid timeframe: 60Min".into()));
    }

    #[track_caller]
    fn check_start(text: &str, at: &str, expected: &str) {
        let timeframe: Timeframe = text.parse().unwrap();
        assert_eq!(timeframe.start(at.parse().unwrap()).to_string(), expected, "{text} at {at}");
    }

    #[test]
    fn bars_start_on_new_yorks_clock() {
        let at = "2026-10-07T13:47:31Z";
        check_start("5Min", at, "2026-10-07T13:45:00Z");
        check_start("1Hour", at, "2026-10-07T13:00:00Z");
        check_start("4Hour", at, "2026-10-07T12:00:00Z");
        check_start("1Day", at, "2026-10-07T04:00:00Z");
        check_start("1Week", at, "2026-10-05T04:00:00Z");
        check_start("3Month", at, "2026-10-01T04:00:00Z");
        check_start("6Month", at, "2026-07-01T04:00:00Z");
        check_start("1Day", "2026-12-01T15:00:00Z", "2026-12-01T05:00:00Z");
    }
}
