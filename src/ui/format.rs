//! Numbers, times and texts as the screen writes them. Rounds for the eye only;
//! nothing here is counted with.

use std::borrow::Cow;
use std::time::Duration;

use rust_decimal::{Decimal, RoundingStrategy};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::domain::money::{Money, Price, Qty};
use crate::domain::time::Timestamp;
use crate::ui::theme::{Glyph, Meaning};
use crate::view::Delay;

/// What stands where a value is not known.
pub const ABSENT: &str = "-";

/// An amount in dollars and cents with thousands: `1,024,310.55`.
pub fn money(amount: Money) -> String {
    decimal(amount.to_decimal(), 2)
}

/// The same with its sign, also when positive: `+41.20`.
pub fn signed_money(amount: Money) -> String {
    let sign = if amount.units() > 0 { "+" } else { "" };
    format!("{sign}{}", money(amount))
}

/// A price with cents, and with up to four places where there are any: `187.42`,
/// `0.1234`.
pub fn price(price: Price) -> String {
    let value = price.to_decimal().round_dp(4).normalize();
    decimal(value, value.scale().max(2))
}

/// A price that may not be known.
pub fn maybe_price(known: Option<Price>) -> String {
    known.map_or_else(|| ABSENT.to_owned(), price)
}

/// A number of shares with thousands, with as many places as it has.
pub fn quantity(quantity: Qty) -> String {
    let value = quantity.to_decimal().normalize();
    decimal(value, value.scale())
}

/// A ratio as a percentage with its sign: `+0.8%` of `0.008`.
pub fn percent(ratio: Decimal, places: u32) -> String {
    let value = ratio.checked_mul(Decimal::ONE_HUNDRED).unwrap_or(Decimal::MAX);
    let text = decimal(value, places);
    let sign = if value > Decimal::ZERO { "+" } else { "" };
    format!("{sign}{text}%")
}

/// A ratio as whole percents without a sign for gains: `41%` of `0.41`.
pub fn share(ratio: Decimal) -> String {
    let text = percent(ratio, 0);
    text.strip_prefix('+').map_or_else(|| text.clone(), str::to_owned)
}

/// A ratio with two places and no leading nought: `.71`, `1.00`.
pub fn score(ratio: Decimal) -> String {
    let text = decimal(ratio, 2);
    text.strip_prefix('0').map_or_else(|| text.clone(), str::to_owned)
}

/// A decimal with thousands and so many places, rounded half to even.
pub fn decimal(value: Decimal, places: u32) -> String {
    let value = value.round_dp_with_strategy(places, RoundingStrategy::MidpointNearestEven);
    let is_negative = value.is_sign_negative() && !value.is_zero();
    let text = format!("{:.*}", usize::try_from(places).unwrap_or(0), value.abs());
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let mut written = String::with_capacity(text.len() + whole.len() / 3 + 2);
    if is_negative {
        written.push('-');
    }
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            written.push(',');
        }
        written.push(digit);
    }
    if !part.is_empty() {
        written.push('.');
        written.push_str(part);
    }
    written
}

/// A count in at most five columns: `9,999`, `12.4k`, `31M`.
pub fn count(number: u64) -> String {
    let scaled = |unit: u64, letter: char| {
        let (whole, tenth) = (number / unit, number % unit * 10 / unit);
        if whole < 100 { format!("{whole}.{tenth}{letter}") } else { format!("{whole}{letter}") }
    };
    match number {
        0..10_000 => decimal(Decimal::from(number), 0),
        10_000..1_000_000 => scaled(1_000, 'k'),
        1_000_000..1_000_000_000 => scaled(1_000_000, 'M'),
        1_000_000_000.. => scaled(1_000_000_000, 'G'),
    }
}

/// A length of time in at most five columns: `12ms`, `9.8s`, `41s`, `3m`, `2h41m`.
pub fn duration(length: Duration) -> String {
    let seconds = length.as_secs();
    match seconds {
        0 if length.subsec_millis() < 1_000 && seconds == 0 => {
            let milliseconds = length.subsec_millis();
            if milliseconds < 100 {
                format!("{milliseconds}ms")
            } else {
                format!("0.{}s", milliseconds / 100)
            }
        }
        0..10 => format!("{seconds}.{}s", length.subsec_millis() / 100),
        10..60 => format!("{seconds}s"),
        60..600 => format!("{}m{:02}", seconds / 60, seconds % 60),
        600..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h{:02}", seconds / 3_600, seconds % 3_600 / 60),
        86_400.. => format!("{}d{}h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// The newest measurement of a delay; absent before the first one.
pub fn micros(delay: Delay) -> String {
    if delay.measured == 0 {
        ABSENT.to_owned()
    } else {
        duration(Duration::from_micros(delay.newest))
    }
}

/// The time from one instant to a later one; nothing when it is the other way round.
pub fn between(earlier: Timestamp, later: Timestamp) -> Duration {
    later.since(earlier).try_into().unwrap_or(Duration::ZERO)
}

/// The age of something at an instant.
pub fn age(since: Timestamp, at: Timestamp) -> String {
    duration(between(since, at))
}

/// The time of day in UTC: `14:18:50`.
pub fn clock(at: Timestamp) -> String {
    at.to_jiff().strftime("%H:%M:%S").to_string()
}

/// The same with milliseconds: `14:18:50.112`.
pub fn clock_fine(at: Timestamp) -> String {
    at.to_jiff().strftime("%H:%M:%S%.3f").to_string()
}

/// The same with hours and minutes only: `14:18`.
pub fn clock_short(at: Timestamp) -> String {
    at.to_jiff().strftime("%H:%M").to_string()
}

/// Sign and meaning of a change: never colour alone.
pub const fn trend(change: Money) -> (Glyph, Meaning) {
    match change.units() {
        0 => (Glyph::Flat, Meaning::Flat),
        1.. => (Glyph::Up, Meaning::Up),
        _ => (Glyph::Down, Meaning::Down),
    }
}

/// Cuts a text to a width in columns, with a mark where something is missing.
pub fn fit<'a>(text: &'a str, width: usize, more: &str) -> Cow<'a, str> {
    // Plain letters are as many columns as bytes; most texts are plain and short.
    if text.is_ascii() && text.len() <= width || text.width() <= width {
        return Cow::Borrowed(text);
    }
    let room = width.saturating_sub(more.width());
    let mut used = 0;
    let kept = text.chars().take_while(|letter| {
        used += letter.width().unwrap_or(0);
        used <= room
    });
    let mut kept: String = kept.collect();
    if width > 0 {
        kept.push_str(more);
    }
    Cow::Owned(kept)
}

/// Puts two texts at the ends of a line; the left one gives way.
pub fn ends(left: &str, right: &str, width: usize, more: &str) -> String {
    let room = width.saturating_sub(right.width() + 1);
    let left = fit(left, room, more);
    let gap = width.saturating_sub(left.width() + right.width());
    format!("{left}{}{right}", " ".repeat(gap))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_decimal::dec;

    #[test]
    fn amounts_have_thousands_and_cents() {
        for (cents, expected) in [
            (0, "0.00"),
            (5, "0.05"),
            (-5, "-0.05"),
            (99_999, "999.99"),
            (100_000, "1,000.00"),
            (102_431_055, "1,024,310.55"),
            (-100_000_000, "-1,000,000.00"),
        ] {
            assert_eq!(money(Money::from_cents(cents)), expected);
        }
        assert_eq!(signed_money(Money::from_cents(4_120)), "+41.20");
        assert_eq!(signed_money(Money::from_cents(-4_120)), "-41.20");
        assert_eq!(signed_money(Money::ZERO), "0.00");
        assert_eq!(money(Money::from_units(-1)), "0.00", "no negative nothing");
    }

    #[test]
    fn prices_keep_the_places_that_they_have() {
        for (value, expected) in
            [(dec!(187.4), "187.40"), (dec!(0.1234), "0.1234"), (dec!(64210), "64,210.00")]
        {
            assert_eq!(price(Price::from_decimal(value).unwrap()), expected);
        }
        assert_eq!(maybe_price(None), ABSENT);
        assert_eq!(percent(dec!(0.0083), 1), "+0.8%");
        assert_eq!(percent(dec!(-0.12), 0), "-12%");
        assert_eq!(percent(dec!(0), 1), "0.0%");
    }

    #[test]
    fn counts_and_times_are_short() {
        for (number, expected) in [
            (0, "0"),
            (9_999, "9,999"),
            (12_400, "12.4k"),
            (999_999, "999k"),
            (1_500_000, "1.5M"),
            (31_000_000_000, "31.0G"),
        ] {
            assert_eq!(count(number), expected);
        }
        for (milliseconds, expected) in [
            (12, "12ms"),
            (412, "0.4s"),
            (9_800, "9.8s"),
            (41_000, "41s"),
            (185_000, "3m05"),
            (2_460_000, "41m"),
            (9_660_000, "2h41"),
            (93_600_000, "1d2h"),
        ] {
            assert_eq!(duration(Duration::from_millis(milliseconds)), expected);
        }
    }

    #[test]
    fn texts_are_cut_by_columns_and_not_by_letters() {
        assert_eq!(fit("abcdef", 4, "…"), "abc…");
        assert_eq!(fit("abc", 4, "…"), "abc");
        assert_eq!(fit("日本語", 4, "…"), "日…");
        assert_eq!(fit("abc", 0, "…"), "");
        assert_eq!(ends("left", "right", 12, "…"), "left   right");
        assert_eq!(ends("a long left", "right", 10, "…"), "a l… right");
    }
}
