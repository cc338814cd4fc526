//! The bus over a real Redis server: what goes out, what comes in, what happens when
//! the server goes away.

mod carrying;
mod commanding;
pub(crate) mod house;
mod outages;
mod program;
mod seats;
mod slow;
mod standby;

mod votes;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flightdeck::bus::Tap;
use flightdeck::bus::clock::{Clock, SystemClock};
use flightdeck::bus::redis::guard::{Counts, Refused};
use flightdeck::bus::redis::link::LinkSetup;
use flightdeck::bus::redis::signed::Draft;
use flightdeck::bus::redis::{Command, Endpoint, House, Key, Keys, Link, Mirror, Trust};
use flightdeck::domain::ids::{ClientOrderId, Seq};
use flightdeck::domain::money::Money;
use flightdeck::domain::time::Timestamp;
use flightdeck::events::{Envelope, Event, OrderCancel, OrderEvent, SystemEvent, wire};
use flightdeck::journal::{Journal, SqliteJournal, StoreIdentity};
use futures_util::future::BoxFuture;
use jiff::SignedDuration;
use serde_json::value::RawValue;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::support::examples;
use crate::support::redis::{PATIENCE, Server};

/// The instance of the tests.
const INSTANCE: &str = "test";

/// A house that only writes down what it is told.
#[derive(Default)]
struct Desk {
    is_held: AtomicBool,
    said: Mutex<Vec<SystemEvent>>,
    obeyed: Mutex<Vec<String>>,
    changed: Notify,
}

impl House for Desk {
    fn hold(&self, is_held: bool) {
        self.is_held.store(is_held, Ordering::SeqCst);
        self.changed.notify_waiters();
    }

    fn say(&self, event: SystemEvent) -> BoxFuture<'static, ()> {
        self.said.lock().unwrap().push(event);
        Box::pin(std::future::ready(()))
    }

    fn command(&self, command: Command) -> BoxFuture<'static, Result<Box<RawValue>, Refused>> {
        self.obeyed.lock().unwrap().push(command.topic.to_owned());
        let done = RawValue::from_string(r#"{"ok":true}"#.to_owned()).unwrap();
        Box::pin(std::future::ready(Ok(done)))
    }
}

impl Desk {
    /// Waits until entries are held, or not; returns how long that took.
    async fn until_held(&self, is_held: bool) -> Duration {
        let began = flightdeck::bus::clock::Stopwatch::start();
        let changed = async {
            loop {
                let changed = self.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if self.is_held.load(Ordering::SeqCst) == is_held {
                    return;
                }
                changed.await;
            }
        };
        let is_in_time = tokio::time::timeout(PATIENCE, changed).await.is_ok();
        assert!(is_in_time, "held is to be {is_held}: {:?}", self.said());
        began.elapsed()
    }

    fn said(&self) -> Vec<SystemEvent> {
        self.said.lock().unwrap().clone()
    }

    /// The names of what was said.
    fn names(&self) -> Vec<&'static str> {
        self.said().iter().map(SystemEvent::name).collect()
    }

    fn obeyed(&self) -> Vec<String> {
        self.obeyed.lock().unwrap().clone()
    }
}

/// A bus between a test and a server.
struct Bus {
    mirror: Mirror,
    journal: SqliteJournal,
    desk: Arc<Desk>,
    counts: Arc<Counts>,
    running: JoinHandle<()>,
    seq: u64,
    _folder: tempfile::TempDir,
}

impl Bus {
    /// Runs on a server as the house does, with the key of `desk-1`.
    fn on(server: &Server) -> Self {
        Self::at(server.endpoint(), Trust::Acl)
    }

    fn at(endpoint: Endpoint, trust: Trust) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path: PathBuf = folder.path().join("journal.sqlite");
        let identity = StoreIdentity {
            mode: "sim".into(),
            account: "SIM".into(),
            opening_cash: Money::from_dollars(100_000),
            seed: 1,
        };
        let journal = SqliteJournal::open(&path, &identity).unwrap();
        let setup = LinkSetup {
            endpoint,
            instance: INSTANCE.into(),
            stream_maxlen: 100_000,
            trust,
            keys: Keys::default().with("desk-1", key()),
            journal: path,
            seed: 7,
        };
        let (link, mirror) = Link::new(setup, Arc::new(SystemClock));
        let desk = Arc::new(Desk::default());
        let counts = link.counts();
        let running = tokio::spawn(link.run(desk.clone()));
        Self { mirror, journal, desk, counts, running, seq: 0, _folder: folder }
    }

    /// The next event happens: journalled, then mirrored.
    fn happens(&mut self, event: impl Into<Event>) -> Envelope {
        self.seq += 1;
        let mut envelope = examples::envelope(event.into());
        envelope.seq = Seq(self.seq);
        envelope.root = Seq(self.seq);
        envelope.cause = None;
        self.journal.append(&envelope).unwrap();
        self.mirror.see(&envelope);
        envelope
    }

    /// So many events of the order path happen.
    fn cancels(&mut self, number: u64) -> Vec<u64> {
        (0..number).map(|_| self.happens(cancel()).seq.0).collect()
    }

    /// Ends as a house does.
    async fn end(self) {
        drop(self.mirror);
        tokio::time::timeout(PATIENCE, self.running).await.unwrap().unwrap();
    }
}

/// An event of the order path.
fn cancel() -> Event {
    OrderEvent::Cancel(OrderCancel {
        client_order_id: ClientOrderId::new("20251028-1"),
        reason: "a test asked".into(),
        ..example_cancel()
    })
    .into()
}

/// The worked example of a cancel.
fn example_cancel() -> OrderCancel {
    let mut all = examples::all().into_iter();
    let example = all.find_map(|event| {
        let Event::Order(OrderEvent::Cancel(cancel)) = event else { return None };
        Some(cancel)
    });
    example.unwrap()
}

/// The line of an event.
fn line(envelope: &Envelope) -> String {
    let mut line = Vec::new();
    wire::write(envelope, &mut line);
    String::from_utf8(line).unwrap()
}

/// The key of `desk-1`.
fn key() -> Key {
    Key::new(&[7; 32]).unwrap()
}

/// A command of `desk-1`, signed now.
fn signed(topic: &str, seq: u64, body: &str) -> String {
    signed_by(&key(), topic, seq, body, SystemClock.now())
}

fn signed_by(key: &Key, topic: &str, seq: u64, body: &str, issued_at: Timestamp) -> String {
    let body = RawValue::from_string(body.to_owned()).unwrap();
    let draft = Draft {
        topic,
        sender: "desk-1",
        session: "s1",
        seq,
        issued_at,
        expires_at: issued_at.plus(SignedDuration::from_secs(2)),
        nonce: &format!("n-{seq}"),
        body: &body,
    };
    draft.sign(key)
}
