//! What writing one event as JSON costs, and reading it back.
//!
//! The goal of `performance.md` 11 is two million records a second of the typical
//! size, 331 bytes, which is half a microsecond a record.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flightdeck::domain::ids::{AgentId, ClientOrderId, ExecutionId, Seq, Symbol, TradeId};
use flightdeck::domain::money::{Money, Qty};
use flightdeck::domain::order::{Fill, OrderKind, OrderPurpose, Side};
use flightdeck::domain::time::Timestamp;
use flightdeck::events::wire;
use flightdeck::events::{Envelope, Event, OrderEvent, OrderFilled, OrderStateChanged};

fn envelope(event: impl Into<Event>) -> Envelope {
    Envelope {
        seq: Seq(81_234),
        at: Timestamp::from_seconds(1_761_661_800),
        cause: Some(Seq(81_233)),
        root: Seq(81_229),
        source: AgentId::OrderExecution,
        event: event.into(),
    }
}

/// A move of an order machine: the most frequent record of the order's way.
fn state_changed() -> Envelope {
    envelope(OrderEvent::StateChanged(OrderStateChanged {
        client_order_id: ClientOrderId::new("fd-20251028-1"),
        trade_id: Some(TradeId::new("trade-20251028-1")),
        purpose: OrderPurpose::Entry,
        symbol: Symbol::new("AAPL").expect("a legal symbol"),
        side: Side::Buy,
        from: "ACCEPTED".into(),
        to: "FILLED".into(),
        filled: Qty::shares(5).expect("in range"),
        qty: Qty::shares(5).expect("in range"),
        average_price: Some("175.50".parse().expect("a legal price")),
    }))
}

/// The record with the most prices and times.
fn filled() -> Envelope {
    let limit = "175.50".parse().expect("a legal price");
    let five = Qty::shares(5).expect("in range");
    envelope(OrderEvent::Filled(OrderFilled {
        fill: Fill {
            execution_id: ExecutionId::new("20251028000001"),
            client_order_id: ClientOrderId::new("fd-20251028-1"),
            symbol: Symbol::new("AAPL").expect("a legal symbol"),
            side: Side::Buy,
            qty: five,
            price: limit,
            cumulative: five,
            at: Timestamp::from_nanos(1_761_661_800_217_000_000),
        },
        trade_id: Some(TradeId::new("trade-20251028-1")),
        purpose: OrderPurpose::Entry,
        kind: OrderKind::Limit { limit },
        ordered: five,
        average_price: limit,
        fee: Money::from_cents(2),
    }))
}

fn bench(criterion: &mut Criterion) {
    for (name, envelope) in
        [("order.state.changed", state_changed()), ("order.fill.complete", filled())]
    {
        let mut line = Vec::new();
        wire::write(&envelope, &mut line);
        let text = String::from_utf8(line.clone()).expect("JSON is text");
        let mut group = criterion.benchmark_group(format!("{name}, {} bytes", line.len()));
        group.throughput(Throughput::Elements(1));
        group.bench_function("write", |bencher| {
            bencher.iter(|| {
                line.clear();
                wire::write(black_box(&envelope), &mut line);
            });
        });
        group.bench_function("read", |bencher| {
            bencher.iter(|| wire::read(black_box(&text)).expect("written by us"));
        });
        group.finish();
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
