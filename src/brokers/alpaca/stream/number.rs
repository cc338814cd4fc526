//! Exact prices, sizes and times from the forms in which a feed sends them.
//!
//! Digits of a text go straight into the units that money is counted in; a binary
//! double becomes the decimal that its sender wrote. What the fast ways cannot do
//! exactly goes the slow way through the text, never through rounding twice.

use crate::domain::money::{Price, Qty};
use crate::domain::time::Timestamp;

/// Units of a price in one dollar: 10^8 (`domain::money`).
const PRICE_PLACES: usize = 8;
/// Units of a quantity in one share: 10^9.
const QTY_PLACES: usize = 9;
/// Digits that surely fit in a `u64`.
const DIGITS_MAX: usize = 19;
/// A longer number is nonsense: nothing legal needs as many digits, and the slow way
/// must not be handed a megabyte.
const NUMBER_MAX: usize = 64;

const POWERS: [u64; 10] =
    [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];

/// What a number is to be used as: a price may be absent (zero), which is not the
/// same as nonsense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Amount<T> {
    /// A legal value.
    Value(T),
    /// Zero where it must be above: one side of a quote is empty.
    Zero,
    /// Not a legal value.
    Nonsense,
}

impl<T> Amount<T> {
    /// The value, where there is a legal one.
    pub(super) fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Zero | Self::Nonsense => None,
        }
    }
}

/// Plain digits with a point, times 10^places; `None` for every other form, more
/// places than that, or too many digits.
fn fixed(text: &[u8], places: usize) -> Option<u64> {
    // A point needs digits on both sides.
    let ends = [text.first()?, text.last()?];
    if text.len() > DIGITS_MAX || !ends.iter().all(|end| end.is_ascii_digit()) {
        return None;
    }
    let mut total = 0_u64;
    let mut point = None;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' => total = total * 10 + u64::from(byte - b'0'),
            b'.' if point.is_none() => point = Some(at),
            _ => return None,
        }
    }
    let decimals = point.map_or(0, |at| text.len() - at - 1);
    let missing = places.checked_sub(decimals)?;
    total.checked_mul(*POWERS.get(missing)?)
}

fn slow_text(text: &[u8]) -> Option<&str> {
    if text.len() > NUMBER_MAX { None } else { std::str::from_utf8(text).ok() }
}

/// A price from the text of a number.
pub(super) fn price_of_text(text: &[u8]) -> Amount<Price> {
    if let Some(units) = fixed(text, PRICE_PLACES) {
        return price_of_units(units);
    }
    match slow_text(text).map(str::parse::<Price>) {
        Some(Ok(price)) => Amount::Value(price),
        Some(Err(_)) if is_zero(text) => Amount::Zero,
        Some(Err(_)) | None => Amount::Nonsense,
    }
}

/// Zero in any form, such as `0.000000000` or `0e5`.
fn is_zero(text: &[u8]) -> bool {
    let mantissa = text.split(|byte| matches!(byte, b'e' | b'E')).next().unwrap_or_default();
    !mantissa.is_empty() && mantissa.iter().all(|byte| matches!(byte, b'0' | b'.' | b'-'))
}

/// A price from the units that money counts in.
fn price_of_units(units: u64) -> Amount<Price> {
    if units == 0 {
        return Amount::Zero;
    }
    i64::try_from(units)
        .ok()
        .and_then(|units| Price::from_units(units).ok())
        .map_or(Amount::Nonsense, Amount::Value)
}

/// A price from whole dollars.
pub(super) fn price_of_whole(dollars: u64) -> Amount<Price> {
    dollars.checked_mul(POWERS[PRICE_PLACES]).map_or(Amount::Nonsense, price_of_units)
}

/// A price from a double: the shortest decimal that reads back as the same double,
/// which is what the sender wrote.
///
/// A decimal of at most 15 digits survives the way through a double, so two of them
/// never share one: when `units ÷ 10^8` reads back as the same double and has at most
/// 15 digits, it *is* that shortest decimal, and its digits need not be written out.
/// Every legal price below `Price::MAX` with eight places is such a decimal.
pub(super) fn price_of_double(dollars: f64) -> Amount<Price> {
    match units_of_double(dollars, 1e8) {
        Some(units) => price_of_units(units),
        // More than eight places, or out of range: the digits are written and rounded
        // once, half to even.
        None if dollars.is_finite() => price_of_text(format!("{dollars:e}").as_bytes()),
        None => Amount::Nonsense,
    }
}

/// `value × scale` where that is a whole number of at most 15 digits and exact in the
/// sense of [`price_of_double`].
fn units_of_double(value: f64, scale: f64) -> Option<u64> {
    const FIFTEEN_DIGITS: f64 = 1e15;
    let units = (value * scale).round();
    // The comparison also refuses NaN; minus zero is zero.
    if !(0.0..FIFTEEN_DIGITS).contains(&units) {
        return None;
    }
    #[expect(clippy::float_cmp, reason = "the question is whether it is the same double")]
    if units / scale != value {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "whole and below 1e15, just checked")]
    #[expect(clippy::cast_sign_loss, reason = "not negative, just checked")]
    Some(units as u64)
}

/// A number of shares, parts included, from the text of a number.
pub(super) fn qty_of_text(text: &[u8]) -> Option<Qty> {
    match fixed(text, QTY_PLACES) {
        Some(units) => Qty::from_units(units).ok(),
        None => slow_text(text)?.parse().ok(),
    }
}

/// A number of shares from a double, as [`price_of_double`].
pub(super) fn qty_of_double(shares: f64) -> Option<Qty> {
    match units_of_double(shares, 1e9) {
        Some(units) => Qty::from_units(units).ok(),
        None if shares.is_finite() => qty_of_text(format!("{shares:e}").as_bytes()),
        None => None,
    }
}

/// A whole number from the text of a number; `100.0` is one.
pub(super) fn whole_of_text(text: &[u8]) -> Option<u64> {
    if let Some(whole) = fixed(text, 0) {
        return Some(whole);
    }
    let text = slow_text(text)?;
    text.parse().ok().or_else(|| {
        let (whole, parts) = text.split_once('.')?;
        let is_whole = !parts.is_empty() && parts.bytes().all(|byte| byte == b'0');
        if is_whole { whole.parse().ok() } else { None }
    })
}

/// A whole number from a double.
pub(super) fn whole_of_double(value: f64) -> Option<u64> {
    units_of_double(value, 1.0)
}

/// An instant from RFC 3339; the common form `2026-10-05T13:45:05.024916716Z` is read
/// here, every other one by the calendar library.
pub(super) fn time_of_text(text: &[u8]) -> Option<Timestamp> {
    common_time(text).or_else(|| slow_text(text)?.parse().ok())
}

fn common_time(text: &[u8]) -> Option<Timestamp> {
    let (date_and_time, rest) = text.split_at_checked(19)?;
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2] =
        *date_and_time
    else {
        return None;
    };
    let pair = |tens: u8, ones: u8| {
        (tens.is_ascii_digit() && ones.is_ascii_digit())
            .then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
    };
    let year = pair(y1, y2)? * 100 + pair(y3, y4)?;
    let (month, day) = (pair(m1, m2)?, pair(d1, d2)?);
    let (hour, minute, second) = (pair(h1, h2)?, pair(n1, n2)?, pair(s1, s2)?);
    // Everything unusual, leap seconds included, is the library's.
    if !(1970..=2199).contains(&year) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = days_since_1970(year, month, day)?;
    let nanos = match rest {
        b"Z" => 0,
        [b'.', digits @ .., b'Z'] if digits.len() <= QTY_PLACES => {
            i64::try_from(fixed_part(digits)?).ok()?
        }
        _ => return None,
    };
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    Some(Timestamp::from_nanos(seconds * 1_000_000_000 + nanos))
}

/// The digits behind a point as billionths.
fn fixed_part(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let part = digits.iter().fold(0_u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    part.checked_mul(*POWERS.get(QTY_PLACES - digits.len())?)
}

/// Days from 1970-01-01 in the Gregorian calendar, 1970 to 2199; `None` for a day that
/// does not exist.
fn days_since_1970(year: i64, month: i64, day: i64) -> Option<i64> {
    const BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let at = usize::try_from(month.checked_sub(1)?).ok()?;
    let before = *BEFORE.get(at)?;
    let after = BEFORE.get(at + 1).copied().unwrap_or(365);
    let length = after - before + i64::from(is_leap && month == 2);
    if !(1..=length).contains(&day) {
        return None;
    }
    let leap_days = |year: i64| year / 4 - year / 100 + year / 400;
    let leaps = leap_days(year - 1) - leap_days(1969);
    let this_leap = i64::from(is_leap && month > 2);
    Some((year - 1970) * 365 + leaps + before + this_leap + day - 1)
}

/// An instant from `MessagePack`'s seconds and nanoseconds.
pub(super) fn time_of_parts(seconds: i64, nanos: u32) -> Option<Timestamp> {
    if nanos > 999_999_999 {
        return None;
    }
    let total = seconds.checked_mul(1_000_000_000)?.checked_add(i64::from(nanos))?;
    Some(Timestamp::from_nanos(total))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check_price(text: &str, expected: Option<&str>) {
        let read = price_of_text(text.as_bytes()).value().map(|price| price.to_string());
        assert_eq!(read.as_deref(), expected, "text {text}");
        if let Ok(double) = text.parse::<f64>() {
            let read = price_of_double(double).value().map(|price| price.to_string());
            assert_eq!(read.as_deref(), expected, "double {text}");
        }
    }

    #[test]
    fn a_price_is_the_decimal_that_was_sent() {
        check_price("150.1", Some("150.10"));
        check_price("0.1", Some("0.10"));
        check_price("150.0975", Some("150.0975"));
        check_price("150.21450001", Some("150.21450001"));
        check_price("9999999.99", Some("9999999.99"));
        check_price("1e2", Some("100.00"));
        check_price("1.5E-3", Some("0.0015"));
        check_price("150", Some("150.00"));
        // More places than a price has are rounded once, half to even.
        check_price("0.123456785", Some("0.12345678"));
        check_price("0.1234567851", Some("0.12345679"));
    }

    #[test]
    fn what_is_no_price_is_refused() {
        for text in ["NaN", "-1", "-0.01", "1e308", "10000001", "inf", "0", "0.0", "", ".", "1e-9"]
        {
            check_price(text, None);
        }
        for double in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE, 1e308, -0.5] {
            assert_eq!(price_of_double(double), Amount::Nonsense, "{double}");
        }
        assert_eq!(price_of_double(-0.0), Amount::Zero);
        assert_eq!(price_of_text(b"0.000000000000000000000"), Amount::Zero);
        assert_eq!(price_of_text(&[b'1'; 1000]), Amount::Nonsense);
    }

    #[test]
    fn whole_numbers_may_be_written_with_a_point() {
        assert_eq!(whole_of_text(b"100.0"), Some(100));
        assert_eq!(whole_of_text(b"18446744073709551615"), Some(u64::MAX));
        for text in ["100.5", "-1", "1e3", "18446744073709551616", "100.", ""] {
            assert_eq!(whole_of_text(text.as_bytes()), None, "{text}");
        }
        assert_eq!(whole_of_double(100.0), Some(100));
        assert_eq!(whole_of_double(100.5), None);
    }

    #[test]
    fn days_and_times_that_do_not_exist_are_refused() {
        for text in
            ["2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-10-05T24:00:01Z", "now", ""]
        {
            assert_eq!(time_of_text(text.as_bytes()), None, "{text}");
        }
        assert!(time_of_text(b"2026-10-05T09:45:05-04:00").is_some());
        assert_eq!(time_of_parts(1, 1_000_000_000), None);
        assert_eq!(time_of_parts(i64::MAX, 0), None);
    }

    proptest! {
        #[test]
        fn the_fast_way_and_the_slow_way_agree_on_prices(units in 1_i64..=1_000_000_000_000_000) {
            let price = Price::from_units(units).unwrap();
            let text = price.to_string();
            prop_assert_eq!(price_of_text(text.as_bytes()), Amount::Value(price));
            prop_assert_eq!(price_of_double(text.parse().unwrap()), Amount::Value(price));
        }

        #[test]
        fn any_double_is_read_as_its_shortest_text_is(double in any::<f64>()) {
            let slow = format!("{double:e}").parse::<Price>().ok();
            prop_assert_eq!(price_of_double(double).value(), slow);
        }

        #[test]
        fn the_fast_way_and_the_library_agree_on_times(
            nanos in 0_i64..7_200_000_000_000_000_000, grain in 0_u32..10
        ) {
            let grain = 10_i64.pow(grain);
            let time = Timestamp::from_nanos(nanos / grain * grain);
            prop_assert_eq!(common_time(time.to_string().as_bytes()), Some(time));
        }
    }
}
