//! How unusual the newest value is among the last ones. Knows nothing of what is
//! measured.

use crate::indicators::moments::Moments;

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
    pub fn update(&mut self, value: f64) -> Option<f64> {
        let spread = self.moments.update(value)?;
        if spread.deviation > 0.0 {
            Some((value - spread.mean) / spread.deviation)
        } else {
            Some(0.0)
        }
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
            assert!((answer.unwrap() - (x - mean) / deviation).abs() < 1e-9, "at {at}");
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
        assert_eq!(whole.update(14.0), split.update(7.0));
        assert_eq!(ZScore::new(1).update(5.0), Some(0.0));
        assert_eq!(whole.update(f64::NAN), None);
    }
}
