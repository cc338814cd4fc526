//! What it costs to make typed quotes of a frame, beside the bare decoder.
//!
//! The same bytes are read in turn by our decoder (exact prices, checked quotes,
//! nanosecond times) and by the bare library into a borrowed struct with binary
//! floats, which is the least that anybody does. Absolute figures follow the
//! machine's mood, so the figure to quote is the ratio of two that ran one after the
//! other.
//!
//! `cargo bench --bench feed_decode` prints it; without cargo's `--bench` each runs
//! once over few frames.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::fmt;
use std::hint::black_box;
use std::time::Instant;

use flightdeck::brokers::alpaca::stream::{DataMessage, Decoder};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Pairs of which the median is taken.
const PAIRS: usize = 9;
/// The goals: quotes a second on one core, and the part of the bare decoder's rate
/// (`performance.md`, goal 9).
const JSON_GOAL: f64 = 500_000.0;
const MSGPACK_GOAL: f64 = 1_000_000.0;
const RATIO_GOAL: f64 = 0.75;

fn main() {
    let is_measured = std::env::args().any(|argument| argument == "--bench");
    let quotes = if is_measured { 400_000 } else { 2_000 };
    println!("quotes a second, median of {PAIRS} pairs (least to most)");
    for per_frame in [1, 3, 20] {
        let frames = frames(quotes / per_frame, per_frame);
        let json: Vec<Vec<u8>> = frames
            .iter()
            .map(|frame| serde_json::to_vec(&Texts(frame)).expect("quotes can be written"))
            .collect();
        let packed: Vec<Vec<u8>> = frames
            .iter()
            .map(|frame| rmp_serde::to_vec_named(frame).expect("quotes can be written"))
            .collect();
        let rounds = if is_measured { PAIRS } else { 1 };
        println!("{per_frame} quote(s) a frame, JSON of {} bytes", json[0].len());
        report(rounds, per_frame, JSON_GOAL, || {
            (measure(&json, ours_json), measure(&json, bare_json))
        });
        println!("{per_frame} quote(s) a frame, MessagePack of {} bytes", packed[0].len());
        report(rounds, per_frame, MSGPACK_GOAL, || {
            (measure(&packed, ours_packed), measure(&packed, bare_packed))
        });
    }
}

/// Runs the pairs and prints rates and ratio.
fn report(rounds: usize, per_frame: usize, goal: f64, mut pair: impl FnMut() -> (f64, f64)) {
    let scale = f64::from(u32::try_from(per_frame).expect("a few"));
    let rounds: Vec<(f64, f64)> = (0..rounds).map(|_| pair()).collect();
    let ours = rounds.iter().map(|(ours, _)| ours * scale).collect();
    let bare = rounds.iter().map(|(_, bare)| bare * scale).collect();
    let ratio = rounds.iter().map(|(ours, bare)| ours / bare).collect();
    println!("  ours         {}   goal {goal}", summary(ours));
    println!("  bare         {}", summary(bare));
    println!("  ours ÷ bare  {}   goal {RATIO_GOAL}", summary(ratio));
}

fn summary(mut values: Vec<f64>) -> String {
    values.sort_by(f64::total_cmp);
    let median = values[values.len() / 2];
    let (least, most) = (values[0], values[values.len() - 1]);
    if median < 100.0 {
        format!("{median:10.2} ({least:.2} to {most:.2})")
    } else {
        format!("{median:10.0} ({least:.0} to {most:.0})")
    }
}

/// Reads all frames and returns frames a second.
#[expect(clippy::disallowed_methods, reason = "a bench measures wall time")]
fn measure(frames: &[Vec<u8>], read: fn(&[u8]) -> u64) -> f64 {
    let started = Instant::now();
    let total: u64 = frames.iter().map(|frame| read(black_box(frame))).sum();
    let spent = started.elapsed().as_secs_f64();
    assert!(black_box(total) > 0, "something was read");
    #[expect(clippy::cast_precision_loss, reason = "some hundred thousand")]
    let count = frames.len() as f64;
    count / spent
}

fn sizes(message: &DataMessage) -> u64 {
    if let DataMessage::Quote(quote) = message { quote.bid_size + quote.ask_size } else { 0 }
}

fn ours_json(frame: &[u8]) -> u64 {
    let mut total = 0;
    let read = Decoder::default().json(frame, |message| total += sizes(&message));
    read.expect("a whole frame");
    total
}

fn ours_packed(frame: &[u8]) -> u64 {
    let mut total = 0;
    let read = Decoder::default().msgpack(frame, |message| total += sizes(&message));
    read.expect("a whole frame");
    total
}

fn bare_json(frame: &[u8]) -> u64 {
    let quotes: Vec<Borrowed<'_, &str>> = serde_json::from_slice(frame).expect("a whole frame");
    quotes.iter().map(|quote| black_box(quote).bs + quote.ask_size).sum()
}

fn bare_packed(frame: &[u8]) -> u64 {
    let quotes: Vec<Borrowed<'_, Stamp>> = rmp_serde::from_slice(frame).expect("a whole frame");
    quotes.iter().map(|quote| black_box(quote).bs + quote.ask_size).sum()
}

/// A quote as the bare library reads it.
#[derive(Deserialize)]
#[expect(dead_code, reason = "read for the sake of reading")]
struct Borrowed<'a, T> {
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
    c: Vec<&'a str>,
    z: &'a str,
    t: T,
}

/// A quote as the venue writes it.
struct Quote {
    symbol: String,
    bid: f64,
    ask: f64,
    sizes: [u64; 2],
    nanos: u32,
}

/// 2026-10-05T13:45:05Z.
const SECONDS: u64 = 1_791_207_905;

#[derive(Serialize)]
struct Written<'a, T> {
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

impl Quote {
    fn written<T>(&self, t: T) -> Written<'_, T> {
        Written {
            kind: "q",
            symbol: &self.symbol,
            bx: "V",
            bp: self.bid,
            bs: self.sizes[0],
            ax: "V",
            ap: self.ask,
            ask_size: self.sizes[1],
            c: ["R"],
            z: "C",
            t,
        }
    }
}

/// The form with the extension for times.
impl Serialize for Quote {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.written(Stamp(u64::from(self.nanos) << 34 | SECONDS)).serialize(to)
    }
}

/// The form with times as text.
struct Texts<'a>(&'a [Quote]);

impl Serialize for Texts<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(
            self.0
                .iter()
                .map(|quote| quote.written(format!("2026-10-05T13:45:05.{:09}Z", quote.nanos))),
        )
    }
}

/// The timestamp extension of eight bytes, the way the library spells extensions.
struct Stamp(u64);

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let bytes = serde_bytes_of(self.0.to_be_bytes());
        to.serialize_newtype_struct(rmp_serde::MSGPACK_EXT_STRUCT_NAME, &(-1_i8, bytes))
    }
}

/// Bytes that serde knows as bytes.
fn serde_bytes_of(bytes: [u8; 8]) -> impl Serialize {
    struct Bytes([u8; 8]);
    impl Serialize for Bytes {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            to.serialize_bytes(&self.0)
        }
    }
    Bytes(bytes)
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_newtype_struct(rmp_serde::MSGPACK_EXT_STRUCT_NAME, StampVisitor)
    }
}

struct StampVisitor;

impl<'de> Visitor<'de> for StampVisitor {
    type Value = Stamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a timestamp")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, from: D) -> Result<Stamp, D::Error> {
        from.deserialize_tuple(2, self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Stamp, A::Error> {
        let _: i8 = parts.next_element()?.ok_or_else(|| A::Error::custom("no type"))?;
        let bytes: &'de [u8] = parts.next_element()?.ok_or_else(|| A::Error::custom("no time"))?;
        let bytes = bytes.try_into().map_err(|_| A::Error::custom("not eight bytes"))?;
        Ok(Stamp(u64::from_be_bytes(bytes)))
    }
}

/// Quotes of fifty symbols in cents, and now and then in finer steps.
fn frames(count: usize, per_frame: usize) -> Vec<Vec<Quote>> {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let mut quote = || {
        let symbol = format!("S{:02}", rng.random_range(0..50_u32));
        let (cents, spread) = (rng.random_range(500..90_000_i32), rng.random_range(1..40_i32));
        let fine = f64::from(rng.random_range(0..20_i32) / 19) * 0.0025;
        Quote {
            symbol,
            bid: f64::from(cents) / 100.0,
            ask: ((f64::from(cents + spread) / 100.0 + fine) * 1e4).round() / 1e4,
            sizes: [rng.random_range(1..2_000), rng.random_range(1..2_000)],
            nanos: rng.random_range(0..1_000_000_000),
        }
    };
    (0..count).map(|_| (0..per_frame).map(|_| quote()).collect()).collect()
}
