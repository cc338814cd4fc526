//! What the read model costs per event, against a bare match over the same events,
//! and whether it grows.
//!
//! The mix is that of a busy market: quotes of 50 symbols, one print for every four
//! quotes. Kernels run in turn over the same events: *match* (looks at the family and
//! counts), *fold* (the projector alone), *published* (behind its lock), and
//! *watched* (a snapshot taken after every 3,333 events, thirty a second at 100,000
//! events a second).
//!
//! `cargo bench --bench projector` prints it, and the memory of the process after
//! one and after ten million events; without cargo's `--bench` each kernel runs once
//! over few events.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::hint::black_box;
use std::time::Instant;

use flightdeck::domain::calendar::MarketHours;
use flightdeck::domain::ids::{AgentId, Seq, Symbol};
use flightdeck::domain::market::{Quote, Tick};
use flightdeck::domain::money::{Money, Price, Qty};
use flightdeck::domain::time::Timestamp;
use flightdeck::events::{Envelope, Event, MarketEvent};
use flightdeck::view::{Precautions, Projector, Publisher, Setup};

const SYMBOLS: u64 = 50;
const ROUNDS: usize = 7;

/// Looks at every event once.
type Kernel = fn(&[Envelope]);

fn main() {
    let is_measured = std::env::args().any(|argument| argument == "--bench");
    let events = envelopes(if is_measured { 200_000 } else { 2_000 });
    let kernels: [(&str, Kernel); 4] =
        [("match", bare), ("fold", fold), ("published", published), ("watched", watched)];
    println!("ns an event, median of {ROUNDS} rounds");
    for (name, kernel) in kernels {
        let mut rounds: Vec<f64> =
            (0..if is_measured { ROUNDS } else { 1 }).map(|_| measure(&events, kernel)).collect();
        rounds.sort_by(f64::total_cmp);
        println!("  {name:<10} {:8.1}", rounds[rounds.len() / 2]);
    }
    let mut projector = Projector::new(&setup());
    let millions = if is_measured { 10 } else { 1 };
    for million in 1..=millions {
        let passes = if is_measured { 1_000_000 / events.len() } else { 1 };
        for envelope in (0..passes).flat_map(|_| &events) {
            projector.see(envelope);
        }
        if million == 1 || million == millions {
            println!("  resident after {million:>2} million: {} KiB", resident_kib());
        }
    }
    black_box(projector.snapshot());
}

fn setup() -> Setup {
    Setup {
        account: "SIM".into(),
        opening_cash: Money::from_dollars(100_000),
        hours: MarketHours::NewYork,
        breakers: Vec::new(),
        speed: 1,
        precautions: Precautions::default(),
    }
}

fn envelopes(count: u64) -> Vec<Envelope> {
    (1..=count)
        .map(|number| {
            let at = Timestamp::from_nanos(
                1_761_661_800_000_000_000 + i64::try_from(number).expect("few") * 10_000,
            );
            let symbol = Symbol::new(&format!("S{}", number % SYMBOLS)).expect("a legal name");
            let cents = 10_000 + i64::try_from(number % 97).expect("few");
            let price = |cents| Price::from_cents(cents).expect("a legal price");
            let event: Event = if number % 5 == 0 {
                let size = Qty::shares(100).expect("few");
                MarketEvent::Tick(Tick { symbol, price: price(cents), size, at }).into()
            } else {
                let (bid, ask) = ((price(cents), 500), (price(cents + 1), 700));
                MarketEvent::Quote(Quote::new(symbol, bid, ask, at).expect("not crossed")).into()
            };
            let seq = Seq(number);
            Envelope { seq, at, cause: None, root: seq, source: AgentId::MarketData, event }
        })
        .collect()
}

#[expect(clippy::disallowed_methods, reason = "a bench measures wall time")]
fn measure(events: &[Envelope], kernel: Kernel) -> f64 {
    let started = Instant::now();
    kernel(events);
    let elapsed = started.elapsed().as_secs_f64();
    let count = u32::try_from(events.len()).expect("few");
    elapsed * 1e9 / f64::from(count)
}

fn bare(events: &[Envelope]) {
    let mut counts = [0_u64; 2];
    for envelope in events {
        let at = usize::from(matches!(black_box(envelope).event, Event::Market(_)));
        counts[at] += 1;
    }
    black_box(counts);
}

fn fold(events: &[Envelope]) {
    let mut projector = Projector::new(&setup());
    for envelope in events {
        projector.see(envelope);
    }
    black_box(projector.snapshot());
}

fn published(events: &[Envelope]) {
    let publisher = Publisher::new(Projector::new(&setup()));
    for envelope in events {
        publisher.see(envelope);
    }
    black_box(publisher.viewer().snapshot());
}

fn watched(events: &[Envelope]) {
    let publisher = Publisher::new(Projector::new(&setup()));
    let mut viewer = publisher.viewer();
    for (at, envelope) in events.iter().enumerate() {
        publisher.see(envelope);
        if at % 3_333 == 0 {
            black_box(viewer.snapshot());
        }
    }
}

/// Resident memory of the process; 0 where the system does not say.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
