//! The judge of one run: hears every event of the house and everything that the exchange
//! does, and holds both to the invariants at once.
//!
//! It changes nothing. What it finds names invariant, seed, time, the last event and the
//! evidence.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::SignedDuration;
use serde::Serialize;

use crate::app::simulate::disk::Disk;
use crate::app::simulate::fault::FaultKind;
use crate::app::simulate::notes::Notes;
use crate::app::simulate::rules::{Bounds, Harm, Naked, accepted, differences, moved};
use crate::brokers::sim::direct::{DirectVenue, Floor, Mishap, Outgoing, Watch};
use crate::brokers::sim::exchange::{Report, What};
use crate::brokers::sim::judge::{Books, Requests, uncovered};
use crate::bus::Tap;
use crate::config::Config;
use crate::domain::command::OperatorCommand;
use crate::domain::ids::{ClientOrderId, Seq};
use crate::domain::money::Money;
use crate::domain::order::OrderPurpose;
use crate::domain::time::Timestamp;
use crate::events::{Envelope, Event, OrderEvent, OrderSubmit, SystemEvent, wire};

/// Violations that are kept of one run; the first is the one that matters.
const KEPT_MAX: usize = 8;
/// Entries are cancelled, and that confirmed, so long after a halt (faults page §2.3).
const CANCELLED_WITHIN: SignedDuration = SignedDuration::from_secs(10);
/// A fault in so long a time before lets cancels take longer.
const CANCELS_DISTURBED: SignedDuration = SignedDuration::from_secs(60);

/// A broken invariant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Its name, such as `I2`.
    pub invariant: &'static str,
    /// The seed of the run.
    pub seed: u64,
    /// When, by the broker's clock.
    pub at: Timestamp,
    /// The last event of the house before it was seen.
    pub seq: u64,
    /// What was seen, in words.
    pub evidence: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { invariant, seed, at, seq, evidence } = self;
        write!(f, "{invariant} seed {seed} at {at} after event {seq}: {evidence}")
    }
}

/// The judge, shared by clones.
#[derive(Clone)]
pub(super) struct Judge(Arc<Mutex<Bench>>);

/// What the judge has before them.
struct Bench {
    seed: u64,
    opening_cash: Money,
    bounds: Bounds,
    quote_age: SignedDuration,
    disk: Disk,
    books: Books,
    requests: Requests,
    notes: Notes,
    naked: Naked,
    is_up: bool,
    /// Since when no entry may leave.
    shut_since: Option<Timestamp>,
    is_shut_judged: bool,
    struck_at: Option<Timestamp>,
    faults: BTreeMap<&'static str, u64>,
    now: Timestamp,
    seq: Seq,
    events: u64,
    trades: u64,
    log: Option<Vec<u8>>,
    found: Vec<Violation>,
}

/// What a run came to.
pub(super) struct Verdict {
    pub(super) violations: Vec<Violation>,
    pub(super) faults: BTreeMap<&'static str, u64>,
    pub(super) events: u64,
    pub(super) trades: u64,
    pub(super) executions: u64,
    pub(super) naked_longest: SignedDuration,
    pub(super) requests_most: usize,
    pub(super) log: Vec<u8>,
}

impl Judge {
    pub(super) fn new(config: &Config, disk: Disk, keeps_log: bool) -> Self {
        let opening_cash = config.account.opening_cash;
        let limit = usize::try_from(config.alpaca.requests_per_minute).unwrap_or(usize::MAX);
        Self(Arc::new(Mutex::new(Bench {
            seed: config.seed,
            opening_cash,
            bounds: Bounds::new(&config.risk),
            quote_age: SignedDuration::from_secs(config.risk.max_quote_age_seconds.into()),
            disk,
            books: Books::new(opening_cash),
            requests: Requests::new(limit),
            notes: Notes::new(opening_cash),
            naked: Naked::default(),
            is_up: true,
            shut_since: None,
            is_shut_judged: false,
            struck_at: None,
            faults: BTreeMap::new(),
            now: Timestamp::default(),
            seq: Seq(0),
            events: 0,
            trades: 0,
            log: keeps_log.then(Vec::new),
            found: Vec::new(),
        })))
    }

    fn bench(&self) -> MutexGuard<'_, Bench> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What sees the house's events.
    pub(super) fn tap(&self, venue: Arc<DirectVenue>) -> Box<dyn Tap> {
        Box::new(Listener { judge: self.clone(), venue })
    }

    /// The operator's kill has closed the gate.
    pub(super) fn shut(&self, at: Timestamp) {
        self.bench().shut(at);
    }

    /// A fault of the house's own has struck.
    pub(super) fn struck_house(&self, kind: FaultKind, at: Timestamp) {
        let mut bench = self.bench();
        *bench.faults.entry(kind.name()).or_default() += 1;
        bench.struck_at = Some(at);
        bench.naked.struck(at, Harm::Blinds, SignedDuration::ZERO);
    }

    /// The house is gone; `why` when that was no fault of ours.
    pub(super) fn died(&self, at: Timestamp, why: Option<String>) {
        let mut bench = self.bench();
        bench.is_up = false;
        bench.struck_at = Some(at);
        if let Some(why) = why {
            bench.now = at;
            bench.blame("I6", why);
        }
    }

    /// Another house begins, with what the disk has kept. Returns whether trading is
    /// halted.
    pub(super) fn begin_anew(&self, at: Timestamp) -> bool {
        let mut bench = self.bench();
        let mut notes = Notes::new(bench.opening_cash);
        let mut was_killed = false;
        bench.disk.clone().show(|envelope| {
            notes.take(envelope);
            if let Event::Operator(OperatorCommand::Kill(_)) = &envelope.event {
                was_killed = true;
            } else if let Event::System(SystemEvent::TradingChanged(changed)) = &envelope.event {
                was_killed &= changed.to != "ACTIVE";
            }
        });
        let is_halted = notes.is_halted();
        bench.trades += bench.notes.trades.saturating_sub(notes.trades);
        bench.notes = notes;
        bench.requests.begin_anew();
        bench.is_up = true;
        bench.naked.struck(at, Harm::Blinds, SignedDuration::from_secs(5));
        let is_shut = is_halted || was_killed;
        bench.shut_since = is_shut.then_some(at);
        bench.is_shut_judged = false;
        is_halted
    }

    /// Whether something has been found.
    pub(super) fn has_found(&self) -> bool {
        !self.bench().found.is_empty()
    }

    /// Where house and ledger differ.
    pub(super) fn differences(&self, floor: &Floor) -> Vec<String> {
        differences(&self.bench().notes, floor)
    }

    /// It has not settled.
    pub(super) fn blame_unsettled(&self, at: Timestamp, what: &[String]) {
        let mut bench = self.bench();
        bench.now = at;
        bench.blame("I8", what.join("; "));
    }

    /// What the run came to.
    pub(super) fn verdict(&self) -> Verdict {
        let mut bench = self.bench();
        Verdict {
            violations: std::mem::take(&mut bench.found),
            faults: std::mem::take(&mut bench.faults),
            events: bench.events,
            trades: bench.trades + bench.notes.trades,
            executions: bench.books.executions(),
            naked_longest: bench.naked.longest(),
            requests_most: bench.requests.most(),
            log: bench.log.take().unwrap_or_default(),
        }
    }
}

impl Bench {
    fn blame(&mut self, invariant: &'static str, evidence: String) {
        if self.found.len() < KEPT_MAX {
            let (seed, at, seq) = (self.seed, self.now, self.seq.0);
            self.found.push(Violation { invariant, seed, at, seq, evidence });
        }
    }

    fn shut(&mut self, at: Timestamp) {
        if self.shut_since.is_none() {
            self.shut_since = Some(at);
            self.is_shut_judged = false;
        }
    }

    fn hear(&mut self, envelope: &Envelope, floor: &Floor) {
        self.events += 1;
        self.seq = envelope.seq;
        if let Some(log) = &mut self.log {
            wire::write(envelope, log);
            log.push(b'\n');
        }
        if let Event::Order(order) = &envelope.event {
            self.hear_order(envelope.at, order, floor);
        } else if let Event::System(SystemEvent::TradingChanged(changed)) = &envelope.event {
            match changed.to.as_str() {
                "HALTED" | "FLATTEN" => self.shut(self.now),
                "ACTIVE" => self.shut_since = None,
                _ => {}
            }
        } else if let Event::System(SystemEvent::AgentFailed(failed)) = &envelope.event {
            self.blame("I6", format!("{} panicked: {}", failed.agent, failed.message));
        }
        self.notes.take(envelope);
        if let Event::Order(OrderEvent::Filled(filled) | OrderEvent::PartiallyFilled(filled)) =
            &envelope.event
        {
            self.counted(&filled.fill.client_order_id, floor);
        }
    }

    fn hear_order(&mut self, at: Timestamp, event: &OrderEvent, floor: &Floor) {
        if let OrderEvent::StateChanged(step) = event {
            let before = self.notes.orders.get(&step.client_order_id);
            if let Some((invariant, text)) = moved(step, before, floor.exchange()) {
                self.blame(invariant, text);
            }
        } else if let OrderEvent::Submit(submit) = event {
            self.decided(at, submit);
        }
    }

    /// An entry leaves on data that are fresh (I14).
    fn decided(&mut self, at: Timestamp, submit: &OrderSubmit) {
        if submit.order.purpose() != OrderPurpose::Entry {
            return;
        }
        let symbol = submit.order.request().symbol;
        let age = self.notes.quoted.get(&symbol).map(|heard| at.since(*heard));
        if age.is_none_or(|age| age > self.quote_age) {
            let id = &submit.order.request().client_order_id;
            let text = format!("{id} is decided on a quote of {symbol} that is {age:?} old");
            self.blame("I14", text);
        }
    }

    /// The shares that the house has counted of an order are no more than the ledger's.
    fn counted(&mut self, id: &ClientOrderId, floor: &Floor) {
        use crate::brokers::sim::exchange::OrderName;
        let Some(note) = self.notes.orders.get(id) else { return };
        let found = floor.exchange().order(OrderName::Client(id));
        let Some(executed) = found.map(|order| order.filled) else { return };
        if note.counted > executed {
            let text =
                format!("{id}: the house counts {} shares, the ledger {executed}", note.counted);
            self.blame("I6", text);
        }
    }

    fn happened(&mut self, floor: &Floor, reports: &[Report]) {
        self.now = floor.now();
        for report in reports {
            self.books.take(report);
            if matches!(report.what, What::Accepted { parent: None, .. })
                && report.order.replaces.is_none()
                && let Some((invariant, text)) =
                    accepted(&report.order, &self.notes, floor, &self.bounds)
            {
                self.blame(invariant, text);
            }
        }
        if !reports.is_empty() {
            if let Some(text) = self.books.differ(floor.exchange()) {
                self.blame("I5", text);
            }
            self.naked.set(&uncovered(floor.exchange()));
        }
        if let Some(text) = self.naked.pass(self.now, self.is_up) {
            self.blame("I2", text);
        }
        self.judge_halt(floor);
    }

    /// A while after a halt no entry works any more.
    fn judge_halt(&mut self, floor: &Floor) {
        let Some(since) = self.shut_since.filter(|_| !self.is_shut_judged) else { return };
        // Cancels may be lost, stuck or unanswered: those are asked for again.
        let begin =
            self.struck_at.map_or(since, |struck| since.max(struck.plus(CANCELS_DISTURBED)));
        if !self.is_up || self.now.since(begin) < CANCELLED_WITHIN {
            return;
        }
        self.is_shut_judged = true;
        let entries: Vec<String> = floor
            .exchange()
            .working()
            .into_iter()
            .filter(|order| self.notes.purpose(&order.client_order_id) == Some(OrderPurpose::Entry))
            .map(|order| order.client_order_id.to_string())
            .collect();
        if !entries.is_empty() {
            let text = format!("trading is halted since {since}, and {} work", entries.join(", "));
            self.blame("I7", text);
        }
    }
}

impl Watch for Judge {
    fn leaves(&self, call: Outgoing<'_>, floor: &Floor) {
        let mut bench = self.bench();
        bench.now = bench.now.max(floor.now());
        let now = bench.now;
        if let Some(text) = bench.requests.take(now) {
            bench.blame("I12", text);
        }
        let id = match call {
            Outgoing::Submit(order) => &order.client_order_id,
            Outgoing::Replace(id) => id,
            Outgoing::Cancel(_) | Outgoing::CancelAll | Outgoing::Read => return,
        };
        if !bench.disk.has_intent(id) {
            bench.blame("I4", format!("{id} leaves, and its intent is not on disk"));
        }
        if let (Outgoing::Submit(order), Some(since)) = (call, bench.shut_since)
            && bench.notes.purpose(&order.client_order_id) == Some(OrderPurpose::Entry)
        {
            let text = format!("the entry {id} leaves, and trading is halted since {since}");
            bench.blame("I7", text);
        }
    }

    fn happened(&self, floor: &Floor, reports: &[Report]) {
        self.bench().happened(floor, reports);
    }

    fn struck(&self, mishap: Mishap, at: Timestamp) {
        let mut bench = self.bench();
        *bench.faults.entry(mishap.name()).or_default() += 1;
        bench.struck_at = Some(at);
        let is_told = matches!(
            mishap,
            Mishap::StopRefused
                | Mishap::StopRefusedLate
                | Mishap::PartialThenCancel
                | Mishap::PartialThenSilence
                | Mishap::QuoteCrossed
                | Mishap::PriceJump
                | Mishap::PriceTiny
                | Mishap::PushTwice
        );
        let harm = if is_told { Harm::Spoils } else { Harm::Blinds };
        bench.naked.struck(at, harm, mishap.lasts());
    }
}

/// The judge's ear in the house.
struct Listener {
    judge: Judge,
    venue: Arc<DirectVenue>,
}

impl Tap for Listener {
    fn see(&mut self, envelope: &Envelope) {
        self.venue.look(|floor| self.judge.bench().hear(envelope, floor));
    }
}
