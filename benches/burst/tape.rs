//! The market data server: a raw WebSocket on a thread of its own, and the frames that
//! it pushes.
//!
//! It confirms whatever is asked for. It knows no house; the frames have the times of
//! the house's clock.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use flightdeck::brokers::alpaca::stream::Encoding;
use flightdeck::bus::clock::Stopwatch;
use flightdeck::domain::time::Timestamp;
use futures_util::{SinkExt, StreamExt};
use jiff::SignedDuration;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Serialize, Serializer};
use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::Message;

use crate::house::PACE;

/// Messages a second of a burst.
pub(crate) const RATE: usize = 100_000;
/// Messages in a frame.
const PER_FRAME: usize = 20;
/// Stocks.
pub(crate) const SYMBOLS: usize = 50;

/// The name of a stock by its number.
pub(crate) fn symbol(number: usize) -> String {
    format!("S{number:02}")
}

/// What is to be pushed, and whom to tell how many seconds it took.
type Order = (Vec<Message>, oneshot::Sender<f64>);

/// The market data server, on a thread of its own.
pub(crate) struct Tape(mpsc::UnboundedSender<Order>);

impl Tape {
    pub(crate) fn open() -> (Self, SocketAddr) {
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
    pub(crate) fn play(&self, frames: Vec<Message>) -> oneshot::Receiver<f64> {
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
pub(crate) fn frames(
    encoding: Encoding,
    begins: Timestamp,
    count: usize,
    seed: u64,
) -> Vec<Message> {
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
