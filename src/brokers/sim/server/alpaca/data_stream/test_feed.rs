//! The feed that is always on: `FAKEPACA` on `/v2/test` (Alpaca, protocol page §7 of
//! October 2026).
//!
//! Its own little market, a step every half second of the wall: a quote each time, a
//! trade every second time. The price goes up and down between $130 and $134 in whole
//! cents, by the number of the step alone. Knows nothing of the world beside it.

use std::time::Duration;

use super::tape::Background;
use crate::brokers::sim::server::{KeptBar, Timeline};
use crate::domain::ids::Symbol;
use crate::domain::market::{Bar, BarBatch, Interval, MarketStep, Quote, Tick};
use crate::domain::money::{Price, Qty};
use crate::domain::time::Timestamp;

/// Half the way of the price in cents, and its lowest point.
const WAY: u64 = 400;
const LOWEST_CENTS: u64 = 13_000;
/// How far the price goes in a step; has no divisor in common with the way.
const STRIDE: u64 = 7;

/// The little market.
#[derive(Debug)]
pub(super) struct TestFeed {
    symbol: Symbol,
    step: u64,
    timeline: Timeline,
}

impl TestFeed {
    /// Time between two steps.
    pub(super) const PACE: Duration = Duration::from_millis(500);

    /// Makes the market before its first step.
    pub(super) fn new() -> Self {
        let symbol = Symbol::new("FAKEPACA").expect("eight letters are a symbol");
        Self { symbol, step: 0, timeline: Timeline::default() }
    }

    /// Makes the next step.
    pub(super) fn next(&mut self, at: Timestamp) -> MarketStep {
        let mut step = MarketStep { at, ..MarketStep::default() };
        step.bars = self
            .timeline
            .end_minute(at)
            .map(|kept| BarBatch { interval: Interval::Minute, bars: [kept.bar].into() });
        let (bid, ask) = (self.price(0), self.price(2));
        step.quotes.extend(Quote::new(self.symbol, (bid, 200), (ask, 300), at));
        if self.step.is_multiple_of(2) {
            let size = Qty::shares(1 + self.step % 9 * 25).unwrap_or(Qty::MAX);
            let tick = Tick { symbol: self.symbol, price: self.price(1), size, at };
            self.timeline.print(&tick);
            step.ticks.push(tick);
        }
        self.step += 1;
        step
    }

    /// A triangle over the number of the step, and some cents more.
    fn price(&self, more_cents: u64) -> Price {
        let phase = self.step.wrapping_mul(STRIDE) % (2 * WAY);
        let cents = LOWEST_CENTS + phase.min(2 * WAY - phase) + more_cents;
        i64::try_from(cents)
            .ok()
            .and_then(|cents| Price::from_cents(cents).ok())
            .expect("at most 134 dollars and two cents")
    }
}

impl Background for TestFeed {
    fn tape(&self, _: Symbol) -> &'static str {
        "C"
    }

    fn minute(&self, bar: &Bar) -> Option<KeptBar> {
        self.timeline.minutes(bar.start, bar.start).pop()
    }

    fn day(&self, _: Symbol) -> Option<KeptBar> {
        self.timeline.last_days().0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    #[test]
    fn a_minute_has_two_quotes_and_a_trade_a_second_and_then_a_bar() {
        let mut feed = TestFeed::new();
        let start = Timestamp::from_seconds(1_800_000_000);
        let steps: Vec<_> = (0..=120)
            .map(|n| feed.next(start.plus(SignedDuration::from_millis(500 * n))))
            .collect();
        let bars: Vec<_> = steps.iter().filter_map(|step| step.bars.as_ref()).collect();
        assert_eq!(bars.len(), 1);
        let kept = feed.minute(&bars[0].bars[0]).unwrap();
        assert_eq!((kept.bar.start, kept.trades), (start, 60));
        assert_eq!(steps.iter().map(|step| step.quotes.len()).sum::<usize>(), 121);
        assert_eq!(steps.iter().map(|step| step.ticks.len()).sum::<usize>(), 61);
    }
}
