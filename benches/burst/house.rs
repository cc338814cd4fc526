//! The house under test: five agents on the spine, the gateway, and the client of the
//! data stream, with a door and a port to cancel by.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use flightdeck::agents::roster;
use flightdeck::breakers::BudgetConfig;
use flightdeck::brokers::Push;
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
use flightdeck::bus::{Agent, Outbox, RosterSeat, Tap};
use flightdeck::config::{Config, Purpose};
use flightdeck::domain::ids::{AgentId, Seq, Symbol};
use flightdeck::domain::money::Money;
use flightdeck::domain::time::Timestamp;
use flightdeck::events::{
    Alert, Envelope, Event, OrderCancel, OrderEvent, Severity, SystemEvent, VenueEvent,
};
use flightdeck::fsm::link::LinkState;
use flightdeck::journal::{Forgetful, Journal, SqliteJournal, StoreIdentity};
use jiff::SignedDuration;
use secrecy::SecretString;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::support::{RawServer, name_of, nanos, submit};
use crate::tape::{SYMBOLS, symbol};

/// How fast the house's time goes, so that the budget of requests, at most 10,000 a
/// minute of the house, never binds.
pub(crate) const PACE: u32 = 10;
/// 10:30 in New York.
pub(crate) const START: Timestamp = Timestamp::from_seconds(1_761_661_800);
/// Longest wait for the last cancels of a phase.
const GRACE: Duration = Duration::from_secs(10);
/// The stream tells what it has counted so often at least.
const COUNTED: Duration = Duration::from_millis(500);

/// Nanoseconds of each cancel: by the port, by the door.
pub(crate) type Phase = [Vec<u64>; 2];

/// How a house is built, and who looks on.
pub(crate) struct Plan {
    pub(crate) encoding: Encoding,
    /// Whether there is a journal in SQLite.
    pub(crate) keeps: bool,
    pub(crate) watch: Stopwatch,
    pub(crate) gate: Gate,
    pub(crate) taps: Vec<Box<dyn Tap>>,
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
pub(crate) struct House {
    watch: Stopwatch,
    pub(crate) clock: Arc<SimClock>,
    port: Port,
    requests: mpsc::Sender<Request>,
    pub(crate) door: Door,
    accepted: mpsc::UnboundedReceiver<()>,
    status: watch::Receiver<StreamStatus<DecodeCounts>>,
    stop: CancellationToken,
    tracker: TaskTracker,
    /// Where the journal is, deleted with this.
    _folder: tempfile::TempDir,
    /// Open, as the streams of a house are.
    _orders: mpsc::Sender<Push>,
}

impl House {
    pub(crate) async fn open(server: &RawServer, market: SocketAddr, plan: Plan) -> Self {
        let Plan { encoding, keeps, watch, gate, taps } = plan;
        let clock = Arc::new(SimClock::new(Pace::Times(PACE), START));
        let folder = tempfile::tempdir().expect("a folder for the journal");
        let (requests, asked) = Port::queue();
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
        let (spine, door) = Spine::new(roster, journal, taps, &tracker).expect("a new house");
        tracker.spawn(async move { spine.run().await.map(|_| ()).expect("the spine ends well") });
        let (says, accepted) = mpsc::unbounded_channel();
        let stop = CancellationToken::new();
        let inlet = Arc::new(MarketInlet::default());
        let entry = Entry { door: door.clone(), accepted: says };
        let (orders, order_pushes) = mpsc::channel(64);
        // No entry leaves while nobody would hear of it.
        let state = LinkState::Up;
        orders.try_send(Push::Link { feed: "alpaca.orders", state }).expect("there is room");
        let streams = Streams { orders: order_pushes, market: inlet.clone() };
        let gateway = gateway(server, clock.clone(), gate, entry);
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
    pub(crate) async fn take_orders(&mut self, count: usize) {
        for number in 0..count {
            self.clock.advance(SignedDuration::from_millis(20));
            while !self.take_order(number).await {}
        }
        // What the house makes of their acceptance is over before anything is measured.
        let alert = Alert { severity: Severity::Info, text: "the orders are taken".into() };
        let event = SystemEvent::Alert(alert);
        let settled = self.door.send_and_settle(self.clock.now(), AgentId::Spine, event).await;
        settled.expect("the house lives");
    }

    /// Lets the broker take one order. False when the gateway holds it back: it has not
    /// read the broker yet.
    async fn take_order(&mut self, number: usize) -> bool {
        let request = Request::Submit(Box::new(submit(number)));
        self.requests.try_send(request).expect("the gateway lives");
        let accepted = tokio::time::timeout(Duration::from_millis(500), self.accepted.recv());
        accepted.await.is_ok_and(|accepted| accepted.is_some())
    }

    /// Market data understood so far, as of the stream's last look.
    pub(crate) fn understood(&self) -> u64 {
        self.status.borrow().counts.understood
    }

    /// Cancels orders one after the other, by port and door in turn; returns how long
    /// each way took to the wire.
    pub(crate) async fn cancel(
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

    pub(crate) async fn close(self) {
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
    gate: Gate,
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
    Gateway::new(Arc::new(broker), None, gate, clock, config, entry)
}
