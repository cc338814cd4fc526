//! A process that dies at any moment loses nothing that it has acknowledged.
//!
//! The test runs itself again as a child, by the name of the child's own test and
//! with the journal's path in the environment. The child appends, syncs, and says
//! which number is on disk; the parent kills it with SIGKILL after so many lines,
//! opens the journal, and lets the next child go on with it. Where in the child's
//! work the signal lands is left to the system: a child never waits.
#![expect(clippy::unwrap_used, reason = "whatever fails here fails the test")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use flightdeck::domain::ids::{AgentId, ClientOrderId, ExecutionId, Seq, Symbol, TradeId};
use flightdeck::domain::market::Quote;
use flightdeck::domain::money::{Money, Price, Qty};
use flightdeck::domain::order::{Fill, OrderKind, OrderPurpose, Side};
use flightdeck::domain::time::Timestamp;
use flightdeck::events::{
    Envelope, Event, MarketEvent, OrderEvent, OrderFilled, TradeEvent, TradeStateChanged, wire,
};
use flightdeck::journal::{Journal, SqliteJournal, StoreIdentity, export, verify};

const JOURNAL: &str = "FLIGHTDECK_KILL_TEST_JOURNAL";
const CHILD: &str = "journal_kill::a_child_appends_until_it_is_killed";
const KILLS: usize = 24;

#[test]
fn kill_9_at_any_moment_loses_nothing_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut acknowledged = 0;
    for round in 0..KILLS {
        // From before the first commit to some dozens after it.
        let lines = round * 7 % 41;
        acknowledged = acknowledged.max(kill_after(start_child(&path), lines));
        let last = check(&path);
        assert!(last >= acknowledged, "{last} is there, {acknowledged} was acknowledged");
        acknowledged = last;
    }
    assert!(acknowledged > 1_000, "the children hardly wrote: {acknowledged}");
}

/// The child's whole life; without a journal in the environment it has none.
#[test]
fn a_child_appends_until_it_is_killed() {
    let Some(path) = std::env::var_os(JOURNAL) else { return };
    let mut journal = SqliteJournal::open(Path::new(&path), &identity()).unwrap();
    let mut out = std::io::stdout().lock();
    let mut seq = journal.last_seq().0;
    loop {
        for _ in 0..=seq % 5 {
            seq += 1;
            journal.append(&envelope(seq)).unwrap();
        }
        journal.sync().unwrap();
        writeln!(out, "\nsynced {seq}").unwrap();
        out.flush().unwrap();
    }
}

fn start_child(path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", CHILD, "--nocapture", "--test-threads=1"])
        .env(JOURNAL, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Kills the child after so many acknowledgements; returns the last one, those
/// that were still on their way included.
fn kill_after(mut child: Child, lines: usize) -> u64 {
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    let number = |line: String| line.strip_prefix("synced ").map(|seq| seq.parse().unwrap());
    let mut numbers = said.by_ref().map_while(Result::ok).filter_map(number);
    let mut last = numbers.by_ref().take(lines).last();
    child.kill().unwrap();
    last = numbers.last().or(last);
    child.wait().unwrap();
    last.unwrap_or(0)
}

/// Verifies the journal and compares every envelope in it with the one that was
/// to be written; returns the last number.
fn check(path: &Path) -> u64 {
    // A child that died before it had made its tables leaves a file for the next.
    drop(SqliteJournal::open(path, &identity()).unwrap());
    let verified = verify(path).unwrap();
    let last = verified.last.map_or(0, |seq| seq.0);
    let mut expected = Vec::new();
    for seq in 1..=last {
        wire::write(&envelope(seq), &mut expected);
        expected.push(b'\n');
    }
    let mut found = Vec::new();
    assert_eq!(export(path, &mut found, true).unwrap(), last);
    assert!(found == expected, "an envelope is not the one that was written");
    last
}

fn identity() -> StoreIdentity {
    StoreIdentity {
        mode: "sim".into(),
        account: "kill".into(),
        opening_cash: Money::from_dollars(100_000),
        seed: 1,
    }
}

fn envelope(seq: u64) -> Envelope {
    Envelope {
        seq: Seq(seq),
        at: Timestamp::from_nanos(1_761_661_800_000_000_000 + i64::try_from(seq).unwrap()),
        cause: None,
        root: Seq(seq),
        source: AgentId::OrderExecution,
        event: event(seq),
    }
}

/// Market data, a trade's move and a fill in turn: tape, chain and projections.
fn event(seq: u64) -> Event {
    let symbol = Symbol::new("AAPL").unwrap();
    let price = |cents| Price::from_cents(cents).unwrap();
    let at = Timestamp::from_seconds(1_761_661_800);
    let trade_id = TradeId::new(format!("T-{seq}"));
    let qty = Qty::shares(seq % 9 + 1).unwrap();
    match seq % 3 {
        0 => MarketEvent::Quote(
            Quote::new(symbol, (price(22_870), 100), (price(22_872), 100), at).unwrap(),
        )
        .into(),
        1 => TradeEvent::StateChanged(TradeStateChanged {
            trade_id,
            symbol,
            from: "SCANNING".into(),
            to: "ENTRY_SUBMITTED".into(),
            reason: None,
        })
        .into(),
        _ => OrderEvent::Filled(OrderFilled {
            fill: Fill {
                execution_id: ExecutionId::new(format!("x-{seq}")),
                client_order_id: ClientOrderId::new(format!("o-{seq}")),
                symbol,
                side: if seq.is_multiple_of(2) { Side::Buy } else { Side::Sell },
                qty,
                price: price(22_871),
                cumulative: qty,
                at,
            },
            trade_id: Some(trade_id),
            purpose: OrderPurpose::Entry,
            kind: OrderKind::Market,
            fee: Money::from_cents(1),
            ordered: qty,
            average_price: price(22_871),
        })
        .into(),
    }
}
