//! What the indicators are checked against: a seeded walk, slow exact formulas,
//! and a comparison by row. Knows nothing of the indicators themselves.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Makes a price that walks randomly in cents, always above one dollar.
pub(crate) fn walk(count: usize) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(14);
    let mut cents = 10_000;
    let mut step = || {
        cents = (cents + rng.random_range(-40..=40_i32)).max(100);
        f64::from(cents) / 100.0
    };
    (0..count).map(|_| step()).collect()
}

/// Returns mean and population deviation by the textbook's two passes.
pub(crate) fn two_pass(values: &[f64]) -> (f64, f64) {
    let count = values.iter().fold(0.0, |count, _| count + 1.0);
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count;
    (mean, variance.sqrt())
}

/// Feeds `inputs` and checks that answers begin at `first` and equal `expected`
/// within `tolerance`.
#[track_caller]
pub(crate) fn check_series<T: Copy>(
    inputs: &[T],
    mut update: impl FnMut(T) -> Option<f64>,
    first: usize,
    expected: &[f64],
    tolerance: f64,
) {
    let answers: Vec<Option<f64>> = inputs.iter().map(|input| update(*input)).collect();
    assert!(answers[..first].iter().all(Option::is_none), "answers before its time");
    assert_eq!(answers.len(), first + expected.len(), "number of answers");
    for (at, (answer, expected)) in answers[first..].iter().zip(expected).enumerate() {
        let answer = answer.expect("an answer after the first");
        assert!((answer - expected).abs() <= tolerance, "{at}: {answer} instead of {expected}");
    }
}
