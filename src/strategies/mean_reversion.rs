//! Expects a return to the mean: buys what has fallen too far, sells what has
//! risen too far. Knows nothing of the other strategies.

use serde::{Deserialize, Serialize};

use crate::indicators::Bands;
use crate::indicators::Bollinger;
use crate::indicators::Rsi;
use crate::indicators::RsiSeed;
use crate::strategies::confidence::PERIOD_RANGE;
use crate::strategies::confidence::of_two;
use crate::strategies::confidence::within;
use crate::strategies::{Action, BarInput, Strategy, Vote};

/// The deviations beyond the band that count as full evidence.
const EXCESS_FULL: f64 = 1.0;
/// The points of strength beyond the limit that count as full evidence.
const STRENGTH_FULL: f64 = 20.0;

/// The settings of [`MeanReversion`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MeanReversionConfig {
    /// Bars of the bands, 2 to 10000.
    pub band_period: u32,
    /// Half the width of the bands, in deviations (a z-score), 0.1 to 10.
    pub band_width: f64,
    /// Changes of the strength index, 1 to 10000.
    pub rsi_period: u32,
    /// The highest strength at which to buy, 0 to 50.
    pub rsi_oversold: f64,
    /// The lowest strength at which to sell, 50 to 100.
    pub rsi_overbought: f64,
    /// Whether it votes SELL at all.
    pub allow_short: bool,
}

impl Default for MeanReversionConfig {
    fn default() -> Self {
        Self {
            band_period: 20,
            band_width: 2.0,
            rsi_period: 14,
            rsi_oversold: 30.0,
            rsi_overbought: 70.0,
            allow_short: true,
        }
    }
}

impl MeanReversionConfig {
    /// Checks every setting.
    ///
    /// # Errors
    /// The first key that is out of range, with its range.
    pub fn validate(&self) -> Result<(), String> {
        within("mean_reversion.band_period", self.band_period, 2..=*PERIOD_RANGE.end())?;
        within("mean_reversion.band_width", self.band_width, 0.1..=10.0)?;
        within("mean_reversion.rsi_period", self.rsi_period, PERIOD_RANGE)?;
        within("mean_reversion.rsi_oversold", self.rsi_oversold, 0.0..=50.0)?;
        within("mean_reversion.rsi_overbought", self.rsi_overbought, 50.0..=100.0)
    }
}

/// Votes BUY when the close is below the lower Bollinger band and the strength
/// index at or below `rsi_oversold`; SELL, when allowed, above the upper band at
/// or above `rsi_overbought`.
///
/// Confidence: `0.5 + 0.25 × clamp(deviations beyond the band) +
/// 0.25 × clamp(strength beyond its limit ÷ 20 points)`.
#[derive(Debug)]
pub struct MeanReversion {
    config: MeanReversionConfig,
    bollinger: Bollinger,
    rsi: Rsi,
    reading: Option<Reading>,
}

/// What the newest vote was based on.
#[derive(Debug, Clone, Copy)]
struct Reading {
    close: f64,
    bands: Bands,
    rsi: f64,
}

impl MeanReversion {
    /// Makes one for a symbol, from settings that passed the check.
    pub fn new(config: MeanReversionConfig) -> Self {
        Self {
            bollinger: Bollinger::new(config.band_period, config.band_width),
            rsi: Rsi::new(config.rsi_period, RsiSeed::Wilder),
            reading: None,
            config,
        }
    }

    #[inline]
    fn vote(&self, reading: &Reading) -> Vote {
        let Reading { close, bands, rsi } = *reading;
        let config = &self.config;
        // Strength first: it is at hand, while a band costs a root.
        if rsi <= config.rsi_oversold && close < bands.lower() {
            let confidence = self.confidence(reading, config.rsi_oversold - rsi);
            return Vote::cut(Action::Buy, confidence);
        }
        if config.allow_short && rsi >= config.rsi_overbought && close > bands.upper() {
            let confidence = self.confidence(reading, rsi - config.rsi_overbought);
            return Vote::cut(Action::Sell, confidence);
        }
        Vote::HOLD
    }

    fn confidence(&self, reading: &Reading, strength_beyond: f64) -> f64 {
        let excess = reading.bands.z_score(reading.close).abs() - self.config.band_width;
        of_two(excess / EXCESS_FULL, strength_beyond / STRENGTH_FULL)
    }
}

impl Strategy for MeanReversion {
    fn name(&self) -> &'static str {
        "mean_reversion"
    }

    fn on_bar(&mut self, bar: &BarInput) -> Option<Vote> {
        let bands = self.bollinger.take(bar.close);
        let rsi = self.rsi.take(bar.close);
        let (Some(bands), Some(rsi)) = (bands, rsi) else {
            self.reading = None;
            return None;
        };
        let reading = Reading { close: bar.close, bands, rsi };
        self.reading = Some(reading);
        Some(self.vote(&reading))
    }

    fn reasoning(&self) -> String {
        let Some(Reading { close, bands, rsi }) = self.reading else {
            return "warming up".into();
        };
        format!(
            "price {close:.2} in bands {:.2} to {:.2}, z-score {:.2}, RSI {rsi:.1}",
            bands.lower(),
            bands.upper(),
            bands.z_score(close)
        )
    }

    fn reset(&mut self) {
        *self = Self::new(self.config);
    }

    fn rescale(&mut self, factor: f64) {
        self.bollinger.rescale(factor);
        self.rsi.rescale(factor);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    // Named, since proptest's prelude has a trait of the same name.
    use crate::strategies::Strategy;

    const BANDS: Bands = Bands { middle: 100.0, variance: 1.0, width: 2.0 };
    const BUY: Reading = Reading { close: 97.0, bands: BANDS, rsi: 25.0 };
    const SELL: Reading = Reading { close: 103.0, bands: BANDS, rsi: 75.0 };

    #[track_caller]
    fn check(allow_short: bool, reading: Reading, expected: Action) {
        let config = MeanReversionConfig { allow_short, ..Default::default() };
        assert_eq!(MeanReversion::new(config).vote(&reading).action(), expected);
    }

    #[test]
    fn buys_below_the_lower_band_when_oversold() {
        check(true, BUY, Action::Buy);
        check(true, Reading { rsi: 30.0, ..BUY }, Action::Buy);
        check(true, Reading { rsi: 30.001, ..BUY }, Action::Hold);
        check(true, Reading { close: 98.0, ..BUY }, Action::Hold);
    }

    #[test]
    fn sells_above_the_upper_band_when_overbought_and_allowed() {
        check(true, SELL, Action::Sell);
        check(false, SELL, Action::Hold);
        check(true, Reading { rsi: 70.0, ..SELL }, Action::Sell);
        check(true, Reading { rsi: 69.999, ..SELL }, Action::Hold);
        check(true, Reading { close: 102.0, ..SELL }, Action::Hold);
    }

    #[test]
    fn a_crash_after_a_calm_is_bought() {
        let mut strategy = MeanReversion::new(MeanReversionConfig::default());
        let close = |at: u32| if at < 40 { 100.0 + f64::from(at % 2) * 0.1 } else { 95.0 };
        let vote = (0..=40)
            .map(close)
            .map(|close| BarInput { open: close, high: close, low: close, close, volume: 1.0 })
            .filter_map(|bar| strategy.on_bar(&bar))
            .last();
        assert_eq!(vote.unwrap().action(), Action::Buy);
    }

    #[test]
    fn names_the_setting_that_is_out_of_range() {
        let bad = MeanReversionConfig { rsi_oversold: 60.0, ..Default::default() };
        assert_eq!(
            bad.validate(),
            Err("mean_reversion.rsi_oversold = 60 is out of range: use 0 to 50".into())
        );
    }

    proptest! {
        #[test]
        fn confidence_grows_with_distance_and_strength(
            close in 80.0..98.0, rsi in 0.0..30.0, more in 0.0..5.0,
        ) {
            let strategy = MeanReversion::new(MeanReversionConfig::default());
            let confidence = |close, rsi| strategy.vote(&Reading { close, rsi, ..BUY }).confidence();
            let base = confidence(close, rsi);
            prop_assert!(confidence(close - more, rsi) >= base);
            prop_assert!(confidence(close, rsi - more) >= base);
        }
    }
}
