//! Names of things: symbols, orders, trades, agents, sequence numbers.
//!
//! Identifiers are values made from what the house already knows (a trading day
//! and a counter), never from chance or the clock, so that a rebuilt agent makes
//! the same ones again. What tells the journals of one account apart is drawn once
//! and written into the journal: [`order_tag`].

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::money::ValueError;

/// The ticker of a US equity, 1 to 15 characters of `A-Z 0-9 . - /`.
///
/// Held inline and padded with zeros, so it is copied and compared like a
/// number. Order is alphabetical.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol([u8; 16]);

impl Symbol {
    /// Makes a symbol from its text; lower case is raised.
    ///
    /// # Errors
    /// When the text has an illegal length or character.
    pub fn new(text: &str) -> Result<Self, ValueError> {
        let refused = || ValueError::NotASymbol(text.chars().take(40).collect());
        let bytes = text.trim().as_bytes();
        if bytes.is_empty() || bytes.len() > 15 {
            return Err(refused());
        }
        let mut held = [0; 16];
        for (slot, byte) in held.iter_mut().zip(bytes) {
            match byte.to_ascii_uppercase() {
                upper @ (b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'/') => *slot = upper,
                _ => return Err(refused()),
            }
        }
        Ok(Self(held))
    }

    /// Returns the ticker as text.
    pub fn as_str(&self) -> &str {
        let length = self.0.iter().position(|byte| *byte == 0).unwrap_or(self.0.len());
        let text = self.0.get(..length).unwrap_or_default();
        std::str::from_utf8(text).unwrap_or_default()
    }

    /// Returns the padded bytes as one number, for hashing.
    pub(crate) const fn as_number(self) -> u128 {
        u128::from_le_bytes(self.0)
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Symbol {
    type Err = ValueError;
    fn from_str(text: &str) -> Result<Self, ValueError> {
        Self::new(text)
    }
}

impl Serialize for Symbol {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Symbol {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}

/// Position of an event in the one total order of a journal; the first is 1.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Letters of an order tag: no two that look alike.
const TAG_LETTERS: &[u8; 32] = b"023456789abcdefghjkmnpqrstuvwxyz";

/// Draws the six letters that stand in the names of all orders of a journal, from the
/// seed of the run and the instant at which it began: an account keeps a client order id
/// for ever (Alpaca, protocol page §4.3 of October 2026), and trading day and counter
/// begin anew with each journal. The same seed and instant give the same letters.
pub fn order_tag(seed: u64, began: crate::domain::time::Timestamp) -> String {
    // SplitMix64, twice: neighbouring instants must not give neighbouring letters.
    let mix = |number: u64| {
        let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ (number >> 31)
    };
    let drawn = mix(mix(seed) ^ u64::from_ne_bytes(began.as_nanos().to_ne_bytes()));
    let letters = (0..6).map(|place| usize::try_from((drawn >> (place * 5)) & 31).unwrap_or(0));
    letters.filter_map(|at| TAG_LETTERS.get(at)).map(|letter| char::from(*letter)).collect()
}

/// Declares an identifier that is a short text shared by reference.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes the text as it is.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// Returns the text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

text_id! {
    /// Our own name of an order, unique for ever in an account: the broker refuses
    /// the second use, which is what makes a resubmission harmless.
    ClientOrderId
}
text_id! {
    /// The broker's name of an order.
    BrokerOrderId
}
text_id! {
    /// The broker's name of one execution; a fill is counted once by it.
    ExecutionId
}
text_id! {
    /// Our name of one trade idea from the first setup to the closed position,
    /// also the trace id of everything that belongs to it.
    TradeId
}

/// Who says an event, and which seat hears it. The order of the variants is the
/// roster's order of delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AgentId {
    /// The occupant of the venue seat: simulated exchange or gateway.
    Venue,
    /// Vouches for market data.
    #[serde(rename = "MarketDataAgent")]
    MarketData,
    /// Forms opinions and decides entries.
    #[serde(rename = "StrategyAgent")]
    Strategy,
    /// Permits or refuses.
    #[serde(rename = "RiskManagementAgent")]
    RiskManagement,
    /// Owns every order machine.
    #[serde(rename = "OrderExecutionAgent")]
    OrderExecution,
    /// Owns positions, protection and trade machines.
    #[serde(rename = "PositionManagementAgent")]
    PositionManagement,
    /// A market data feed at the door.
    Feed,
    /// A human, through keys or the command line.
    Operator,
    /// The assembly line of mail, at the door.
    Intel,
    /// The spine itself.
    Spine,
}

impl AgentId {
    /// The name in the envelope's `metadata.source`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Venue => "Venue",
            Self::MarketData => "MarketDataAgent",
            Self::Strategy => "StrategyAgent",
            Self::RiskManagement => "RiskManagementAgent",
            Self::OrderExecution => "OrderExecutionAgent",
            Self::PositionManagement => "PositionManagementAgent",
            Self::Feed => "Feed",
            Self::Operator => "Operator",
            Self::Intel => "Intel",
            Self::Spine => "Spine",
        }
    }
}

impl fmt::Display for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_upper_case_and_bounded() {
        assert_eq!(Symbol::new("brk.b").unwrap().to_string(), "BRK.B");
        for bad in ["", "A B", "ÄÖ", "ABCDEFGHIJKLMNOP", "A\u{1b}[2J"] {
            assert!(Symbol::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn symbols_sort_as_their_text_does() {
        let mut symbols: Vec<Symbol> =
            ["SPY", "A", "AAPL", "AA"].iter().map(|text| Symbol::new(text).unwrap()).collect();
        symbols.sort_unstable();
        let sorted: Vec<&str> = symbols.iter().map(Symbol::as_str).collect();
        assert_eq!(sorted, ["A", "AA", "AAPL", "SPY"]);
    }
}
