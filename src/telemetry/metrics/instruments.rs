//! The instruments of the OpenTelemetry library, and who fills them.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{AsyncInstrument, Counter, Histogram, Meter};

use crate::bus::clock::{Clock, Stopwatch};
use crate::domain::ids::ClientOrderId;
use crate::domain::time::Timestamp;
use crate::events::Envelope;
use crate::telemetry::export::SpanCounts;
use crate::telemetry::metrics::fold::fold;
use crate::telemetry::metrics::names::{self, INSIDE, LATENCY, MARKET, Named};
use crate::telemetry::metrics::readings::{HouseClock, Readings, seconds};

/// Everything that is counted and timed.
#[derive(Debug)]
pub struct Metrics {
    shared: Arc<Shared>,
    instruments: Instruments,
}

/// What the callbacks of gauges read.
#[derive(Debug, Default)]
struct Shared {
    readings: Mutex<Readings>,
    clock: HouseClock,
}

impl Shared {
    fn readings(&self) -> MutexGuard<'_, Readings> {
        // Nothing in here can leave a half-made state behind.
        self.readings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The readings and the time, for one look.
    fn look<T>(&self, at: impl FnOnce(&Readings, Timestamp) -> T) -> T {
        let readings = self.readings();
        let now = self.clock.now(readings.at);
        at(&readings, now)
    }
}

/// Instruments that are filled as things happen.
pub(super) struct Instruments {
    decision_to_wire: Histogram<f64>,
    wire_to_ack: Histogram<f64>,
    ack_to_fill: Histogram<f64>,
    naked_time: Histogram<f64>,
    limiter_wait: Histogram<f64>,
    bus_lag: Histogram<f64>,
    handle_time: Histogram<f64>,
    journal_commit: Histogram<f64>,
    orders: Counter<u64>,
    trades: Counter<u64>,
    refusals: Counter<u64>,
    invalid: Counter<u64>,
    faults: Counter<u64>,
    bus_commands: Counter<u64>,
    breaker_changes: Counter<u64>,
    differences: Counter<u64>,
}

impl fmt::Debug for Instruments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instruments").finish_non_exhaustive()
    }
}

fn histogram(meter: &Meter, named: Named, boundaries: &[f64]) -> Histogram<f64> {
    meter
        .f64_histogram(named.name)
        .with_unit(named.unit)
        .with_description(named.about)
        .with_boundaries(boundaries.to_vec())
        .build()
}

fn counter(meter: &Meter, named: Named) -> Counter<u64> {
    meter.u64_counter(named.name).with_unit(named.unit).with_description(named.about).build()
}

impl Instruments {
    fn new(meter: &Meter) -> Self {
        Self {
            decision_to_wire: histogram(meter, names::DECISION_TO_WIRE, LATENCY),
            wire_to_ack: histogram(meter, names::WIRE_TO_ACK, LATENCY),
            ack_to_fill: histogram(meter, names::ACK_TO_FILL, MARKET),
            naked_time: histogram(meter, names::NAKED_TIME, MARKET),
            limiter_wait: histogram(meter, names::LIMITER_WAIT, LATENCY),
            bus_lag: histogram(meter, names::BUS_LAG, INSIDE),
            handle_time: histogram(meter, names::HANDLE_TIME, INSIDE),
            journal_commit: histogram(meter, names::JOURNAL_COMMIT, LATENCY),
            orders: counter(meter, names::ORDERS),
            trades: counter(meter, names::TRADES),
            refusals: counter(meter, names::REFUSALS),
            invalid: counter(meter, names::INVALID),
            faults: counter(meter, names::AGENT_FAULTS),
            bus_commands: counter(meter, names::BUS_COMMANDS),
            breaker_changes: counter(meter, names::BREAKER_CHANGES),
            differences: counter(meter, names::RECONCILE),
        }
    }

    pub(super) fn order(&self, status: &'static str) {
        self.orders.add(1, &[KeyValue::new("order.status", status)]);
    }

    pub(super) fn traded(&self, reason: &'static str) {
        self.trades.add(1, &[KeyValue::new("exit.reason", reason)]);
    }

    pub(super) fn refused(&self, rule: &'static str) {
        self.refusals.add(1, &[KeyValue::new("risk.rule", rule)]);
    }

    pub(super) fn invalid(&self) {
        self.invalid.add(1, &[]);
    }

    pub(super) fn fault(&self, agent: &'static str) {
        self.faults.add(1, &[KeyValue::new("agent.name", agent)]);
    }

    pub(super) fn difference(&self) {
        self.differences.add(1, &[]);
    }

    pub(super) fn breaker_changed(&self, breaker: &str, state: &str) {
        let name = KeyValue::new("circuit_breaker.name", breaker.to_owned());
        let state = KeyValue::new("circuit_breaker.state", state.to_owned());
        self.breaker_changes.add(1, &[name, state]);
    }

    pub(super) fn wire_to_ack(&self, took: Duration) {
        self.wire_to_ack.record(took.as_secs_f64(), &[]);
    }

    pub(super) fn ack_to_fill(&self, took: Duration) {
        self.ack_to_fill.record(took.as_secs_f64(), &[]);
    }

    pub(super) fn protected_after(&self, seconds: f64) {
        self.naked_time.record(seconds, &[]);
    }
}

impl Metrics {
    /// Makes every instrument with a meter.
    pub(in crate::telemetry) fn new(meter: &Meter, spans: Option<Arc<SpanCounts>>) -> Self {
        let shared = Arc::new(Shared::default());
        gauges(meter, &shared);
        named_gauges(meter, &shared);
        counters(meter, &shared, &spans.unwrap_or_default());
        Self { shared, instruments: Instruments::new(meter) }
    }

    /// Reads ages by a clock from now on.
    pub(in crate::telemetry) fn set_clock(&self, clock: Arc<dyn Clock>) {
        self.shared.clock.set(clock);
    }

    /// Takes one event in.
    pub fn see(&self, envelope: &Envelope) {
        fold(&mut self.shared.readings(), &self.instruments, envelope);
    }

    /// The state of trading, 0 active to 3 flatten, and the age of the newest quote.
    pub(in crate::telemetry) fn health(&self) -> (u64, Option<f64>) {
        self.shared.look(|readings, now| {
            (readings.trading, readings.newest_quote.map(|at| seconds(at, now)))
        })
    }

    pub(super) fn journal_commit(&self, seconds: f64) {
        self.instruments.journal_commit.record(seconds, &[]);
    }

    pub(super) fn bus_lag(&self, seconds: f64) {
        self.instruments.bus_lag.record(seconds, &[]);
    }

    pub(super) fn bus_command(&self, outcome: &str) {
        let outcome = KeyValue::new("outcome", outcome.to_owned());
        self.instruments.bus_commands.add(1, &[outcome]);
    }

    pub(super) fn bus_dropped(&self, so_far: i64) {
        self.shared.readings().bus_dropped = u64::try_from(so_far).unwrap_or_default();
    }

    pub(super) fn handle_time(&self, agent: &str, seconds: f64) {
        self.instruments
            .handle_time
            .record(seconds, &[KeyValue::new("agent.name", agent.to_owned())]);
    }

    pub(super) fn limiter_wait(&self, lane: &str, seconds: f64) {
        self.instruments.limiter_wait.record(seconds, &[KeyValue::new("lane", lane.to_owned())]);
    }

    pub(super) fn order_sent(&self, id: &str) {
        let id = ClientOrderId::new(id);
        let mut readings = self.shared.readings();
        let Some(order) = readings.orders.get_mut(&id) else { return };
        // Sent again, it is the first time that counts.
        if order.sent.is_none() {
            order.sent = Some(Stopwatch::start());
            self.instruments.decision_to_wire.record(order.decided.elapsed().as_secs_f64(), &[]);
        }
    }

    pub(super) fn token_expires(&self, broker: &str, at: Timestamp) {
        self.shared.readings().tokens.insert(broker.to_owned(), at);
    }
}

fn gauges(meter: &Meter, shared: &Arc<Shared>) {
    type Look = fn(&Readings, Timestamp) -> f64;
    let table: [(Named, Look); 4] = [
        (names::UNKNOWN, |r, _| count(r.unknown.len())),
        (names::UNKNOWN_AGE, |r, now| r.unknown.values().min().map_or(0.0, |at| seconds(*at, now))),
        (names::NAKED, |r, now| r.naked.values().min().map_or(0.0, |at| seconds(*at, now))),
        (names::TRADING_STATE, |r, _| count_u64(r.trading)),
    ];
    for (named, look) in table {
        let shared = shared.clone();
        meter
            .f64_observable_gauge(named.name)
            .with_unit(named.unit)
            .with_description(named.about)
            .with_callback(move |observer| observer.observe(shared.look(look), &[]))
            .build();
    }
    let shared = shared.clone();
    meter
        .f64_observable_gauge(names::DATA_AGE.name)
        .with_unit(names::DATA_AGE.unit)
        .with_description(names::DATA_AGE.about)
        .with_callback(move |observer| {
            // Without a quote there is no age.
            let age = shared.look(|r, now| r.newest_quote.map(|at| seconds(at, now)));
            if let Some(age) = age {
                observer.observe(age, &[]);
            }
        })
        .build();
}

fn named_gauges(meter: &Meter, shared: &Arc<Shared>) {
    type Rows = Vec<(String, f64)>;
    type Look = fn(&Readings, Timestamp) -> Rows;
    let table: [(Named, &'static str, Look); 5] = [
        (names::BREAKER_STATE, "circuit_breaker.name", |r, _| rows(&r.breakers, |s| count_u64(*s))),
        (names::LIMIT_USED, "budget", |r, _| rows(&r.budgets, |(used, _)| count_u64(*used))),
        (names::LIMIT_ALLOWED, "budget", |r, _| rows(&r.budgets, |(_, all)| count_u64(*all))),
        (names::FEED_LINKS, "feed", |r, _| rows(&r.feeds, |up| count_u64(*up))),
        (names::TOKEN_EXPIRY, "broker", |r, now| rows(&r.tokens, |at| seconds(now, *at))),
    ];
    for (named, key, look) in table {
        let shared = shared.clone();
        meter
            .f64_observable_gauge(named.name)
            .with_unit(named.unit)
            .with_description(named.about)
            .with_callback(move |observer| observe_rows(observer, key, shared.look(look)))
            .build();
    }
}

fn observe_rows(observer: &dyn AsyncInstrument<f64>, key: &'static str, rows: Vec<(String, f64)>) {
    for (name, value) in rows {
        observer.observe(value, &[KeyValue::new(key, name)]);
    }
}

fn rows<T>(
    of: &std::collections::BTreeMap<String, T>,
    value: impl Fn(&T) -> f64,
) -> Vec<(String, f64)> {
    of.iter().map(|(name, held)| (name.clone(), value(held))).collect()
}

/// Counters of what is too frequent, or too far away, to be counted one by one.
fn counters(meter: &Meter, shared: &Arc<Shared>, spans: &Arc<SpanCounts>) {
    type Read = fn(&SpanCounts) -> u64;
    let readings = shared.clone();
    observed(meter, names::EVENTS, move |observer| {
        for (family, events) in &readings.readings().events {
            observer.observe(*events, &[KeyValue::new("family", *family)]);
        }
    });
    let readings = shared.clone();
    observed(meter, names::QUOTES, move |observer| {
        observer.observe(readings.readings().quotes, &[]);
    });
    let readings = shared.clone();
    observed(meter, names::BUS_DROPPED, move |observer| {
        observer.observe(readings.readings().bus_dropped, &[]);
    });
    let table: [(Named, Read); 3] = [
        (names::SPANS_SENT, SpanCounts::sent),
        (names::SPANS_DROPPED, SpanCounts::dropped),
        (names::SPANS_FAILED, SpanCounts::failed),
    ];
    for (named, read) in table {
        let spans = spans.clone();
        observed(meter, named, move |observer| observer.observe(read(&spans), &[]));
    }
}

fn observed(
    meter: &Meter,
    named: Named,
    look: impl Fn(&dyn AsyncInstrument<u64>) + Send + Sync + 'static,
) {
    meter
        .u64_observable_counter(named.name)
        .with_unit(named.unit)
        .with_description(named.about)
        .with_callback(look)
        .build();
}

fn count(number: usize) -> f64 {
    count_u64(u64::try_from(number).unwrap_or(u64::MAX))
}

/// Counts are far below what a float holds exactly.
fn count_u64(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
