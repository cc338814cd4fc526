//! Prices, amounts and quantities as text and as JSON numbers.
//!
//! Both ways are exact: digits go straight into the integers that
//! this folder counts in, and no binary float is in between.

#![warn(clippy::arithmetic_side_effects)]

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::domain::digits::Digits;
use crate::domain::money::scale::{DOLLAR_PLACES, SHARE_PLACES, UNITS_PER_DOLLAR, UNITS_PER_SHARE};
use crate::domain::money::{Money, Price, Qty, ValueError};

/// The longest amount: a sign, the 39 digits of an `i128` and a point.
type DollarsText = Digits<41>;

/// At least two and at most eight places, so that 175.5 reads as 175.50.
#[expect(clippy::arithmetic_side_effects, reason = "division by constants above zero")]
fn dollars_text(units: i128) -> DollarsText {
    const PER_DOLLAR: u64 = UNITS_PER_DOLLAR.unsigned_abs();
    let magnitude = units.unsigned_abs();
    let mut text = DollarsText::new();
    // Every price and nearly every amount fits in 64 bits, which divide faster.
    if let Ok(small) = u64::try_from(magnitude) {
        put_places(&mut text, small % PER_DOLLAR);
        text.put(b'.');
        text.put_number(small / PER_DOLLAR);
    } else {
        let part = u64::try_from(magnitude % u128::from(PER_DOLLAR));
        put_places(&mut text, part.expect("a remainder is below its divisor"));
        text.put(b'.');
        put_whole(&mut text, magnitude / u128::from(PER_DOLLAR));
    }
    if units < 0 {
        text.put(b'-');
    }
    text
}

/// The eight places of a dollar without the zeros at their end, but at least two.
#[expect(clippy::arithmetic_side_effects, reason = "division by constants above zero")]
fn put_places(text: &mut DollarsText, part: u64) {
    let (mut part, mut places) = (part, DOLLAR_PLACES);
    if part.is_multiple_of(1_000_000) {
        (part, places) = (part / 1_000_000, 2);
    }
    while places > 2 && part.is_multiple_of(10) {
        part /= 10;
        places -= 1;
    }
    text.put_places(part, places);
}

fn put_whole(text: &mut DollarsText, whole: u128) {
    const CHUNK: u128 = 1_000_000_000_000_000_000;
    if let Ok(small) = u64::try_from(whole) {
        text.put_number(small);
    } else {
        let low = u64::try_from(whole % CHUNK).expect("a remainder is below its divisor");
        text.put_places(low, 18);
        put_whole(text, whole / CHUNK);
    }
}

/// Whole shares without places, parts of a share with as many as they need.
#[expect(clippy::arithmetic_side_effects, reason = "division by constants above zero")]
fn shares_text(qty: Qty) -> Digits<20> {
    let mut text = Digits::new();
    let (mut part, mut places) = (qty.units() % UNITS_PER_SHARE, SHARE_PLACES);
    if part != 0 {
        while part.is_multiple_of(10) {
            part /= 10;
            places -= 1;
        }
        text.put_places(part, places);
        text.put(b'.');
    }
    text.put_number(qty.floor_shares());
    text
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(dollars_text(i128::from(self.units())).as_str())
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(dollars_text(self.units()).as_str())
    }
}

impl fmt::Display for Qty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(shares_text(*self).as_str())
    }
}

/// Reads a plain or scientific decimal; NaN, infinities and words are refused.
fn decimal_from(text: &str) -> Result<Decimal, ValueError> {
    let text = text.trim();
    Decimal::from_str(text)
        .or_else(|_| Decimal::from_scientific(text))
        .map_err(|_| ValueError::NotANumber(text.chars().take(40).collect()))
}

impl FromStr for Price {
    type Err = ValueError;
    fn from_str(text: &str) -> Result<Self, ValueError> {
        Self::from_decimal(decimal_from(text)?)
    }
}

impl FromStr for Money {
    type Err = ValueError;
    fn from_str(text: &str) -> Result<Self, ValueError> {
        Self::from_decimal(decimal_from(text)?)
    }
}

impl FromStr for Qty {
    type Err = ValueError;
    fn from_str(text: &str) -> Result<Self, ValueError> {
        Self::from_decimal(decimal_from(text)?)
    }
}

/// Writes a JSON number with exactly the digits of the text.
fn write_number<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let number: &RawValue = serde_json::from_str(text).map_err(S::Error::custom)?;
    number.serialize(serializer)
}

/// Reads a JSON number or a JSON string holding one, without a binary float.
fn read_number<'de, D: Deserializer<'de>, T>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err = ValueError>,
{
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    raw.get().trim_matches('"').parse().map_err(D::Error::custom)
}

impl Serialize for Price {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write_number(dollars_text(i128::from(self.units())).as_str(), serializer)
    }
}
impl<'de> Deserialize<'de> for Price {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_number(deserializer)
    }
}
impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write_number(dollars_text(self.units()).as_str(), serializer)
    }
}
impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_number(deserializer)
    }
}
impl Serialize for Qty {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.whole_shares() {
            Some(shares) => serializer.serialize_u64(shares),
            None => write_number(shares_text(*self).as_str(), serializer),
        }
    }
}
impl<'de> Deserialize<'de> for Qty {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_number(deserializer)
    }
}
