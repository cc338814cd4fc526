//! Decimals and amounts in configuration, exactly as the user typed them.
//!
//! A TOML float reaches serde as a binary float. Its shortest text that reads
//! back the same is what the user typed (up to 15 digits), so the text is parsed
//! as a decimal and no arithmetic is ever done on the float. Integers and quoted
//! numbers are read as well; values are written as quoted numbers, which no
//! format can round.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

/// A decimal read from an integer, a float or a text.
struct Exact(Decimal);

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ExactVisitor)
    }
}

struct ExactVisitor;

impl Visitor<'_> for ExactVisitor {
    type Value = Exact;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number such as 0.2, 1000 or \"0.2\"")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Exact, E> {
        Ok(Exact(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Exact, E> {
        Ok(Exact(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Exact, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Exact, E> {
        Decimal::from_str(text.trim()).map(Exact).map_err(|_| {
            let shown: String = text.chars().take(40).collect();
            E::custom(format!("'{shown}' is not a decimal number"))
        })
    }
}

/// Serde of a ratio.
pub mod ratio {
    use rust_decimal::Decimal;
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes a quoted number.
    ///
    /// # Errors
    /// When the serializer fails.
    pub fn serialize<S: Serializer>(value: &Decimal, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    /// Reads a number.
    ///
    /// # Errors
    /// When the value is not a decimal number.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Decimal, D::Error> {
        super::Exact::deserialize(from).map(|exact| exact.0)
    }
}

/// Serde of an amount in dollars.
pub mod dollars {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::domain::money::Money;

    /// Writes a quoted number.
    ///
    /// # Errors
    /// When the serializer fails.
    pub fn serialize<S: Serializer>(value: &Money, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    /// Reads an amount.
    ///
    /// # Errors
    /// When the value is not a decimal number.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Money, D::Error> {
        let exact = super::Exact::deserialize(from)?;
        Money::from_decimal(exact.0).map_err(D::Error::custom)
    }
}

/// Serde of a table of amounts in dollars.
pub mod dollars_by_key {
    use std::collections::BTreeMap;

    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::domain::money::Money;

    /// Writes quoted numbers.
    ///
    /// # Errors
    /// When the serializer fails.
    pub fn serialize<K: Serialize, S: Serializer>(
        table: &BTreeMap<K, Money>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_map(table.iter().map(|(key, amount)| (key, amount.to_string())))
    }

    /// Reads a table of amounts.
    ///
    /// # Errors
    /// When a value is not a decimal number.
    pub fn deserialize<'de, K, D>(from: D) -> Result<BTreeMap<K, Money>, D::Error>
    where
        K: Ord + Deserialize<'de>,
        D: Deserializer<'de>,
    {
        let table = BTreeMap::<K, super::Exact>::deserialize(from)?;
        let amount = |exact: super::Exact| Money::from_decimal(exact.0).map_err(D::Error::custom);
        table.into_iter().map(|(key, exact)| Ok((key, amount(exact)?))).collect()
    }
}
