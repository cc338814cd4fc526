//! Decimal ratios on the wire: plain JSON numbers with their own digits.
//!
//! Use as `#[serde(with = "crate::domain::ratio")]` on a [`Decimal`] field, or
//! `crate::domain::ratio::option` on an optional one. The default of the decimal
//! library is a JSON string, and a number would pass through a binary float.

use std::str::FromStr;

use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// Writes a decimal as a JSON number.
///
/// # Errors
/// When the serializer fails.
pub fn serialize<S: Serializer>(value: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    RawValue::from_string(value.to_string()).map_err(S::Error::custom)?.serialize(serializer)
}

/// Reads a decimal from a JSON number or a JSON string holding one.
///
/// # Errors
/// When the value is not a decimal number.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    let text = raw.get().trim_matches('"');
    Decimal::from_str(text).or_else(|_| Decimal::from_scientific(text)).map_err(|_| {
        let shown: String = text.chars().take(40).collect();
        D::Error::custom(format_args!("'{shown}' is not a decimal number"))
    })
}

/// The same for an optional decimal; absent is `null`.
pub mod option {
    use rust_decimal::Decimal;
    use serde::{Deserialize, Deserializer, Serializer};

    #[derive(Deserialize)]
    struct Present(#[serde(with = "crate::domain::ratio")] Decimal);

    /// Writes a decimal as a JSON number, or `null`.
    ///
    /// # Errors
    /// When the serializer fails.
    pub fn serialize<S: Serializer>(
        value: &Option<Decimal>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => super::serialize(value, serializer),
            None => serializer.serialize_none(),
        }
    }

    /// Reads an optional decimal.
    ///
    /// # Errors
    /// When the value is neither `null` nor a decimal number.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Decimal>, D::Error> {
        Ok(Option::<Present>::deserialize(deserializer)?.map(|present| present.0))
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::{Decimal, dec};
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Both {
        #[serde(with = "crate::domain::ratio")]
        ratio: Decimal,
        #[serde(with = "crate::domain::ratio::option")]
        maybe: Option<Decimal>,
    }

    #[test]
    fn ratios_are_json_numbers_with_their_own_digits() {
        for (value, json) in [
            (Both { ratio: dec!(3.0), maybe: None }, r#"{"ratio":3.0,"maybe":null}"#),
            (Both { ratio: dec!(-0.05), maybe: Some(dec!(1)) }, r#"{"ratio":-0.05,"maybe":1}"#),
        ] {
            assert_eq!(serde_json::to_string(&value).unwrap(), json);
            assert_eq!(serde_json::from_str::<Both>(json).unwrap(), value);
        }
    }
}
