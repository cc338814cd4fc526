//! Instants, as nanoseconds since 1970 in UTC.
//!
//! An instant is only ever *given* (by a feed, a file, the clock of the house);
//! nothing in this module can ask what time it is. Calendar questions are
//! answered by [`calendar`](crate::domain::calendar).

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::digits::Digits;

/// An instant in UTC with nanosecond resolution, 1678 to 2261.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// Why a text is not an instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a time: use RFC 3339 such as 2025-10-28T14:30:00Z")]
pub struct TimeError(String);

impl Timestamp {
    /// Makes an instant from nanoseconds since 1970.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Makes an instant from seconds since 1970, held at the ends of the range.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000_000))
    }

    /// Returns nanoseconds since 1970.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// Returns the instant `duration` later, held at the ends of the range.
    #[must_use]
    pub fn plus(self, duration: SignedDuration) -> Self {
        let nanos = i64::try_from(duration.as_nanos()).unwrap_or(if duration.is_negative() {
            i64::MIN
        } else {
            i64::MAX
        });
        Self(self.0.saturating_add(nanos))
    }

    /// Returns the time from `earlier` to `self`, negative when it is later.
    pub fn since(self, earlier: Self) -> SignedDuration {
        SignedDuration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// Converts from jiff's instant.
    pub fn from_jiff(instant: jiff::Timestamp) -> Self {
        Self(i64::try_from(instant.as_nanosecond()).unwrap_or(if instant.as_second() < 0 {
            i64::MIN
        } else {
            i64::MAX
        }))
    }

    /// Converts to jiff's instant.
    pub fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_nanosecond(i128::from(self.0)).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }

    /// RFC 3339 in UTC, with as many places of a second as it needs. Written by
    /// hand because every event carries its time.
    fn text(self) -> Digits<30> {
        let clock = Offset::UTC.to_datetime(self.to_jiff());
        let mut text = Digits::new();
        text.put(b'Z');
        let (mut part, mut places) = (clock.subsec_nanosecond().unsigned_abs(), 9);
        if part != 0 {
            while part.is_multiple_of(10) {
                part /= 10;
                places -= 1;
            }
            text.put_places(u64::from(part), places);
            text.put(b'.');
        }
        for (number, before) in [
            (clock.second(), b':'),
            (clock.minute(), b':'),
            (clock.hour(), b'T'),
            (clock.day(), b'-'),
            (clock.month(), b'-'),
        ] {
            text.put_places(u64::from(number.unsigned_abs()), 2);
            text.put(before);
        }
        // 1677 to 2262: always four digits.
        text.put_places(u64::from(clock.year().unsigned_abs()), 4);
        text
    }

    /// Returns the wall clock of a zone at this instant.
    pub fn in_zone(self, zone: &TimeZone) -> DateTime {
        self.to_jiff().to_zoned(zone.clone()).datetime()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text().as_str())
    }
}

impl FromStr for Timestamp {
    type Err = TimeError;
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let instant: jiff::Timestamp =
            text.trim().parse().map_err(|_| TimeError(text.chars().take(40).collect()))?;
        Ok(Self::from_jiff(instant))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text().as_str())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_round_trips_to_the_nanosecond() {
        for text in
            ["2025-10-28T14:30:00Z", "2026-10-05T13:45:05.024916716Z", "1998-01-02T00:00:00Z"]
        {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), text);
        }
        assert_eq!(
            "2026-10-05T10:15:22.5-04:00".parse::<Timestamp>().unwrap().to_string(),
            "2026-10-05T14:15:22.5Z"
        );
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        let error = "yesterday".parse::<Timestamp>().unwrap_err();
        assert!(error.to_string().contains("'yesterday'"));
    }

    proptest! {
        #[test]
        fn text_is_what_jiff_would_write(nanos in any::<i64>(), grain in 0_u32..10) {
            let grain = 10_i64.pow(grain);
            let time = Timestamp::from_nanos(nanos / grain * grain);
            prop_assert_eq!(time.to_string(), time.to_jiff().to_string());
        }
    }
}
