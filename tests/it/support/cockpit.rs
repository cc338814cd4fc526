//! The whole house on one thread: the five agents and the simulated venue, a
//! journal in memory, and a hand that feeds the market, presses keys and moves the
//! time.
//!
//! Nothing here waits: time is a number that the test moves. The venue seat is
//! shared with the test, so that the exchange's own ledger can be read beside what
//! the agents say, and it can be told to misbehave; see [`trouble`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use flightdeck::agents::roster;
use flightdeck::brokers::sim::exchange::Order;
use flightdeck::brokers::sim::venue::SimVenue;
use flightdeck::bus::inline::Inline;
use flightdeck::bus::{Agent, Outbox, Output, RosterSeat, Tap};
use flightdeck::config::{Config, Purpose};
use flightdeck::domain::command::{
    Approve, CancelOrder, Flatten, OperatorCommand, Reason, Reject, ResetBreaker,
};
use flightdeck::domain::ids::{AgentId, ClientOrderId, ExecutionId, Seq, Symbol, TradeId};
use flightdeck::domain::market::{Bar, BarBatch, Interval, MarketStep, Quote, Tick};
use flightdeck::domain::money::{Money, Price, Qty};
use flightdeck::domain::order::{Fill, OrderPurpose, OrderReport, Side};
use flightdeck::domain::position::{Direction, Position};
use flightdeck::domain::time::Timestamp;
use flightdeck::events::{
    Envelope, Event, FeedEvent, MarketEvent, OrderCancel, OrderEvent, PositionEvent, RequestEvent,
    RiskEvent, SignalEvent, SystemEvent, TapeEvent, TradeEvent, VenueEvent, VenueFilled, wire,
};
use flightdeck::journal::Memory;
use jiff::SignedDuration;
use serde_json::value::RawValue;

use crate::support::trouble::{Trouble, TroubledVenue};

/// 10:30 in New York on a Tuesday without anything special.
pub(crate) const START: i64 = 1_761_661_800;

/// Parses a price; tests write prices as people do.
#[track_caller]
pub(crate) fn price(text: &str) -> Price {
    text.parse().unwrap()
}

/// Parses an amount of dollars.
#[track_caller]
pub(crate) fn dollars(text: &str) -> Money {
    text.parse().unwrap()
}

/// Names a stock.
#[track_caller]
pub(crate) fn symbol(text: &str) -> Symbol {
    Symbol::new(text).unwrap()
}

/// Whole shares.
#[track_caller]
pub(crate) fn shares(number: u64) -> Qty {
    Qty::shares(number).unwrap()
}

/// The rules of the golden trade: `TrendFollowing` alone, both sides, no trailing
/// stop, no time exit.
pub(crate) fn rules() -> Config {
    let mut config = Config::defaults(Purpose::Sim);
    config.strategy.ensemble.members = vec!["trend_following".into()];
    config.strategy.ensemble.strategies.trend_following.allow_short = true;
    config.strategy.time_exit_minutes = 0;
    config.strategy.trail_start_r = rust_decimal::Decimal::ZERO;
    config.strategy.retry_bars = 0;
    config.position.pnl_seconds = 0;
    config
}

/// Collects every envelope where the test can see it.
struct Recorder(Arc<Mutex<Vec<Envelope>>>);

impl Tap for Recorder {
    fn see(&mut self, envelope: &Envelope) {
        self.0.lock().unwrap().push(envelope.clone());
    }
}

/// The house and the hand.
pub(crate) struct Cockpit {
    spine: Inline<Memory>,
    seen: Arc<Mutex<Vec<Envelope>>>,
    venue: Arc<Mutex<SimVenue>>,
    troubles: Arc<Mutex<Vec<Trouble>>>,
    cancels_refused: Arc<Mutex<u32>>,
    now: Timestamp,
}

impl Cockpit {
    /// Opens the house at [`START`] on a market of quotes.
    pub(crate) fn new(config: &Config) -> Self {
        Self::open(config, &[])
    }

    /// Opens the house on a venue whose account holds other cash than the journal
    /// knows of.
    pub(crate) fn with_cash_at_venue(config: &Config, cash: &str) -> Self {
        let cockpit = Self::new(config);
        let mut venue = config.venue(false, 500);
        venue.exchange.opening_cash = dollars(cash);
        *cockpit.venue() = SimVenue::new(venue);
        cockpit
    }

    /// Opens the house with other agents in some seats.
    pub(crate) fn with_seats(config: &Config, instead: &[RosterSeat]) -> Self {
        Self::open(config, instead)
    }

    fn open(config: &Config, instead: &[RosterSeat]) -> Self {
        config.validate().unwrap();
        let venue = Arc::new(Mutex::new(SimVenue::new(config.venue(false, 500))));
        let troubles = Arc::new(Mutex::new(Vec::new()));
        let cancels_refused = Arc::new(Mutex::new(0));
        let seated = (venue.clone(), troubles.clone(), cancels_refused.clone());
        let seat = RosterSeat {
            id: AgentId::Venue,
            factory: Arc::new(move || {
                Box::new(TroubledVenue {
                    venue: seated.0.clone(),
                    troubles: seated.1.clone(),
                    cancels_refused: seated.2.clone(),
                })
            }),
        };
        let mut roster = roster(&config.agents(), seat).unwrap();
        for other in instead {
            let seat = roster.iter_mut().find(|seat| seat.id == other.id).unwrap();
            *seat = other.clone();
        }
        let seen = Arc::new(Mutex::new(Vec::new()));
        let taps: Vec<Box<dyn Tap>> = vec![Box::new(Recorder(seen.clone()))];
        let spine = Inline::new(roster, Memory::default(), taps);
        let now = Timestamp::from_seconds(START);
        Self { spine, seen, venue, troubles, cancels_refused, now }
    }

    // --- time -------------------------------------------------------------

    /// The time of the house.
    pub(crate) const fn now(&self) -> Timestamp {
        self.now
    }

    /// Lets time pass; what is due meanwhile happens.
    pub(crate) fn wait(&mut self, seconds: i64) -> &mut Self {
        self.wait_until(self.now.plus(SignedDuration::from_secs(seconds)))
    }

    /// Lets time pass until a moment.
    pub(crate) fn wait_until(&mut self, at: Timestamp) -> &mut Self {
        self.now = at;
        self.spine.run_timers(at).unwrap();
        self
    }

    // --- inputs -----------------------------------------------------------

    /// The venue reports an execution in AAPL.
    pub(crate) fn reports_fill(
        &mut self,
        execution: &str,
        client_order_id: ClientOrderId,
        (side, qty, at): (Side, u64, &str),
        cumulative: u64,
    ) {
        let fill = Fill {
            execution_id: ExecutionId::new(execution),
            client_order_id,
            symbol: Symbol::new("AAPL").unwrap(),
            side,
            qty: Qty::shares(qty).unwrap(),
            price: at.parse().unwrap(),
            cumulative: Qty::shares(cumulative).unwrap(),
            at: self.now(),
        };
        let filled = VenueFilled { fill, fee: Money::ZERO };
        self.input(AgentId::Venue, VenueEvent::Filled(filled));
    }

    /// Lets an event in by the door.
    pub(crate) fn input(&mut self, source: AgentId, event: impl Into<Event>) -> &mut Self {
        self.spine.input(self.now, source, event).unwrap();
        self
    }

    /// The market moves: the venue hears it first.
    pub(crate) fn step(&mut self, step: MarketStep) -> &mut Self {
        let step = Arc::new(MarketStep { at: self.now, ..step });
        self.input(AgentId::Feed, TapeEvent::Step(step.clone()));
        self.input(AgentId::Feed, FeedEvent::Step(step))
    }

    /// A new best bid and offer, a thousand shares each.
    pub(crate) fn quote(&mut self, of: &str, bid: &str, ask: &str) -> &mut Self {
        self.quote_of(of, (bid, 1_000), (ask, 1_000))
    }

    /// A new best bid and offer with sizes.
    pub(crate) fn quote_of(
        &mut self,
        of: &str,
        (bid, bids): (&str, u64),
        (ask, asks): (&str, u64),
    ) -> &mut Self {
        let quote =
            Quote::new(symbol(of), (price(bid), bids), (price(ask), asks), self.now).unwrap();
        self.step(MarketStep { quotes: vec![quote], ..MarketStep::default() })
    }

    /// A trade print.
    pub(crate) fn tick(&mut self, of: &str, at: &str, size: u64) -> &mut Self {
        let tick = Tick { symbol: symbol(of), price: price(at), size: shares(size), at: self.now };
        self.step(MarketStep { ticks: vec![tick], ..MarketStep::default() })
    }

    /// A minute bar that ends now: open, high, low, close.
    pub(crate) fn bar(&mut self, of: &str, [o, h, l, c]: [&str; 4], volume: u64) -> &mut Self {
        let start = self.now.plus(SignedDuration::from_mins(-1));
        let bar = Bar {
            symbol: symbol(of),
            open: price(o),
            high: price(h),
            low: price(l),
            close: price(c),
            volume,
            start,
        };
        self.bars(vec![bar.checked().unwrap()])
    }

    /// Minute bars that end now.
    pub(crate) fn bars(&mut self, bars: Vec<Bar>) -> &mut Self {
        let batch = BarBatch { interval: Interval::Minute, bars: bars.into() };
        self.step(MarketStep { bars: Some(batch), ..MarketStep::default() })
    }

    /// Warms the indicators up so that the next busy bar at `at` is a setup.
    pub(crate) fn history(&mut self, of: &str, at: &str, direction: Direction) -> &mut Self {
        let bars = history(symbol(of), price(at), direction, self.now);
        let batch = BarBatch { interval: Interval::Minute, bars: bars.into() };
        self.input(AgentId::Feed, FeedEvent::History(batch))
    }

    /// Everything up to the busy bar that is a setup at `at`, a quote included.
    pub(crate) fn setup(&mut self, of: &str, at: &str, direction: Direction) -> &mut Self {
        self.history(of, at, direction);
        let cent = Money::from_cents(1);
        let level = price(at);
        let (bid, ask) = match direction {
            Direction::Long => (level.plus(-cent).unwrap(), level),
            Direction::Short => (level, level.plus(cent).unwrap()),
        };
        self.quote(of, &bid.to_string(), &ask.to_string());
        self.bar(of, [at, at, at, at], 2_000)
    }

    /// A setup with few shares at the offer.
    pub(crate) fn setup_thin(&mut self, of: &str, at: &str, asks: u64) -> &mut Self {
        self.history(of, at, Direction::Long);
        let bid = price(at).plus(Money::from_cents(-1)).unwrap().to_string();
        self.quote_of(of, (&bid, 1_000), (at, asks));
        self.bar(of, [at; 4], 2_000)
    }

    /// A setup whose entry works without filling: what was offered has been sold
    /// when the order arrives.
    pub(crate) fn setup_missed(&mut self, of: &str, at: &str) -> &mut Self {
        self.history(of, at, Direction::Long);
        let cent = Money::from_cents(1);
        let bid = price(at).plus(-cent).unwrap().to_string();
        self.quote(of, &bid, at);
        // The venue alone sees the offer go.
        let above = price(at).plus(cent).unwrap().to_string();
        let gone =
            Quote::new(symbol(of), (price(at), 1_000), (price(&above), 1_000), self.now).unwrap();
        let step = MarketStep { at: self.now, quotes: vec![gone], ..MarketStep::default() };
        self.input(AgentId::Feed, TapeEvent::Step(Arc::new(step)));
        self.bar(of, [at; 4], 2_000)
    }

    /// The operator presses a key.
    pub(crate) fn press(&mut self, command: OperatorCommand) -> &mut Self {
        self.input(AgentId::Operator, command)
    }

    /// The operator halts.
    pub(crate) fn kill(&mut self) -> &mut Self {
        self.press(OperatorCommand::Kill(because()))
    }

    /// The operator lets only reductions through.
    pub(crate) fn reduce(&mut self) -> &mut Self {
        self.press(OperatorCommand::Reduce(because()))
    }

    /// The operator trades again.
    pub(crate) fn resume(&mut self) -> &mut Self {
        self.press(OperatorCommand::Resume(because()))
    }

    /// The operator closes one position or all.
    pub(crate) fn flatten(&mut self, only: Option<&str>) -> &mut Self {
        let Reason { reason, by } = because();
        self.press(OperatorCommand::Flatten(Flatten { symbol: only.map(symbol), reason, by }))
    }

    /// The operator approves a trade.
    pub(crate) fn approve(&mut self, trade_id: &TradeId) -> &mut Self {
        self.press(OperatorCommand::Approve(Approve { trade_id: trade_id.clone(), by: None }))
    }

    /// The operator rejects a trade.
    pub(crate) fn reject(&mut self, trade_id: &TradeId) -> &mut Self {
        let Reason { reason, by } = because();
        self.press(OperatorCommand::Reject(Reject { trade_id: trade_id.clone(), reason, by }))
    }

    /// The operator cancels an order.
    pub(crate) fn cancel(&mut self, client_order_id: &ClientOrderId) -> &mut Self {
        let client_order_id = client_order_id.clone();
        self.press(OperatorCommand::Cancel(CancelOrder { client_order_id, by: None }))
    }

    /// The operator resets a breaker.
    pub(crate) fn reset(&mut self, breaker: &str) -> &mut Self {
        let Reason { reason, by } = because();
        self.press(OperatorCommand::ResetBreaker(ResetBreaker {
            breaker: breaker.into(),
            reason,
            by,
        }))
    }

    /// Somebody asks an agent.
    pub(crate) fn ask(&mut self, request: RequestEvent) -> &mut Self {
        self.input(AgentId::Operator, request)
    }

    /// The venue will misbehave.
    pub(crate) fn trouble(&mut self, trouble: Trouble) -> &mut Self {
        self.troubles.lock().unwrap().push(trouble);
        self
    }

    /// The venue refuses the next cancel, and the order works on.
    pub(crate) fn refuse_cancel(&mut self) -> &mut Self {
        *self.cancels_refused.lock().unwrap() += 1;
        self
    }

    /// The venue behaves from now on.
    pub(crate) fn heal(&mut self) -> &mut Self {
        self.troubles.lock().unwrap().clear();
        *self.cancels_refused.lock().unwrap() = 0;
        self
    }

    /// The venue does of itself what it would do on an order event that nobody
    /// sent, such as a cancel.
    pub(crate) fn venue_does(&mut self, event: OrderEvent) -> &mut Self {
        let envelope = Envelope {
            seq: Seq(0),
            at: self.now,
            cause: None,
            root: Seq(0),
            source: AgentId::Venue,
            event: event.into(),
        };
        let mut out = Outbox::default();
        self.venue().handle(&envelope, &mut out);
        for output in out.take() {
            if let Output::Publish(event) = output {
                self.input(AgentId::Venue, event);
            }
        }
        self
    }

    /// The venue cancels an order of itself.
    pub(crate) fn venue_cancels(&mut self, client_order_id: &ClientOrderId) -> &mut Self {
        self.venue_does(OrderEvent::Cancel(OrderCancel {
            client_order_id: client_order_id.clone(),
            trade_id: None,
            reason: "by hand".into(),
        }))
    }

    // --- the exchange's own ledger ------------------------------------------

    /// The venue.
    pub(crate) fn venue(&self) -> MutexGuard<'_, SimVenue> {
        self.venue.lock().unwrap()
    }

    /// What the exchange holds for us in a stock.
    pub(crate) fn held(&self, of: &str) -> Option<Position> {
        let positions = self.venue().exchange().positions();
        positions.into_iter().map(|view| view.position).find(|held| held.symbol == symbol(of))
    }

    /// Orders that work at the exchange, oldest first.
    pub(crate) fn working(&self) -> Vec<OrderReport> {
        self.venue().exchange().working().into_iter().map(Order::report).collect()
    }

    /// Working orders as people would say them: `sell 5 stop 166.72`.
    pub(crate) fn resting(&self) -> Vec<String> {
        self.working().iter().map(in_words).collect()
    }

    /// Cash at the exchange.
    pub(crate) fn cash(&self) -> Money {
        self.venue().exchange().account().cash
    }

    // --- the journal --------------------------------------------------------

    /// Everything that happened so far.
    pub(crate) fn journal(&self) -> Vec<Envelope> {
        self.seen.lock().unwrap().clone()
    }

    /// How much has happened so far; see [`Cockpit::since`].
    pub(crate) fn mark(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    /// What happened after a mark.
    pub(crate) fn since(&self, mark: usize) -> Vec<Envelope> {
        self.seen.lock().unwrap()[mark..].to_vec()
    }

    /// The data of every event of a name, oldest first.
    pub(crate) fn all(&self, name: &str) -> Vec<Data> {
        self.seen.lock().unwrap().iter().filter(|e| e.event.name() == name).map(Data::of).collect()
    }

    /// The data of the newest event of a name.
    #[track_caller]
    pub(crate) fn last(&self, name: &str) -> Data {
        let found = self.all(name).pop();
        found.unwrap_or_else(|| panic!("no {name} in\n{}", self.story().join("\n")))
    }

    /// How often an event of a name was said.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.seen.lock().unwrap().iter().filter(|e| e.event.name() == name).count()
    }

    /// The newest trade.
    #[track_caller]
    pub(crate) fn trade(&self) -> TradeId {
        TradeId::new(self.last("strategy.candidate.found").text("trade_id"))
    }

    /// The states of a trade in order, the first one included.
    pub(crate) fn states(&self, trade_id: &TradeId) -> Vec<String> {
        let mut states = Vec::new();
        for envelope in self.seen.lock().unwrap().iter() {
            let Event::Trade(TradeEvent::StateChanged(changed)) = &envelope.event else { continue };
            if changed.trade_id == *trade_id {
                if states.is_empty() {
                    states.push(changed.from.clone());
                }
                states.push(changed.to.clone());
            }
        }
        states
    }

    /// The newest state of the newest trade.
    #[track_caller]
    pub(crate) fn state(&self) -> String {
        self.states(&self.trade()).pop().unwrap()
    }

    /// The order that was sent last for a purpose.
    #[track_caller]
    pub(crate) fn order(&self, purpose: OrderPurpose) -> ClientOrderId {
        let seen = self.seen.lock().unwrap();
        let mut sent = seen.iter().rev().filter_map(|envelope| {
            let Event::Order(OrderEvent::Submit(submit)) = &envelope.event else { return None };
            (submit.order.purpose() == purpose)
                .then(|| submit.order.request().client_order_id.clone())
        });
        sent.next().unwrap()
    }

    /// The last events without market data, one line each, for a failing test.
    pub(crate) fn tail(&self, lines: usize) -> String {
        let told =
            |e: &&Envelope| !matches!(e.event, Event::Tape(_) | Event::Feed(_) | Event::Market(_));
        let all: Vec<String> = self
            .journal()
            .iter()
            .filter(told)
            .map(|e| {
                let data: String = Data::of(e).0.get().chars().take(230).collect();
                format!("{} {} {data}", e.at, e.event.name())
            })
            .collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }

    /// What the five agents said, by name, market data left out.
    pub(crate) fn story(&self) -> Vec<&'static str> {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|envelope| is_told(&envelope.event)).map(|e| e.event.name()).collect()
    }
}

/// Tells whether an event belongs to a trade's story: no market data, no frame.
pub(crate) fn is_told(event: &Event) -> bool {
    match event {
        Event::Tape(_) | Event::Feed(_) | Event::Request(_) | Event::Venue(_) | Event::Intel(_) => {
            false
        }
        Event::System(system) => matches!(system, SystemEvent::Alert(_)),
        Event::Market(market) => matches!(market, MarketEvent::Split(_)),
        Event::Signal(signal) => !matches!(signal, SignalEvent::MemberLeftOut(_)),
        Event::Risk(risk) => !matches!(risk, RiskEvent::PortfolioAssessed(_)),
        Event::Order(order) => !matches!(order, OrderEvent::StateChanged(_)),
        Event::Position(position) => !matches!(position, PositionEvent::Pnl(_)),
        Event::Trade(_) | Event::Breaker(_) | Event::Operator(_) => true,
    }
}

fn because() -> Reason {
    Reason { reason: "a test asked".into(), by: None }
}

/// A working order in words.
pub(crate) fn in_words(report: &OrderReport) -> String {
    let level = match (report.kind.stop(), report.kind.limit()) {
        (Some(stop), None) => format!("stop {stop}"),
        (Some(stop), Some(limit)) => format!("stop {stop} limit {limit}"),
        (None, Some(limit)) => format!("limit {limit}"),
        (None, None) => "market".into(),
    };
    let left = report.qty.checked_sub(report.filled).unwrap();
    format!("{} {left} {level}", report.side)
}

/// Quiet minutes before a setup at `at`: half a dollar with the trend, 40 cents
/// against it, in turns, the last step with it. Strength is then about 57 (43 for
/// a short one), and the price lies beyond its average.
pub(crate) fn history(
    symbol: Symbol,
    at: Price,
    direction: Direction,
    until: Timestamp,
) -> Vec<Bar> {
    const BARS: i64 = 40;
    let sign = match direction {
        Direction::Long => 1,
        Direction::Short => -1,
    };
    // How far the close is from `at`, so many bars before it.
    let behind = |bars: i64| (bars + 1) / 2 * 50 - bars / 2 * 40;
    (1..=BARS)
        .rev()
        .map(|back| {
            let close = at.plus(Money::from_cents(-sign * behind(back))).unwrap();
            let start = until.plus(SignedDuration::from_mins(-1 - back));
            Bar { symbol, open: close, high: close, low: close, close, volume: 1_000, start }
        })
        .collect()
}

/// The data of one event, number for number as they are written.
#[derive(Debug, Clone)]
pub(crate) struct Data(Box<RawValue>);

impl Data {
    /// The data of an envelope.
    pub(crate) fn of(envelope: &Envelope) -> Self {
        let mut line = Vec::new();
        wire::write(envelope, &mut line);
        let whole = Self(serde_json::from_slice(&line).unwrap());
        Self(whole.get("data").unwrap())
    }

    fn get(&self, path: &str) -> Option<Box<RawValue>> {
        let mut here = self.0.clone();
        for key in path.split('.') {
            let mut fields: BTreeMap<String, Box<RawValue>> =
                serde_json::from_str(here.get()).ok()?;
            here = fields.remove(key)?;
        }
        Some(here)
    }

    /// The text of a field, without quotes; `-` when it is not there.
    pub(crate) fn text(&self, path: &str) -> String {
        self.get(path).map_or("-".into(), |raw| raw.get().trim_matches('"').to_owned())
    }

    /// The fields `paths` in one line.
    pub(crate) fn line(&self, paths: &[&str]) -> String {
        paths.iter().map(|path| self.text(path)).collect::<Vec<_>>().join(" ")
    }
}
