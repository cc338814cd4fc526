//! The golden trade of the specification (§7) over the wire, in both exit styles.
//!
//! The broker answers a call and speaks on its stream independently of each other, so
//! that an answer may be overtaken by a fill: such lines are compared by number, all
//! others by order.

use std::time::Duration;

use flightdeck::bus::clock::Stopwatch;
use flightdeck::events::{Envelope, ExitStyle};

use crate::golden_trade::{LONG_ENTRY, NINE_STATES, SHOWN, line};
use crate::support::cockpit::dollars;
use crate::support::wired::{Market, Wired, listed, wire_rules};

/// What may be overtaken, or overtake.
const FREE: [&str; 2] = ["order.submit.success", "order.cancel.success"];

/// The entry steps together (§7: "well under 2 s of wall time").
const ENTRY_LIMIT: Duration = Duration::from_secs(2);

#[track_caller]
fn check(told: &[Envelope], expected: &str) {
    let is_shown = |e: &&Envelope| SHOWN.iter().any(|(name, _)| *name == e.event.name());
    let mut told: Vec<String> = told.iter().filter(is_shown).map(line).collect();
    // Asked for again while the answer is on its way; that changes nothing.
    let mut is_asked = false;
    told.retain(|line| {
        !line.starts_with("position.set_stop") || !std::mem::replace(&mut is_asked, true)
    });
    let expected: Vec<String> =
        expected.lines().map(str::trim).filter(|l| !l.is_empty()).map(str::to_owned).collect();
    let is_free = |line: &&String| FREE.iter().any(|free| line.starts_with(free));
    let ordered = |all: &[String]| -> Vec<String> {
        all.iter().filter(|line| !is_free(line)).cloned().collect()
    };
    assert_eq!(ordered(&told).join("\n"), ordered(&expected).join("\n"));
    let free = |all: &[String]| {
        let mut lines: Vec<String> = all.iter().filter(is_free).cloned().collect();
        lines.sort();
        lines
    };
    assert_eq!(free(&told), free(&expected));
}

/// From the surge to the stop that rests, and how long that took.
async fn entered(market: &Market, wired: &Wired) -> usize {
    let mark = wired.mark();
    market.surge("AAPL", 2_000);
    wired.advance(59).await;
    let watch = Stopwatch::start();
    wired.end_minute().await;
    wired.wait_state("AAPL", "HOLDING").await;
    let took = watch.elapsed();
    assert!(took < ENTRY_LIMIT, "the entry took {took:?}");
    mark
}

/// After the last event: nothing held, nothing resting, the profit in cash, all nine
/// states passed.
async fn is_over(market: &Market, wired: &Wired) {
    wired.wait_for("strategy.trade.logged").await;
    assert_eq!(wired.states(&wired.trade("AAPL")), NINE_STATES);
    assert_eq!(market.held("AAPL"), None);
    assert_eq!(market.resting(), Vec::<String>::new(), "no stop rests");
    assert_eq!(market.cash(), dollars("100131.60"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn golden_trade_over_the_wire_with_stop_and_target_resting_as_one_oco() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = wire_rules();
    config.position.exit_style = ExitStyle::NativeOco;
    let market = Market::open(&[listed("AAPL", "175.50")]).await;
    let wired = Wired::open(&market, &config, &folder).await;
    let mark = entered(&market, &wired).await;
    let protected = "
        position.set_stop: 5 166.72 201.82
        order.submit: protection sell 5 {\"limit\":{\"limit\":201.82}}
        order.submit.success: protection
        position.stop.set: 5 166.72
        trade.state.changed: FILLED HOLDING
    ";
    check(&wired.since(mark), &[LONG_ENTRY, protected].concat());
    assert_eq!(market.resting(), ["sell 5 limit 201.82", "sell 5 stop 166.72"]);
    assert_eq!(market.cash(), dollars("99122.50"));

    let mark = wired.mark();
    market.pin("AAPL", "190.00", "190.01", "190.00");
    wired.advance(5).await;
    market.pin("AAPL", "201.81", "201.82", "201.81");
    wired.advance(5).await;
    check(&wired.since(mark), "");
    market.pin("AAPL", "201.82", "201.83", "201.82");
    wired.advance(1).await;
    is_over(&market, &wired).await;
    // The broker says nothing of the held stop's end: the gateway looks.
    wired.wait_since(mark, "order.cancel.success").await;
    check(
        &wired.since(mark),
        "
        order.fill.complete: protection sell 5 201.82
        order.cancel.success: protection 0
        position.target.hit: 201.82 201.82
        trade.state.changed: HOLDING EXIT_TRIGGERED
        trade.state.changed: EXIT_TRIGGERED ORDER_CLOSING
        position.closed.done: long 5 175.50 201.82 131.60 2.9977 TARGET_HIT
        trade.state.changed: ORDER_CLOSING CLOSED
        strategy.trade.logged: 131.60 2.9977 TARGET_HIT 1 1 131.60
        ",
    );
    wired.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn golden_trade_over_the_wire_with_the_target_watched_here() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = wire_rules();
    config.position.exit_style = ExitStyle::Managed;
    let market = Market::open(&[listed("AAPL", "175.50")]).await;
    let wired = Wired::open(&market, &config, &folder).await;
    let mark = entered(&market, &wired).await;
    let protected = "
        position.set_stop: 5 166.72 null
        order.submit: protection sell 5 {\"stop\":{\"stop\":166.72}}
        order.submit.success: protection
        position.stop.set: 5 166.72
        trade.state.changed: FILLED HOLDING
    ";
    check(&wired.since(mark), &[LONG_ENTRY, protected].concat());
    assert_eq!(market.resting(), ["sell 5 stop 166.72"]);

    let mark = wired.mark();
    market.pin("AAPL", "190.00", "190.01", "190.00");
    wired.advance(5).await;
    market.pin("AAPL", "201.81", "201.82", "201.81");
    wired.advance(5).await;
    check(&wired.since(mark), "");
    market.pin("AAPL", "201.82", "201.83", "201.82");
    wired.advance(1).await;
    is_over(&market, &wired).await;
    // The exchange holds shares for the resting stop: it is cancelled, and that
    // confirmed, before the exit leaves.
    check(
        &wired.since(mark),
        "
        position.target.hit: 201.82 201.82
        trade.state.changed: HOLDING EXIT_TRIGGERED
        order.cancel: the position is being closed
        order.cancel.success: protection 0
        order.submit: exit sell 5 {\"limit\":{\"limit\":201.82}}
        trade.state.changed: EXIT_TRIGGERED ORDER_CLOSING
        order.submit.success: exit
        order.fill.complete: exit sell 5 201.82
        position.closed.done: long 5 175.50 201.82 131.60 2.9977 TARGET_HIT
        trade.state.changed: ORDER_CLOSING CLOSED
        strategy.trade.logged: 131.60 2.9977 TARGET_HIT 1 1 131.60
        ",
    );
    wired.end().await;
}
