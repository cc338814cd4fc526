//! The feed that is always on: `FAKEPACA` on `/v2/test` (Alpaca, protocol page §7 of
//! October 2026).
//!
//! Its own little market, a step every half second of the wall: a quote each time, a
//! trade every second time. Prices go up and down between $130 and $134 in whole
//! cents, by the number of the step alone. Knows nothing of the world beside it.

use jiff::SignedDuration;

use super::tape::{Background, Misprints};
use crate::brokers::sim::server::KeptBar;
use crate::domain::ids::Symbol;
use crate::domain::market::{Bar, BarBatch, Interval, MarketStep, Quote, Tick};
use crate::domain::money::{Price, Qty};
use crate::domain::time::Timestamp;

const MINUTE_NANOS: i64 = 60_000_000_000;
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
    minute: Option<KeptBar>,
    day: Option<KeptBar>,
}

impl TestFeed {
    /// Time between two steps.
    pub(super) const PACE: std::time::Duration = std::time::Duration::from_millis(500);

    /// Makes the market before its first step.
    pub(super) fn new() -> Self {
        let symbol = Symbol::new("FAKEPACA").expect("eight letters are a symbol");
        Self { symbol, step: 0, minute: None, day: None }
    }

    /// Makes the next step.
    pub(super) fn next(&mut self, at: Timestamp) -> MarketStep {
        let (bid, ask) = (self.price(0), self.price(2));
        let quote = Quote::new(self.symbol, (bid, 200), (ask, 300), at);
        let mut step = MarketStep { at, ..MarketStep::default() };
        step.quotes.extend(quote);
        if self.step.is_multiple_of(2) {
            let shares = 1 + self.step % 9 * 25;
            let size = Qty::shares(shares).unwrap_or(Qty::MAX);
            let tick = Tick { symbol: self.symbol, price: self.price(1), size, at };
            step.bars = self.print(&tick);
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

    /// Takes a print into the bars; hands over the minute that it ends.
    fn print(&mut self, tick: &Tick) -> Option<BarBatch> {
        let start = Timestamp::from_nanos(
            tick.at.as_nanos().div_euclid(MINUTE_NANOS) * MINUTE_NANOS,
        );
        let is_over = self.minute.is_some_and(|kept| kept.bar.start != start);
        let ended = self.minute.take_if(|_| is_over);
        let print = KeptBar::of_print(tick, start);
        join(&mut self.minute, print);
        join(&mut self.day, KeptBar::of_print(tick, start));
        ended.map(|kept| {
            self.ended = Some(kept);
            BarBatch { interval: Interval::Minute, bars: [kept.bar].into() }
        })
    }
}

fn join(held: &mut Option<KeptBar>, print: KeptBar) {
    match held {
        Some(bar) => bar.join(&print),
        None => *held = Some(print),
    }
}
