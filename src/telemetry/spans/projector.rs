//! The fold: one envelope in, finished spans out.
//!
//! It sorts events by family and keeps what is open. Spans that end within a cascade are
//! held until the next one begins, because what belongs to them may be said a few events
//! later.

use std::collections::BTreeMap;
use std::mem;

use crate::domain::ids::{ClientOrderId, Seq, TradeId};
use crate::domain::money::Money;
use crate::domain::time::Timestamp;
use crate::events::{Envelope, Event, OrderEvent, ScanStarted, SystemEvent};
use crate::telemetry::spans::orders::OrderCalls;
use crate::telemetry::spans::span::{Moment, Span};
use crate::telemetry::spans::trade::{Trade, apart};

/// Trades and orders that are followed at once; far above what risk lets be open. Beyond
/// it the oldest are told as they stand.
const FOLLOWED_MAX: usize = 4_096;

/// How the venue's calls are named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VenueNames {
    /// Begins the name of a call: `alpaca_api` in `alpaca_api.place_order`.
    pub api: String,
    /// Where it is called over HTTP; absent for a venue inside the process.
    pub http: Option<HttpNames>,
}

/// Where a venue is called over HTTP, in words that never hold an account or a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpNames {
    /// The host.
    pub host: String,
    /// The path of orders, such as `/v2/orders`; one order is `/{order_id}` below it.
    pub orders: &'static str,
}

impl VenueNames {
    /// Alpaca at a host.
    pub fn alpaca(host: impl Into<String>) -> Self {
        let http = HttpNames { host: host.into(), orders: "/v2/orders" };
        Self { api: "alpaca_api".into(), http: Some(http) }
    }

    /// Schwab at a host. Its paths hold the account's hash, which is not shown.
    pub fn schwab(host: impl Into<String>) -> Self {
        let orders = "/trader/v1/accounts/{hash}/orders";
        let http = HttpNames { host: host.into(), orders };
        Self { api: "schwab_api".into(), http: Some(http) }
    }

    /// The simulated venue inside the process.
    pub fn inside() -> Self {
        Self { api: "sim_venue".into(), http: None }
    }
}

/// The scan that candidates of the same cascade come from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scan {
    pub(super) at: Timestamp,
    pub(super) seq: Seq,
    pub(super) cause: Option<Seq>,
    pub(super) what: ScanStarted,
}

/// Folds envelopes into spans.
#[derive(Debug)]
pub struct Projector {
    pub(super) venue: VenueNames,
    pub(super) scan: Option<Scan>,
    pub(super) trades: BTreeMap<TradeId, Trade>,
    pub(super) orders: BTreeMap<ClientOrderId, OrderCalls>,
    pub(super) buying_power: Option<Money>,
    /// The first event of the present cascade.
    root: Seq,
    /// The trade that the present cascade is about.
    pub(super) trade_now: Option<TradeId>,
    /// Ended in the present cascade.
    ended: Vec<Span>,
    /// Changes of machines that found no span yet, each as the span that it is when none
    /// ends in this cascade.
    loose: Vec<(TradeId, Span)>,
}

impl Projector {
    /// Makes one that knows nothing yet.
    pub const fn new(venue: VenueNames) -> Self {
        Self {
            venue,
            scan: None,
            trades: BTreeMap::new(),
            orders: BTreeMap::new(),
            buying_power: None,
            root: Seq(0),
            trade_now: None,
            ended: Vec::new(),
            loose: Vec::new(),
        }
    }

    /// Whether an event can be part of a trace. Prices are counted elsewhere, timers are
    /// heard by one agent alone, questions belong to no trade's way.
    pub const fn wants(event: &Event) -> bool {
        !matches!(
            event,
            Event::Tape(_)
                | Event::Feed(_)
                | Event::Market(_)
                | Event::Request(_)
                | Event::System(SystemEvent::TimerDue(_))
        )
    }

    /// Takes one envelope; returns the spans of the cascades before it.
    pub fn see(&mut self, envelope: &Envelope) -> Vec<Span> {
        let finished = if envelope.root == self.root { Vec::new() } else { self.settle() };
        self.root = envelope.root;
        self.fold(envelope);
        finished
    }

    /// Returns what ended in the present cascade, which is over.
    pub fn settle(&mut self) -> Vec<Span> {
        self.root = Seq(0);
        (self.scan, self.trade_now) = (None, None);
        self.take_ended()
    }

    /// Ends what is open at a time and returns everything that was not handed out.
    pub fn finish(&mut self, at: Timestamp) -> Vec<Span> {
        for (_, calls) in mem::take(&mut self.orders) {
            for mut call in calls.into_open() {
                call.put("span.unfinished", true.into());
                self.end(call, at);
            }
        }
        for (_, mut trade) in mem::take(&mut self.trades) {
            self.end_trade(&mut trade, at, true);
        }
        self.take_ended()
    }

    fn take_ended(&mut self) -> Vec<Span> {
        self.ended.extend(self.loose.drain(..).map(|(_, span)| span));
        mem::take(&mut self.ended)
    }

    fn fold(&mut self, envelope: &Envelope) {
        match &envelope.event {
            // See `wants`.
            Event::Tape(_)
            | Event::Feed(_)
            | Event::Market(_)
            | Event::Intel(_)
            | Event::Request(_)
            | Event::System(SystemEvent::TimerDue(_)) => return,
            Event::Signal(event) => self.signal(envelope, event),
            Event::Risk(event) => self.risk(envelope, event),
            Event::Order(event) => self.order(envelope, event),
            Event::Venue(event) => self.venue(envelope, event),
            Event::Position(event) => self.position(envelope, event),
            Event::Trade(event) => self.trade(envelope, event),
            Event::Breaker(event) => self.breaker(envelope, event),
            Event::Operator(command) => self.operator(envelope, command),
            Event::System(event) => self.system(envelope, event),
        }
        if let Some(trade_id) = envelope.event.trade_id() {
            self.trade_now = Some(trade_id.clone());
            if !is_change(&envelope.event) {
                // Without a span to be noted on it is no step of its own.
                let _ = self.note(trade_id, Moment::of(envelope));
            }
        }
    }

    /// Ends a span.
    pub(super) fn end(&mut self, mut span: Span, at: Timestamp) {
        let is_of =
            |trade_id: &TradeId| span.get("trade.id").is_some_and(|id| id.is(trade_id.as_str()));
        let changes: Vec<_> = self.loose.extract_if(.., |(trade_id, _)| is_of(trade_id)).collect();
        for moment in changes.into_iter().flat_map(|(_, change)| change.moments) {
            span.note(moment);
        }
        self.ended.push(span.ended(at));
    }

    /// Ends a span of a trade, with what is known of the trade on it.
    pub(super) fn end_of(&mut self, trade_id: &TradeId, mut span: Span, at: Timestamp) {
        if let Some(trade) = self.trades.get(trade_id) {
            trade.mark(&mut span);
        }
        self.end(span, at);
    }

    /// A trade, followed from now on if it was not.
    pub(super) fn followed(&mut self, trade_id: &TradeId, at: Timestamp) -> &mut Trade {
        if self.trades.len() >= FOLLOWED_MAX
            && !self.trades.contains_key(trade_id)
            && let Some((_, mut oldest)) = self.trades.pop_first()
        {
            self.end_trade(&mut oldest, at, true);
        }
        self.trades.entry(trade_id.clone()).or_insert_with(|| Trade::new(trade_id))
    }

    /// Makes room for one more order.
    pub(super) fn make_room_for_order(&mut self, at: Timestamp) {
        if self.orders.len() >= FOLLOWED_MAX
            && let Some((_, oldest)) = self.orders.pop_first()
        {
            for call in oldest.into_open() {
                self.end(call, at);
            }
        }
    }

    /// Ends everything that a trade has open.
    pub(super) fn end_trade(&mut self, trade: &mut Trade, at: Timestamp, is_unfinished: bool) {
        for mut span in trade.take_open() {
            trade.mark(&mut span);
            if is_unfinished {
                span.put("span.unfinished", true.into());
            }
            self.end(span, at);
        }
    }

    /// Notes a moment on the innermost open span of a trade, or on the last that ended
    /// in this cascade. Returns it when there is neither.
    pub(super) fn note(&mut self, trade_id: &TradeId, moment: Moment) -> Option<Moment> {
        if let Some(span) = self.trades.get_mut(trade_id).and_then(Trade::innermost) {
            span.note(moment);
            return None;
        }
        let is_of_trade =
            |span: &&mut Span| span.get("trade.id").is_some_and(|id| id.is(trade_id.as_str()));
        match self.ended.iter_mut().rev().find(is_of_trade) {
            Some(span) => {
                span.note(moment);
                None
            }
            None => Some(moment),
        }
    }

    /// Notes a change of a machine; where no span is there for it in this cascade, it is
    /// one.
    pub(super) fn note_change(
        &mut self,
        (trade_id, name): (&TradeId, &'static str),
        envelope: &Envelope,
        moment: Moment,
    ) {
        if let Some(moment) = self.note(trade_id, moment) {
            let mut span = apart(trade_id, name, envelope);
            span.attributes.extend(moment.attributes.iter().cloned());
            span.note(moment);
            if let Some(trade) = self.trades.get(trade_id) {
                trade.mark(&mut span);
            }
            self.loose.push((trade_id.clone(), span));
        }
    }

    /// The span of a name that ended last in this cascade.
    pub(super) fn ended_now(&mut self, name: &str) -> Option<&mut Span> {
        self.ended.iter_mut().rev().find(|span| span.name == name)
    }
}

/// Whether an event is a machine's change, which is noted with its states.
const fn is_change(event: &Event) -> bool {
    matches!(event, Event::Trade(_) | Event::Order(OrderEvent::StateChanged(_)))
}
