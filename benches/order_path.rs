//! What the house adds to the HTTP library on an order's way out.
//!
//! Measured is the time from an order handed to the gateway's port until its last byte
//! has come to a raw socket on loopback, through gateway and client; beside it, in
//! turn, the bare HTTP library with the same settings, headers and bytes over a
//! connection that is kept alive just so. Orders leave one after the other, each when
//! the answer to the one before has been told.
//!
//! `cargo bench --bench order_path` prints it; without cargo's `--bench` few orders
//! leave.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use flightdeck::breakers::BudgetConfig;
use flightdeck::brokers::Push;
use flightdeck::brokers::alpaca::{AccountKind, AlpacaBroker, AlpacaConfig, ApiKeys};
use flightdeck::brokers::gateway::{
    Closed, Entrance, Gate, Gateway, GatewayConfig, MarketInlet, Port, Streams,
};
use flightdeck::bus::clock::{Clock, ReplayClock, Stopwatch};
use flightdeck::bus::{Agent, Outbox};
use flightdeck::domain::ids::{AgentId, Seq};
use flightdeck::domain::time::Timestamp;
use flightdeck::events::{Envelope, Event, OrderEvent, VenueEvent};
use flightdeck::fsm::link::LinkState;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use secrecy::SecretString;
use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use support::{Arrival, RawServer, name_of, nanos, percentiles, submit};

/// Blocks of orders of each side, one after the other.
const BLOCKS: usize = 200;
/// Orders in a block: few, so that both sides meet the same moods of the machine.
const BLOCK: usize = 100;
/// The goal: how much later than the bare library, microseconds at p99.
const GOAL: f64 = 100.0;
/// How far the house's clock is moved with each order, so that the budget of requests
/// never binds.
const APART: Duration = Duration::from_millis(20);
/// The keys of the account.
const KEYS: [&str; 2] = ["PKBENCH", "0123456789abcdef"];

fn main() {
    let is_measured = std::env::args().any(|argument| argument == "--bench");
    let (blocks, block) = if is_measured { (BLOCKS, BLOCK) } else { (2, 20) };
    println!("microseconds from hand-over to last byte, {blocks} blocks of {block} orders each");
    for threads in [1, 2] {
        let runtime = match threads {
            1 => Builder::new_current_thread().enable_all().build(),
            _ => Builder::new_multi_thread().worker_threads(threads).enable_all().build(),
        };
        let runtime = runtime.expect("a runtime starts");
        let measured = runtime
            .block_on(async move { tokio::spawn(measure(blocks, block)).await.expect("no panic") });
        report(threads, &measured);
    }
}

/// Nanoseconds of each order of a block: ours and the bare library's.
type Block = [Vec<u64>; 2];

fn report(threads: usize, blocks: &[Block]) {
    let side =
        |which: usize| percentiles(blocks.iter().flat_map(|block| block[which].clone()).collect());
    let (ours, bare) = (side(0), side(1));
    let above = |at: usize| {
        let difference =
            |[ours, bare]: &Block| percentiles(ours.clone())[at] - percentiles(bare.clone())[at];
        spread(blocks.iter().map(difference).collect())
    };
    println!("{threads} thread(s)");
    println!("  ours  p50 {:.1}  p99 {:.1}", ours[0], ours[1]);
    println!("  bare  p50 {:.1}  p99 {:.1}", bare[0], bare[1]);
    println!(
        "  above p50 {:.1}  p99 {:.1}   goal {GOAL} at p99",
        ours[0] - bare[0],
        ours[1] - bare[1]
    );
    println!("  above, by blocks: p50 {}  p99 {}", above(0), above(1));
}

/// Median, least and most of some figures.
fn spread(mut figures: Vec<f64>) -> String {
    figures.sort_by(f64::total_cmp);
    let (least, most) = (figures[0], figures[figures.len() - 1]);
    format!("{:.1} ({least:.1} to {most:.1})", figures[figures.len() / 2])
}

async fn measure(blocks: usize, block: usize) -> Vec<Block> {
    let watch = Stopwatch::start();
    let server = RawServer::open(2 * (blocks + 1) * block, watch);
    let mut house = House::open(&server, watch);
    house.read().await;
    let bare = Bare::new(&server, watch);
    let mut numbers = 0..;
    let mut next = || numbers.next().expect("without end");
    let mut measured = Vec::new();
    // The first block warms up.
    for _ in 0..=blocks {
        let mut both = [Vec::new(), Vec::new()];
        let mut lengths = [0, 0];
        for _ in 0..block {
            let (spent, bytes) = house.order(&server, next()).await;
            both[0].push(spent);
            lengths[0] = bytes;
        }
        for _ in 0..block {
            let (spent, bytes) = bare.order(&server, next()).await;
            both[1].push(spent);
            lengths[1] = bytes;
        }
        assert_eq!(lengths[0], lengths[1], "both sides send the same bytes");
        measured.push(both);
    }
    house.stop.cancel();
    measured.remove(0);
    measured
}

fn spent(since: u64, arrival: Option<Arrival>) -> (u64, u64) {
    let Arrival { nanos, bytes } = arrival.expect("an order that was answered has come");
    (nanos - since, bytes)
}

/// Tells what the gateway says.
struct Ear(mpsc::UnboundedSender<Event>);

impl Entrance for Ear {
    async fn offer(&self, _: Timestamp, _: AgentId, event: Event) -> Result<(), Closed> {
        self.0.send(event).map_err(|_| Closed)
    }
}

/// A gateway with its port, and nobody else.
struct House {
    watch: Stopwatch,
    clock: Arc<ReplayClock>,
    port: Port,
    outbox: Outbox,
    said: mpsc::UnboundedReceiver<Event>,
    stop: CancellationToken,
    /// Open, as the streams of a house are.
    _pushes: mpsc::Sender<Push>,
}

impl House {
    fn open(server: &RawServer, watch: Stopwatch) -> Self {
        let clock = Arc::new(ReplayClock::default());
        clock.move_to(Timestamp::from_seconds(1_761_661_800));
        let [id, secret] = KEYS.map(SecretString::from);
        let keys = ApiKeys::new(id, secret).expect("plain keys");
        let base: url::Url = server.base().parse().expect("an address");
        let kind = AccountKind::Simulated { trading: base.clone(), data: base };
        let broker = AlpacaBroker::new(AlpacaConfig::new(kind), &keys).expect("on loopback");
        let config = GatewayConfig {
            budget: BudgetConfig { limit: 10_000, reserve: 30 },
            reconcile_seconds: 100_000,
            last_seen: clock.now(),
            ..GatewayConfig::default()
        };
        let (says, said) = mpsc::unbounded_channel();
        let gateway =
            Gateway::new(Arc::new(broker), None, Gate::default(), clock.clone(), config, Ear(says));
        let (requests, asked) = Port::queue();
        let (pushes, orders) = mpsc::channel(1);
        // No entry leaves while nobody would hear of it.
        let state = LinkState::Up;
        pushes.try_send(Push::Link { feed: "alpaca.orders", state }).expect("there is room");
        let streams = Streams { orders, market: Arc::new(MarketInlet::default()) };
        let stop = CancellationToken::new();
        tokio::spawn(gateway.run(asked, streams, stop.clone()));
        let (port, outbox) = (Port::new(requests), Outbox::default());
        Self { watch, clock, port, outbox, said, stop, _pushes: pushes }
    }

    /// Waits until the gateway has read the broker: before that it holds entries back.
    async fn read(&mut self) {
        while !matches!(
            self.said.recv().await.expect("the gateway lives"),
            Event::Venue(VenueEvent::Account(_))
        ) {}
        // What it has told it notes a moment later.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    /// Hands one order over and waits until its acceptance has been told.
    async fn order(&mut self, server: &RawServer, number: usize) -> (u64, u64) {
        self.clock.move_to(self.clock.now().plus(APART.try_into().expect("short")));
        let envelope = Envelope {
            seq: Seq(1),
            at: self.clock.now(),
            cause: None,
            root: Seq(1),
            source: AgentId::OrderExecution,
            event: OrderEvent::Submit(submit(number)).into(),
        };
        let since = nanos(self.watch);
        self.port.handle(&envelope, &mut self.outbox);
        loop {
            let event = self.said.recv().await.expect("the gateway lives");
            // The rest is news of the budget and the first comparison.
            if let Event::Venue(answer) = event {
                let is_trouble =
                    matches!(answer, VenueEvent::CallFailed(_) | VenueEvent::Rejected(_));
                assert!(!is_trouble, "the raw server takes every order: {answer:?}");
                if matches!(answer, VenueEvent::Accepted(_)) {
                    break;
                }
            }
        }
        spent(since, server.arrival(number))
    }
}

/// The HTTP library with the settings of our client.
struct Bare {
    watch: Stopwatch,
    client: reqwest::Client,
    url: url::Url,
}

impl Bare {
    fn new(server: &RawServer, watch: Stopwatch) -> Self {
        let mut headers = HeaderMap::new();
        for (name, key) in ["apca-api-key-id", "apca-api-secret-key"].into_iter().zip(KEYS) {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(key));
        }
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let client = reqwest::Client::builder()
            .default_headers(headers)
            .user_agent(concat!("FlightDeck/", env!("CARGO_PKG_VERSION")))
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .gzip(true)
            .tcp_nodelay(true)
            .no_proxy()
            .build()
            .expect("a client");
        let url = format!("{}/v2/orders", server.base()).parse().expect("an address");
        Self { watch, client, url }
    }

    /// Sends the bytes of an order that lie ready, and reads the answer whole.
    async fn order(&self, server: &RawServer, number: usize) -> (u64, u64) {
        let name = name_of(number);
        let body = format!(
            r#"{{"symbol":"S00","qty":"5","side":"buy","type":"limit","time_in_force":"day","limit_price":"175.50","client_order_id":"{name}"}}"#
        );
        let url = self.url.clone();
        let since = nanos(self.watch);
        let call = self
            .client
            .post(url)
            .timeout(Duration::from_secs(10))
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        let answer = call.send().await.expect("the raw server answers");
        answer.bytes().await.expect("to the end");
        spent(since, server.arrival(number))
    }
}
