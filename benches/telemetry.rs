//! What telemetry adds to an order's way through the house.
//!
//! Measured is the wall time of each cascade that sends an order, from the input at the
//! door to the end of the cascade, over the same seeded market: without telemetry, with a
//! collector that takes everything, and with one that never answers, in turn. Everything
//! runs on one thread, journal in memory, so that nothing but the tap can differ.
//!
//! `cargo bench --bench telemetry` prints it; without cargo's `--bench` the market is
//! short.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use flightdeck::app::simulated_roster;
use flightdeck::brokers::install_tls_provider;
use flightdeck::brokers::sim::market::{Market, MarketSetup};
use flightdeck::bus::Tap;
use flightdeck::bus::clock::{ReplayClock, Stopwatch};
use flightdeck::bus::inline::Inline;
use flightdeck::config::{Config, Purpose};
use flightdeck::domain::ids::AgentId;
use flightdeck::events::{Envelope, Event, FeedEvent, OrderEvent, TapeEvent};
use flightdeck::journal::{Forgetful, Memory};
use flightdeck::telemetry::Telemetry;
use flightdeck::telemetry::settings::Settings;
use flightdeck::telemetry::spans::VenueNames;
use jiff::SignedDuration;
use jiff::civil::date;

/// The three sides.
const SIDES: [&str; 3] = ["off", "on", "hanging"];

fn main() {
    let is_measured = std::env::args().any(|argument| argument == "--bench");
    let (rounds, steps) = if is_measured { (10, 4_000) } else { (1, 400) };
    install_tls_provider();
    let (takes, hangs) = (collector(true), collector(false));
    let mut measured = [const { Vec::new() }; 3];
    for _ in 0..rounds {
        for (side, endpoint) in [None, Some(&takes), Some(&hangs)].into_iter().enumerate() {
            measured[side].extend(orders(endpoint, steps));
        }
    }
    println!("microseconds of a cascade that sends an order, {rounds} rounds");
    for (name, mut nanos) in SIDES.into_iter().zip(measured) {
        nanos.sort_unstable();
        let at = |percent: usize| nanos.get(nanos.len() * percent / 100).map_or(0, |n| n / 1_000);
        println!("{name:>8}  {} orders  p50 {}  p99 {}", nanos.len(), at(50), at(99));
    }
}

/// Counts orders that leave.
struct Count(Arc<AtomicU64>);

impl Tap for Count {
    fn see(&mut self, envelope: &Envelope) {
        if matches!(envelope.event, Event::Order(OrderEvent::Submit(_))) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Nanoseconds of every cascade that sends an order.
fn orders(endpoint: Option<&String>, steps: usize) -> Vec<u64> {
    let config = Config::defaults(Purpose::Sim);
    let telemetry = endpoint.map(|endpoint| {
        let settings = Settings::read(|_| None, endpoint).expect("an address");
        Telemetry::open(&settings, "bench").expect("a thread")
    });
    let sent = Arc::new(AtomicU64::new(0));
    let mut taps: Vec<Box<dyn Tap>> = vec![Box::new(Count(sent.clone()))];
    if let Some(telemetry) = &telemetry {
        let clock = Arc::new(ReplayClock::default());
        let tap = telemetry.tap(VenueNames::inside(), clock, &mut Forgetful);
        taps.push(tap.expect("nothing to be read"));
    }
    let roster = simulated_roster(&config, config.venue(false, 1_000)).expect("legal");
    let mut house = Inline::new(roster, Memory::default(), taps);
    let mut setup = MarketSetup::demo(7, date(2026, 1, 5));
    setup.cadence = SignedDuration::from_secs(30);
    let mut market = Market::new(setup).expect("a legal market");
    let mut history = market.history(1);
    let first = market.next_at().expect("a market");
    for batch in history.split_off(history.len().saturating_sub(120)) {
        house.input(first, AgentId::Feed, FeedEvent::History(batch)).expect("in memory");
    }
    let mut nanos = Vec::new();
    for step in market.by_ref().take(steps) {
        let (at, step) = (step.at, Arc::new(step));
        house.input(at, AgentId::Feed, TapeEvent::Step(step.clone())).expect("in memory");
        let before = sent.load(Ordering::Relaxed);
        let watch = Stopwatch::start();
        house.input(at, AgentId::Feed, FeedEvent::Step(step)).expect("in memory");
        let took = watch.elapsed();
        if sent.load(Ordering::Relaxed) > before {
            nanos.push(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
        }
    }
    drop(house);
    if let Some(telemetry) = telemetry {
        telemetry.end();
    }
    nanos
}

/// A collector on loopback that takes everything, or holds every call for ever. Its
/// threads end with the process.
fn collector(takes: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let address = listener.local_addr().expect("bound");
    thread::spawn(move || {
        let held = Mutex::new(Vec::new());
        for stream in listener.incoming().flatten() {
            if takes {
                thread::spawn(move || serve(stream));
            } else if let Ok(mut held) = held.lock() {
                held.push(stream);
            }
        }
    });
    format!("http://{address}")
}

/// Answers each request on a connection.
fn serve(mut stream: TcpStream) {
    let (mut seen, mut chunk) = (Vec::new(), [0; 8_192]);
    loop {
        let head = seen.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4);
        let whole = head.map(|head| head + length(&seen[..head]));
        match whole.filter(|whole| seen.len() >= *whole) {
            Some(whole) => {
                seen.drain(..whole);
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
                if stream.write_all(answer).is_err() {
                    return;
                }
            }
            None => match stream.read(&mut chunk) {
                Ok(0) | Err(_) => return,
                Ok(read) => seen.extend_from_slice(&chunk[..read]),
            },
        }
    }
}

/// The length of the body that a head promises.
fn length(head: &[u8]) -> usize {
    let text = String::from_utf8_lossy(head).to_lowercase();
    let line = text.lines().find_map(|line| line.strip_prefix("content-length:"));
    line.and_then(|length| length.trim().parse().ok()).unwrap_or(0)
}
