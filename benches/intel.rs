//! The assembly line of mail beside the same work done one after the other.
//!
//! First with the stage costs of the specification (100, 200, 300, 100 ms) in paused
//! time, then with real mails of 4 kB against 200 meetings, in turn, best of three.
//! Run with `cargo bench --bench intel`.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement prints its figures")]

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flightdeck::bus::clock::{Clock, SystemClock};
use flightdeck::sources::intel::ingest::{Report, Request, ingest};
use flightdeck::sources::intel::line::{Stage, Steps, Workers, run, run_sequentially};
use flightdeck::sources::intel::store::Store;
use futures_util::future::BoxFuture;
use futures_util::stream::{StreamExt, iter};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// Stages that cost time and nothing else.
struct Simulated;

impl Steps for Simulated {
    type Job = usize;

    fn step(self: Arc<Self>, stage: Stage, job: usize) -> BoxFuture<'static, usize> {
        let cost = match stage {
            Stage::Parse | Stage::Store => 100,
            Stage::Extract => 200,
            Stage::Correlate => 300,
        };
        Box::pin(async move {
            sleep(Duration::from_millis(cost)).await;
            job
        })
    }
}

const SIMULATED: usize = 200;
const MAILS: usize = 4_000;
const MEETINGS: usize = 200;
const ROUNDS: usize = 3;

/// Mean milliseconds between the first mail's end and the last one's.
fn simulated(is_sequential: bool) -> f64 {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let ends = Arc::new(Mutex::new(Vec::new()));
    runtime.block_on(async {
        let source = iter(0..SIMULATED).boxed();
        let seen = Arc::clone(&ends);
        let done = move |_| seen.lock().unwrap().push(Instant::now());
        if is_sequential {
            run_sequentially(Arc::new(Simulated), source, done).await;
        } else {
            run(Arc::new(Simulated), source, Workers::default(), done).await.unwrap();
        }
    });
    let ends = ends.lock().unwrap();
    let spent = *ends.last().unwrap() - *ends.first().unwrap();
    spent.as_secs_f64() * 1_000.0 / f64::from(u32::try_from(SIMULATED - 1).unwrap())
}

const WORDS: &[&str] = &[
    "margin",
    "guidance",
    "inventory",
    "buyback",
    "lawsuit",
    "quarter",
    "Friday",
    "Apple",
    "$MSFT",
    "revenue",
    "growth",
    "$2.5M",
    "client",
    "meeting",
    "sell",
    "position",
    "risk",
    "bonds",
    "rates",
    "the",
    "of",
    "and",
    "we",
    "about",
    "Bo Chen",
    "worry",
    "report",
    "cloud",
    "chips",
    "12%",
];

/// Text of words drawn by a fixed rule.
fn words(seed: usize, bytes: usize) -> String {
    let mut text = String::new();
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    while text.len() < bytes {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push_str(WORDS[(state >> 33) % WORDS.len()]);
        text.push(if (state >> 40).is_multiple_of(9) { '\n' } else { ' ' });
    }
    text
}

fn mailbox(folder: &Path) {
    let mut text = String::new();
    for n in 0..MAILS {
        write!(
            text,
            "From x Mon Nov 23 10:00:00 2026\nFrom: Person {0} <p{0}@x.com>\nTo: desk@y.com\n\
             Date: Mon, 23 Nov 2026 10:00:00 -0500\nMessage-ID: <{n}@x>\nSubject: note {n}\n\n{1}\n\n",
            n % 50,
            words(n, 3_800)
        )
        .unwrap();
    }
    fs::write(folder.join("box"), text).unwrap();
    fs::create_dir(folder.join("meetings")).unwrap();
    for n in 0..MEETINGS {
        let mut text = String::from("Date: 2026-11-20T14:00:00Z\n");
        for said in words(n, 4_000).lines() {
            writeln!(text, "Person {}: {said}", n % 50).unwrap();
        }
        fs::write(folder.join("meetings").join(format!("{n:03}.txt")), text).unwrap();
    }
}

fn real(folder: &Path, store: &Path, is_sequential: bool) -> Report {
    let request = Request {
        paths: vec![folder.join("box")],
        transcripts: Some(folder.join("meetings")),
        is_sequential,
        ..Request::default()
    };
    let store = Store::open(store).unwrap();
    let now = Arc::new(|| SystemClock.now());
    let run = ingest(request, store, now, CancellationToken::new(), |_| ());
    Runtime::new().unwrap().block_on(run).unwrap()
}

fn main() {
    let (sequential, line) = (simulated(true), simulated(false));
    println!(
        "simulated: {line:.1} ms per mail on the line, {sequential:.1} ms one after the other: {:.2}x",
        sequential / line
    );
    let folder = tempfile::tempdir().unwrap();
    mailbox(folder.path());
    let mut best = [u64::MAX; 2];
    for round in 0..ROUNDS {
        for (at, is_sequential) in [(0, true), (1, false)] {
            let store = folder.path().join(format!("store-{round}-{at}"));
            let report = real(folder.path(), &store, is_sequential);
            assert_eq!(report.stored, u64::try_from(MAILS).unwrap());
            best[at] = best[at].min(report.spent_ms);
            println!("{} {report:?}", if is_sequential { "sequential" } else { "line" });
        }
    }
    let [sequential, line] = best.map(|ms| f64::from(u32::try_from(ms).unwrap()));
    let mails = f64::from(u32::try_from(MAILS).unwrap());
    println!(
        "real: {:.0} mails/s on the line, {:.0} one after the other: {:.2}x",
        mails * 1_000.0 / line,
        mails * 1_000.0 / sequential,
        sequential / line
    );
}
