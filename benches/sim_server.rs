//! Orders a second of the simulated broker, beside a bare handler.
//!
//! Raw clients send limit buys that rest and market buys that fill, over connections
//! that are kept alive, one request of each connection under way; beside it, in turn,
//! the same clients send the same bytes to a handler of the HTTP library that answers
//! a fixed text as long as the broker's answer. The servers run on two threads, the
//! clients on one of their own.
//!
//! `cargo bench --bench sim_server` prints it; without cargo's `--bench` few orders
//! are sent.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::thread;

use axum::Router;
use axum::routing::post;
use axum::serve::ListenerExt;
use flightdeck::brokers::sim::server::{Pace, ServerConfig, WorldSetup, open, serve};
use flightdeck::bus::clock::Stopwatch;
use flightdeck::domain::money::Money;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

/// Pairs of which the median is taken.
const PAIRS: usize = 5;
/// Orders of each side of a pair.
const ORDERS: usize = 8_000;
/// The goal, orders a second.
const GOAL: f64 = 5_000.0;

/// What is ordered; the name follows.
const KINDS: [(&str, &str); 2] = [
    (
        "limit buys that rest",
        r#"{"symbol":"AAPL","qty":"1","side":"buy","type":"limit","time_in_force":"day","limit_price":"1.00","client_order_id":""#,
    ),
    (
        "market buys that fill",
        r#"{"symbol":"AAPL","qty":"1","side":"buy","type":"market","time_in_force":"day","client_order_id":""#,
    ),
];

fn main() {
    let is_measured = std::env::args().any(|argument| argument == "--bench");
    let (pairs, orders) = if is_measured { (PAIRS, ORDERS) } else { (1, 64) };
    println!("orders a second, median of {pairs} pairs (least to most); goal {GOAL}");
    for (name, kind) in KINDS {
        for connections in [1, 8, 32] {
            let mut measured = Vec::new();
            for _ in 0..pairs {
                let (ours, bytes) = simulated(kind, connections, orders);
                measured.push((ours, bare(kind, connections, orders, bytes)));
            }
            println!(
                "{name}, {connections} connection(s): ours {}, bare {}, ratio {:.2}",
                summary(measured.iter().map(|(ours, _)| *ours).collect()),
                summary(measured.iter().map(|(_, bare)| *bare).collect()),
                median(measured.iter().map(|(ours, bare)| ours / bare).collect()),
            );
        }
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn summary(figures: Vec<f64>) -> String {
    let least = figures.iter().copied().fold(f64::INFINITY, f64::min);
    let most = figures.iter().copied().fold(0.0, f64::max);
    format!("{:.0} ({least:.0} to {most:.0})", median(figures))
}

fn servers() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime starts")
}

/// Orders a second of a fresh simulated broker, and the length of its last answer.
fn simulated(kind: &'static str, connections: usize, orders: usize) -> (f64, usize) {
    let setup = WorldSetup {
        seed: 1,
        start: "2026-10-05T14:00:00Z".parse().expect("an instant of a session"),
        symbols: Vec::new(),
        opening_cash: Money::from_dollars(900_000_000),
    };
    let config = ServerConfig {
        has_control: false,
        requests_per_minute: 1_000_000_000,
        ..ServerConfig::default()
    };
    let state = open(&setup, Pace::Times(1), config).expect("a legal world");
    let runtime = servers();
    let stop = CancellationToken::new();
    let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).expect("loopback");
    let address = listener.local_addr().expect("it is bound");
    let serving = runtime.spawn(serve(listener, state, stop.clone()));
    let measured = clients(address, kind, connections, orders);
    stop.cancel();
    runtime.block_on(serving).expect("no panic").expect("it has served");
    measured
}

/// Orders a second of a handler that answers so many bytes.
fn bare(kind: &'static str, connections: usize, orders: usize, bytes: usize) -> f64 {
    let runtime = servers();
    let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).expect("loopback");
    let address = listener.local_addr().expect("it is bound");
    let listener = listener.tap_io(|stream| stream.set_nodelay(true).expect("a TCP socket"));
    let text = "x".repeat(bytes);
    let router =
        Router::new().route("/v2/orders", post(async move |_body: bytes::Bytes| text.clone()));
    runtime.spawn(async move { axum::serve(listener, router).await });
    let (rate, _) = clients(address, kind, connections, orders);
    runtime.shutdown_background();
    rate
}

/// Sends so many orders over so many connections from a thread of its own; returns
/// orders a second and the length of the last answer's body.
fn clients(
    address: std::net::SocketAddr,
    kind: &'static str,
    connections: usize,
    orders: usize,
) -> (f64, usize) {
    let clients = thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime starts").block_on(async move {
            let mut open = Vec::new();
            for _ in 0..connections {
                open.push(Client::connect(address).await);
            }
            let watch = Stopwatch::start();
            let each = orders / connections;
            let busy: Vec<_> = open
                .into_iter()
                .enumerate()
                .map(|(at, client)| tokio::spawn(client.send(kind, at * each, each)))
                .collect();
            let mut bytes = 0;
            for client in busy {
                bytes = client.await.expect("no panic");
            }
            let sent = u32::try_from(each * connections).expect("thousands");
            (f64::from(sent) / watch.elapsed().as_secs_f64(), bytes)
        })
    });
    clients.join().expect("no panic")
}

/// One connection that is kept alive.
struct Client {
    stream: TcpStream,
    waiting: Vec<u8>,
}

impl Client {
    async fn connect(address: std::net::SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("somebody listens");
        stream.set_nodelay(true).expect("a TCP socket");
        Self { stream, waiting: Vec::new() }
    }

    /// Sends orders one after the other; returns the length of the last answer's body.
    async fn send(mut self, kind: &str, first: usize, count: usize) -> usize {
        let mut last = 0;
        for number in first..first + count {
            let body = format!(r#"{kind}order-{number:08}"}}"#);
            let request = format!(
                "POST /v2/orders HTTP/1.1\r\nhost: 127.0.0.1\r\napca-api-key-id: PKBENCH\r\napca-api-secret-key: 0123456789abcdef\r\ncontent-type: application/json\r\naccept: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            self.stream.write_all(request.as_bytes()).await.expect("the server lives");
            last = self.answer().await;
        }
        last
    }

    /// Reads one answer; returns the length of its body.
    async fn answer(&mut self) -> usize {
        loop {
            if let Some((head, body)) = whole_answer(&self.waiting) {
                let status = &self.waiting[..15];
                assert_eq!(status, b"HTTP/1.1 200 OK", "{}", self.waiting.escape_ascii());
                self.waiting.drain(..head + body);
                return body;
            }
            let count = self.stream.read_buf(&mut self.waiting).await.expect("the server lives");
            assert!(count > 0, "the server does not hang up");
        }
    }
}

/// Lengths of head and body of an answer that is complete.
fn whole_answer(bytes: &[u8]) -> Option<(usize, usize)> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..head]).expect("heads are ASCII");
    let body = text.lines().find_map(|line| line.strip_prefix("content-length: "));
    let body: usize = body.expect("answers have a length").parse().expect("a number");
    (bytes.len() >= head + body).then_some((head, body))
}
