//! Watches how far bars reach: joins a move out of the usual reach, and shrinks
//! size when the reach itself is unusual. Knows nothing of the other strategies.

use serde::{Deserialize, Serialize};

use crate::indicators::Atr;
use crate::indicators::Ema;
use crate::indicators::Standing;
use crate::indicators::ZScore;
use crate::strategies::confidence::PERIOD_RANGE;
use crate::strategies::confidence::of_two;
use crate::strategies::confidence::within;
use crate::strategies::{Action, BarInput, Strategy, Vote};

/// The settings of [`Volatility`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VolatilityConfig {
    /// Bars of the average true range, 1 to 10000.
    pub range_period: u32,
    /// Bars of the average in the middle of the channel, 1 to 10000.
    pub average_period: u32,
    /// Half the width of the channel, in average true ranges, 0.1 to 20.
    pub channel_width: f64,
    /// Bars among which the range is called usual or not, 2 to 10000.
    pub regime_period: u32,
    /// The z-score of the range up to which size stays whole, −10 to 10.
    pub normal_max: f64,
    /// The z-score of the range from which the market is wild, above
    /// `normal_max`, up to 100.
    pub wild_min: f64,
    /// The share of the usual size in a wild market, 0 to 1.
    pub wild_scale: f64,
    /// Whether the mirrored rule votes SELL.
    pub allow_short: bool,
}

impl Default for VolatilityConfig {
    fn default() -> Self {
        Self {
            range_period: 14,
            average_period: 20,
            channel_width: 2.0,
            regime_period: 100,
            normal_max: 1.0,
            wild_min: 3.0,
            wild_scale: 0.5,
            allow_short: false,
        }
    }
}

impl VolatilityConfig {
    /// The least distance of `wild_min` from `normal_max`.
    const REGIME_GAP: f64 = 0.01;

    /// Checks every setting.
    ///
    /// # Errors
    /// The first key that is out of range, with its range.
    pub fn validate(&self) -> Result<(), String> {
        within("volatility.range_period", self.range_period, PERIOD_RANGE)?;
        within("volatility.average_period", self.average_period, PERIOD_RANGE)?;
        within("volatility.channel_width", self.channel_width, 0.1..=20.0)?;
        within("volatility.regime_period", self.regime_period, 2..=*PERIOD_RANGE.end())?;
        within("volatility.normal_max", self.normal_max, -10.0..=10.0)?;
        let wild_least = self.normal_max + Self::REGIME_GAP;
        within("volatility.wild_min", self.wild_min, wild_least..=100.0)?;
        within("volatility.wild_scale", self.wild_scale, 0.0..=1.0)
    }
}

/// Votes BUY when the close is above the channel `average + channel_width ×
/// average true range` (Keltner's channel in the form of Raschke and Connors
/// 1995, "Street Smarts"), SELL, when allowed, below its mirror, and HOLD in a
/// wild market.
///
/// Confidence: `0.5 + 0.25 × clamp(ranges beyond the channel) +
/// 0.25 × clamp(calm)`, where calm falls from 1 at `normal_max` to 0 at
/// `wild_min`.
///
/// The regime is the z-score of the range as a share of the price among the
/// last `regime_period` bars; size falls with calm from 1 to `wild_scale`.
#[derive(Debug)]
pub struct Volatility {
    config: VolatilityConfig,
    range: Atr,
    average: Ema,
    regime: ZScore,
    reading: Option<Reading>,
}

/// What the newest vote was based on.
#[derive(Debug, Clone, Copy)]
struct Reading {
    close: f64,
    average: f64,
    range: f64,
    /// Of the range as a share of the price.
    regime: Standing,
}

impl Volatility {
    /// Makes one for a symbol, from settings that passed the check.
    pub fn new(config: VolatilityConfig) -> Self {
        Self {
            range: Atr::new(config.range_period),
            average: Ema::new(config.average_period),
            regime: ZScore::new(config.regime_period),
            reading: None,
            config,
        }
    }

    #[inline]
    fn vote(&self, reading: &Reading) -> Vote {
        let Reading { close, average, range, regime } = *reading;
        let beyond = (close - average).abs() - self.config.channel_width * range;
        if beyond <= 0.0 {
            return Vote::HOLD;
        }
        // Taken only now, at the few bars that need it.
        let regime = regime.score();
        if regime >= self.config.wild_min {
            return Vote::HOLD;
        }
        let action = if close > average {
            Action::Buy
        } else if self.config.allow_short {
            Action::Sell
        } else {
            return Vote::HOLD;
        };
        // A market without any range has left its channel by infinitely many.
        Vote::cut(action, of_two(beyond / range, self.calm(regime)))
    }

    /// Returns 1 in a normal market, 0 in a wild one.
    fn calm(&self, regime: f64) -> f64 {
        let VolatilityConfig { normal_max, wild_min, .. } = self.config;
        ((wild_min - regime) / (wild_min - normal_max)).clamp(0.0, 1.0)
    }
}

impl Strategy for Volatility {
    fn name(&self) -> &'static str {
        "volatility"
    }

    fn on_bar(&mut self, bar: &BarInput) -> Option<Vote> {
        let average = self.average.take(bar.close);
        let range = self.range.take(bar.high, bar.low, bar.close);
        let regime = range.and_then(|range| self.regime.take(range / bar.close));
        let (Some(average), Some(range), Some(regime)) = (average, range, regime) else {
            self.reading = None;
            return None;
        };
        let reading = Reading { close: bar.close, average, range, regime };
        self.reading = Some(reading);
        Some(self.vote(&reading))
    }

    fn reasoning(&self) -> String {
        let Some(Reading { close, average, range, regime }) = self.reading else {
            return "warming up".into();
        };
        format!(
            "price {close:.2} against average {average:.2}, range {range:.2}, \
             range z-score {:.2}, size × {:.2}",
            regime.score(),
            self.size_scale()
        )
    }

    fn reset(&mut self) {
        *self = Self::new(self.config);
    }

    fn rescale(&mut self, factor: f64) {
        // The regime is a share of the price and has no scale.
        self.range.rescale(factor);
        self.average.rescale(factor);
    }

    fn size_scale(&self) -> f64 {
        let Some(reading) = self.reading else { return 1.0 };
        let wild = self.config.wild_scale;
        wild + (1.0 - wild) * self.calm(reading.regime.score())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    // Named, since proptest's prelude has a trait of the same name.
    use crate::strategies::Strategy;

    const BUY: Reading =
        Reading { close: 102.1, average: 100.0, range: 1.0, regime: standing(0.0) };
    const SELL: Reading = Reading { close: 97.9, ..BUY };

    const fn standing(score: f64) -> Standing {
        Standing { value: score, mean: 0.0, variance: 1.0 }
    }

    fn strategy(allow_short: bool) -> Volatility {
        Volatility::new(VolatilityConfig { allow_short, ..Default::default() })
    }

    #[track_caller]
    fn check(allow_short: bool, reading: Reading, expected: Action) {
        assert_eq!(strategy(allow_short).vote(&reading).action(), expected);
    }

    #[test]
    fn buys_above_the_channel_unless_the_market_is_wild() {
        check(false, BUY, Action::Buy);
        check(false, Reading { close: 102.0, ..BUY }, Action::Hold);
        check(false, Reading { regime: standing(2.999), ..BUY }, Action::Buy);
        check(false, Reading { regime: standing(3.0), ..BUY }, Action::Hold);
    }

    #[test]
    fn sells_below_the_channel_only_when_allowed() {
        check(false, SELL, Action::Hold);
        check(true, SELL, Action::Sell);
        check(true, Reading { close: 98.0, ..SELL }, Action::Hold);
        check(true, Reading { regime: standing(3.0), ..SELL }, Action::Hold);
    }

    #[test]
    fn size_is_whole_in_a_normal_market_and_half_in_a_wild_one() {
        for (regime, expected) in [(-2.0, 1.0), (1.0, 1.0), (2.0, 0.75), (3.0, 0.5), (9.0, 0.5)] {
            let reading = Some(Reading { regime: standing(regime), ..BUY });
            let scale = Volatility { reading, ..strategy(false) }.size_scale();
            assert!((scale - expected).abs() < 1e-12, "{regime}: {scale}");
        }
        assert!((strategy(false).size_scale() - 1.0).abs() < 1e-12, "warming up");
    }

    #[test]
    fn a_storm_after_calm_halves_the_size() {
        let mut strategy = strategy(false);
        for at in 0..205 {
            let reach = if at < 200 { 0.5 + f64::from(at % 3) * 0.01 } else { 20.0 };
            let (high, low) = (100.0 + reach, 100.0 - reach);
            strategy.on_bar(&BarInput { open: 100.0, high, low, close: 100.0, volume: 1.0 });
        }
        assert!((strategy.size_scale() - 0.5).abs() < 1e-12);
    }

    #[test]
    fn names_the_setting_that_is_out_of_range() {
        let bad = VolatilityConfig { wild_scale: 1.5, ..Default::default() };
        assert_eq!(
            bad.validate(),
            Err("volatility.wild_scale = 1.5 is out of range: use 0 to 1".into())
        );
        let bad = VolatilityConfig { wild_min: 1.0, ..Default::default() };
        assert!(bad.validate().is_err_and(|message| message.contains("volatility.wild_min")));
    }

    proptest! {
        #[test]
        fn confidence_grows_with_distance_and_calm(
            close in 102.1..110.0, regime in -3.0..3.0, more in 0.0..3.0,
        ) {
            let strategy = strategy(false);
            let confidence = |close, regime| {
                strategy.vote(&Reading { close, regime: standing(regime), ..BUY }).confidence()
            };
            let base = confidence(close, regime);
            prop_assert!(confidence(close + more, regime) >= base);
            prop_assert!(confidence(close, regime - more) >= base);
        }
    }
}
