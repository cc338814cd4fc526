//! What one bar costs from prices to a decision, against the least that the same
//! arithmetic can cost.
//!
//! Three kernels run in turn over the same bars: the *floor* (three indicators
//! and four trivial votes in one hand-written loop), *trend following alone*,
//! and the whole *ensemble*. Absolute figures follow the machine's mood, so the
//! figure to quote is the ratio of two kernels that ran one after the other.
//!
//! `cargo bench --bench decision_kernel` prints it; without cargo's `--bench`
//! (as in `cargo test --benches`) each kernel runs once over few bars.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::hint::black_box;
use std::time::Instant;

use flightdeck::strategies::{
    Action, BarInput, Ensemble, EnsembleConfig, Outcome, Strategy, TrendFollowing,
    TrendFollowingConfig,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Pairs of which the median is taken.
const PAIRS: usize = 9;
/// The goal of `performance.md`: ensemble ÷ floor.
const RATIO_MAX: f64 = 3.0;

fn main() {
    let is_measured = std::env::args().any(|argument| argument == "--bench");
    let bars_total = if is_measured { 1_000_000 } else { 2_000 };
    println!("ns a bar, median of {PAIRS} rounds (least to most)");
    for symbols in [1, 50] {
        let bars = walks(bars_total, symbols);
        let mut rounds: Vec<[f64; 3]> = Vec::new();
        for _ in 0..if is_measured { PAIRS } else { 1 } {
            rounds.push([
                measure(&bars, &mut vec![Floor::new(); symbols], Floor::on_bar),
                measure(&bars, &mut make(symbols, trend), is_buy),
                measure(&bars, &mut make(symbols, ensemble), is_entry),
            ]);
        }
        let column = |at: usize| rounds.iter().map(|round| round[at]).collect::<Vec<_>>();
        let ratio = |at: usize| rounds.iter().map(|round| round[at] / round[0]).collect::<Vec<_>>();
        println!("{symbols} symbol(s)");
        println!("  floor            {}", summary(column(0)));
        println!("  trend following  {}", summary(column(1)));
        println!("  ensemble of four {}", summary(column(2)));
        println!("  trend ÷ floor    {}", summary(ratio(1)));
        println!("  ensemble ÷ floor {}   goal {RATIO_MAX}", summary(ratio(2)));
    }
}

fn make<T>(count: usize, one: fn() -> T) -> Vec<T> {
    (0..count).map(|_| one()).collect()
}

fn trend() -> TrendFollowing {
    TrendFollowing::new(TrendFollowingConfig::default())
}

fn ensemble() -> Ensemble {
    Ensemble::new(&EnsembleConfig::default()).expect("the defaults are valid")
}

fn is_buy(strategy: &mut TrendFollowing, bar: &BarInput) -> bool {
    strategy.on_bar(bar).is_some_and(|vote| vote.action() == Action::Buy)
}

fn is_entry(ensemble: &mut Ensemble, bar: &BarInput) -> bool {
    ensemble.on_bar(bar).outcome == Outcome::Entry
}

/// Feeds the bars to the symbols in turn and returns nanoseconds per bar.
#[expect(clippy::disallowed_methods, reason = "a bench measures wall time")]
fn measure<T>(bars: &[BarInput], symbols: &mut [T], on_bar: fn(&mut T, &BarInput) -> bool) -> f64 {
    let started = Instant::now();
    let mut entries = 0_u64;
    for round in bars.chunks(symbols.len()) {
        for (symbol, bar) in symbols.iter_mut().zip(round) {
            entries += u64::from(on_bar(symbol, bar));
        }
    }
    let spent = started.elapsed().as_secs_f64();
    black_box(entries);
    #[expect(clippy::cast_precision_loss, reason = "a million bars")]
    let count = bars.len() as f64;
    spent * 1e9 / count
}

fn summary(mut values: Vec<f64>) -> String {
    values.sort_by(f64::total_cmp);
    let median = values[values.len() / 2];
    format!("{median:6.2} ({:.2} to {:.2})", values[0], values[values.len() - 1])
}

/// Prices that walk by a fifth of a percent a bar, one per symbol and in turn,
/// with a log-normal volume.
fn walks(count: usize, symbols: usize) -> Vec<BarInput> {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut normal = || (0..12).map(|_| rng.random_range(-0.5..0.5)).sum::<f64>();
    let mut closes = vec![100.0_f64; symbols];
    let next = |at: usize| {
        let open = closes[at % symbols];
        let close = ((open * (0.002 * normal()).exp()).max(1.0) * 100.0).round() / 100.0;
        closes[at % symbols] = close;
        let [above, below] = [(); 2].map(|()| (0.001 * normal().abs()).exp());
        let (high, low) = (open.max(close) * above, open.min(close) / below);
        let volume = (5_000.0 * (0.5 * normal()).exp()).floor();
        BarInput { open, high, low, close, volume }
    };
    (0..count).map(next).collect()
}

/// The least that three indicators and four votes can cost: plain running sums,
/// fixed arrays, no checks, no names, no reasons.
#[derive(Debug, Clone)]
struct Floor {
    closes: [f64; 20],
    volumes: [f64; 20],
    at: usize,
    bars: u64,
    close_sum: f64,
    volume_sum: f64,
    gain: f64,
    loss: f64,
    previous: f64,
}

impl Floor {
    const fn new() -> Self {
        Self {
            closes: [0.0; 20],
            volumes: [0.0; 20],
            at: 0,
            bars: 0,
            close_sum: 0.0,
            volume_sum: 0.0,
            gain: 0.0,
            loss: 0.0,
            previous: 0.0,
        }
    }

    fn on_bar(&mut self, bar: &BarInput) -> bool {
        let BarInput { close, volume, .. } = *bar;
        self.close_sum += close - self.closes[self.at];
        self.volume_sum += volume - self.volumes[self.at];
        self.closes[self.at] = close;
        self.volumes[self.at] = volume;
        self.at = if self.at == 19 { 0 } else { self.at + 1 };
        let change = close - self.previous;
        self.previous = close;
        self.gain += (change.max(0.0) - self.gain) / 14.0;
        self.loss += ((-change).max(0.0) - self.loss) / 14.0;
        self.bars += 1;
        if self.bars < 21 {
            return false;
        }
        let (average, volume_average) = (self.close_sum / 20.0, self.volume_sum / 20.0);
        let rsi = 100.0 - 100.0 / (1.0 + self.gain / self.loss);
        let votes = [
            (close > average && (50.0..=70.0).contains(&rsi) && volume > volume_average, 0.6),
            (close < average * 0.98 && rsi < 30.0, 0.7),
            (close > average * 1.01 && volume > 1.5 * volume_average, 0.8),
            ((close - average).abs() > 0.02 * average, 0.5),
        ];
        let (mut count, mut best) = (0_u32, 0.0_f64);
        for (is_buy, confidence) in votes {
            if is_buy {
                count += 1;
                best = best.max(confidence);
            }
        }
        count > 0 && best * f64::from(count) / 4.0 >= 0.3
    }
}
