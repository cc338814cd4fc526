//! What a strategy hears and says: a bar in floats, a vote, and the signal that
//! the rest of the house reads. Knows nothing of how opinions are formed or
//! judged.

use serde::{Deserialize, Serialize};

use crate::domain::ids::Symbol;
use crate::domain::market::Bar;
use crate::domain::money::Price;
use crate::domain::order::Side;

/// What a strategy wants done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Action {
    /// Go long, or leave a short position.
    Buy,
    /// Go short, or leave a long position.
    Sell,
    /// Nothing.
    Hold,
}

impl Action {
    /// Returns the side of an order that would do it, `None` for HOLD.
    pub const fn side(self) -> Option<Side> {
        match self {
            Self::Buy => Some(Side::Buy),
            Self::Sell => Some(Side::Sell),
            Self::Hold => None,
        }
    }
}

/// An action and how sure the voter is of it, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawVote")]
pub struct Vote {
    action: Action,
    confidence: f64,
}

/// A vote as written, not yet checked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawVote {
    action: Action,
    confidence: f64,
}

/// Why a vote is not one.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("confidence {0} is out of range: use 0 to 1")]
pub struct VoteError(f64);

impl Vote {
    /// No action, with no confidence in any.
    pub const HOLD: Self = Self { action: Action::Hold, confidence: 0.0 };

    /// Makes a vote.
    ///
    /// # Errors
    /// When the confidence is not a number from 0 to 1.
    #[inline]
    pub fn new(action: Action, confidence: f64) -> Result<Self, VoteError> {
        if (0.0..=1.0).contains(&confidence) {
            Ok(Self { action, confidence })
        } else {
            Err(VoteError(confidence))
        }
    }

    /// Makes a vote whose confidence is cut to 0 ..= 1; NaN becomes 0.
    #[inline]
    pub(crate) fn cut(action: Action, confidence: f64) -> Self {
        // Asked this way round, NaN takes the second branch.
        Self { action, confidence: if confidence > 0.0 { confidence.min(1.0) } else { 0.0 } }
    }

    /// Returns what is wanted.
    #[inline]
    pub const fn action(self) -> Action {
        self.action
    }

    /// Returns how sure the voter is, 0 to 1.
    #[inline]
    pub const fn confidence(self) -> f64 {
        self.confidence
    }
}

impl TryFrom<RawVote> for Vote {
    type Error = VoteError;
    fn try_from(raw: RawVote) -> Result<Self, VoteError> {
        Self::new(raw.action, raw.confidence)
    }
}

/// One bar as strategies hear it: prices in dollars per share, volume in shares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BarInput {
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
    /// Shares traded.
    pub volume: f64,
}

impl BarInput {
    /// The lowest price that strategies hear, a hundred-millionth of a dollar.
    const PRICE_MIN: f64 = 1e-8;
    /// The highest price that strategies hear: that of [`Price::MAX`].
    const PRICE_MAX: f64 = 1e7;
    /// The largest volume that strategies hear, in shares.
    const VOLUME_MAX: f64 = 1e15;

    /// Tells whether all numbers are finite and in range, the prices lie between
    /// low and high, and the volume is not negative. Other bars must not be heard.
    #[inline]
    pub fn is_usable(&self) -> bool {
        // Low and high bound the others; NaN fails every comparison.
        let range = self.low..=self.high;
        self.low >= Self::PRICE_MIN
            && self.high <= Self::PRICE_MAX
            && range.contains(&self.open)
            && range.contains(&self.close)
            && (0.0..=Self::VOLUME_MAX).contains(&self.volume)
    }
}

impl From<&Bar> for BarInput {
    fn from(bar: &Bar) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "exact below 2^53 shares, nearest above")]
        let volume = bar.volume as f64;
        Self {
            open: bar.open.to_f64(),
            high: bar.high.to_f64(),
            low: bar.low.to_f64(),
            close: bar.close.to_f64(),
            volume,
        }
    }
}

/// One opinion as published: the vote with everything that a reader needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TradingSignal {
    /// What is wanted.
    pub action: Action,
    /// Of which stock.
    pub symbol: Symbol,
    /// At which price the opinion was formed, dollars per share.
    pub price: Price,
    /// How sure the strategy is, 0 to 1.
    pub confidence: f64,
    /// Whose opinion it is.
    pub strategy: String,
    /// The numbers behind it, in one line.
    pub reasoning: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confidence_out_of_range_is_no_vote() {
        for bad in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert!(Vote::new(Action::Buy, bad).is_err(), "{bad}");
        }
        let text = r#"{"action":"BUY","confidence":1.5}"#;
        assert!(serde_json::from_str::<Vote>(text).is_err());
    }

    #[test]
    fn a_computed_confidence_is_cut_to_the_range() {
        for (given, expected) in [(f64::NAN, 0.0), (-1.0, 0.0), (0.4, 0.4), (7.0, 1.0)] {
            assert_eq!(Vote::cut(Action::Sell, given), Vote::new(Action::Sell, expected).unwrap());
        }
    }

    #[test]
    fn a_vote_is_written_as_the_specification_spells_it() {
        let vote = Vote::new(Action::Sell, 0.75).unwrap();
        let text = serde_json::to_string(&vote).unwrap();
        assert_eq!(text, r#"{"action":"SELL","confidence":0.75}"#);
        assert_eq!(serde_json::from_str::<Vote>(&text).unwrap(), vote);
    }

    #[test]
    fn a_bar_with_an_impossible_number_is_not_usable() {
        let good = BarInput { open: 1.0, high: 2.0, low: 0.5, close: 1.5, volume: 0.0 };
        assert!(good.is_usable());
        for bad in [
            BarInput { open: f64::NAN, ..good },
            BarInput { high: f64::INFINITY, ..good },
            BarInput { low: 0.0, ..good },
            BarInput { close: -1.0, ..good },
            BarInput { close: 1e308, ..good },
            BarInput { high: 1e308, ..good },
            BarInput { open: 2.1, ..good },
            BarInput { close: 0.4, ..good },
            BarInput { volume: -1.0, ..good },
            BarInput { volume: f64::NAN, ..good },
        ] {
            assert!(!bad.is_usable(), "{bad:?}");
        }
    }
}
