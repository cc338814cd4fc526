//! How unusual the newest value is among the last ones. Knows nothing of what is
//! measured.

use crate::indicators::input::is_usable;
use crate::indicators::moments::Moments;
use crate::indicators::moments::Spread;

/// Where a value stands among the last ones; the score itself is taken when
/// asked for, since root and division cost more than all the rest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// The value itself.
    pub value: f64,
    /// The mean of the last values, itself among them.
    pub mean: f64,
    /// Their population variance, zero or more.
    pub variance: f64,
}

impl Standing {
    /// Returns the z-score, see [`ZScore`].
    #[inline]
    pub fn score(&self) -> f64 {
        if self.variance > 0.0 { (self.value - self.mean) / self.variance.sqrt() } else { 0.0 }
    }
}

/// The z-score `(x − mean) ÷ deviation` within the last `period` values, the
/// newest included, by the population deviation (Freedman, Pisani and Purves
/// 2007, "Statistics", chapter 5, "standard units").
///
/// In deviations; at most `√(period − 1)` in magnitude; zero when all values
/// are equal.
#[derive(Debug, Clone)]
pub struct ZScore {
    moments: Moments,
}

impl ZScore {
    /// Makes a score within `period` values, at least one.
    pub fn new(period: u32) -> Self {
        Self { moments: Moments::new(period) }
    }

    /// Takes one value in; answers from the `period`-th value on. An unusable
    /// value is refused: `None`, and nothing changes.
    #[inline]
    pub fn update(&mut self, value: f64) -> Option<Standing> {
        if is_usable(value) { self.take(value) } else { None }
    }

    /// Does the same with a value that the caller knows to be usable: strategies
    /// check a bar once, not once per indicator.
    #[inline]
    pub(crate) fn take(&mut self, value: f64) -> Option<Standing> {
        debug_assert!(is_usable(value), "an unusable value");
        let Spread { mean, variance } = self.moments.take(value)?;
        Some(Standing { value, mean, variance })
    }

    /// Multiplies the history by `factor`, which leaves the score as it is.
    pub fn rescale(&mut self, factor: f64) {
        self.moments.rescale(factor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indicators::oracle::{two_pass, walk};

    #[test]
    fn equals_the_score_taken_in_two_passes() {
        let values = walk(300);
        let mut score = ZScore::new(25);
        for (at, x) in values.iter().enumerate() {
            let answer = score.update(*x);
            let Some(from) = (at + 1).checked_sub(25) else {
                assert_eq!(answer, None);
                continue;
            };
            let (mean, deviation) = two_pass(&values[from..=at]);
            assert!((answer.unwrap().score() - (x - mean) / deviation).abs() < 1e-9, "at {at}");
        }
    }

    #[test]
    fn a_rescaled_history_scores_the_same_and_equal_values_score_zero() {
        let (mut whole, mut split) = (ZScore::new(3), ZScore::new(3));
        for x in [8.0, 10.0, 12.0] {
            whole.update(x);
            split.update(x);
        }
        split.rescale(0.5);
        let mut score = |x: f64| {
            [whole.update(x), split.update(x / 2.0)].map(|standing| standing.map(|s| s.score()))
        };
        let [of_whole, of_split] = score(14.0);
        assert_eq!(of_whole, of_split);
        assert!(of_whole.is_some_and(|score| score > 1.0));
        assert_eq!(ZScore::new(1).update(5.0).map(|standing| standing.score()), Some(0.0));
        assert_eq!(whole.update(f64::NAN), None);
    }
}
