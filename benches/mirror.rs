//! What the mirror to Redis costs against bare pipelined publishes by the same crate.
//!
//! Both sides run in turn against a server of their own with one subscriber that drains,
//! and both wait for it after every round. The bare side publishes ready payloads of 400
//! bytes; the mirror writes each event as JSON first. A third run paces the mirror at
//! 10,000 events a second and measures the way from the spine to the subscriber.
//!
//! `cargo bench --bench mirror` prints them; without cargo's `--bench` every side runs
//! once over few messages. Needs `redis-server`.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use flightdeck::bus::Tap;
use flightdeck::bus::clock::{Stopwatch, SystemClock};
use flightdeck::bus::redis::guard::Refused;
use flightdeck::bus::redis::link::LinkSetup;
use flightdeck::bus::redis::{
    BusConfig, Command as Asked, Endpoint, House, Keys, Link, Mirror, Trust,
};
use flightdeck::domain::ids::{AgentId, Seq, Symbol};
use flightdeck::domain::market::{Bar, Interval};
use flightdeck::domain::time::Timestamp;
use flightdeck::events::{Envelope, MarketBars, MarketEvent, SystemEvent};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use redis::Pipeline;
use redis::aio::{MultiplexedConnection, PubSubStream};
use serde_json::value::RawValue;
use tokio::sync::Notify;

/// Pairs of which the median is taken.
const PAIRS: usize = 7;
/// Messages between two waits for the subscriber, fewer than may wait at the mirror.
const ROUND: u64 = 4_096;
/// Messages in one pipeline of the bare side, as in the mirror's.
const PIPELINE: u64 = 256;
/// The goal: mirror ÷ bare.
const GOAL: f64 = 0.6;
/// The pace of the third run, messages every millisecond.
const A_MILLISECOND: u64 = 10;

struct Server(Child, tempfile::TempDir);

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing can be done about a server that is gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("redis.sock");
        let mut command = Command::new("redis-server");
        command.args(["--port", "0", "--save", "", "--unixsocket"]).arg(socket);
        let child = command.stdout(Stdio::piped()).spawn();
        let mut child = child.expect("redis-server is installed (apt-get install redis-server)");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let mut lines = lines.map_while(Result::ok);
        let is_ready = lines.any(|line| line.contains("eady to accept connections"));
        assert!(is_ready, "the server starts");
        std::thread::spawn(move || lines.for_each(drop));
        Self(child, folder)
    }

    fn url(&self) -> String {
        format!("unix://{}", self.1.path().join("redis.sock").display())
    }
}

/// A house that only tells when the bus is up.
#[derive(Default)]
struct Silent(Notify);

impl House for Silent {
    fn hold(&self, is_held: bool) {
        if !is_held {
            self.0.notify_one();
        }
    }

    fn say(&self, _event: SystemEvent) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }

    fn command(&self, _command: Asked) -> BoxFuture<'static, Result<Box<RawValue>, Refused>> {
        Box::pin(std::future::ready(Err(Refused::NeverByBus)))
    }
}

struct Sides {
    mirror: Mirror,
    bare: MultiplexedConnection,
    heard: PubSubStream,
    event: Envelope,
    payload: Vec<u8>,
}

fn main() {
    let is_measured = std::env::args().any(|argument| argument == "--bench");
    let (pairs, rounds) = if is_measured { (PAIRS, 25) } else { (1, 1) };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime starts");
    let server = Server::start();
    runtime.block_on(async {
        let mut sides = open(&server).await;
        let mut ratios = Vec::new();
        for _ in 0..pairs {
            let bare = sides.bare(rounds).await;
            let mirror = sides.mirrored(rounds).await;
            println!("bare {bare:.0} a second, mirror {mirror:.0} a second");
            ratios.push(mirror / bare);
        }
        ratios.sort_by(f64::total_cmp);
        println!("mirror ÷ bare: median {:.2} (goal {GOAL})", ratios[ratios.len() / 2]);
        let latencies = sides.paced(if is_measured { 5_000 } else { 50 }).await;
        let at = |part: usize| latencies[(latencies.len() - 1) * part / 1_000];
        println!(
            "at {} a second: p50 {:?}, p99 {:?}, p99.9 {:?} (goal p99 1 ms)",
            A_MILLISECOND * 1_000,
            at(500),
            at(990),
            at(999)
        );
    });
}

async fn open(server: &Server) -> Sides {
    let config = BusConfig { redis: server.url(), trust: Trust::Loopback, ..BusConfig::default() };
    let endpoint = Endpoint::new(&config).expect("a legal address");
    let bare = endpoint.connect().await.expect("the server answers");
    let setup = LinkSetup {
        endpoint,
        instance: "bench".into(),
        stream_maxlen: 100_000,
        trust: Trust::Loopback,
        keys: Keys::default(),
        journal: server.1.path().join("none.sqlite"),
        seed: 1,
    };
    let (link, mut mirror) = Link::new(setup, Arc::new(SystemClock));
    let house = Arc::new(Silent::default());
    tokio::spawn(link.run(house.clone()));
    let event = bars();
    mirror.see(&event);
    house.0.notified().await;
    let client = redis::Client::open(server.url()).expect("a legal address");
    let mut heard = client.get_async_pubsub().await.expect("the server answers");
    heard.subscribe(event.event.name()).await.expect("a subscription");
    let payload = vec![b'x'; 400];
    Sides { mirror, bare, heard: heard.into_on_message(), event, payload }
}

/// An event of about 400 bytes.
fn bars() -> Envelope {
    let price = "175.50".parse().expect("a legal price");
    let bar = Bar {
        symbol: Symbol::new("AAPL").expect("a legal symbol"),
        open: price,
        high: price,
        low: price,
        close: price,
        volume: 12_345,
        start: Timestamp::from_seconds(1_761_661_800),
    };
    let bars = MarketBars { interval: Interval::Minute, bars: [bar].into(), is_history: false };
    Envelope {
        seq: Seq(1),
        at: Timestamp::from_seconds(1_761_661_860),
        cause: None,
        root: Seq(1),
        source: AgentId::MarketData,
        event: MarketEvent::Bars(bars).into(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn per_second(messages: u64, took: Duration) -> f64 {
    messages as f64 / took.as_secs_f64()
}

impl Sides {
    async fn drain(&mut self, number: u64) {
        for _ in 0..number {
            self.heard.next().await.expect("the subscriber is not cut");
        }
    }

    async fn bare(&mut self, rounds: u64) -> f64 {
        let began = Stopwatch::start();
        for _ in 0..rounds {
            for _ in 0..ROUND / PIPELINE {
                let mut pipeline = Pipeline::new();
                for _ in 0..PIPELINE {
                    let name = self.event.event.name();
                    pipeline.cmd("PUBLISH").arg(name).arg(&self.payload).ignore();
                }
                pipeline.exec_async(&mut self.bare).await.expect("it is published");
            }
            self.drain(ROUND).await;
        }
        per_second(rounds * ROUND, began.elapsed())
    }

    async fn mirrored(&mut self, rounds: u64) -> f64 {
        let began = Stopwatch::start();
        for _ in 0..rounds {
            for _ in 0..ROUND {
                self.event.seq.0 += 1;
                self.mirror.see(&self.event);
            }
            self.drain(ROUND).await;
        }
        per_second(rounds * ROUND, began.elapsed())
    }

    /// How long each message took, shortest first.
    async fn paced(&mut self, milliseconds: u64) -> Vec<Duration> {
        let mut latencies = Vec::new();
        let mut sent = std::collections::VecDeque::new();
        let mut beat = tokio::time::interval(Duration::from_millis(1));
        let began = Stopwatch::start();
        let mut left = milliseconds;
        while left > 0 || !sent.is_empty() {
            // What has arrived first: its time is what is measured.
            tokio::select! {
                biased;
                heard = self.heard.next() => {
                    heard.expect("the subscriber is not cut");
                    let at: Duration = sent.pop_front().expect("what is heard was sent");
                    latencies.push(began.elapsed().saturating_sub(at));
                }
                _ = beat.tick(), if left > 0 => {
                    left -= 1;
                    for _ in 0..A_MILLISECOND {
                        self.event.seq.0 += 1;
                        sent.push_back(began.elapsed());
                        self.mirror.see(&self.event);
                    }
                }
            }
        }
        latencies.sort_unstable();
        latencies
    }
}
