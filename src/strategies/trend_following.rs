//! Follows a trend: price above its average, strength healthy, volume above
//! usual. Knows nothing of the other strategies.

use serde::{Deserialize, Serialize};

use crate::indicators::Mean;
use crate::indicators::Rsi;
use crate::indicators::RsiSeed;
use crate::indicators::Sma;
use crate::indicators::smaller;
use crate::strategies::confidence::PERIOD_RANGE;
use crate::strategies::confidence::of_two;
use crate::strategies::confidence::within;
use crate::strategies::{Action, BarInput, Strategy, Vote};

/// The distance from the average that counts as full evidence, as a share of it.
const DISTANCE_FULL: f64 = 0.02;
/// The volume above its average that counts as full evidence, as a share of it.
const SURPLUS_FULL: f64 = 1.0;

/// The settings of [`TrendFollowing`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrendFollowingConfig {
    /// Bars of the price average, 1 to 10000.
    pub average_period: u32,
    /// Bars of the volume average, 1 to 10000.
    pub volume_period: u32,
    /// Changes of the strength index, 1 to 10000.
    pub rsi_period: u32,
    /// How the strength index begins.
    pub rsi_seed: RsiSeed,
    /// The lowest strength at which to buy, 0 to 100.
    pub rsi_min: f64,
    /// The highest strength at which to buy, 0 to 100, not below `rsi_min`.
    pub rsi_max: f64,
    /// Whether the mirrored rule votes SELL.
    pub allow_short: bool,
}

impl Default for TrendFollowingConfig {
    fn default() -> Self {
        Self {
            average_period: 20,
            volume_period: 20,
            rsi_period: 14,
            rsi_seed: RsiSeed::Wilder,
            rsi_min: 50.0,
            rsi_max: 70.0,
            allow_short: false,
        }
    }
}

impl TrendFollowingConfig {
    /// Checks every setting.
    ///
    /// # Errors
    /// The first key that is out of range, with its range.
    pub fn validate(&self) -> Result<(), String> {
        within("trend_following.average_period", self.average_period, PERIOD_RANGE)?;
        within("trend_following.volume_period", self.volume_period, PERIOD_RANGE)?;
        within("trend_following.rsi_period", self.rsi_period, PERIOD_RANGE)?;
        within("trend_following.rsi_min", self.rsi_min, 0.0..=100.0)?;
        within("trend_following.rsi_max", self.rsi_max, self.rsi_min..=100.0)
    }
}

/// Votes by three rules, all of which must hold:
/// 1. the close is above its average (for SELL: below),
/// 2. the strength index lies in `rsi_min ..= rsi_max` (for SELL: mirrored at
///    50, so 30 to 50 by default), both ends included,
/// 3. the volume is above its average, which includes this bar.
///
/// Confidence: `0.5 + 0.25 × clamp(distance from the average ÷ 2 %) +
/// 0.25 × clamp(volume above its average ÷ 100 %)`.
#[derive(Debug)]
pub struct TrendFollowing {
    config: TrendFollowingConfig,
    average: Sma,
    volume_average: Sma,
    rsi: Rsi,
    reading: Option<Reading>,
}

/// What the newest vote was based on.
#[derive(Debug, Clone, Copy)]
struct Reading {
    close: f64,
    average: f64,
    rsi: f64,
    volume: f64,
    volume_average: Mean,
}

impl TrendFollowing {
    /// Makes one for a symbol, from settings that passed the check.
    pub fn new(config: TrendFollowingConfig) -> Self {
        Self {
            average: Sma::new(config.average_period),
            volume_average: Sma::new(config.volume_period),
            rsi: Rsi::new(config.rsi_period, config.rsi_seed),
            reading: None,
            config,
        }
    }

    #[inline]
    fn vote(&self, reading: &Reading) -> Vote {
        let Reading { close, average, rsi, volume, volume_average } = *reading;
        let TrendFollowingConfig { rsi_min, rsi_max, allow_short, .. } = self.config;
        // Each rule alone is a coin toss that the processor cannot predict;
        // together they rarely hold. So each is taken as the amount by which it
        // holds, and one branch asks whether the least of them is above zero.
        let busy = volume * volume_average.count - volume_average.sum;
        let buys = smaller(busy, close - average);
        if smaller(buys, margin(rsi, rsi_min, rsi_max)) > 0.0 {
            return Vote::cut(Action::Buy, reading.confidence());
        }
        if !allow_short {
            return Vote::HOLD;
        }
        let sells = smaller(busy, average - close);
        if smaller(sells, margin(rsi, 100.0 - rsi_max, 100.0 - rsi_min)) > 0.0 {
            return Vote::cut(Action::Sell, reading.confidence());
        }
        Vote::HOLD
    }
}

/// Returns how far a value lies from the nearer end of a range: above zero inside
/// and, by the least that a float can be, at the ends; below zero outside.
#[inline]
fn margin(value: f64, least: f64, most: f64) -> f64 {
    smaller(value - least, most - value) + f64::MIN_POSITIVE
}

impl Reading {
    fn confidence(&self) -> f64 {
        let volume_average = self.volume_average.value();
        let distance = (self.close - self.average).abs() / self.average;
        let surplus = (self.volume - volume_average) / volume_average;
        of_two(distance / DISTANCE_FULL, surplus / SURPLUS_FULL)
    }
}

impl Strategy for TrendFollowing {
    fn name(&self) -> &'static str {
        "trend_following"
    }

    fn on_bar(&mut self, bar: &BarInput) -> Option<Vote> {
        let average = self.average.take(bar.close).map(Mean::value);
        let rsi = self.rsi.take(bar.close);
        let volume_average = self.volume_average.take(bar.volume);
        let (Some(average), Some(rsi), Some(volume_average)) = (average, rsi, volume_average)
        else {
            self.reading = None;
            return None;
        };
        let reading =
            Reading { close: bar.close, average, rsi, volume: bar.volume, volume_average };
        self.reading = Some(reading);
        Some(self.vote(&reading))
    }

    fn reasoning(&self) -> String {
        let Some(Reading { close, average, rsi, volume, volume_average }) = self.reading else {
            return "warming up".into();
        };
        let volume_average = volume_average.value();
        format!(
            "price {close:.2} against average {average:.2}, RSI {rsi:.1}, \
             volume {volume:.0} against {volume_average:.0}"
        )
    }

    fn reset(&mut self) {
        *self = Self::new(self.config);
    }

    fn rescale(&mut self, factor: f64) {
        self.average.rescale(factor);
        self.rsi.rescale(factor);
        self.volume_average.rescale(factor.recip());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    // Named, since proptest's prelude has a trait of the same name.
    use crate::strategies::Strategy;

    const USUAL: Mean = Mean { sum: 2e4, count: 20.0 };
    const BUY: Reading =
        Reading { close: 101.0, average: 100.0, rsi: 60.0, volume: 2e3, volume_average: USUAL };

    #[track_caller]
    fn check(allow_short: bool, reading: Reading, expected: Action) {
        let config = TrendFollowingConfig { allow_short, ..Default::default() };
        assert_eq!(TrendFollowing::new(config).vote(&reading).action(), expected);
    }

    #[test]
    fn buys_above_the_average_with_healthy_strength_and_volume() {
        check(false, BUY, Action::Buy);
        check(false, Reading { close: 100.0, ..BUY }, Action::Hold);
        check(false, Reading { rsi: 50.0, ..BUY }, Action::Buy);
        check(false, Reading { rsi: 49.999, ..BUY }, Action::Hold);
        check(false, Reading { rsi: 70.0, ..BUY }, Action::Buy);
        check(false, Reading { rsi: 70.001, ..BUY }, Action::Hold);
        check(false, Reading { volume: 1e3, ..BUY }, Action::Hold);
    }

    #[test]
    fn sells_by_the_mirrored_rule_only_when_allowed() {
        let sell = Reading { close: 99.0, rsi: 40.0, ..BUY };
        check(false, sell, Action::Hold);
        check(true, sell, Action::Sell);
        check(true, Reading { close: 100.0, ..sell }, Action::Hold);
        check(true, Reading { rsi: 30.0, ..sell }, Action::Sell);
        check(true, Reading { rsi: 29.999, ..sell }, Action::Hold);
        check(true, Reading { rsi: 50.0, ..sell }, Action::Sell);
        check(true, Reading { rsi: 50.001, ..sell }, Action::Hold);
        check(true, Reading { volume: 1e3, ..sell }, Action::Hold);
    }

    #[test]
    fn names_the_setting_that_is_out_of_range() {
        let bad = TrendFollowingConfig { rsi_max: 40.0, ..Default::default() };
        assert_eq!(
            bad.validate(),
            Err("trend_following.rsi_max = 40 is out of range: use 50 to 100".into())
        );
    }

    #[test]
    fn explains_itself_by_its_numbers() {
        let mut strategy = TrendFollowing::new(TrendFollowingConfig::default());
        strategy.reading = Some(BUY);
        assert_eq!(
            strategy.reasoning(),
            "price 101.00 against average 100.00, RSI 60.0, volume 2000 against 1000"
        );
    }

    proptest! {
        #[test]
        fn confidence_grows_with_distance_and_volume(
            close in 100.0..200.0, more in 0.0..50.0, volume in 1e3..1e4,
        ) {
            let reading = Reading { close, volume, ..BUY };
            let further = Reading { close: close + more, ..reading };
            let busier = Reading { volume: volume + more, ..reading };
            let base = reading.confidence();
            prop_assert!(further.confidence() >= base && busier.confidence() >= base);
        }
    }
}
