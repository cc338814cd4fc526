//! Wilder's average true range. Knows nothing of what counts as wild.

use crate::indicators::input::is_usable;
use crate::indicators::larger::{larger, smaller};

/// The average true range in dollars per share: the true range
/// `max(high − low, |high − previous close|, |low − previous close|)`, smoothed
/// by `a[t] = a[t−1] + (r[t] − a[t−1]) ÷ n` and begun by the simple mean of the
/// first `n` of them (Wilder 1978, "New Concepts in Technical Trading Systems",
/// section III).
///
/// The first bar only gives a close: the first answer comes with bar `n + 1`.
#[derive(Debug, Clone)]
pub struct Atr {
    period: u32,
    /// Bars still to come before the smoothing begins.
    to_come: u32,
    share: f64,
    previous: f64,
    average: f64,
}

impl Atr {
    /// Makes an average over `period` true ranges, at least one.
    ///
    /// # Panics
    /// When `period` is zero.
    pub fn new(period: u32) -> Self {
        assert!(period >= 1, "an average needs at least one range");
        let share = f64::from(period).recip();
        Self { period, to_come: period.saturating_add(1), share, previous: 0.0, average: 0.0 }
    }

    /// Takes one bar in. A bar with an unusable number is refused: `None`, and
    /// nothing changes.
    #[inline]
    pub fn update(&mut self, high: f64, low: f64, close: f64) -> Option<f64> {
        if is_usable(high) && is_usable(low) && is_usable(close) {
            self.take(high, low, close)
        } else {
            None
        }
    }

    /// Does the same with a value that the caller knows to be usable: strategies
    /// check a bar once, not once per indicator.
    #[inline]
    pub(crate) fn take(&mut self, high: f64, low: f64, close: f64) -> Option<f64> {
        debug_assert!(is_usable(high) && is_usable(low) && is_usable(close), "an unusable value");
        // The same as the largest of the three differences.
        let range = larger(high, self.previous) - smaller(low, self.previous);
        self.previous = close;
        if self.to_come > 0 {
            return self.begin(range);
        }
        self.average += (range - self.average) * self.share;
        Some(self.average)
    }

    #[cold]
    fn begin(&mut self, range: f64) -> Option<f64> {
        if self.to_come <= self.period {
            self.average += range * self.share;
        }
        self.to_come -= 1;
        (self.to_come == 0).then_some(self.average)
    }

    /// Multiplies the history by `factor`.
    pub fn rescale(&mut self, factor: f64) {
        self.previous *= factor;
        self.average *= factor;
    }
}

#[cfg(test)]
mod tests {
    use ta_lib::Core;

    use super::*;
    use crate::indicators::oracle::{check_series, walk};

    /// Highs and lows around a walk that also jump away from the last close.
    fn bars(count: usize) -> Vec<(f64, f64, f64)> {
        let (closes, noise) = (walk(count), walk(count + 7));
        let bar = |at: usize| {
            let close = closes[at];
            (close + noise[at + 7] * 0.01, close - noise[at + 3] * 0.02, close)
        };
        (0..count).map(bar).collect()
    }

    #[test]
    fn equals_ta_lib() {
        let bars = bars(500);
        let [high, low, close] =
            [|b: &(f64, f64, f64)| b.0, |b: &(f64, f64, f64)| b.1, |b: &(f64, f64, f64)| b.2]
                .map(|part| bars.iter().map(part).collect::<Vec<f64>>());
        let mut expected = vec![0.0; bars.len()];
        let out =
            Core::new().atr(0, bars.len() - 1, &high, &low, &close, 14, &mut expected).unwrap();
        let mut atr = Atr::new(14);
        check_series(
            &bars,
            |(high, low, close)| atr.update(high, low, close),
            out.beg_idx,
            &expected[..out.count],
            1e-10,
        );
    }

    #[test]
    fn a_gap_counts_into_the_range() {
        let mut atr = Atr::new(1);
        assert_eq!(atr.update(11.0, 9.0, 10.0), None);
        assert_eq!(atr.update(16.0, 15.0, 15.0), Some(6.0));
        assert_eq!(atr.update(9.0, 8.0, 8.5), Some(7.0));
    }

    #[test]
    fn a_refused_bar_changes_nothing_and_a_split_is_no_gap() {
        let mut atr = Atr::new(1);
        atr.update(11.0, 9.0, 10.0);
        assert_eq!(atr.update(f64::NAN, 9.0, 10.0), None);
        atr.rescale(0.5);
        assert_eq!(atr.update(6.0, 4.0, 5.0), Some(2.0));
    }
}
