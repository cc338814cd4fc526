//! How long to wait before dialling again: capped exponential growth, full jitter from a
//! seed, so that many instances of one broken server do not come back together.

use std::time::Duration;

use sha2::{Digest, Sha256};

/// The first wait is at most so long.
const FIRST: Duration = Duration::from_millis(50);
/// No wait is longer: what was missed is caught up, but entries wait meanwhile.
const CAP: Duration = Duration::from_secs(2);
/// Doublings after which the cap is certainly reached.
const DOUBLINGS_MAX: u32 = 10;

/// The waits between dials.
#[derive(Debug)]
pub(super) struct Backoff {
    seed: u64,
    draws: u64,
    failures: u32,
}

impl Backoff {
    pub(super) const fn new(seed: u64) -> Self {
        Self { seed, draws: 0, failures: 0 }
    }

    /// Forgets failures: the connection has held.
    pub(super) const fn reset(&mut self) {
        self.failures = 0;
    }

    /// Counts a failure and returns the wait.
    pub(super) fn next(&mut self) -> Duration {
        let most = FIRST.saturating_mul(1 << self.failures.min(DOUBLINGS_MAX)).min(CAP);
        self.failures = self.failures.saturating_add(1);
        self.draws += 1;
        let mut digest = Sha256::new();
        digest.update(self.seed.to_le_bytes());
        digest.update(self.draws.to_le_bytes());
        let [first, second, ..] = <[u8; 32]>::from(digest.finalize());
        most.mul_f64(f64::from(u16::from_le_bytes([first, second])) / 65_536.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_cap_are_jittered_and_begin_anew_after_success() {
        let mut backoff = Backoff::new(7);
        let waits: Vec<Duration> = (0..100).map(|_| backoff.next()).collect();
        assert!(waits.iter().all(|wait| *wait <= CAP) && waits[0] <= FIRST);
        assert!(waits.iter().max() > Some(&(CAP * 3 / 4)), "the cap is used");
        assert!(waits[20..].iter().min() < Some(&(CAP / 4)), "the jitter is full");
        backoff.reset();
        assert!(backoff.next() <= FIRST);
    }
}
