//! What the read model costs per event, against a bare match over the same events,
//! and whether it grows.
//!
//! The mix is that of a busy market: quotes of 50 symbols, one print for every four
//! quotes. Kernels run in turn over the same events: *match* (looks at the family and
//! counts), *fold* (the projector alone), *published* (behind its lock), and
//! *watched* (a snapshot taken after every 3,333 events, thirty a second at 100,000
//! events a second).
//!
//! `cargo bench --bench projector` prints it, and the memory of the process after one,
//! five and ten million events, among which are the lives of a hundred thousand orders
//! and as many trades; without cargo's `--bench` each kernel runs once over few events.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::hint::black_box;
use std::time::Instant;

use flightdeck::domain::calendar::MarketHours;
use flightdeck::domain::ids::{AgentId, ClientOrderId, Seq, Symbol, TradeId};
use flightdeck::domain::market::{Quote, Tick};
use flightdeck::domain::money::{Money, Price, Qty};
use flightdeck::domain::order::{OrderPurpose, Side};
use flightdeck::domain::time::Timestamp;
use flightdeck::events::{
    Envelope, Event, MarketEvent, OrderEvent, OrderStateChanged, TradeEvent, TradeStateChanged,
};
use flightdeck::view::{Precautions, Projector, Publisher, Setup};

const SYMBOLS: u64 = 50;
const ROUNDS: usize = 7;
/// One order's life among so many events of the market, when memory is looked at.
const LIFE_EVERY: u64 = 100;

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
    grow(&events, is_measured);
}

/// Shows many events to one projector and prints what the process holds.
fn grow(events: &[Envelope], is_measured: bool) {
    let mut projector = Projector::new(&setup());
    let (millions, passes) = if is_measured { (10, 1_000_000 / events.len()) } else { (1, 1) };
    let (mut seen, mut number) = (0_u64, 0);
    for million in 1..=millions {
        for envelope in (0..passes).flat_map(|_| events) {
            projector.see(envelope);
            seen += 1;
            if seen % LIFE_EVERY == 0 {
                number += 1;
                for event in life(number) {
                    let source = AgentId::OrderExecution;
                    projector.see(&Envelope { event, source, ..envelope.clone() });
                }
            }
        }
        if [1, 5, millions].contains(&million) {
            let (orders, kib) = (number, resident_kib());
            println!("  resident after {seen:>8} events and {orders:>6} orders: {kib} KiB");
        }
    }
    black_box(projector.snapshot());
}

/// An order and its trade, from beginning to end.
fn life(number: u64) -> Vec<Event> {
    let symbol = Symbol::new(&format!("S{}", number % SYMBOLS)).expect("a legal name");
    let qty = Qty::shares(5).expect("few");
    let trade_id = TradeId::new(format!("T-{number}"));
    let trade = |from: &str, to: &str| -> Event {
        let (from, to, trade_id) = (from.into(), to.into(), trade_id.clone());
        TradeEvent::StateChanged(TradeStateChanged { trade_id, symbol, from, to, reason: None })
            .into()
    };
    let order = |from: &str, to: &str, filled: u64| -> Event {
        OrderEvent::StateChanged(OrderStateChanged {
            client_order_id: ClientOrderId::new(format!("o-{number}")),
            trade_id: Some(trade_id.clone()),
            purpose: OrderPurpose::Entry,
            symbol,
            side: Side::Buy,
            from: from.into(),
            to: to.into(),
            filled: Qty::shares(filled).expect("few"),
            qty,
            average_price: None,
        })
        .into()
    };
    vec![
        trade("SCANNING", "SETUP_DETECTED"),
        trade("SETUP_DETECTED", "ENTRY_APPROVED"),
        order("DRAFT", "SUBMITTED", 0),
        trade("ENTRY_APPROVED", "ORDER_PLACED"),
        order("SUBMITTED", "ACCEPTED", 0),
        order("ACCEPTED", "CANCELLED", 0),
        trade("ORDER_PLACED", "ABORTED"),
    ]
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
