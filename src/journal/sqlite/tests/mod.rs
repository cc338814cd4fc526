//! A small story of a trade, and what every test of the store needs.

mod damage;
mod keeping;
mod projected;
mod refusals;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::domain::ids::{AgentId, ClientOrderId, ExecutionId, Seq, Symbol, TradeId};
use crate::domain::market::Quote;
use crate::domain::money::{Money, Price, Qty};
use crate::domain::order::{Fill, OrderKind, OrderPurpose, Side};
use crate::domain::position::Direction;
use crate::domain::time::Timestamp;
use crate::events::{
    Envelope, Event, MarketEvent, OrderEvent, OrderFilled, OrderStateChanged, PositionClosed,
    PositionEvent, PositionOpened, SignalEvent, StrategyMetrics, TradeEvent, TradeLogged,
    TradeStateChanged, VenueEvent, VenueFilled, wire,
};
use crate::fsm::trade::ExitReason;
use crate::journal::{Journal, SqliteJournal, StoreIdentity};

const START: Timestamp = Timestamp::from_seconds(1_761_661_800);

fn identity() -> StoreIdentity {
    StoreIdentity {
        mode: "sim".into(),
        account: "main".into(),
        opening_cash: Money::from_dollars(100_000),
        seed: 7,
    }
}

/// A journal in a folder of its own that goes away with the test.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("sim").join("main.db")
    }

    /// Opens the journal, or a copy of an empty one: making the tables waits for
    /// the disk, and that is tested once.
    fn open(&self) -> SqliteJournal {
        static EMPTY: OnceLock<Vec<u8>> = OnceLock::new();
        let make = || {
            let place = Self::new();
            drop(SqliteJournal::open(&place.path(), &identity()).unwrap());
            std::fs::read(place.path()).unwrap()
        };
        if !self.path().exists() {
            self.put(EMPTY.get_or_init(make));
        }
        SqliteJournal::open(&self.path(), &identity()).unwrap().with_setting("synchronous", "OFF")
    }

    fn put(&self, file: &[u8]) {
        std::fs::create_dir_all(self.path().parent().unwrap()).unwrap();
        std::fs::write(self.path(), file).unwrap();
    }

    /// A journal with the events given, synced and closed.
    fn with(events: Vec<Event>) -> Self {
        let place = Self::new();
        let mut journal = place.open();
        append(&mut journal, &envelopes(1, events));
        journal.sync().unwrap();
        place
    }

    /// A journal with the story, synced and closed: a copy of one that is written
    /// once, because every sync waits for the disk.
    fn with_story() -> Self {
        static STORY: OnceLock<Vec<u8>> = OnceLock::new();
        let place = Self::new();
        place.put(STORY.get_or_init(|| std::fs::read(Self::with(story()).path()).unwrap()));
        place
    }

    /// The database without our locks and rules.
    fn raw(&self) -> rusqlite::Connection {
        raw(&self.path())
    }
}

fn raw(path: &Path) -> rusqlite::Connection {
    let raw = rusqlite::Connection::open(path).unwrap();
    raw.execute_batch(
        "PRAGMA synchronous = OFF; PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF; \
         DROP TRIGGER IF EXISTS events_keep_what_they_say; \
         DROP TRIGGER IF EXISTS events_keep_their_place",
    )
    .unwrap();
    raw
}

fn append(journal: &mut SqliteJournal, envelopes: &[Envelope]) {
    for envelope in envelopes {
        journal.append(envelope).unwrap();
    }
}

fn read_back(journal: &mut SqliteJournal, before: Seq) -> Vec<Envelope> {
    let mut read = Vec::new();
    journal.for_each(before, &mut |envelope| read.push(envelope.clone())).unwrap();
    read
}

fn envelopes(first: u64, events: Vec<Event>) -> Vec<Envelope> {
    let envelope = |(seq, event)| Envelope {
        seq: Seq(seq),
        at: START.plus(jiff::SignedDuration::from_millis(i64::try_from(seq).unwrap())),
        cause: (seq > 1).then(|| Seq(seq - 1)),
        root: Seq(first),
        source: AgentId::OrderExecution,
        event,
    };
    (first..).zip(events).map(envelope).collect()
}

fn line(envelope: &Envelope) -> String {
    let mut line = Vec::new();
    wire::write(envelope, &mut line);
    String::from_utf8(line).unwrap()
}

fn symbol() -> Symbol {
    Symbol::new("AAPL").unwrap()
}

fn shares(count: u64) -> Qty {
    Qty::shares(count).unwrap()
}

fn dollars(text: &str) -> Price {
    text.parse().unwrap()
}

fn quote() -> Event {
    let (bid, ask) = ((dollars("228.70"), 300), (dollars("228.72"), 500));
    MarketEvent::Quote(Quote::new(symbol(), bid, ask, START).unwrap()).into()
}

fn trade_moved(from: &str, to: &str) -> Event {
    let (trade_id, symbol) = (TradeId::new("T-1"), symbol());
    let change =
        TradeStateChanged { trade_id, symbol, from: from.into(), to: to.into(), reason: None };
    TradeEvent::StateChanged(change).into()
}

fn order_moved(order: &str, side: Side, from: &str, to: &str, filled: u64) -> Event {
    OrderEvent::StateChanged(OrderStateChanged {
        client_order_id: ClientOrderId::new(order),
        trade_id: Some(TradeId::new("T-1")),
        purpose: OrderPurpose::Entry,
        symbol: symbol(),
        side,
        from: from.into(),
        to: to.into(),
        filled: shares(filled),
        qty: shares(100),
        average_price: None,
    })
    .into()
}

fn fill(
    order: &str,
    execution: &str,
    side: Side,
    (qty, cumulative): (u64, u64),
    price: &str,
) -> Fill {
    Fill {
        execution_id: ExecutionId::new(execution),
        client_order_id: ClientOrderId::new(order),
        symbol: symbol(),
        side,
        qty: shares(qty),
        price: dollars(price),
        cumulative: shares(cumulative),
        at: START,
    }
}

fn venue_filled(fill: &Fill) -> Event {
    VenueEvent::Filled(VenueFilled { fill: fill.clone(), fee: Money::from_cents(3) }).into()
}

fn order_filled(fill: &Fill) -> Event {
    OrderEvent::Filled(OrderFilled {
        kind: OrderKind::Market,
        fee: Money::from_cents(3),
        average_price: fill.price,
        fill: fill.clone(),
        trade_id: Some(TradeId::new("T-1")),
        purpose: OrderPurpose::Entry,
        ordered: shares(100),
    })
    .into()
}

fn opened() -> Event {
    PositionEvent::Opened(PositionOpened {
        trade_id: TradeId::new("T-1"),
        symbol: symbol(),
        direction: Direction::Long,
        quantity: shares(100),
        entry_price: dollars("228.71"),
        stop_price: dollars("224.14"),
        target_price: dollars("242.43"),
    })
    .into()
}

fn closed() -> Event {
    PositionEvent::Closed(PositionClosed {
        trade_id: TradeId::new("T-1"),
        symbol: symbol(),
        direction: Direction::Long,
        quantity: shares(100),
        entry_time: START,
        entry_price: dollars("228.71"),
        exit_price: dollars("242.43"),
        pnl: Money::from_dollars(1_372),
        r_multiple: Some("3.0022".parse().unwrap()),
        reason: ExitReason::TargetHit,
    })
    .into()
}

fn logged() -> Event {
    SignalEvent::TradeLogged(TradeLogged {
        trade_id: TradeId::new("T-1"),
        symbol: symbol(),
        direction: Direction::Long,
        quantity: shares(100),
        entry_time: START,
        entry_price: dollars("228.71"),
        exit_time: START.plus(jiff::SignedDuration::from_hours(1)),
        exit_price: dollars("242.43"),
        pnl: Money::from_dollars(1_372),
        r_multiple: Some("3.0022".parse().unwrap()),
        reason: ExitReason::TargetHit,
        strategy: "trend_following_3_to_1".into(),
        members: vec!["TrendFollowing".into()],
        metrics: StrategyMetrics::default(),
    })
    .into()
}

/// A trade from its entry, in two executions, to its target, with quotes between.
fn story() -> Vec<Event> {
    let first = fill("o-1", "x-1", Side::Buy, (40, 40), "228.71");
    let second = fill("o-1", "x-2", Side::Buy, (60, 100), "228.71");
    let exit = fill("o-2", "x-3", Side::Sell, (100, 100), "242.43");
    let mut events = vec![
        quote(),
        trade_moved("SCANNING", "ENTRY_SUBMITTED"),
        order_moved("o-1", Side::Buy, "DRAFT", "SUBMITTED", 0),
        quote(),
        venue_filled(&first),
        order_moved("o-1", Side::Buy, "ACCEPTED", "PARTIALLY_FILLED", 40),
        order_filled(&first),
        venue_filled(&second),
        order_moved("o-1", Side::Buy, "PARTIALLY_FILLED", "FILLED", 100),
        order_filled(&second),
        opened(),
        trade_moved("ENTRY_SUBMITTED", "POSITION_ACTIVE"),
        quote(),
    ];
    events.extend([
        order_moved("o-2", Side::Sell, "ACCEPTED", "FILLED", 100),
        venue_filled(&exit),
        order_filled(&exit),
        closed(),
        trade_moved("POSITION_ACTIVE", "CLOSED"),
        logged(),
        quote(),
    ]);
    events
}
