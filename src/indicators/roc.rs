//! The rate of change. Knows nothing of what counts as fast.

use crate::indicators::input::is_usable;
use crate::indicators::window::Window;

/// The change over `period` values in percent: `100 × (x[t] ÷ x[t−n] − 1)`
/// (Murphy 1999, "Technical Analysis of the Financial Markets", chapter 10).
///
/// Has no value where the old value is zero.
#[derive(Debug, Clone)]
pub struct RateOfChange {
    window: Window,
}

/// A change whose rate is taken when asked for: at most bars nobody needs it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Change {
    /// The value some steps ago, not zero.
    pub(crate) old: f64,
    /// The value now.
    pub(crate) new: f64,
}

impl Change {
    /// Returns the rate in percent.
    #[inline]
    pub(crate) fn percent(self) -> f64 {
        100.0 * (self.new / self.old - 1.0)
    }
}

impl RateOfChange {
    /// Makes a rate over `period` steps, at least one.
    pub fn new(period: u32) -> Self {
        Self { window: Window::new(period) }
    }

    /// Takes one value in; answers from value `period + 1` on. An unusable value
    /// is refused: `None`, and nothing changes.
    #[inline]
    pub fn update(&mut self, value: f64) -> Option<f64> {
        if is_usable(value) { self.take(value).map(Change::percent) } else { None }
    }

    /// Does the same with a value that the caller knows to be usable (strategies
    /// check a bar once, not once per indicator), and leaves the division to
    /// those who need it.
    #[inline]
    pub(crate) fn take(&mut self, value: f64) -> Option<Change> {
        debug_assert!(is_usable(value), "an unusable value");
        // Slots not yet written hold zero, which has no rate either.
        let old = self.window.push(value);
        (old != 0.0).then_some(Change { old, new: value })
    }

    /// Multiplies the history by `factor`.
    pub fn rescale(&mut self, factor: f64) {
        self.window.rescale(factor);
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
        let out = Core::new().roc(0, closes.len() - 1, &closes, 10, &mut expected).unwrap();
        let mut roc = RateOfChange::new(10);
        check_series(&closes, |x| roc.update(x), out.beg_idx, &expected[..out.count], 1e-10);
    }

    #[test]
    fn a_split_is_no_change_and_zero_has_no_rate() {
        let mut roc = RateOfChange::new(1);
        assert_eq!(roc.update(100.0), None);
        roc.rescale(0.25);
        assert_eq!(roc.update(25.0), Some(0.0));
        assert_eq!(roc.update(f64::INFINITY), None);
        assert_eq!(roc.update(0.0), Some(-100.0));
        assert_eq!(roc.update(1.0), None);
    }
}
