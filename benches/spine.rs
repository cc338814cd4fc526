//! What the one order of events costs, against the bare channels of the same
//! runtime.
//!
//! Both sides of a comparison run in turn, so that they meet the same mood of the
//! machine; the figure to quote is the ratio. The bare sides are a *chain* (a
//! message goes through five tasks and back before the next one leaves,
//! `performance.md` 2b) and tokio's *broadcast* from one sender to six receivers
//! (goal 7). The spine gives every message its number and waits for the answers
//! of all seats before the next; its seats do nothing and its journal keeps
//! nothing. *Settled* means that the sender, too, waits for that.
//!
//! `cargo bench --bench spine` prints them; without cargo's `--bench` every side
//! runs once over few messages.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::hint::black_box;
use std::sync::Arc;

use flightdeck::bus::clock::Stopwatch;
use flightdeck::bus::spine::Spine;
use flightdeck::bus::{Agent, Outbox, RosterSeat};
use flightdeck::domain::ids::{AgentId, Symbol};
use flightdeck::domain::market::{Bar, Interval};
use flightdeck::domain::time::Timestamp;
use flightdeck::events::{Envelope, MarketBars, MarketEvent, Topic, Topics};
use flightdeck::journal::Forgetful;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{broadcast, mpsc};
use tokio_util::task::TaskTracker;

/// Pairs of which the median is taken.
const PAIRS: usize = 7;
/// Messages that may wait in a bare channel, as many as at the spine's door.
const CAPACITY: usize = 1_024;
/// The goal of `performance.md`, 2 and 7: spine ÷ bare channels.
const GOAL: f64 = 0.6;

/// What is sent: the bars of one instant, shared.
type Bars = Arc<[Bar]>;
/// Sends so many messages and returns when all are through.
type Side = fn(&Runtime, u32, &Bars);

fn main() {
    let is_measured = std::env::args().any(|argument| argument == "--bench");
    let (pairs, messages) = if is_measured { (PAIRS, 200_000) } else { (1, 200) };
    println!("million messages a second, median of {pairs} pairs (least to most)");
    for threads in [1, 2] {
        let runtime = match threads {
            1 => Builder::new_current_thread().enable_time().build(),
            _ => Builder::new_multi_thread().worker_threads(threads).enable_time().build(),
        };
        let runtime = runtime.expect("a runtime starts");
        for (bars, bare_name, bare, spine_name, spine) in [
            (1, "chain of 5", chain as Side, "spine of 5", streamed::<5> as Side),
            (1, "chain of 5", chain, "settled spine of 5", settled::<5>),
            (1, "broadcast to 6", broadcast_to_six, "spine of 6", streamed::<6>),
            (50, "chain of 5", chain, "spine of 5", streamed::<5>),
            (50, "broadcast to 6", broadcast_to_six, "spine of 6", streamed::<6>),
        ] {
            let message = batch(bars);
            let rates: Vec<[f64; 2]> = (0..pairs)
                .map(|_| [bare, spine].map(|side| rate(&runtime, side, messages, &message)))
                .collect();
            let ratios = rates.iter().map(|[bare, spine]| spine / bare).collect();
            println!(
                "{threads} thread(s), {bars:2} bar(s): {bare_name} {}, {spine_name} {}, ratio {} (goal {GOAL})",
                summary(rates.iter().map(|pair| pair[0]).collect()),
                summary(rates.iter().map(|pair| pair[1]).collect()),
                summary(ratios),
            );
        }
    }
}

fn batch(bars: u32) -> Bars {
    let price = "175.50".parse().expect("a legal price");
    let bar = |number: u32| Bar {
        symbol: Symbol::new(&format!("S{number}")).expect("a legal symbol"),
        open: price,
        high: price,
        low: price,
        close: price,
        volume: 100,
        start: Timestamp::from_seconds(1_761_661_800),
    };
    (0..bars).map(bar).collect()
}

fn rate(runtime: &Runtime, side: Side, messages: u32, message: &Bars) -> f64 {
    let watch = Stopwatch::start();
    side(runtime, messages, message);
    f64::from(messages) / watch.elapsed().as_secs_f64() / 1e6
}

fn summary(mut figures: Vec<f64>) -> String {
    figures.sort_by(f64::total_cmp);
    let (first, last) = (figures[0], figures[figures.len() - 1]);
    format!("{:.2} ({first:.2} to {last:.2})", figures[figures.len() / 2])
}

/// Five tasks in a row and back, one message in flight.
fn chain(runtime: &Runtime, messages: u32, message: &Bars) {
    runtime.block_on(async {
        let (first, mut tail) = mpsc::channel::<Bars>(CAPACITY);
        for _ in 0..5 {
            let (sender, receiver) = mpsc::channel(CAPACITY);
            let mut source = std::mem::replace(&mut tail, receiver);
            tokio::spawn(async move {
                while let Some(message) = source.recv().await {
                    if sender.send(black_box(message)).await.is_err() {
                        break;
                    }
                }
            });
        }
        let message = Arc::clone(message);
        let turns = tokio::spawn(async move {
            for _ in 0..messages {
                first.send(Arc::clone(&message)).await.expect("the chain holds");
                tail.recv().await.expect("the chain holds");
            }
        });
        turns.await.expect("no panic");
    });
}

/// One sender, six receivers; the sender yields while the channel is full, so
/// that nobody misses a message.
fn broadcast_to_six(runtime: &Runtime, messages: u32, message: &Bars) {
    runtime.block_on(async {
        let (sender, _) = broadcast::channel::<Bars>(CAPACITY);
        let receivers: Vec<_> = (0..6)
            .map(|_| {
                let mut receiver = sender.subscribe();
                tokio::spawn(async move {
                    let mut heard = 0_u32;
                    while let Ok(message) = receiver.recv().await {
                        black_box(message);
                        heard += 1;
                    }
                    heard
                })
            })
            .collect();
        let message = Arc::clone(message);
        let turns = tokio::spawn(async move {
            for _ in 0..messages {
                while sender.len() >= CAPACITY {
                    tokio::task::yield_now().await;
                }
                sender.send(Arc::clone(&message)).expect("somebody listens");
            }
        });
        turns.await.expect("no panic");
        for receiver in receivers {
            assert_eq!(receiver.await.expect("no panic"), messages, "nobody lagged");
        }
    });
}

fn streamed<const SEATS: usize>(runtime: &Runtime, messages: u32, message: &Bars) {
    runtime.block_on(through_the_spine(SEATS, messages, message, false));
}

fn settled<const SEATS: usize>(runtime: &Runtime, messages: u32, message: &Bars) {
    runtime.block_on(through_the_spine(SEATS, messages, message, true));
}

async fn through_the_spine(seats: usize, messages: u32, message: &Bars, is_settled: bool) {
    let tracker = TaskTracker::new();
    let (spine, door) = Spine::new(roster(seats), Box::new(Forgetful), Vec::new(), &tracker)
        .expect("there is nothing to fold");
    let spine = tokio::spawn(spine.run());
    let bars = Arc::clone(message);
    let turns = tokio::spawn(async move {
        for second in 0..messages {
            let at = Timestamp::from_seconds(i64::from(second));
            let event = MarketEvent::Bars(MarketBars {
                interval: Interval::Minute,
                bars: Arc::clone(&bars),
                is_history: false,
            });
            if is_settled {
                door.send_and_settle(at, AgentId::Feed, event).await.expect("the spine runs");
            } else {
                door.send(at, AgentId::Feed, event).await.expect("the spine runs");
            }
        }
    });
    turns.await.expect("no panic");
    spine.await.expect("no panic").expect("nothing can fail");
    tracker.close();
    tracker.wait().await;
}

/// Hears bars and does nothing.
struct Listener(AgentId);

impl Agent for Listener {
    fn id(&self) -> AgentId {
        self.0
    }
    fn topics(&self) -> Topics {
        Topics::of(&[Topic::Market])
    }
    fn handle(&mut self, input: &Envelope, _: &mut Outbox) {
        black_box(input);
    }
}

fn roster(seats: usize) -> Vec<RosterSeat> {
    let ids = [
        AgentId::Venue,
        AgentId::MarketData,
        AgentId::Strategy,
        AgentId::RiskManagement,
        AgentId::OrderExecution,
        AgentId::PositionManagement,
    ];
    let seat = |id| RosterSeat { id, factory: Arc::new(move || Box::new(Listener(id))) };
    ids.into_iter().take(seats).map(seat).collect()
}
