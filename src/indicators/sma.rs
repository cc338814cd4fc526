//! The simple moving average. Knows nothing of what it averages: closes for a
//! trend, volumes for the usual activity.

use crate::indicators::input::is_usable;
use crate::indicators::sum::CompensatedSum;
use crate::indicators::window::Window;

/// The arithmetic mean of the last `period` values, the newest included:
/// `(x[t] + … + x[t−n+1]) ÷ n` (Murphy 1999, "Technical Analysis of the
/// Financial Markets", chapter 9).
///
/// The sum is compensated, so after millions of updates it is as near as after
/// the first: the mean of whole numbers is the nearest `f64`, that of decimal
/// fractions may be one unit in the last place beside it.
#[derive(Debug, Clone)]
pub struct Sma {
    window: Window,
    sum: CompensatedSum,
    count: f64,
}

/// A mean that is divided when asked for: at most bars nobody needs it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Mean {
    /// The sum of the values.
    pub(crate) sum: f64,
    /// How many they are.
    pub(crate) count: f64,
}

impl Mean {
    /// Returns the mean.
    #[inline]
    pub(crate) fn value(self) -> f64 {
        self.sum / self.count
    }
}

impl Sma {
    /// Makes an average over `period` values, at least one.
    pub fn new(period: u32) -> Self {
        Self {
            window: Window::new(period),
            sum: CompensatedSum::default(),
            count: f64::from(period),
        }
    }

    /// Takes one value in; answers from the `period`-th value on. An unusable
    /// value is refused: `None`, and nothing changes.
    #[inline]
    pub fn update(&mut self, value: f64) -> Option<f64> {
        if is_usable(value) { self.take(value).map(Mean::value) } else { None }
    }

    /// Does the same with a value that the caller knows to be usable (strategies
    /// check a bar once, not once per indicator), and leaves the division to
    /// those who need it.
    #[inline]
    pub(crate) fn take(&mut self, value: f64) -> Option<Mean> {
        debug_assert!(is_usable(value), "an unusable value");
        let gone = self.window.push(value);
        self.sum.exchange(value, gone);
        self.window.is_full().then(|| Mean { sum: self.sum.value(), count: self.count })
    }

    /// Multiplies the history by `factor`.
    pub fn rescale(&mut self, factor: f64) {
        self.window.rescale(factor);
        self.sum = CompensatedSum::default();
        for value in self.window.values() {
            self.sum.exchange(*value, 0.0);
        }
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
        let out = Core::new().sma(0, closes.len() - 1, &closes, 20, &mut expected).unwrap();
        let mut sma = Sma::new(20);
        check_series(&closes, |x| sma.update(x), out.beg_idx, &expected[..out.count], 1e-12);
    }

    #[test]
    fn a_million_updates_do_not_drift() {
        let mut sma = Sma::new(20);
        let mut recent = [0.0; 20];
        let mut last = 0.0;
        for (at, x) in walk(1_000_000).into_iter().enumerate() {
            recent[at % 20] = x;
            last = sma.update(x).unwrap_or_default();
        }
        let exact = recent.iter().sum::<f64>() / 20.0;
        assert!((last - exact).abs() <= exact * 1e-15, "{last} against {exact}");
    }

    #[test]
    fn an_unusable_value_changes_nothing() {
        let mut sma = Sma::new(2);
        sma.update(1.0);
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e16] {
            assert_eq!(sma.update(bad), None);
        }
        assert_eq!(sma.update(3.0), Some(2.0));
    }

    #[test]
    fn a_rescaled_average_goes_on_at_the_new_scale() {
        let mut sma = Sma::new(3);
        for x in [8.0, 10.0, 12.0] {
            sma.update(x);
        }
        sma.rescale(0.5);
        assert_eq!(sma.update(7.0), Some(6.0));
    }
}
