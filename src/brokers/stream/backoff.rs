//! How long to wait before dialling again: capped exponential growth, full jitter.
//!
//! Full jitter keeps many clients of one broken server from coming back together.
//! Knows no sockets and no clock; chance comes from a seed.

use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Doublings after which the cap is certainly reached, so that the shift stays small.
const DOUBLINGS_MAX: u32 = 16;

/// The waits between dials of one stream.
#[derive(Debug, Clone)]
pub(in crate::brokers) struct Backoff {
    first: Duration,
    cap: Duration,
    failures: u32,
    rng: ChaCha8Rng,
}

impl Backoff {
    /// Makes waits that begin with at most `first` and grow to at most `cap`.
    pub(in crate::brokers) fn new(first: Duration, cap: Duration, seed: u64) -> Self {
        Self { first, cap, failures: 0, rng: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// Forgets failures: the connection has held long enough.
    pub(in crate::brokers) const fn reset(&mut self) {
        self.failures = 0;
    }

    /// Counts a failure and returns the wait, at least `floor`; a floor above the cap
    /// is kept, as it is what the server asked for.
    pub(in crate::brokers) fn next(&mut self, floor: Duration) -> Duration {
        let doublings = self.failures.min(DOUBLINGS_MAX);
        self.failures = self.failures.saturating_add(1);
        let most = self.first.saturating_mul(1 << doublings).min(self.cap);
        let part = self.rng.random_range(0.0..=1.0);
        most.mul_f64(part).max(floor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn waits_grow_to_the_cap_and_never_beyond() {
        let mut backoff = Backoff::new(SECOND, 30 * SECOND, 7);
        let waits: Vec<Duration> = (0..200).map(|_| backoff.next(Duration::ZERO)).collect();
        for (at, wait) in waits.iter().enumerate() {
            let most = SECOND * 2_u32.saturating_pow(at.min(20).try_into().unwrap());
            assert!(*wait <= most.min(30 * SECOND), "wait {at} is {wait:?}");
        }
        assert!(waits.iter().max() > Some(&(25 * SECOND)), "the cap is used");
        assert!(waits.iter().skip(10).min() < Some(&(5 * SECOND)), "the jitter is full");
    }

    #[test]
    fn a_connection_that_held_begins_anew() {
        let mut backoff = Backoff::new(SECOND, 30 * SECOND, 7);
        for _ in 0..10 {
            backoff.next(Duration::ZERO);
        }
        backoff.reset();
        assert!(backoff.next(Duration::ZERO) <= SECOND);
    }

    #[test]
    fn what_the_server_asks_for_is_kept() {
        let mut backoff = Backoff::new(SECOND, 30 * SECOND, 7);
        assert_eq!(backoff.next(60 * SECOND), 60 * SECOND);
    }

    #[test]
    fn the_same_seed_waits_the_same() {
        let [a, b] = [7, 7].map(|seed| {
            let mut backoff = Backoff::new(SECOND, 30 * SECOND, seed);
            (0..9).map(|_| backoff.next(Duration::ZERO)).collect::<Vec<_>>()
        });
        assert_eq!(a, b);
    }
}
