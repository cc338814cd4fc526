//! A raw broker on loopback for the benches of the wire: blocking threads that note
//! when the last byte of a request has come, and figures of what was noted.
//!
//! It knows enough of Alpaca's protocol for a gateway to be content, and its threads
//! end with the process.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use flightdeck::bus::clock::Stopwatch;
use flightdeck::domain::ids::{ClientOrderId, Symbol};
use flightdeck::domain::money::Qty;
use flightdeck::domain::order::{OrderClass, OrderKind, OrderRequest, Side, TimeInForce};
use flightdeck::events::OrderSubmit;
use serde_json::Value;

/// What our names of orders begin with; the rest is a number.
const NAME: &str = "bench-";

/// The name of an order by its number.
pub(crate) fn name_of(number: usize) -> ClientOrderId {
    ClientOrderId::new(format!("{NAME}{number:08}"))
}

/// An entry as risk permits it: a permission is minted by risk alone, and read back
/// from what a journal holds.
pub(crate) fn submit(number: usize) -> OrderSubmit {
    let limit = "175.50".parse().expect("a legal price");
    let request = OrderRequest {
        client_order_id: name_of(number),
        symbol: Symbol::new("S00").expect("a legal symbol"),
        side: Side::Buy,
        qty: Qty::shares(5).expect("in range"),
        kind: OrderKind::Limit { limit },
        time_in_force: TimeInForce::Day,
        class: OrderClass::Simple,
        extended_hours: false,
    };
    let request = serde_json::to_string(&request).expect("an order can be written");
    let json =
        format!(r#"{{"order":{{"request":{request},"purpose":"entry","trade_id":"trade-1"}}}}"#);
    serde_json::from_str(&json).expect("an order as journals hold it")
}

/// A request that has come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    /// When its last byte was read, nanoseconds of the stopwatch.
    pub(crate) nanos: u64,
    /// How long it was, head and body.
    pub(crate) bytes: u64,
}

/// A broker without an exchange.
pub(crate) struct RawServer {
    base: String,
    shared: Arc<Shared>,
}

struct Shared {
    watch: Stopwatch,
    slots: Box<[Slot]>,
}

#[derive(Default)]
struct Slot {
    nanos: AtomicU64,
    bytes: AtomicU64,
}

impl RawServer {
    /// Listens; remembers the last order or cancel of so many numbers.
    pub(crate) fn open(orders: usize, watch: Stopwatch) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback can be listened on");
        let base = format!("http://{}", listener.local_addr().expect("it is bound"));
        let slots = (0..orders).map(|_| Slot::default()).collect();
        let shared = Arc::new(Shared { watch, slots });
        let served = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                stream.set_nodelay(true).expect("a TCP socket");
                let shared = served.clone();
                thread::spawn(move || serve(stream, &shared));
            }
        });
        Self { base, shared }
    }

    /// Where it listens.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The last order or cancel of a number, once there was one.
    pub(crate) fn arrival(&self, number: usize) -> Option<Arrival> {
        let slot = self.shared.slots.get(number)?;
        let nanos = slot.nanos.load(Ordering::Acquire);
        (nanos > 0).then(|| Arrival { nanos, bytes: slot.bytes.load(Ordering::Relaxed) })
    }
}

/// Nanoseconds of a stopwatch.
pub(crate) fn nanos(watch: Stopwatch) -> u64 {
    u64::try_from(watch.elapsed().as_nanos()).expect("less than five hundred years")
}

/// Answers one connection until it ends.
fn serve(mut stream: TcpStream, shared: &Shared) {
    let mut waiting = Vec::new();
    let mut chunk = [0; 16 * 1024];
    loop {
        let Ok(count @ 1..) = stream.read(&mut chunk) else { return };
        let nanos = nanos(shared.watch);
        waiting.extend_from_slice(&chunk[..count]);
        while let Some((head, length)) = whole_request(&waiting) {
            let (head, body) = (&waiting[..head], &waiting[head..length]);
            let head = std::str::from_utf8(head).expect("heads are ASCII");
            let (number, answer) = answered(head, body);
            if let Some(slot) = number.and_then(|number| shared.slots.get(number)) {
                slot.bytes.store(u64::try_from(length).expect("short"), Ordering::Relaxed);
                slot.nanos.store(nanos, Ordering::Release);
            }
            waiting.drain(..length);
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }
}

/// Lengths of the head and of the whole of a request that is complete.
fn whole_request(bytes: &[u8]) -> Option<(usize, usize)> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..head]).expect("heads are ASCII");
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse::<usize>().expect("a number"))
    });
    let whole = head + length.unwrap_or(0);
    (bytes.len() >= whole).then_some((head, whole))
}

/// Which order a change is about, and what to answer.
fn answered(head: &str, body: &[u8]) -> (Option<usize>, String) {
    let mut words = head.split(' ');
    let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let path = target.split('?').next().unwrap_or("");
    let order = path.strip_prefix("/v2/orders/").map(|id| {
        let number = id.rsplit('-').next().and_then(|digits| digits.parse().ok());
        number.expect("our own id")
    });
    match (method, path, order) {
        ("POST", "/v2/orders", _) => {
            let asked: Value = serde_json::from_slice(body).expect("a body of ours");
            let name = asked["client_order_id"].as_str().expect("every order has a name");
            let number = name.strip_prefix(NAME).and_then(|digits| digits.parse().ok());
            let text = |key: &str| asked[key].as_str().unwrap_or("").to_owned();
            let order = order_json(number.unwrap_or(0), name, "new", text);
            (number, answer("200 OK", &order))
        }
        ("DELETE", _, Some(number)) => (Some(number), "HTTP/1.1 204 No Content\r\n\r\n".into()),
        ("GET", _, Some(number)) => {
            let text = |key: &str| if key == "side" { "buy" } else { "1" }.to_owned();
            let name = name_of(number);
            (None, answer("200 OK", &order_json(number, name.as_str(), "canceled", text)))
        }
        ("GET", "/v2/account", _) => (None, answer("200 OK", ACCOUNT)),
        _ => (None, answer("200 OK", "[]")),
    }
}

const ACCOUNT: &str = r#"{"id":"b","status":"ACTIVE","cash":"100000","equity":"100000","buying_power":"200000","shorting_enabled":true}"#;

fn answer(status: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

/// An order object of the usual length.
fn order_json(number: usize, name: &str, status: &str, text: impl Fn(&str) -> String) -> String {
    let symbol = Some(text("symbol")).filter(|text| text.len() > 1).unwrap_or("S00".into());
    let (side, qty) = (text("side"), text("qty"));
    let at = "2025-10-28T14:30:00.000000Z";
    format!(
        r#"{{"id":"00000000-0000-4000-8000-{number:012}","client_order_id":"{name}","created_at":"{at}","updated_at":"{at}","submitted_at":"{at}","filled_at":null,"expired_at":null,"canceled_at":null,"failed_at":null,"replaced_at":null,"replaced_by":null,"replaces":null,"asset_id":"00000000-0000-4000-8000-000000000001","symbol":"{symbol}","asset_class":"us_equity","notional":null,"qty":"{qty}","filled_qty":"0","filled_avg_price":null,"order_class":"simple","order_type":"limit","type":"limit","side":"{side}","time_in_force":"day","limit_price":"1","stop_price":null,"status":"{status}","extended_hours":false,"legs":null,"trail_percent":null,"trail_price":null,"hwm":null,"subtag":null,"source":null}}"#
    )
}

/// Median and ninety-ninth percentile of some nanoseconds, in microseconds.
pub(crate) fn percentiles(mut nanos: Vec<u64>) -> [f64; 2] {
    nanos.sort_unstable();
    [50, 99].map(|percent| {
        let at = (nanos.len() * percent / 100).min(nanos.len().saturating_sub(1));
        let nanos = nanos.get(at).copied().unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "less than a day")]
        let micros = nanos as f64 / 1e3;
        micros
    })
}
