//! What a burst of market data does to a cancel.
//!
//! A house as it trades: five agents on the spine, the gateway, the client of the data
//! stream. A raw WebSocket server on loopback pushes 100,000 quotes and trades a
//! second, while every few milliseconds an order is cancelled: in turn by the
//! gateway's port, and by the door of the house (spine, journal, port). Measured is
//! the time from there to the last byte of the request on a raw socket, in silence and
//! in the burst, one after the other.
//!
//! `cargo bench --bench burst` prints it; without cargo's `--bench` each phase is short.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

mod house;
#[path = "../support/mod.rs"]
mod support;
mod tape;

use std::time::Duration;

use flightdeck::brokers::alpaca::stream::Encoding;
use flightdeck::brokers::gateway::Gate;
use flightdeck::bus::clock::Stopwatch;
use jiff::SignedDuration;
use tokio::runtime::Builder;

use house::{House, Phase, Plan, START};
use support::{RawServer, percentiles};
use tape::{RATE, Tape, frames};

/// Silences and bursts, one after the other.
const PAIRS: usize = 2;
/// How long each is.
const PHASE: Duration = Duration::from_secs(5);
/// Between two cancels where the journal keeps nothing.
const EVERY: Duration = Duration::from_millis(4);
/// Between two cancels where each is synced to the disk before it leaves: slower than a
/// busy disk, whose queue would be measured otherwise.
const EVERY_SYNCED: Duration = Duration::from_millis(25);
/// The goal: how much later in a burst, milliseconds at p99.
const GOAL: f64 = 5.0;

fn main() {
    let is_measured = std::env::args().any(|argument| argument == "--bench");
    let phase = if is_measured { PHASE } else { Duration::from_millis(200) };
    println!(
        "microseconds from cancel to last byte, {PAIRS} times {phase:?} of silence and of \
         {RATE} messages a second; goal: the burst adds < {GOAL} ms at p99"
    );
    for (encoding, name, keeps) in [
        (Encoding::Msgpack, "MessagePack, no journal", false),
        (Encoding::Json, "JSON, no journal", false),
        (Encoding::Msgpack, "MessagePack, journal in SQLite", true),
    ] {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("a runtime starts");
        let phases = runtime.block_on(async move {
            tokio::spawn(measure(encoding, keeps, phase)).await.expect("no panic")
        });
        runtime.shutdown_timeout(Duration::from_secs(5));
        report(name, &phases);
    }
}

fn report(name: &str, phases: &[[Phase; 2]]) {
    println!("{name}");
    for (way, words) in ["by the port", "by the door"].into_iter().enumerate() {
        let all = |noise: usize| {
            percentiles(phases.iter().flat_map(|pair| pair[noise][way].clone()).collect())
        };
        let (quiet, loud) = (all(0), all(1));
        println!(
            "  {words}: silence p50 {:.1} p99 {:.1}, burst p50 {:.1} p99 {:.1}, added at p99 {:.3} ms",
            quiet[0],
            quiet[1],
            loud[0],
            loud[1],
            (loud[1] - quiet[1]) / 1e3
        );
    }
}

async fn measure(encoding: Encoding, keeps: bool, phase: Duration) -> Vec<[Phase; 2]> {
    let every = if keeps { EVERY_SYNCED } else { EVERY };
    let cancels = usize::try_from(phase.as_millis() / every.as_millis()).expect("thousands");
    let orders = 2 * PAIRS * cancels;
    let watch = Stopwatch::start();
    let server = RawServer::open(orders, watch);
    let (tape, market) = Tape::open();
    let plan = Plan { encoding, keeps, watch, gate: Gate::default(), taps: Vec::new() };
    let mut house = House::open(&server, market, plan).await;
    house.take_orders(orders).await;
    let mut numbers = 0..orders;
    let mut phases = Vec::new();
    for pair in 0..PAIRS {
        let count = RATE * usize::try_from(phase.as_millis()).expect("seconds") / 1_000;
        let begins =
            START.plus(SignedDuration::from_mins(10 * i64::try_from(pair + 1).expect("few")));
        let frames = frames(encoding, begins, count, u64::try_from(pair).expect("few"));
        let quiet = house.cancel(&server, numbers.by_ref().take(cancels), every).await;
        let before = house.understood();
        // The burst begins at the instant of its first message.
        house.clock.move_to(begins);
        let sent = tape.play(frames);
        let loud = house.cancel(&server, numbers.by_ref().take(cancels), every).await;
        let seconds = sent.await.expect("the server lives");
        let read = house.understood() - before;
        println!("  a burst: {count} messages sent in {seconds:.2} s, {read} understood");
        phases.push([quiet, loud]);
    }
    house.close().await;
    phases
}
