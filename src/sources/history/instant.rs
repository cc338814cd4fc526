//! The time of a row, in any of the forms that recorded data comes in.
//!
//! A time without zone is UTC; a bare date is kept apart, since it means a
//! trading day in New York and not an instant. What instant a bar becomes known
//! at is decided in `schedule`.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::sources::history::error::{Fault, Reason, shown};
use crate::sources::history::fields::{digits, text_of};

/// Nanoseconds of a second.
const SECOND: i64 = 1_000_000_000;
/// Nanoseconds of a day of 24 hours.
pub(super) const DAY: i64 = 86_400 * SECOND;
/// Counts below this are seconds (the year 5138), then ms, µs, ns in steps of a
/// thousand; equity data younger than March 1973 has counts that could be
/// mistaken, so such data needs dates.
const SECONDS_BELOW: u64 = 100_000_000_000;

/// When a row says that its bar began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RowTime {
    /// Nanoseconds since 1970; midnight UTC for a date.
    pub(super) nanos: i64,
    /// Whether the row named a day only.
    pub(super) is_date: bool,
}

/// Reads times quickly by remembering the last one and the last date.
#[derive(Debug, Clone)]
pub(super) struct TimeReader {
    /// The text of the last time that was read, and what it meant.
    last: Vec<u8>,
    last_time: Option<RowTime>,
    /// The last date as text, and its midnight in UTC.
    date: [u8; 10],
    midnight: i64,
}

impl TimeReader {
    /// Has read nothing yet.
    pub(super) const fn empty() -> Self {
        Self { last: Vec::new(), last_time: None, date: [0; 10], midnight: 0 }
    }

    /// Reads a plain epoch count, date, or RFC 3339 time in `Z` with whole
    /// seconds at `at`; returns it and where it ends.
    #[inline]
    pub(super) fn quick(&mut self, bytes: &[u8], at: usize) -> Option<(RowTime, usize)> {
        let (value, end) = long_digits(bytes, at);
        match end - at {
            // Fewer digits are left to the careful reader: they may be a date.
            9..=19 => {
                let nanos = nanos_of_count(value)?;
                Some((RowTime { nanos, is_date: false }, end))
            }
            4 if bytes.get(end) == Some(&b'-') => self.quick_text(bytes, at),
            _ => None,
        }
    }

    fn quick_text(&mut self, bytes: &[u8], at: usize) -> Option<(RowTime, usize)> {
        let end = at + bytes.get(at..)?.iter().take(24).position(|byte| *byte == b',')?;
        let field = bytes.get(at..end)?;
        if let (true, Some(time)) = (self.last == field, self.last_time) {
            return Some((time, end));
        }
        let (date, clock) = field.split_at_checked(10)?;
        if self.date != date {
            self.midnight = midnight(date_of(date)?)?;
            self.date.copy_from_slice(date);
        }
        let time = if clock.is_empty() {
            RowTime { nanos: self.midnight, is_date: true }
        } else {
            let nanos = self.midnight.checked_add(seconds_of_clock(clock)? * SECOND)?;
            RowTime { nanos, is_date: false }
        };
        self.last.clear();
        self.last.extend_from_slice(field);
        self.last_time = Some(time);
        Some((time, end))
    }
}

/// Reads any legal time.
pub(super) fn time(field: &[u8]) -> Result<RowTime, Fault> {
    let text = text_of(field).unwrap_or_default();
    if text.is_empty() {
        return Err(Fault::new(Reason::Time, "time is missing or not text"));
    }
    number(text).or_else(|| date(text)).or_else(|| instant(text)).ok_or_else(|| {
        let what = format!(
            "'{}' is not a time: use 2025-10-28T14:30:00Z, 2025-10-28 or a count since 1970",
            shown(field)
        );
        Fault::new(Reason::Time, what)
    })
}

fn number(text: &str) -> Option<RowTime> {
    let (negative, count) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    if count.is_empty() || !count.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if count.len() == 8 && !negative {
        // 20251028 is a day; as seconds it would be a day of 1970.
        return day(text).map(|nanos| RowTime { nanos, is_date: true });
    }
    let nanos = nanos_of_count(count.parse().ok()?)?;
    Some(RowTime { nanos: if negative { -nanos } else { nanos }, is_date: false })
}

fn date(text: &str) -> Option<RowTime> {
    (text.len() == 10).then_some(())?;
    let nanos = midnight(date_of(text.as_bytes())?)?;
    Some(RowTime { nanos, is_date: true })
}

/// RFC 3339 with any offset, or a date and time without zone, taken as UTC.
fn instant(text: &str) -> Option<RowTime> {
    let of_jiff = |instant: jiff::Timestamp| {
        let nanos = i64::try_from(instant.as_nanosecond()).ok()?;
        Some(RowTime { nanos, is_date: false })
    };
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return of_jiff(instant);
    }
    // An offset or zone that could not be read must not be dropped in silence.
    let clock = text.as_bytes().get(11..)?;
    if !clock.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.')) {
        return None;
    }
    let wall = text.parse::<DateTime>().ok()?;
    of_jiff(wall.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// Nanoseconds from a count since 1970, its unit told by its magnitude.
#[inline]
fn nanos_of_count(count: u64) -> Option<i64> {
    let per_count = if count < SECONDS_BELOW {
        SECOND
    } else if count < SECONDS_BELOW * 1_000 {
        1_000_000
    } else if count < SECONDS_BELOW * 1_000_000 {
        1_000
    } else {
        1
    };
    i64::try_from(count).ok()?.checked_mul(per_count)
}

/// Like [`digits`], eight at a time where there are so many.
#[inline]
fn long_digits(bytes: &[u8], at: usize) -> (u64, usize) {
    let (mut value, mut end) = (0_u64, at);
    while let Some(more) = eight_digits(bytes, end) {
        value = value.wrapping_mul(100_000_000).wrapping_add(more);
        end += 8;
    }
    while let Some(digit) = bytes.get(end).map(|byte| byte.wrapping_sub(b'0'))
        && digit <= 9
    {
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        end += 1;
    }
    (value, end)
}

/// Eight digits as one number, by adding neighbours in pairs, fours and eights
/// inside one word (D. Lemire, "Quickly parsing eight digits", 2018).
#[inline]
fn eight_digits(bytes: &[u8], at: usize) -> Option<u64> {
    let chunk: [u8; 8] = bytes.get(at..at + 8)?.try_into().ok()?;
    let word = u64::from_le_bytes(chunk).wrapping_sub(0x3030_3030_3030_3030);
    // A byte below '0' borrows and one above '9' carries into its high bit.
    let above = word.wrapping_add(0x7676_7676_7676_7676);
    if (word | above) & 0x8080_8080_8080_8080 != 0 {
        return None;
    }
    let pairs = (word * 10 + (word >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    Some((fours * 10_000 + (fours >> 32)) & 0xffff_ffff)
}

/// `20251028` → midnight UTC.
fn day(text: &str) -> Option<i64> {
    let number = text.parse::<u32>().ok()?;
    let year = i16::try_from(number / 10_000).ok()?;
    let month = i8::try_from(number / 100 % 100).ok()?;
    midnight(Date::new(year, month, i8::try_from(number % 100).ok()?).ok()?)
}

/// `2025-10-28` → the date.
fn date_of(text: &[u8]) -> Option<Date> {
    let [_, _, _, _, b'-', _, _, b'-', _, _] = text else { return None };
    let part = |range: std::ops::Range<usize>| {
        let field = text.get(range)?;
        field.iter().all(u8::is_ascii_digit).then(|| digits(field, 0).0)
    };
    let year = i16::try_from(part(0..4)?).ok()?;
    let month = i8::try_from(part(5..7)?).ok()?;
    Date::new(year, month, i8::try_from(part(8..10)?).ok()?).ok()
}

fn midnight(date: Date) -> Option<i64> {
    let midnight = date.to_zoned(TimeZone::UTC).ok()?;
    i64::try_from(midnight.timestamp().as_nanosecond()).ok()
}

/// `T14:30:00Z` (or a blank for the T, or no Z) → seconds since midnight.
fn seconds_of_clock(clock: &[u8]) -> Option<i64> {
    let clock = clock.strip_suffix(b"Z").unwrap_or(clock);
    let [b'T' | b' ', h1, h0, b':', m1, m0, b':', s1, s0] = clock else { return None };
    let pair = |tens: &u8, ones: &u8, below: i64| {
        (tens.is_ascii_digit() && ones.is_ascii_digit()).then_some(())?;
        let value = i64::from(tens - b'0') * 10 + i64::from(ones - b'0');
        (value < below).then_some(value)
    };
    Some(pair(h1, h0, 24)? * 3_600 + pair(m1, m0, 60)? * 60 + pair(s1, s0, 60)?)
}
