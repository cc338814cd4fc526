//! How long things take, and what is left out on the way: orders from the request to the
//! venue's word, quotes from the venue's stamp to the house.
//!
//! By the house's own time, so a market that runs faster than the wall shows its own
//! pace. A stamp that lies ahead of the house's clock counts as no time at all.

use serde::Serialize;

use crate::domain::time::Timestamp;

/// Most measurements that are kept of one kind.
const SAMPLES_MAX: usize = 256;

/// One kind of delay, in microseconds, over the newest measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Delay {
    /// The newest one.
    pub newest: u64,
    /// Half of them are not longer.
    pub p50: u64,
    /// 95 of 100 are not longer.
    pub p95: u64,
    /// How many were measured, those forgotten included; without one the others mean
    /// nothing.
    pub measured: u64,
}

/// What takes time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Latency {
    /// From the request of an order to the venue's acknowledgement.
    pub orders: Delay,
    /// From the venue's stamp on a quote to the house.
    pub feed: Delay,
}

/// Market data that did not become events of their own, counted since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Conflated {
    /// Quotes that a newer one replaced while the house was busy.
    pub quotes: u64,
    /// Prints that a newer one replaced.
    pub ticks: u64,
    /// Better versions of bars that had been passed on.
    pub bars_late: u64,
    /// Bars, halts and corrections lost because a bound was reached.
    pub lost: u64,
}

/// The newest measurements of one kind.
#[derive(Debug)]
pub(in crate::view) struct Samples {
    micros: Box<[u64; SAMPLES_MAX]>,
    measured: u64,
    shown: Delay,
}

impl Default for Samples {
    fn default() -> Self {
        Self { micros: Box::new([0; SAMPLES_MAX]), measured: 0, shown: Delay::default() }
    }
}

impl Samples {
    /// Notes one measurement.
    pub(in crate::view) fn note(&mut self, from: Timestamp, until: Timestamp) {
        let nanos = until.as_nanos().saturating_sub(from.as_nanos());
        let micros = u64::try_from(nanos / 1_000).unwrap_or(0);
        self.micros[place(self.measured)] = micros;
        self.measured += 1;
    }

    /// What they come to; sorted anew only when there are new ones.
    pub(in crate::view) fn delay(&mut self) -> Delay {
        if self.shown.measured == self.measured {
            return self.shown;
        }
        let kept = usize::try_from(self.measured).unwrap_or(SAMPLES_MAX).min(SAMPLES_MAX);
        let newest = self.micros[place(self.measured - 1)];
        let mut sorted = *self.micros;
        let sorted = &mut sorted[..kept];
        sorted.sort_unstable();
        // The rank that so many of a hundred do not exceed, counted from one.
        let rank = |percent: usize| sorted[(kept * percent).div_ceil(100).max(1) - 1];
        self.shown = Delay { newest, p50: rank(50), p95: rank(95), measured: self.measured };
        self.shown
    }
}

/// Where the measurement of this number is kept.
fn place(number: u64) -> usize {
    let bound = u64::try_from(SAMPLES_MAX).unwrap_or(u64::MAX);
    usize::try_from(number % bound).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(number: i64) -> Timestamp {
        Timestamp::from_nanos(number * 1_000_000)
    }

    #[test]
    fn the_newest_the_middle_and_the_long_end_are_told() {
        let mut samples = Samples::default();
        assert_eq!(samples.delay(), Delay::default());
        for number in 1..=100 {
            samples.note(millis(0), millis(number));
        }
        let expected = Delay { newest: 100_000, p50: 50_000, p95: 95_000, measured: 100 };
        assert_eq!(samples.delay(), expected);
        samples.note(millis(9), millis(5));
        assert_eq!(samples.delay().newest, 0, "a stamp ahead of the clock");
    }

    #[test]
    fn old_measurements_are_forgotten() {
        let mut samples = Samples::default();
        samples.note(millis(0), millis(60_000));
        for _ in 0..SAMPLES_MAX {
            samples.note(millis(0), millis(1));
        }
        let expected = Delay { newest: 1_000, p50: 1_000, p95: 1_000, measured: 257 };
        assert_eq!(samples.delay(), expected);
    }
}
