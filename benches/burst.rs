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

mod support;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use flightdeck::agents::roster;
use flightdeck::breakers::BudgetConfig;
use flightdeck::brokers::alpaca::stream::{
    Channel, DataStream, DataStreamConfig, DecodeCounts, Encoding, StreamStatus, Subscriptions,
};
use flightdeck::brokers::alpaca::{AccountKind, AlpacaBroker, AlpacaConfig, ApiKeys};
use flightdeck::brokers::gateway::{
    Closed, Entrance, Gate, Gateway, GatewayConfig, MarketInlet, Port, Request, Streams,
};
use flightdeck::brokers::sim::server::{Pace, SimClock};
use flightdeck::bus::clock::{Clock, Stopwatch};
use flightdeck::bus::spine::{Door, Spine};
use flightdeck::bus::{Agent, Outbox, RosterSeat};
use flightdeck::config::{Config, Purpose};
use flightdeck::domain::ids::{AgentId, Seq, Symbol};
use flightdeck::domain::money::Money;
use flightdeck::domain::time::Timestamp;
use flightdeck::events::{Envelope, Event, OrderCancel, OrderEvent, VenueEvent};
use flightdeck::journal::{Forgetful, Journal, SqliteJournal, StoreIdentity};
use futures_util::{SinkExt, StreamExt};
use jiff::SignedDuration;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use secrecy::SecretString;
use serde::{Serialize, Serializer};
use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use support::{RawServer, name_of, nanos, percentiles, submit};

/// Messages a second of a burst.
const RATE: usize = 100_000;
/// Messages in a frame.
const PER_FRAME: usize = 20;
/// Stocks.
const SYMBOLS: usize = 50;
/// Silences and bursts, one after the other.
const PAIRS: usize = 2;
/// How long each is.
const PHASE: Duration = Duration::from_secs(5);
/// Between two cancels where the journal keeps nothing.
const EVERY: Duration = Duration::from_millis(4);
/// Between two cancels where each is synced to the disk before it leaves: slower than a
/// busy disk, whose queue would be measured otherwise.
const EVERY_SYNCED: Duration = Duration::from_millis(25);
/// Longest wait for the last cancels of a phase.
const GRACE: Duration = Duration::from_secs(10);
/// The stream tells what it has counted so often at least.
const COUNTED: Duration = Duration::from_millis(500);
/// The goal: how much later in a burst, milliseconds at p99.
const GOAL: f64 = 5.0;
/// How fast the house's time goes, so that the budget of requests, at most 10,000 a
/// minute of the house, never binds.
const PACE: u32 = 10;
/// 10:30 in New York.
const START: Timestamp = Timestamp::from_seconds(1_761_661_800);

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

/// Nanoseconds of each cancel: by the port, by the door.
type Phase = [Vec<u64>; 2];

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
    let mut house = House::open(&server, market, encoding, keeps, watch).await;
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

/// Lets events in by the door, market data one at a time, as the house does.
struct Entry {
    door: Door,
    accepted: mpsc::UnboundedSender<()>,
}

impl Entrance for Entry {
    async fn offer(&self, at: Timestamp, source: AgentId, event: Event) -> Result<(), Closed> {
        if matches!(event, Event::Venue(VenueEvent::Accepted(_))) {
            self.accepted.send(()).map_err(|_| Closed)?;
        }
        let taken = if matches!(event, Event::Feed(_)) {
            self.door.send_and_settle(at, source, event).await
        } else {
            self.door.send(at, source, event).await
        };
        taken.map_err(|_| Closed)
    }
}

/// The house, seated and connected.
struct House {
    watch: Stopwatch,
    clock: Arc<SimClock>,
    port: Port,
    requests: mpsc::UnboundedSender<Request>,
    door: Door,
    accepted: mpsc::UnboundedReceiver<()>,
    status: watch::Receiver<StreamStatus<DecodeCounts>>,
    stop: CancellationToken,
    tracker: TaskTracker,
    /// Where the journal is, deleted with this.
    _folder: tempfile::TempDir,
    /// Open, as the streams of a house are.
    _orders: mpsc::Sender<flightdeck::brokers::Push>,
}

impl House {
    async fn open(
        server: &RawServer,
        market: SocketAddr,
        encoding: Encoding,
        keeps: bool,
        watch: Stopwatch,
    ) -> Self {
        let clock = Arc::new(SimClock::new(Pace::Times(PACE), START));
        let folder = tempfile::tempdir().expect("a folder for the journal");
        let (requests, asked) = mpsc::unbounded_channel();
        let tracker = TaskTracker::new();
        let spine_requests = requests.clone();
        let seat = RosterSeat {
            id: AgentId::Venue,
            factory: Arc::new(move || Box::new(Port::new(spine_requests.clone()))),
        };
        let config = Config::defaults(Purpose::Sim);
        let roster = roster(&config.agents(), seat).expect("a legal configuration");
        let journal: Box<dyn Journal> = if keeps {
            let identity = StoreIdentity {
                mode: "sim".into(),
                account: "SIM".into(),
                opening_cash: Money::from_dollars(100_000),
                seed: 1,
            };
            let journal = SqliteJournal::open(&folder.path().join("journal.db"), &identity);
            Box::new(journal.expect("a new journal"))
        } else {
            Box::new(Forgetful)
        };
        let (spine, door) = Spine::new(roster, journal, Vec::new(), &tracker).expect("a new house");
        tracker.spawn(async move { spine.run().await.map(|_| ()).expect("the spine ends well") });
        let (says, accepted) = mpsc::unbounded_channel();
        let stop = CancellationToken::new();
        let inlet = Arc::new(MarketInlet::default());
        let entry = Entry { door: door.clone(), accepted: says };
        let (orders, order_pushes) = mpsc::channel(64);
        let streams = Streams { orders: order_pushes, market: inlet.clone() };
        let gateway = gateway(server, clock.clone(), entry);
        tracker.spawn(gateway.run(asked, streams, stop.clone()));
        let names: BTreeSet<String> = (0..SYMBOLS).map(symbol).collect();
        let wanted: Subscriptions =
            [Channel::Quotes, Channel::Trades].map(|channel| (channel, names.clone())).into();
        let stream = DataStreamConfig {
            encoding,
            // Silence is meant here.
            silence_max: SignedDuration::from_hours(10),
            ..DataStreamConfig::new("alpaca.iex", format!("ws://{market}/v2/iex"), wanted)
        };
        let stream =
            DataStream::spawn(stream, keys(), clock.clone(), inlet, stop.clone(), &tracker);
        let mut status = stream.status();
        let synced = status.wait_for(|status| status.link.is_up());
        tokio::time::timeout(Duration::from_secs(10), synced)
            .await
            .expect("the stream is up in time")
            .expect("the stream lives");
        let house = Self {
            watch,
            clock,
            port: Port::new(requests.clone()),
            requests,
            door,
            accepted,
            status,
            stop,
            tracker,
            _folder: folder,
            _orders: orders,
        };
        house.beat();
        house
    }

    /// Hands the time in, as a house does.
    fn beat(&self) {
        let (door, clock, stop) = (self.door.clone(), self.clock.clone(), self.stop.clone());
        self.tracker.spawn(async move {
            let mut beat = tokio::time::interval(Duration::from_millis(10));
            loop {
                // The stop first: there is always a next beat.
                tokio::select! {
                    biased;
                    () = stop.cancelled() => return,
                    _ = beat.tick() => {}
                }
                if door.advance(clock.now()).await.is_err() {
                    return;
                }
            }
        });
    }

    /// Lets the broker take so many orders, to be cancelled later.
    async fn take_orders(&mut self, count: usize) {
        for number in 0..count {
            self.clock.advance(SignedDuration::from_millis(20));
            self.requests
                .send(Request::Submit(Box::new(submit(number))))
                .expect("the gateway lives");
            self.accepted.recv().await.expect("the gateway lives");
        }
    }

    /// Market data understood so far, as of the stream's last look.
    fn understood(&self) -> u64 {
        self.status.borrow().counts.understood
    }

    /// Cancels orders one after the other, by port and door in turn; returns how long
    /// each way took to the wire.
    async fn cancel(
        &mut self,
        server: &RawServer,
        numbers: impl Iterator<Item = usize>,
        every: Duration,
    ) -> Phase {
        let mut beat = tokio::time::interval(every);
        let mut left = Vec::new();
        let mut outbox = Outbox::default();
        for number in numbers {
            beat.tick().await;
            let cancel = OrderEvent::Cancel(OrderCancel {
                client_order_id: name_of(number),
                trade_id: None,
                reason: "a bench".into(),
            });
            let at = self.clock.now();
            let since = nanos(self.watch);
            if number % 2 == 0 {
                let envelope = Envelope {
                    seq: Seq(1),
                    at,
                    cause: None,
                    root: Seq(1),
                    source: AgentId::OrderExecution,
                    event: cancel.into(),
                };
                self.port.handle(&envelope, &mut outbox);
            } else {
                let sent = self.door.send(at, AgentId::OrderExecution, cancel).await;
                sent.expect("the house lives");
            }
            left.push((number, since));
        }
        // The submission of the same number has come before the cancel was sent.
        let arrived = |number: usize, since: u64| {
            let arrival = server.arrival(number).expect("the order was sent before");
            assert!(arrival.bytes < 1_000, "one request, not two");
            arrival.nanos.checked_sub(since)
        };
        let are_all_there = async {
            while left.iter().any(|(number, since)| arrived(*number, *since).is_none()) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let in_time = tokio::time::timeout(GRACE, are_all_there).await;
        in_time.expect("every cancel comes to the wire");
        tokio::time::sleep(COUNTED).await;
        let mut phase = [Vec::new(), Vec::new()];
        for (number, since) in left {
            phase[number % 2].extend(arrived(number, since));
        }
        phase
    }

    async fn close(self) {
        self.stop.cancel();
        drop(self.door);
        self.tracker.close();
        let _ = tokio::time::timeout(Duration::from_secs(10), self.tracker.wait()).await;
    }
}

fn keys() -> ApiKeys {
    let [id, secret] = ["PKBENCH", "0123456789abcdef"].map(SecretString::from);
    ApiKeys::new(id, secret).expect("plain keys")
}

fn gateway(
    server: &RawServer,
    clock: Arc<dyn Clock>,
    entry: Entry,
) -> Gateway<AlpacaBroker, Entry> {
    let base: url::Url = server.base().parse().expect("an address");
    let kind = AccountKind::Simulated { trading: base.clone(), data: base };
    let broker = AlpacaBroker::new(AlpacaConfig::new(kind), &keys()).expect("on loopback");
    let config = GatewayConfig {
        budget: BudgetConfig { limit: 10_000, reserve: 30 },
        symbols: (0..SYMBOLS).map(|at| Symbol::new(&symbol(at)).expect("a legal symbol")).collect(),
        reconcile_seconds: 100_000,
        last_seen: clock.now(),
        ..GatewayConfig::default()
    };
    Gateway::new(Arc::new(broker), None, Gate::default(), clock, config, entry)
}

fn symbol(number: usize) -> String {
    format!("S{number:02}")
}

/// What is to be pushed, and whom to tell how many seconds it took.
type Order = (Vec<Message>, oneshot::Sender<f64>);

/// The market data server, on a thread of its own.
struct Tape(mpsc::UnboundedSender<Order>);

impl Tape {
    fn open() -> (Self, SocketAddr) {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("loopback");
        listener.set_nonblocking(true).expect("a TCP socket");
        let address = listener.local_addr().expect("it is bound");
        let (orders, asked) = mpsc::unbounded_channel();
        thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime starts").block_on(tape(listener, asked));
        });
        (Self(orders), address)
    }

    /// Begins to push; resolves to how many seconds it took.
    fn play(&self, frames: Vec<Message>) -> oneshot::Receiver<f64> {
        let (done, played) = oneshot::channel();
        self.0.send((frames, done)).expect("the server lives");
        played
    }
}

/// Serves one client: takes its keys, confirms everything, and pushes what it is told
/// to at the rate of a burst.
async fn tape(listener: std::net::TcpListener, mut orders: mpsc::UnboundedReceiver<Order>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a runtime is here");
    let (stream, _) = listener.accept().await.expect("a client");
    stream.set_nodelay(true).expect("a TCP socket");
    let socket = tokio_tungstenite::accept_async(stream).await.expect("a handshake");
    let (mut write, mut read) = socket.split();
    let names = serde_json::to_string(&(0..SYMBOLS).map(symbol).collect::<Vec<_>>());
    let names = names.expect("names can be written");
    let all = format!(r#"[{{"T":"subscription","trades":{names},"quotes":{names}}}]"#);
    let connected = r#"[{"T":"success","msg":"connected"}]"#.to_owned();
    let authenticated = r#"[{"T":"success","msg":"authenticated"}]"#.to_owned();
    for (says, is_answer) in
        [(connected, false), (authenticated, true), (all.clone(), true), (all, true)]
    {
        if is_answer {
            read.next().await.expect("the client speaks").expect("a frame");
        }
        write.send(Message::text(says)).await.expect("the client listens");
    }
    // Reading answers pings.
    tokio::spawn(async move { while let Some(Ok(_)) = read.next().await {} });
    while let Some((frames, done)) = orders.recv().await {
        let watch = Stopwatch::start();
        let mut beat = tokio::time::interval(Duration::from_millis(1));
        let mut sent: usize = 0;
        let mut left = frames.into_iter();
        while left.len() > 0 {
            beat.tick().await;
            let micros = usize::try_from(watch.elapsed().as_micros()).expect("seconds");
            let due = micros * RATE / 1_000_000 / PER_FRAME;
            for frame in left.by_ref().take(due.saturating_sub(sent)) {
                write.feed(frame).await.expect("the client listens");
                sent += 1;
            }
            write.flush().await.expect("the client listens");
        }
        // Nobody asks any more when the bench is over.
        let _ = done.send(watch.elapsed().as_secs_f64());
    }
}

/// Four quotes and a trade of random stocks, again and again, in frames, evenly over
/// the time of the house.
fn frames(encoding: Encoding, begins: Timestamp, count: usize, seed: u64) -> Vec<Message> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut cents: Vec<i32> = (0..SYMBOLS).map(|_| rng.random_range(2_000..40_000)).collect();
    let apart = 1_000_000_000 * usize::try_from(PACE).expect("small") / RATE;
    let mut said = |number: usize| {
        let at = rng.random_range(0..SYMBOLS);
        cents[at] = (cents[at] + rng.random_range(-1..=1)).max(1_000);
        let nanos = i64::try_from(number * apart).expect("seconds");
        Said {
            number,
            symbol: symbol(at),
            cents: cents[at],
            sizes: [rng.random_range(1..2_000), rng.random_range(1..2_000)],
            at: begins.plus(SignedDuration::from_nanos(nanos)),
        }
    };
    (0..count / PER_FRAME)
        .map(|frame| {
            let of_frame = (0..PER_FRAME).map(|at| said(frame * PER_FRAME + at));
            match encoding {
                Encoding::Json => {
                    let texts: Vec<String> = of_frame.map(|said| said.json()).collect();
                    Message::text(format!("[{}]", texts.join(",")))
                }
                Encoding::Msgpack => {
                    let mut bytes = vec![0xdc, 0, u8::try_from(PER_FRAME).expect("few")];
                    for said in of_frame {
                        bytes.extend(said.packed());
                    }
                    Message::binary(bytes)
                }
            }
        })
        .collect()
}

/// One quote or trade.
struct Said {
    number: usize,
    symbol: String,
    cents: i32,
    sizes: [u64; 2],
    at: Timestamp,
}

#[derive(Serialize)]
struct Quote<'a, T> {
    #[serde(rename = "T")]
    kind: &'a str,
    #[serde(rename = "S")]
    symbol: &'a str,
    bx: &'a str,
    bp: f64,
    bs: u64,
    ax: &'a str,
    ap: f64,
    #[serde(rename = "as")]
    ask_size: u64,
    c: [&'a str; 1],
    z: &'a str,
    t: T,
}

#[derive(Serialize)]
struct Trade<'a, T> {
    #[serde(rename = "T")]
    kind: &'a str,
    #[serde(rename = "S")]
    symbol: &'a str,
    i: usize,
    x: &'a str,
    p: f64,
    s: u64,
    c: [&'a str; 1],
    z: &'a str,
    t: T,
}

impl Said {
    fn quote<T>(&self, t: T) -> Quote<'_, T> {
        Quote {
            kind: "q",
            symbol: &self.symbol,
            bx: "V",
            bp: f64::from(self.cents) / 100.0,
            bs: self.sizes[0],
            ax: "V",
            ap: f64::from(self.cents + 2) / 100.0,
            ask_size: self.sizes[1],
            c: ["R"],
            z: "C",
            t,
        }
    }

    fn trade<T>(&self, t: T) -> Trade<'_, T> {
        Trade {
            kind: "t",
            symbol: &self.symbol,
            i: self.number + 1,
            x: "V",
            p: f64::from(self.cents + 1) / 100.0,
            s: self.sizes[0],
            c: ["@"],
            z: "C",
            t,
        }
    }

    fn is_trade(&self) -> bool {
        self.number % 5 == 4
    }

    fn json(&self) -> String {
        let at = self.at.to_string();
        let text = if self.is_trade() {
            serde_json::to_string(&self.trade(at))
        } else {
            serde_json::to_string(&self.quote(at))
        };
        text.expect("it can be written")
    }

    fn packed(&self) -> Vec<u8> {
        let nanos = u64::try_from(self.at.as_nanos()).expect("after 1970");
        let (seconds, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
        let at = Stamp(rest << 34 | seconds);
        let bytes = if self.is_trade() {
            rmp_serde::to_vec_named(&self.trade(at))
        } else {
            rmp_serde::to_vec_named(&self.quote(at))
        };
        bytes.expect("it can be written")
    }
}

/// The timestamp extension of eight bytes, the way the library spells extensions.
struct Stamp(u64);

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        struct Bytes([u8; 8]);
        impl Serialize for Bytes {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_bytes(&self.0)
            }
        }
        let bytes = Bytes(self.0.to_be_bytes());
        to.serialize_newtype_struct(rmp_serde::MSGPACK_EXT_STRUCT_NAME, &(-1_i8, bytes))
    }
}
