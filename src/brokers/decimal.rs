//! A number as the text that came: brokers write some as JSON strings and some as JSON
//! numbers, and neither may pass through a binary float.
//!
//! Knows no units; what is read from the text is chosen where it is translated.

use std::str::FromStr;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// The text of a number, without the quotes of a JSON string. Only readable from
/// JSON text itself, not through `serde_json::Value` and not from `MessagePack`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DecimalText(Box<str>);

impl DecimalText {
    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads the text as a value; `None` when it is not one.
    pub(crate) fn parse<T: FromStr>(&self) -> Option<T> {
        self.0.parse().ok()
    }
}

impl<'de> Deserialize<'de> for DecimalText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(raw.get().trim_matches('"').trim().into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Price;

    #[test]
    fn a_number_keeps_its_digits_in_quotes_and_without() {
        for json in ["\"105.8988475\"", "105.8988475"] {
            let text: DecimalText = serde_json::from_str(json).unwrap();
            assert_eq!(text.as_str(), "105.8988475", "{json}");
            assert_eq!(text.parse::<Price>().unwrap().to_string(), "105.8988475");
        }
    }

    #[test]
    fn null_is_no_number() {
        assert_eq!(serde_json::from_str::<Option<DecimalText>>("null").unwrap(), None);
    }
}
