//! The lots that one symbol draws, from a stream of its own.
//!
//! Uses additions, multiplications and square roots only: those are exact by
//! IEEE 754 on every machine, while the `exp` and `ln` of system libraries differ
//! in the last place, and a last place can become a cent.

use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::domain::ids::Symbol;

/// What a stream of lots is used for; different uses are independent.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    /// The sessions that are played.
    Sessions,
    /// The session bars before the start.
    History,
    /// The daily bars before those.
    Days,
}

/// A stream of lots, fixed by seed, symbol and purpose.
#[derive(Debug, Clone)]
pub(super) struct Chance(ChaCha8Rng);

impl Chance {
    pub(super) fn new(seed: u64, symbol: Symbol, purpose: Purpose) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..24].copy_from_slice(&symbol.as_number().to_le_bytes());
        let mut lots = ChaCha8Rng::from_seed(key);
        lots.set_stream(match purpose {
            Purpose::Sessions => 0,
            Purpose::History => 1,
            Purpose::Days => 2,
        });
        Self(lots)
    }

    /// Draws evenly from 0 inclusive to 1 exclusive.
    pub(super) fn unit(&mut self) -> f64 {
        f64::from(self.0.next_u32()) / 4_294_967_296.0
    }

    /// Tells whether something with a probability happens.
    pub(super) fn happens(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Draws from a bell curve with mean 0 and deviation 1, never beyond ± 3.5:
    /// the sum of four even draws (Irwin–Hall distribution, n = 4).
    pub(super) fn bell(&mut self) -> f64 {
        let lots = self.0.next_u64().to_le_bytes();
        let sum: f64 = lots
            .chunks_exact(2)
            .map(|pair| f64::from(u16::from_le_bytes([pair[0], pair[1]])) / 65_536.0)
            .sum();
        (sum - 2.0) * 3.0_f64.sqrt()
    }

    /// Draws from a log-normal distribution: the logarithm of the result has the
    /// deviation `deviation`, half of all results are below `median`.
    pub(super) fn log_normal(&mut self, median: f64, deviation: f64) -> f64 {
        median * exponential(self.bell() * deviation)
    }
}

/// `(1 + x ÷ 1024)^1024`, within a hundredth of eˣ for |x| below 4.
fn exponential(x: f64) -> f64 {
    let mut power = 1.0 + x / 1024.0;
    for _ in 0..10 {
        power *= power;
    }
    power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bell_has_mean_zero_and_deviation_one() {
        let mut chance = Chance::new(7, Symbol::new("AAPL").unwrap(), Purpose::Sessions);
        let draws: Vec<f64> = (0..10_000).map(|_| chance.bell()).collect();
        let mean = draws.iter().sum::<f64>() / 10_000.0;
        let variance =
            draws.iter().map(|draw| (draw - mean) * (draw - mean)).sum::<f64>() / 10_000.0;
        assert!(mean.abs() < 0.04, "{mean}");
        assert!((variance - 1.0).abs() < 0.05, "{variance}");
    }

    #[test]
    fn the_exponential_is_close_to_the_real_one() {
        for x in [-3.5_f64, -1.0, 0.0, 0.5, 2.0, 3.5] {
            let error = exponential(x) / x.exp() - 1.0;
            assert!(error.abs() < 0.01, "{x}: {error}");
        }
    }

    #[test]
    fn seed_symbol_and_purpose_each_make_another_stream() {
        let first =
            |seed, symbol, purpose| Chance::new(seed, Symbol::new(symbol).unwrap(), purpose).unit();
        let draws = [
            first(1, "AAPL", Purpose::Sessions),
            first(2, "AAPL", Purpose::Sessions),
            first(1, "MSFT", Purpose::Sessions),
            first(1, "AAPL", Purpose::History),
        ];
        for (at, draw) in draws.iter().enumerate() {
            assert!(!draws[..at].contains(draw), "{draws:?}");
        }
        assert!((first(1, "AAPL", Purpose::Sessions) - draws[0]).abs() < f64::EPSILON);
    }
}
