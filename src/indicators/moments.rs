//! Mean and population deviation of a sliding window, the common ground of
//! Bollinger bands and z-scores. Knows nothing of either.

use crate::indicators::larger::larger;
use crate::indicators::window::Window;

/// The variance is taken anew when it falls below this share of the largest sum
/// of squares since the last time. Each update may lose 2⁻⁵³ of that sum, so at
/// a thousandth at least eleven digits are left; a steady trend stays above a
/// hundredth.
const CANCELLATION_MAX: f64 = 1e-3;

/// Mean and variance of the last values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    /// The arithmetic mean.
    pub(crate) mean: f64,
    /// The population variance, zero or more.
    pub(crate) variance: f64,
}

/// A window with its running first and second moment.
///
/// Sums are kept of differences from a recent value, not of the values, since
/// subtracting two large squares leaves noise ("shifted data" in Chan, Golub
/// and others 1983, "Algorithms for Computing the Sample Variance", The American
/// Statistician 37(3)). They are taken anew at each turn of the window, and
/// when little of them is left.
#[derive(Debug, Clone)]
pub(crate) struct Moments {
    window: Window,
    /// One over the number of values.
    share: f64,
    shift: f64,
    sum: f64,
    squares: f64,
    squares_max: f64,
}

impl Moments {
    /// Makes an empty window of `period` values, at least one.
    pub(crate) fn new(period: u32) -> Self {
        Self {
            window: Window::new(period),
            share: f64::from(period).recip(),
            shift: 0.0,
            sum: 0.0,
            squares: 0.0,
            squares_max: 0.0,
        }
    }

    /// Takes one usable value in; answers from the `period`-th value on.
    #[inline]
    pub(crate) fn take(&mut self, value: f64) -> Option<Spread> {
        let gone = self.window.push(value);
        if !self.window.is_full() {
            return None;
        }
        if self.window.has_just_turned() {
            self.take_anew(value);
        } else {
            let (come, gone) = (value - self.shift, gone - self.shift);
            self.sum += come - gone;
            self.squares += (come - gone) * (come + gone);
            self.squares_max = larger(self.squares_max, self.squares);
            if self.excess() < CANCELLATION_MAX * self.squares_max {
                self.take_anew(value);
            }
        }
        Some(Spread {
            mean: self.shift + self.sum * self.share,
            variance: larger(self.excess(), 0.0) * self.share,
        })
    }

    /// Returns the sum of squared differences from the mean.
    #[inline]
    fn excess(&self) -> f64 {
        self.squares - self.sum * self.sum * self.share
    }

    /// Sums the window again around its newest value, so that a window of equal
    /// values has a deviation of exactly zero.
    #[inline(never)]
    fn take_anew(&mut self, newest: f64) {
        // Four sums side by side, so that no addition waits for the one before.
        let (mut sums, mut squares) = ([0.0; 4], [0.0; 4]);
        for four in self.window.values().chunks(4) {
            for (value, (sum, square)) in four.iter().zip(sums.iter_mut().zip(&mut squares)) {
                let difference = value - newest;
                *sum += difference;
                *square += difference * difference;
            }
        }
        self.shift = newest;
        self.sum = sums.iter().sum();
        self.squares = squares.iter().sum();
        self.squares_max = self.squares;
    }

    /// Multiplies the history by `factor`.
    pub(crate) fn rescale(&mut self, factor: f64) {
        self.window.rescale(factor);
        self.shift *= factor;
        self.sum *= factor;
        self.squares *= factor * factor;
        self.squares_max *= factor * factor;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indicators::oracle::{two_pass, walk};

    #[track_caller]
    fn check(values: impl IntoIterator<Item = f64>, every: usize, tolerance: f64) {
        let mut moments = Moments::new(20);
        let mut recent = [0.0; 20];
        for (at, x) in values.into_iter().enumerate() {
            recent[at % 20] = x;
            let Some(spread) = moments.take(x) else { continue };
            if at % every != 0 {
                continue;
            }
            let (mean, deviation) = two_pass(&recent);
            assert!((spread.mean - mean).abs() <= mean.abs() * 1e-14, "mean at {at}");
            let miss = (spread.variance.sqrt() - deviation).abs();
            assert!(
                miss <= deviation * tolerance + mean.abs() * 1e-15,
                "deviation at {at}: {miss}"
            );
        }
    }

    #[test]
    fn a_million_updates_do_not_drift() {
        check(walk(1_000_000), 101, 1e-10);
    }

    #[test]
    fn a_jump_and_the_calm_after_it_leave_no_noise() {
        let calm = |at: u32| 100.0 + f64::from(at % 3) * 0.01;
        check((0..60).map(|at| if at == 30 { 1e6 } else { calm(at) }), 1, 1e-9);
        check((0..60).map(|at| if at < 30 { calm(at) } else { 1e4 + calm(at) }), 1, 1e-9);
        check((0..60).map(|at| if at < 33 { 10.0 } else { 11.7 }), 1, 1e-9);
    }

    #[test]
    fn equal_values_have_no_deviation_at_all() {
        let mut moments = Moments::new(20);
        let spread = (0..77).filter_map(|_| moments.take(100.1)).last();
        assert_eq!(spread, Some(Spread { mean: 100.1, variance: 0.0 }));
    }
}
