//! Joins a fast move that breaks out of its recent range on volume. Knows
//! nothing of the other strategies.

use serde::{Deserialize, Serialize};

use crate::indicators::Change;
use crate::indicators::Mean;
use crate::indicators::RateOfChange;
use crate::indicators::RollingExtreme;
use crate::indicators::Sma;
use crate::strategies::confidence::PERIOD_RANGE;
use crate::strategies::confidence::of_two;
use crate::strategies::confidence::within;
use crate::strategies::{Action, BarInput, Strategy, Vote};

/// The volume beyond the demanded one that counts as full evidence, in averages.
const SURPLUS_FULL: f64 = 1.0;

/// The settings of [`Momentum`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MomentumConfig {
    /// Bars over which the change is taken, 1 to 10000.
    pub change_period: u32,
    /// The smallest change in percent that counts as fast, 0.01 to 100.
    pub change_min: f64,
    /// Bars whose high (low) must be broken, the newest not among them, 1 to
    /// 10000.
    pub breakout_period: u32,
    /// Bars of the volume average, 1 to 10000.
    pub volume_period: u32,
    /// The volume demanded, in averages, 0 to 100.
    pub volume_factor: f64,
    /// Whether the mirrored rule votes SELL.
    pub allow_short: bool,
}

impl Default for MomentumConfig {
    fn default() -> Self {
        Self {
            change_period: 10,
            change_min: 1.0,
            breakout_period: 20,
            volume_period: 20,
            volume_factor: 1.5,
            allow_short: false,
        }
    }
}

impl MomentumConfig {
    /// Checks every setting.
    ///
    /// # Errors
    /// The first key that is out of range, with its range.
    pub fn validate(&self) -> Result<(), String> {
        within("momentum.change_period", self.change_period, PERIOD_RANGE)?;
        within("momentum.change_min", self.change_min, 0.01..=100.0)?;
        within("momentum.breakout_period", self.breakout_period, PERIOD_RANGE)?;
        within("momentum.volume_period", self.volume_period, PERIOD_RANGE)?;
        within("momentum.volume_factor", self.volume_factor, 0.0..=100.0)
    }
}

/// Votes BUY by three rules, all of which must hold:
/// 1. the rate of change is at least `change_min` percent,
/// 2. the close is above the highest high of the bars before this one,
/// 3. the volume is above `volume_factor` times its average.
///
/// SELL, when allowed, is the mirror: a fall of as much below the lowest low.
///
/// Confidence: `0.5 + 0.25 × clamp((|change| − change_min) ÷ change_min) +
/// 0.25 × clamp(volume beyond the demanded one, in averages)`.
#[derive(Debug)]
pub struct Momentum {
    config: MomentumConfig,
    change: RateOfChange,
    highest: RollingExtreme,
    /// Followed only where the mirrored rule may vote.
    lowest: Option<RollingExtreme>,
    volume_average: Sma,
    reading: Option<Reading>,
}

/// What the newest vote was based on.
#[derive(Debug, Clone, Copy)]
struct Reading {
    close: f64,
    change: Change,
    highest: f64,
    /// Zero, which no price is below, where the mirrored rule may not vote.
    lowest: f64,
    volume: f64,
    volume_average: Mean,
}

impl Momentum {
    /// Makes one for a symbol, from settings that passed the check.
    pub fn new(config: MomentumConfig) -> Self {
        Self {
            change: RateOfChange::new(config.change_period),
            highest: RollingExtreme::highest(config.breakout_period),
            lowest: config.allow_short.then(|| RollingExtreme::lowest(config.breakout_period)),
            volume_average: Sma::new(config.volume_period),
            reading: None,
            config,
        }
    }

    #[inline]
    fn vote(&self, reading: &Reading) -> Vote {
        let Reading { close, change, highest, lowest, volume, volume_average } = *reading;
        let MomentumConfig { change_min, volume_factor, .. } = self.config;
        // The range first: it is rarely left, and the rest costs divisions.
        if close <= highest && close >= lowest {
            return Vote::HOLD;
        }
        let (change, volume_average) = (change.percent(), volume_average.value());
        let rises = change >= change_min && close > highest;
        let falls = change <= -change_min && close < lowest;
        if !(rises || falls) || volume <= volume_average * volume_factor {
            return Vote::HOLD;
        }
        let speed = (change.abs() - change_min) / change_min;
        let surplus = volume / volume_average - volume_factor;
        let action = if rises { Action::Buy } else { Action::Sell };
        Vote::cut(action, of_two(speed, surplus / SURPLUS_FULL))
    }
}

impl Strategy for Momentum {
    fn name(&self) -> &'static str {
        "momentum"
    }

    fn on_bar(&mut self, bar: &BarInput) -> Option<Vote> {
        let highest = self.highest.value();
        self.highest.take(bar.high);
        let lowest = match &mut self.lowest {
            Some(extreme) => {
                let lowest = extreme.value();
                extreme.take(bar.low);
                lowest
            }
            None => Some(0.0),
        };
        let change = self.change.take(bar.close);
        let volume_average = self.volume_average.take(bar.volume);
        let (Some(highest), Some(lowest), Some(change), Some(volume_average)) =
            (highest, lowest, change, volume_average)
        else {
            self.reading = None;
            return None;
        };
        let (close, volume) = (bar.close, bar.volume);
        let reading = Reading { close, change, highest, lowest, volume, volume_average };
        self.reading = Some(reading);
        Some(self.vote(&reading))
    }

    fn reasoning(&self) -> String {
        let Some(reading) = self.reading else {
            return "warming up".into();
        };
        let Reading { close, change, highest, lowest, volume, volume_average } = reading;
        let (change, volume_average) = (change.percent(), volume_average.value());
        format!(
            "change {change:+.2} %, price {close:.2} against {lowest:.2} and {highest:.2}, \
             volume {volume:.0} against {volume_average:.0}"
        )
    }

    fn reset(&mut self) {
        *self = Self::new(self.config);
    }

    fn rescale(&mut self, factor: f64) {
        self.change.rescale(factor);
        self.highest.rescale(factor);
        if let Some(lowest) = &mut self.lowest {
            lowest.rescale(factor);
        }
        self.volume_average.rescale(factor.recip());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    // Named, since proptest's prelude has a trait of the same name.
    use crate::strategies::Strategy;

    const BUY: Reading = Reading {
        close: 105.0,
        change: by(2.0),
        highest: 104.0,
        lowest: 96.0,
        volume: 2e3,
        volume_average: Mean { sum: 2e4, count: 20.0 },
    };
    const SELL: Reading = Reading { close: 95.0, change: by(-2.0), ..BUY };

    const fn by(percent: f64) -> Change {
        Change { old: 100.0, new: 100.0 + percent }
    }

    #[track_caller]
    fn check(allow_short: bool, reading: Reading, expected: Action) {
        let lowest = if allow_short { reading.lowest } else { 0.0 };
        let strategy = Momentum::new(MomentumConfig::default());
        assert_eq!(strategy.vote(&Reading { lowest, ..reading }).action(), expected);
    }

    #[test]
    fn buys_a_fast_rise_above_the_recent_high_on_volume() {
        check(false, BUY, Action::Buy);
        check(false, Reading { change: by(1.0), ..BUY }, Action::Buy);
        check(false, Reading { change: by(0.999), ..BUY }, Action::Hold);
        check(false, Reading { close: 104.0, ..BUY }, Action::Hold);
        check(false, Reading { volume: 1.5e3, ..BUY }, Action::Hold);
    }

    #[test]
    fn sells_the_mirror_only_when_allowed() {
        check(false, SELL, Action::Hold);
        check(true, SELL, Action::Sell);
        check(true, Reading { change: by(-0.999), ..SELL }, Action::Hold);
        check(true, Reading { close: 96.0, ..SELL }, Action::Hold);
        check(true, Reading { volume: 1.5e3, ..SELL }, Action::Hold);
    }

    #[test]
    fn the_bar_itself_does_not_belong_to_the_range_that_it_breaks() {
        let config = MomentumConfig { breakout_period: 2, change_period: 1, ..Default::default() };
        let mut strategy = Momentum::new(MomentumConfig { volume_period: 2, ..config });
        let mut feed = |close: f64, volume: f64| {
            let (high, low) = (close, close);
            strategy.on_bar(&BarInput { open: close, high, low, close, volume })
        };
        assert_eq!(feed(100.0, 10.0), None);
        assert_eq!(feed(101.0, 10.0), None);
        assert_eq!(feed(105.0, 90.0).unwrap().action(), Action::Buy);
    }

    #[test]
    fn a_fall_below_the_range_is_sold_only_when_allowed() {
        for (allow_short, expected) in [(false, Action::Hold), (true, Action::Sell)] {
            let periods =
                MomentumConfig { change_period: 1, volume_period: 2, ..Default::default() };
            let config = MomentumConfig { breakout_period: 2, allow_short, ..periods };
            let mut strategy = Momentum::new(config);
            let bar =
                |close, volume| BarInput { open: close, high: close, low: close, close, volume };
            strategy.on_bar(&bar(100.0, 10.0));
            strategy.on_bar(&bar(99.0, 10.0));
            assert_eq!(strategy.on_bar(&bar(95.0, 90.0)).unwrap().action(), expected);
        }
    }

    #[test]
    fn names_the_setting_that_is_out_of_range() {
        let bad = MomentumConfig { breakout_period: 0, ..Default::default() };
        assert_eq!(
            bad.validate(),
            Err("momentum.breakout_period = 0 is out of range: use 1 to 10000".into())
        );
    }

    proptest! {
        #[test]
        fn confidence_grows_with_speed_and_volume(
            change in 1.0..5.0, volume in 1.6e3..1e4, more in 0.0..5e3,
        ) {
            let strategy = Momentum::new(MomentumConfig::default());
            let confidence = |percent, volume| {
                strategy.vote(&Reading { change: by(percent), volume, ..BUY }).confidence()
            };
            let base = confidence(change, volume);
            prop_assert!(confidence(change + more, volume) >= base);
            prop_assert!(confidence(change, volume + more) >= base);
        }
    }
}
