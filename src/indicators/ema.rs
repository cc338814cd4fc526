//! The exponential moving average. Knows nothing of what it averages.

use crate::indicators::input::is_usable;

/// The exponential moving average `e[t] = e[t−1] + (x[t] − e[t−1]) × 2 ÷ (n + 1)`,
/// begun by the simple mean of the first `n` values (Murphy 1999, "Technical
/// Analysis of the Financial Markets", chapter 9).
///
/// An error made once fades with each update, so nothing can drift.
#[derive(Debug, Clone)]
pub struct Ema {
    period: u32,
    seen: u32,
    share: f64,
    /// The sum of the first values, then the average.
    average: f64,
}

impl Ema {
    /// Makes an average over `period` values, at least one.
    ///
    /// # Panics
    /// When `period` is zero.
    pub fn new(period: u32) -> Self {
        assert!(period >= 1, "an average needs at least one value");
        Self { period, seen: 0, share: 2.0 / (f64::from(period) + 1.0), average: 0.0 }
    }

    /// Takes one value in; answers from the `period`-th value on. An unusable
    /// value is refused: `None`, and nothing changes.
    #[inline]
    pub fn update(&mut self, value: f64) -> Option<f64> {
        if is_usable(value) { self.take(value) } else { None }
    }

    /// Does the same with a value that the caller knows to be usable: strategies
    /// check a bar once, not once per indicator.
    #[inline]
    pub(crate) fn take(&mut self, value: f64) -> Option<f64> {
        debug_assert!(is_usable(value), "an unusable value");
        if self.seen < self.period {
            return self.begin(value);
        }
        self.average += (value - self.average) * self.share;
        Some(self.average)
    }

    #[cold]
    fn begin(&mut self, value: f64) -> Option<f64> {
        self.seen += 1;
        self.average += value;
        (self.seen == self.period).then(|| {
            self.average /= f64::from(self.period);
            self.average
        })
    }

    /// Multiplies the history by `factor`.
    pub fn rescale(&mut self, factor: f64) {
        self.average *= factor;
    }
}

#[cfg(test)]
mod tests {
    use ta_lib::Core;

    use super::*;
    use crate::indicators::oracle::{check_series, walk};

    #[test]
    fn equals_ta_lib() {
        let closes = walk(500);
        let mut expected = vec![0.0; closes.len()];
        let out = Core::new().ema(0, closes.len() - 1, &closes, 20, &mut expected).unwrap();
        let mut ema = Ema::new(20);
        check_series(&closes, |x| ema.update(x), out.beg_idx, &expected[..out.count], 1e-12);
    }

    #[test]
    fn an_unusable_value_changes_nothing() {
        let mut ema = Ema::new(1);
        assert_eq!(ema.update(2.0), Some(2.0));
        assert_eq!(ema.update(f64::NAN), None);
        assert_eq!(ema.update(2.0), Some(2.0));
    }

    #[test]
    fn a_rescaled_average_goes_on_at_the_new_scale() {
        let mut whole = Ema::new(3);
        let mut split = Ema::new(3);
        for x in [8.0, 10.0, 12.0, 14.0] {
            whole.update(x / 4.0);
            split.update(x);
        }
        split.rescale(0.25);
        assert_eq!(whole.update(3.0), split.update(3.0));
    }
}
