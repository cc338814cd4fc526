//! Bollinger bands. Knows nothing of what a touched band means.

use crate::indicators::input::is_usable;
use crate::indicators::moments::Moments;
use crate::indicators::moments::Spread;

/// The bands of one bar, in the unit of the input. The bands themselves are
/// taken when asked for: at most bars nobody needs the root.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bands {
    /// The simple moving average.
    pub middle: f64,
    /// The population variance, zero or more.
    pub variance: f64,
    /// Half the distance of the bands, in deviations.
    pub width: f64,
}

/// Bands of `width` population deviations around the simple moving average of
/// `period` values (Bollinger 2001, "Bollinger on Bollinger Bands", chapter 7;
/// he divides by `n`, not `n − 1`).
#[derive(Debug, Clone)]
pub struct Bollinger {
    moments: Moments,
    width: f64,
}

impl Bollinger {
    /// Makes bands over `period` values, at least one, `width` deviations wide
    /// to each side.
    pub fn new(period: u32, width: f64) -> Self {
        Self { moments: Moments::new(period), width }
    }

    /// Takes one value in; answers from the `period`-th value on. An unusable
    /// value is refused: `None`, and nothing changes.
    #[inline]
    pub fn update(&mut self, value: f64) -> Option<Bands> {
        if is_usable(value) { self.take(value) } else { None }
    }

    /// Does the same with a value that the caller knows to be usable: strategies
    /// check a bar once, not once per indicator.
    #[inline]
    pub(crate) fn take(&mut self, value: f64) -> Option<Bands> {
        debug_assert!(is_usable(value), "an unusable value");
        let Spread { mean, variance } = self.moments.take(value)?;
        Some(Bands { middle: mean, variance, width: self.width })
    }

    /// Multiplies the history by `factor`.
    pub fn rescale(&mut self, factor: f64) {
        self.moments.rescale(factor);
    }
}

impl Bands {
    /// Returns the population standard deviation, zero or more.
    #[inline]
    pub fn deviation(&self) -> f64 {
        self.variance.sqrt()
    }

    /// Returns middle plus `width` deviations.
    #[inline]
    pub fn upper(&self) -> f64 {
        self.middle + self.width * self.deviation()
    }

    /// Returns middle minus `width` deviations.
    #[inline]
    pub fn lower(&self) -> f64 {
        self.middle - self.width * self.deviation()
    }

    /// Returns how many deviations a value lies above the middle (below:
    /// negative); zero when there is no deviation.
    #[inline]
    pub fn z_score(&self, value: f64) -> f64 {
        if self.variance > 0.0 { (value - self.middle) / self.deviation() } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use ta_lib::{Core, MAType};

    use super::*;
    use crate::indicators::oracle::{check_series, walk};

    #[test]
    fn equals_ta_lib() {
        let closes = walk(500);
        let [mut upper, mut middle, mut lower] = [(); 3].map(|()| vec![0.0; closes.len()]);
        let out = Core::new()
            .bbands(
                0,
                closes.len() - 1,
                &closes,
                20,
                2.0,
                2.0,
                MAType::SMA,
                &mut upper,
                &mut middle,
                &mut lower,
            )
            .unwrap();
        for (part, expected) in [
            (Box::new(|b: Bands| b.upper()) as Box<dyn Fn(Bands) -> f64>, upper),
            (Box::new(|b| b.middle), middle),
            (Box::new(|b| b.lower()), lower),
        ] {
            let mut bands = Bollinger::new(20, 2.0);
            let update = |x| bands.update(x).map(&part);
            check_series(&closes, update, out.beg_idx, &expected[..out.count], 1e-6);
        }
    }

    #[test]
    fn a_rescaled_history_gives_rescaled_bands() {
        let (mut whole, mut split) = (Bollinger::new(4, 2.0), Bollinger::new(4, 2.0));
        for x in [8.0, 10.0, 12.0, 9.0, 11.0] {
            whole.update(x / 4.0);
            split.update(x);
        }
        split.rescale(0.25);
        assert_eq!(whole.update(2.5), split.update(2.5));
    }

    #[test]
    fn a_value_on_the_band_scores_its_width_and_a_flat_market_scores_zero() {
        let bands = Bands { middle: 10.0, variance: 0.25, width: 2.0 };
        assert!((bands.z_score(bands.lower()) + 2.0).abs() < 1e-12);
        let flat = Bands { variance: 0.0, ..bands };
        assert!(flat.z_score(11.0).abs() < 1e-12);
    }
}
