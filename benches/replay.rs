//! The replay engine: five agents, the venue and the whole ensemble, on bars in
//! memory, beside a bare chain of five tokio tasks that do nothing.
//!
//! `cargo bench --bench replay` prints the median, minimum and maximum of nine
//! alternating pairs, and their ratio. Reading files is not part of it; see
//! `flightdeck replay` for that.

use std::sync::Arc;

use flightdeck::app::simulated_roster;
use flightdeck::bus::clock::Stopwatch;
use flightdeck::bus::inline::Inline;
use flightdeck::config::{Config, Purpose};
use flightdeck::domain::calendar::MarketHours;
use flightdeck::domain::ids::{AgentId, Symbol};
use flightdeck::domain::market::{Bar, BarBatch, Interval, MarketStep};
use flightdeck::domain::money::Price;
use flightdeck::domain::time::Timestamp;
use flightdeck::events::{FeedEvent, TapeEvent};
use flightdeck::journal::Forgetful;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::sync::mpsc;

const PAIRS: usize = 9;

fn main() {
    // `cargo test` runs benches without `--bench`: then a glance is enough.
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let (one, many) = if is_bench { (300_000, 20_000) } else { (500, 50) };
    let pairs = if is_bench { PAIRS } else { 1 };
    let single = walk(1, one);
    let fifty = walk(50, many);
    compare("one symbol", pairs, one, || engine(&single), || chain(one));
    compare("fifty symbols", pairs, many * 50, || engine(&fifty), || chain(many));
}

/// Seeded random walks like those of `gen_data.py`: log returns of 0.2 % a bar,
/// open = previous close, prices on the cent.
fn walk(symbols: usize, steps: usize) -> Vec<Arc<MarketStep>> {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let names: Vec<Symbol> =
        (0..symbols).map(|n| Symbol::new(&format!("S{n:03}")).expect("legal")).collect();
    let mut closes = vec![10_000.0_f64; symbols];
    let start = 1_577_836_800_i64;
    let mut made = Vec::with_capacity(steps);
    for step in 0..steps {
        let opened = Timestamp::from_seconds(start + 60 * i64::try_from(step).expect("small"));
        let mut bars = Vec::with_capacity(symbols);
        for (symbol, close) in names.iter().zip(&mut closes) {
            bars.push(bar(&mut rng, *symbol, close, opened));
        }
        let at = opened.plus(Interval::Minute.duration());
        let bars = Some(BarBatch { interval: Interval::Minute, bars: bars.into() });
        made.push(Arc::new(MarketStep { at, bars, ..MarketStep::default() }));
    }
    made
}

fn bar(rng: &mut ChaCha8Rng, symbol: Symbol, close: &mut f64, start: Timestamp) -> Bar {
    let mut normal = || (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
    let open = close.round();
    *close = (open * (normal() * 0.002).exp()).max(50.0).round();
    let reach = |n: f64| (n.abs() * 0.001).exp();
    let high = (open.max(*close) * reach(normal())).round();
    let low = (open.min(*close) / reach(normal())).round();
    #[expect(clippy::cast_possible_truncation, reason = "cents of a price below ten million")]
    let price = |cents: f64| Price::from_cents(cents as i64).expect("above zero");
    #[expect(clippy::cast_possible_truncation, reason = "a few thousand shares")]
    #[expect(clippy::cast_sign_loss, reason = "an exponential is above zero")]
    let volume = (5_000.0 * (normal() * 0.5).exp()) as u64;
    let (open, high, low, close) = (price(open), price(high), price(low), price(*close));
    Bar { symbol, open, high, low, close, volume, start }
}

/// Seconds of the whole house over all steps.
fn engine(steps: &[Arc<MarketStep>]) -> f64 {
    let mut config = Config::defaults(Purpose::Replay);
    config.market.hours = MarketHours::Continuous;
    let roster = simulated_roster(&config, config.venue(true, 0)).expect("a legal configuration");
    let mut house = Inline::new(roster, Forgetful, Vec::new());
    let stopwatch = Stopwatch::start();
    for step in steps {
        let fed = house
            .input(step.at, AgentId::Feed, TapeEvent::Step(step.clone()))
            .and_then(|()| house.input(step.at, AgentId::Feed, FeedEvent::Step(step.clone())));
        fed.expect("nothing fails in memory");
    }
    stopwatch.elapsed().as_secs_f64()
}

/// Seconds of five tasks that hand so many messages round, one in flight.
fn chain(messages: usize) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let (first, mut inbox) = mpsc::channel::<Arc<u64>>(1_024);
        for _ in 0..5 {
            let (sender, next) = mpsc::channel(1_024);
            let mut here = std::mem::replace(&mut inbox, next);
            tokio::spawn(async move {
                while let Some(message) = here.recv().await {
                    if sender.send(message).await.is_err() {
                        break;
                    }
                }
            });
        }
        let stopwatch = Stopwatch::start();
        let message = Arc::new(7);
        for _ in 0..messages {
            first.send(message.clone()).await.expect("the chain stands");
            inbox.recv().await.expect("the chain stands");
        }
        stopwatch.elapsed().as_secs_f64()
    })
}

#[expect(clippy::print_stdout, reason = "a bench prints its figures")]
#[expect(clippy::cast_precision_loss, reason = "rates for humans")]
fn compare(
    name: &str,
    pairs: usize,
    bars: usize,
    engine: impl Fn() -> f64,
    chain: impl Fn() -> f64,
) {
    let measured: Vec<(f64, f64)> = (0..pairs).map(|_| (engine(), chain())).collect();
    let spread = |values: Vec<f64>| {
        let mut values = values;
        values.sort_by(f64::total_cmp);
        (values[values.len() / 2], values[0], values[values.len() - 1])
    };
    let rates = spread(measured.iter().map(|(engine, _)| bars as f64 / engine / 1e6).collect());
    let ratios = spread(measured.iter().map(|(engine, chain)| chain / engine).collect());
    println!(
        "{name}: {:.2} M bars/s ({:.2} to {:.2}); {:.2} ({:.2} to {:.2}) of the bare chain, a message a timestamp",
        rates.0, rates.1, rates.2, ratios.0, ratios.1, ratios.2
    );
}
