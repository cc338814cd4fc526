//! Group commit of the journal against bare writes of the same bytes.
//!
//! Each pair commits the same 1,000 envelopes twice: through the journal (encode,
//! hash, rows, projections, one commit) and as one `write` and `fdatasync` of the
//! lines that the journal stores, already encoded, to a plain file in the same
//! folder. The order within a pair alternates, and every round brings new
//! envelopes.
//!
//! Each mix runs twice: on a new journal, whose write-ahead log still grows with
//! every commit, and on one in use, whose log has been copied into the file once
//! and is written over from its beginning, as it is on most days.
//!
//! Run with `cargo bench --bench journal`; `FLIGHTDECK_BENCH_FOLDER` names a folder
//! on another disk.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use flightdeck::bus::clock::Stopwatch;
use flightdeck::domain::ids::{
    AgentId, BrokerOrderId, ClientOrderId, ExecutionId, Seq, Symbol, TradeId,
};
use flightdeck::domain::market::Quote;
use flightdeck::domain::money::{Money, Price, Qty};
use flightdeck::domain::order::{Fill, OrderKind, OrderPurpose, Side};
use flightdeck::domain::time::Timestamp;
use flightdeck::events::{
    Envelope, Event, MarketEvent, OrderEvent, OrderFilled, OrderStateChanged, OrderSubmitted,
    TradeEvent, TradeStateChanged, VenueAccepted, VenueEvent, VenueFilled, wire,
};
use flightdeck::journal::{Journal, SqliteJournal, StoreIdentity};

const PAIRS: usize = 30;
const RECORDS: u64 = 1_000;
/// Commits before the pairs of a journal in use: more than its log holds (32 MiB).
const IN_USE: u64 = 100;
const SYMBOLS: [&str; 5] = ["AAPL", "MSFT", "NVDA", "AMZN", "SPY"];

fn main() -> anyhow::Result<()> {
    let mut out = io::stdout();
    encode_rate(&mut out)?;
    for (journal, commits) in [("new journal", 0), ("journal in use", IN_USE)] {
        compare(&format!("orders and trades, {journal}"), &mut out, commits, order_event)?;
        compare(&format!("quotes on the tape, {journal}"), &mut out, commits, quote_event)?;
    }
    Ok(())
}

fn encode_rate(out: &mut dyn Write) -> anyhow::Result<()> {
    let envelopes = round(0, order_event);
    let mut lines = Vec::with_capacity(1 << 20);
    let mut rates = Vec::new();
    for _ in 0..50 {
        lines.clear();
        let watch = Stopwatch::start();
        for envelope in &envelopes {
            wire::write(envelope, &mut lines);
        }
        rates.push(rate(watch.elapsed()));
    }
    let [low, mid, high] = spread(&mut rates);
    let bytes = lines.len() / envelopes.len();
    writeln!(out, "encode, {bytes} bytes a record: {low:.2} / {mid:.2} / {high:.2} M records/s")?;
    Ok(())
}

fn compare(
    title: &str,
    out: &mut dyn Write,
    commits_before: u64,
    event: fn(u64) -> Event,
) -> anyhow::Result<()> {
    let disk = std::env::var("FLIGHTDECK_BENCH_FOLDER");
    let disk = disk.as_deref().unwrap_or(env!("CARGO_TARGET_TMPDIR"));
    let folder = tempfile::tempdir_in(disk)?;
    let identity = StoreIdentity {
        mode: "sim".into(),
        account: "bench".into(),
        opening_cash: Money::from_dollars(100_000),
        seed: 1,
    };
    let mut journal = SqliteJournal::open(&folder.path().join("journal.db"), &identity)?;
    let mut raw = raw_file(&folder.path().join("raw.jsonl"))?;
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for before in 0..commits_before {
        commit(&mut journal, &round(before * RECORDS, event))?;
    }
    for pair in 0..=PAIRS {
        let number = commits_before + u64::try_from(pair)?;
        let envelopes = round(number * RECORDS, event);
        let (journalled, written) = if pair % 2 == 0 {
            let journalled = commit(&mut journal, &envelopes)?;
            (journalled, write_raw(&mut raw, &envelopes)?)
        } else {
            let written = write_raw(&mut raw, &envelopes)?;
            (commit(&mut journal, &envelopes)?, written)
        };
        if pair > 0 {
            ours.push(rate(journalled));
            theirs.push(rate(written));
            ratios.push(written.as_secs_f64() / journalled.as_secs_f64());
        }
    }
    writeln!(out, "{title}, commits of {RECORDS}, {PAIRS} pairs (min / median / max)")?;
    for (name, values, unit) in [
        ("journal", &mut ours, "M records/s"),
        ("write + fdatasync", &mut theirs, "M records/s"),
        ("journal ÷ bare, by pair", &mut ratios, ""),
    ] {
        let [low, mid, high] = spread(values);
        writeln!(out, "  {name:<24} {low:.3} / {mid:.3} / {high:.3} {unit}")?;
    }
    Ok(())
}

fn commit(journal: &mut SqliteJournal, envelopes: &[Envelope]) -> anyhow::Result<Duration> {
    let watch = Stopwatch::start();
    for envelope in envelopes {
        journal.append(envelope)?;
    }
    journal.sync()?;
    Ok(watch.elapsed())
}

fn write_raw(file: &mut File, envelopes: &[Envelope]) -> anyhow::Result<Duration> {
    let mut lines = Vec::new();
    for envelope in envelopes {
        wire::write(envelope, &mut lines);
        lines.push(b'\n');
    }
    let watch = Stopwatch::start();
    file.write_all(&lines)?;
    file.sync_data()?;
    Ok(watch.elapsed())
}

fn raw_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

fn round(after: u64, event: fn(u64) -> Event) -> Vec<Envelope> {
    let envelope = |seq: u64| Envelope {
        seq: Seq(seq),
        at: Timestamp::from_nanos(1_761_661_800_000_000_000).plus(jiff_millis(seq)),
        cause: Some(Seq(seq - 1)),
        root: Seq(seq / 7 * 7 + 1),
        source: AgentId::OrderExecution,
        event: event(seq),
    };
    (after + 1..=after + RECORDS).map(envelope).collect()
}

fn jiff_millis(seq: u64) -> jiff::SignedDuration {
    jiff::SignedDuration::from_millis(i64::try_from(seq).expect("few"))
}

fn symbol(number: u64) -> Symbol {
    let at = usize::try_from(number).expect("few") % SYMBOLS.len();
    Symbol::new(SYMBOLS[at]).expect("a ticker")
}

/// One order's life in seven events.
fn order_event(seq: u64) -> Event {
    let number = seq / 7;
    let side = if number.is_multiple_of(2) { Side::Buy } else { Side::Sell };
    let qty = Qty::shares(100).expect("few");
    let price =
        Price::from_cents(22_871 + i64::try_from(number % 50).expect("few")).expect("legal");
    let client_order_id = ClientOrderId::new(format!("fd-20251028-{number:06}"));
    let trade_id = TradeId::new(format!("T-20251028-{:05}", number / 2));
    let symbol = symbol(number / 2);
    let moved = |from: &str, to: &str, filled: Qty| {
        Event::from(OrderEvent::StateChanged(OrderStateChanged {
            client_order_id: client_order_id.clone(),
            trade_id: Some(trade_id.clone()),
            purpose: OrderPurpose::Entry,
            symbol,
            side,
            from: from.into(),
            to: to.into(),
            filled,
            qty,
            average_price: (!filled.is_zero()).then_some(price),
        }))
    };
    let broker_order_id = BrokerOrderId::new(format!("61e69015-8549-4bfd-b9c3-{number:012}"));
    let fill = Fill {
        execution_id: ExecutionId::new(format!("20251028-{number:09}")),
        client_order_id: client_order_id.clone(),
        symbol,
        side,
        qty,
        price,
        cumulative: qty,
        at: Timestamp::from_nanos(1_761_661_800_123_456_789),
    };
    match seq % 7 {
        0 => moved("DRAFT", "SUBMITTED", Qty::ZERO),
        1 => VenueEvent::Accepted(VenueAccepted {
            client_order_id,
            broker_order_id,
            legs: Vec::new(),
        })
        .into(),
        2 => OrderEvent::Submitted(OrderSubmitted {
            client_order_id,
            broker_order_id,
            trade_id: Some(trade_id),
            purpose: OrderPurpose::Entry,
        })
        .into(),
        3 => VenueEvent::Filled(VenueFilled { fill, fee: Money::from_cents(1) }).into(),
        4 => moved("ACCEPTED", "FILLED", qty),
        5 => OrderEvent::Filled(OrderFilled {
            fill,
            trade_id: Some(trade_id),
            purpose: OrderPurpose::Entry,
            kind: OrderKind::Market,
            fee: Money::from_cents(1),
            ordered: qty,
            average_price: price,
        })
        .into(),
        _ => TradeEvent::StateChanged(TradeStateChanged {
            trade_id,
            symbol,
            from: "ENTRY_SUBMITTED".into(),
            to: "FILLED".into(),
            reason: None,
        })
        .into(),
    }
}

fn quote_event(seq: u64) -> Event {
    let cents = |add: u64| Price::from_cents(22_871 + i64::try_from(seq % 50 + add).expect("few"));
    let quote = Quote {
        symbol: symbol(seq),
        bid: cents(0).expect("legal"),
        ask: cents(1).expect("legal"),
        bid_size: 300,
        ask_size: 500,
        at: Timestamp::from_nanos(1_761_661_800_123_456_789),
    };
    MarketEvent::Quote(quote).into()
}

/// Millions of records a second.
fn rate(took: Duration) -> f64 {
    f64::from(u32::try_from(RECORDS).expect("few")) / took.as_secs_f64() / 1e6
}

fn spread(values: &mut [f64]) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    [values[0], values[values.len() / 2], values[values.len() - 1]]
}
