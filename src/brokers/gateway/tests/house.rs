//! A gateway at work: its broker, what it is asked, and what it has said.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::brokers::gateway::tests::fake::{Books, Does, Fake, price};
use crate::brokers::gateway::{
    Closed, Entrance, Gate, Gateway, GatewayConfig, MarketInlet, Port, Request, Streams,
};
use crate::brokers::{BrokerOrder, Execution, OrderNews, OrderUpdate, Push};
use crate::bus::clock::{Clock, Stopwatch};
use crate::domain::ids::{AgentId, ClientOrderId, ExecutionId, Symbol};
use crate::domain::money::Qty;
use crate::domain::order::{
    OrderClass, OrderKind, OrderPurpose, OrderRequest, Side, StopLeg, TimeInForce,
};
use crate::domain::time::Timestamp;
use crate::events::{Event, OrderCancel, OrderModify, OrderSubmit};
use crate::fsm::link::LinkState;

/// House time that follows the paused time of the runtime.
pub(super) struct PausedClock(Stopwatch);

pub(super) const START: Timestamp = Timestamp::from_seconds(1_761_661_800);

impl Clock for PausedClock {
    fn now(&self) -> Timestamp {
        START.plus(SignedDuration::try_from(self.0.elapsed()).unwrap())
    }
}

/// Keeps what is offered; while `is_full`, nobody comes in.
#[derive(Clone, Default)]
pub(super) struct Door {
    seen: Arc<Mutex<Vec<(Timestamp, Event)>>>,
    full: Gate,
    opened: Arc<tokio::sync::Notify>,
}

impl Entrance for Door {
    async fn offer(&self, at: Timestamp, _source: AgentId, event: Event) -> Result<(), Closed> {
        while self.full.is_closed() {
            self.opened.notified().await;
        }
        self.seen.lock().unwrap().push((at, event));
        Ok(())
    }
}

pub(super) struct House {
    pub(super) gate: Gate,
    pub(super) requests: mpsc::Sender<Request>,
    pub(super) orders: mpsc::Sender<Push>,
    pub(super) market: Arc<MarketInlet>,
    pub(super) clock: Arc<dyn Clock>,
    books: Arc<Mutex<Books>>,
    door: Door,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// How the broker in front is.
pub(super) struct Setup {
    pub(super) deduplicates: bool,
    pub(super) has_backup: bool,
    pub(super) config: GatewayConfig,
}

impl Default for Setup {
    fn default() -> Self {
        let config = GatewayConfig { last_seen: START, seed: 7, ..GatewayConfig::default() };
        Self { deduplicates: true, has_backup: false, config }
    }
}

impl House {
    /// A gateway whose first comparison is over.
    pub(super) async fn open() -> Self {
        let house = Self::with(Setup::default());
        house.wait(1).await;
        house
    }

    pub(super) fn with(setup: Setup) -> Self {
        Self::on(setup, Arc::default())
    }

    pub(super) fn on(setup: Setup, books: Arc<Mutex<Books>>) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(PausedClock(Stopwatch::start()));
        let gate = Gate::default();
        let fake = |prefix| {
            Arc::new(Fake {
                books: books.clone(),
                deduplicates: setup.deduplicates,
                prefix,
                clock: clock.clone(),
                gate: gate.clone(),
            })
        };
        let door = Door::default();
        let backup = setup.has_backup.then(|| fake("backup_"));
        let gateway =
            Gateway::new(fake(""), backup, gate.clone(), clock.clone(), setup.config, door.clone());
        let (requests, asked) = Port::queue();
        let (orders, order_pushes) = mpsc::channel(64);
        let market = Arc::new(MarketInlet::default());
        let state = LinkState::Up;
        orders.try_send(Push::Link { feed: "fake.orders", state }).expect("there is room");
        let stop = CancellationToken::new();
        let streams = Streams { orders: order_pushes, market: market.clone() };
        let task = tokio::spawn(gateway.run(asked, streams, stop.clone()));
        Self { gate, requests, orders, market, clock, books, door, stop, task }
    }

    pub(super) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }

    /// Scripts the next calls of a verb.
    pub(super) fn script(&self, verb: &'static str, does: &[Does]) -> &Self {
        self.books().script.entry(verb).or_default().extend(does.iter().copied());
        self
    }

    /// Lets paused time pass.
    pub(super) async fn wait(&self, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    pub(super) fn ask(&self, request: Request) -> &Self {
        self.requests.try_send(request).expect("the gateway lives");
        self
    }

    pub(super) fn submit(&self, id: &str, purpose: OrderPurpose) -> &Self {
        self.ask(Request::Submit(Box::new(submit(request(id, purpose), purpose))))
    }

    pub(super) fn cancel(&self, id: &str) -> &Self {
        self.ask(Request::Cancel(OrderCancel {
            client_order_id: ClientOrderId::new(id),
            trade_id: None,
            reason: "a test".into(),
        }))
    }

    pub(super) fn modify(&self, id: &str, new: &str, stop: &str) -> &Self {
        self.ask(Request::Modify(OrderModify {
            client_order_id: ClientOrderId::new(id),
            new_client_order_id: ClientOrderId::new(new),
            trade_id: None,
            qty: Qty::shares(5).unwrap(),
            limit: None,
            stop: Some(price(stop)),
        }))
    }

    /// The order stream tells news of an order as it is now.
    pub(super) async fn push(&self, news: OrderNews, order: BrokerOrder) {
        let update = OrderUpdate { news, order, at: self.clock.now() };
        self.orders.send(Push::Order(Box::new(update))).await.expect("the gateway lives");
        self.settle().await;
    }

    /// Lets everything run that needs no time.
    pub(super) async fn settle(&self) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    /// Makes the door full, or lets everybody in.
    pub(super) fn block(&self, is_full: bool) {
        if is_full {
            self.door.full.close();
        } else {
            self.door.full.open();
            self.door.opened.notify_waiters();
        }
    }

    pub(super) fn events(&self) -> Vec<Event> {
        self.door.seen.lock().unwrap().iter().map(|(_, event)| event.clone()).collect()
    }

    /// The names of everything said that begin so, in order.
    pub(super) fn said(&self, prefix: &str) -> Vec<String> {
        let named = |event: &Event| event.name().starts_with(prefix).then(|| event.name());
        self.events().iter().filter_map(named).map(str::to_owned).collect()
    }

    pub(super) fn count(&self, name: &str) -> usize {
        self.events().iter().filter(|event| event.name() == name).count()
    }

    /// Ends the gateway and waits for it; returns what the broker has.
    pub(super) async fn close(self) -> Arc<Mutex<Books>> {
        self.stop.cancel();
        self.task.await.expect("the gateway ends well");
        self.books
    }
}

/// An order: an entry buys, the rest sells; protection is an OCO.
pub(super) fn request(id: &str, purpose: OrderPurpose) -> OrderRequest {
    let (side, kind, class) = match purpose {
        OrderPurpose::Entry => {
            (Side::Buy, OrderKind::Limit { limit: price("175.50") }, OrderClass::Simple)
        }
        OrderPurpose::Exit => {
            (Side::Sell, OrderKind::Limit { limit: price("201.82") }, OrderClass::Simple)
        }
        OrderPurpose::Protection => (
            Side::Sell,
            OrderKind::Limit { limit: price("201.82") },
            OrderClass::Oco { stop: StopLeg { stop: price("166.72"), limit: None } },
        ),
    };
    OrderRequest {
        client_order_id: ClientOrderId::new(id),
        symbol: Symbol::new("AAPL").unwrap(),
        side,
        qty: Qty::shares(5).unwrap(),
        kind,
        time_in_force: TimeInForce::Day,
        class,
        extended_hours: false,
    }
}

/// A permission is minted by risk alone; from a journal it is read back.
pub(super) fn submit(request: OrderRequest, purpose: OrderPurpose) -> OrderSubmit {
    let request = serde_json::to_string(&request.checked().unwrap()).unwrap();
    let purpose = serde_json::to_string(&purpose).unwrap();
    let json =
        format!(r#"{{"order":{{"request":{request},"purpose":{purpose},"trade_id":"trade-1"}}}}"#);
    serde_json::from_str(&json).unwrap()
}

/// An execution of the newest shares of an order.
pub(super) fn executed(id: Option<&str>, qty: u64, at: &str) -> OrderNews {
    OrderNews::Executed(Execution {
        execution_id: id.map(ExecutionId::new),
        qty: Qty::shares(qty).unwrap(),
        price: price(at),
        at: START,
    })
}
