//! The whole fold: from envelopes to a snapshot.
//!
//! Pure and bounded: it asks no clock, draws no lots, and holds no more after ten
//! million events than after ten thousand. An event changes the parts that it is
//! about; copies are made when a snapshot is asked for, and of changed parts only.

use std::sync::Arc;

use crate::domain::calendar::MarketHours;
use crate::domain::command::OperatorCommand;
use crate::domain::ids::{Seq, Symbol};
use crate::domain::money::Money;
use crate::domain::time::Timestamp;
use crate::events::{
    Envelope, Event, FeedEvent, MarketEvent, OrderEvent, OrderFilled, PositionEvent, TradeEvent,
    VenueEvent,
};
use crate::view::decisions::{DECISIONS_MAX, Record, Recorder, Wanted};
use crate::view::intel::{INTEL_MAX, IntelPart};
use crate::view::latency::Latency;
use crate::view::log::{BLOCK, Class, EventLine, LOG_MAX, Log};
use crate::view::precautions::{Around, Precautions};
use crate::view::projector::account::AccountPart;
use crate::view::projector::counters::Count;
use crate::view::projector::house::HousePart;
use crate::view::projector::market::MarketPart;
use crate::view::projector::orders::OrdersPart;
use crate::view::projector::safety::SafetyPart;
use crate::view::projector::trades::TradesPart;
use crate::view::projector::words;
use crate::view::rows::{
    APPROVALS_MAX, ApprovalRow, FINISHED_MAX, ORDERS_DONE_MAX, PositionRow, Protection, TRADES_MAX,
    WORKING_MAX,
};
use crate::view::snapshot::{
    ALERTS_MAX, Account, BREAKERS_MAX, BUDGETS_MAX, Cards, FEEDS_MAX, MarketCard, OrdersCard,
    PositionsCard, RiskCard, STRATEGIES_MAX, Snapshot, StrategyCard,
};
use crate::view::watch::{BARS_MAX, MARKS_MAX, Mark, SYMBOLS_MAX};

/// What the journal does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    /// The account's name, as the screen shows it.
    pub account: String,
    /// Cash at the start of an empty journal, in dollars.
    pub opening_cash: Money,
    /// Which sessions the market keeps.
    pub hours: MarketHours,
    /// The breakers that there are; they are shown as closed until they move.
    pub breakers: Vec<String>,
    /// How many times as fast as the wall the house's time runs, 1 or more.
    pub speed: u32,
    /// From where on an approval is unusual.
    pub precautions: Precautions,
}

/// Makes the read model from envelopes.
#[derive(Debug)]
pub struct Projector {
    seq: Seq,
    at: Timestamp,
    market: MarketPart,
    account: AccountPart,
    orders: OrdersPart,
    trades: TradesPart,
    house: HousePart,
    intel: IntelPart,
    safety: SafetyPart,
    recorder: Recorder,
    count: Count,
    log: Log,
    precautions: Precautions,
    speed: u32,
    /// When the account was last read at the broker.
    venue_read_at: Option<Timestamp>,
}

impl Projector {
    /// Makes the read model of an empty journal.
    pub fn new(setup: &Setup) -> Self {
        Self::looking_for(setup, None)
    }

    /// Makes one whose record of a decision never makes room for newer ones.
    pub(in crate::view) fn looking_for(setup: &Setup, wanted: Option<Wanted>) -> Self {
        Self {
            seq: Seq(0),
            at: Timestamp::default(),
            market: MarketPart::new(setup.hours),
            account: AccountPart::new(setup.opening_cash),
            orders: OrdersPart::default(),
            trades: TradesPart::default(),
            house: HousePart::new(&setup.account, &setup.breakers, setup.speed.max(1)),
            intel: IntelPart::default(),
            safety: SafetyPart::default(),
            recorder: Recorder::new(wanted),
            count: Count::default(),
            log: Log::default(),
            precautions: setup.precautions.clone(),
            speed: setup.speed.max(1),
            venue_read_at: None,
        }
    }

    /// Takes one envelope, in the order of the journal.
    pub fn see(&mut self, envelope: &Envelope) {
        let _ = self.see_line(envelope);
    }

    /// Takes one envelope and returns its line of the event stream, where it has one.
    pub(in crate::view) fn see_line(&mut self, envelope: &Envelope) -> Option<EventLine> {
        let at = envelope.at;
        self.seq = envelope.seq;
        self.at = at;
        self.count.see(at, &envelope.event);
        self.house.heard(at, envelope.source);
        self.recorder.place(envelope);
        match &envelope.event {
            Event::Tape(_)
            | Event::Feed(FeedEvent::Step(_) | FeedEvent::History(_) | FeedEvent::Second(_)) => {}
            Event::Market(event) => self.market(at, event),
            Event::Feed(
                FeedEvent::Link(_) | FeedEvent::SecondLink(_) | FeedEvent::Conflated(_),
            )
            | Event::Signal(_)
            | Event::Risk(_)
            | Event::Order(_)
            | Event::Venue(_)
            | Event::Position(_)
            | Event::Trade(_)
            | Event::Breaker(_)
            | Event::Intel(_)
            | Event::Operator(_)
            | Event::Request(_)
            | Event::System(_) => self.rare(envelope),
        }
        let line = words::line(envelope)?;
        match line.class {
            Class::Market => self.log.push_run(words::run(&envelope.event), &line),
            Class::Debug | Class::Normal | Class::Vital => self.log.push(line.clone()),
        }
        Some(line)
    }

    fn market(&mut self, at: Timestamp, event: &MarketEvent) {
        self.market.see(at, event);
        self.account.note_fall(at);
        match event {
            MarketEvent::Quote(quote) => self.account.mark(quote.symbol, quote.mid()),
            MarketEvent::Tick(tick) => self.account.mark(tick.symbol, tick.price),
            MarketEvent::Bars(bars) if !bars.is_history => {
                for bar in bars.bars.iter() {
                    self.account.mark(bar.symbol, bar.close);
                }
            }
            MarketEvent::Status(status) => {
                if self.account.begin_day(status.trading_day) {
                    self.orders.begin_day();
                }
                self.trades.session(&self.market.session);
            }
            MarketEvent::Correction(correction) => {
                let symbol = correction.wrong.symbol;
                if let Some(last) = self.market.last(symbol) {
                    self.account.mark(symbol, last);
                }
            }
            MarketEvent::Bars(_)
            | MarketEvent::Halt(_)
            | MarketEvent::Suspect(_)
            | MarketEvent::Split(_)
            | MarketEvent::Band(_)
            | MarketEvent::Second(_)
            | MarketEvent::Source(_) => {}
        }
    }

    /// Everything but prices.
    fn rare(&mut self, envelope: &Envelope) {
        let at = envelope.at;
        let place = (envelope.seq, at);
        match &envelope.event {
            Event::Feed(FeedEvent::Link(changed) | FeedEvent::SecondLink(changed)) => {
                self.house.link(at, changed);
            }
            Event::Feed(FeedEvent::Conflated(told)) => self.house.conflated(told),
            Event::Signal(event) => {
                self.house.signal(at, event);
                self.trades.signal(at, event);
            }
            Event::Risk(event) => {
                self.house.risk(place, event);
                self.trades.risk(place, event);
            }
            Event::Order(event) => self.order(at, event),
            Event::Venue(event) => self.venue(at, event),
            Event::Position(event) => {
                self.account.see(at, event);
                self.trades.position(event);
                if matches!(event, PositionEvent::Unexplained(_)) {
                    self.house.unexplained += 1;
                } else if let PositionEvent::Covered(covered) = event {
                    self.safety.covered(covered);
                }
            }
            Event::Trade(event) => {
                if let Some(phase) = self.trades.trade(at, event, &self.market.session) {
                    self.account.leaves(at, symbol_of(event), phase.is_leaving());
                }
            }
            Event::Breaker(event) => {
                self.house.breaker(at, event);
                self.trades.breaker(event);
            }
            Event::Operator(command) => {
                if matches!(command, OperatorCommand::Resume(_)) {
                    self.house.resumed();
                }
            }
            Event::Intel(event) => self.intel.see(at, event),
            Event::System(event) => {
                self.house.system(place, event);
                self.safety.system(at, event);
            }
            Event::Tape(_)
            | Event::Market(_)
            | Event::Request(_)
            | Event::Feed(FeedEvent::Step(_) | FeedEvent::History(_) | FeedEvent::Second(_)) => {}
        }
        let market = &self.market;
        self.recorder.see(envelope, &|symbol, at| market.inputs(symbol, at));
        self.draw_levels(&envelope.event);
    }

    /// A trade under way draws its levels on its chart.
    fn draw_levels(&mut self, event: &Event) {
        let Some(trade_id) = event.trade_id() else { return };
        let symbol = match event {
            Event::Trade(event) => Some(symbol_of(event)),
            Event::Signal(event) => event.symbol(),
            Event::Position(event) => event.symbol(),
            Event::Tape(_)
            | Event::Feed(_)
            | Event::Market(_)
            | Event::Risk(_)
            | Event::Order(_)
            | Event::Venue(_)
            | Event::Breaker(_)
            | Event::Intel(_)
            | Event::Operator(_)
            | Event::Request(_)
            | Event::System(_) => None,
        };
        if let Some(symbol) = symbol {
            let levels = self.trades.levels(trade_id);
            self.market.set_levels(symbol, levels);
        }
    }

    fn order(&mut self, at: Timestamp, event: &OrderEvent) {
        self.orders.see(at, event);
        self.safety.order(at, event);
        match event {
            OrderEvent::Filled(filled) => {
                self.filled(at, filled);
                let fill = &filled.fill;
                self.account.stop_gone(at, fill.symbol, &fill.client_order_id);
            }
            OrderEvent::PartiallyFilled(filled) => self.filled(at, filled),
            OrderEvent::Cancelled(done) => {
                self.account.stop_gone(at, done.symbol, &done.client_order_id);
            }
            OrderEvent::Expired(done) => {
                self.account.stop_gone(at, done.symbol, &done.client_order_id);
            }
            OrderEvent::Rejected(refused) => {
                self.account.stop_gone(at, refused.symbol, &refused.client_order_id);
            }
            OrderEvent::Modified(modified) => {
                let (old, new) = (&modified.client_order_id, &modified.new_client_order_id);
                self.account.stop_renamed(old, new);
            }
            OrderEvent::Submit(_)
            | OrderEvent::Cancel(_)
            | OrderEvent::Modify(_)
            | OrderEvent::Submitted(_)
            | OrderEvent::CancelRejected(_)
            | OrderEvent::ModifyRejected(_)
            | OrderEvent::OutcomeUnknown(_)
            | OrderEvent::StatusReported(_)
            | OrderEvent::External(_)
            | OrderEvent::StateChanged(_) => {}
        }
    }

    fn filled(&mut self, at: Timestamp, filled: &OrderFilled) {
        self.account.fill(at, filled);
        let fill = &filled.fill;
        let mark = Mark { at, side: fill.side, qty: fill.qty, price: fill.price };
        self.market.mark(fill.symbol, mark);
        if let Some(last) = self.market.last(fill.symbol) {
            self.account.mark(fill.symbol, last);
        }
    }

    fn venue(&mut self, at: Timestamp, event: &VenueEvent) {
        match event {
            VenueEvent::Accepted(accepted) => self.orders.accepted(at, accepted),
            VenueEvent::SplitApplied(split) => self.account.split(split),
            VenueEvent::Account(account) => {
                self.account.set_buying_power(account.buying_power);
                self.venue_read_at = Some(at);
            }
            VenueEvent::Rejected(_)
            | VenueEvent::Filled(_)
            | VenueEvent::Cancelled(_)
            | VenueEvent::Expired(_)
            | VenueEvent::Replaced(_)
            | VenueEvent::CancelRefused(_)
            | VenueEvent::ReplaceRefused(_)
            | VenueEvent::CallFailed(_)
            | VenueEvent::NotFound(_)
            | VenueEvent::Orders(_) => {}
            VenueEvent::Raced(raced) => self.safety.raced(raced),
        }
    }

    /// Returns the moment after the newest envelope.
    pub fn snapshot(&mut self) -> Arc<Snapshot> {
        let account = self.account.get();
        let positions = self.account.share();
        let (trades, finished) = self.trades.share();
        let (working, done) = self.orders.share();
        let cards = Arc::new(self.cards(&account, &positions));
        let approvals = self.approvals();
        let (intel, intel_groups) = self.intel.share();
        let latency =
            Latency { orders: self.orders.acknowledged.delay(), feed: self.market.lag.delay() };
        Arc::new(Snapshot {
            seq: self.seq,
            at: self.at,
            run: self.house.run.share(),
            session: self.market.session,
            account,
            trading: self.house.trading.share(),
            cards,
            feeds: self.house.feeds.share(),
            breakers: self.house.breakers.share(),
            budgets: self.house.budgets.share(),
            requests: self.house.requests.share(),
            bus: self.house.bus.clone(),
            venue_read_at: self.venue_read_at,
            source: self.market.source.clone(),
            falls: self.account.share_falls(),
            watch: self.market.share_rows(),
            charts: self.market.share_charts(),
            trades,
            finished,
            positions,
            working,
            done,
            approvals,
            decisions: self.recorder.share(),
            ballots: self.house.ballots.share(),
            strategies: self.house.strategies.share(),
            log: self.log.clone(),
            alerts: self.house.alerts.share(),
            intel,
            intel_groups,
            latency,
            conflated: self.house.conflated,
            counters: self.count.get(),
            machine: Arc::default(),
            safety: self.safety.share(),
        })
    }

    fn approvals(&mut self) -> Arc<[ApprovalRow]> {
        let Self { market, orders, precautions, at, speed, .. } = self;
        let (market, orders, now, speed) = (&*market, &*orders, *at, *speed);
        let look = |row: &ApprovalRow, asked_at: Option<Timestamp>| {
            let repeated_at = orders.entered_at(row.symbol, row.side).max(asked_at);
            let quote = market.watch(row.symbol);
            precautions.look(row, &Around { quote, repeated_at, now, speed })
        };
        self.trades.share_approvals(self.recorder.decisions(), look)
    }

    fn cards(&self, account: &Account, positions: &[PositionRow]) -> Cards {
        let [market, strategy, risk, orders, held] = self.house.health().clone();
        let (symbols, halted, doubtful) = self.market.count();
        let (working, unknown) = self.orders.count();
        let [sent_today, fills_today, rejected_today] = self.orders.today;
        let [candidates, proposed, left_out] = self.house.opinions;
        let judged = self.house.judged.clone();
        let naked = positions.iter().filter_map(|row| match row.protection {
            Protection::Naked { since } => Some(since),
            Protection::Protected { .. } | Protection::Leaving { .. } => None,
        });
        let is_protected =
            |row: &&PositionRow| matches!(row.protection, Protection::Protected { .. });
        Cards {
            market: MarketCard {
                health: market,
                symbols,
                halted,
                doubtful,
                left_out: self.market.left_out,
                heard_at: self.market.heard_at,
            },
            strategy: StrategyCard {
                health: strategy,
                newest: self.house.newest.clone(),
                candidates,
                proposed,
                left_out,
            },
            risk: RiskCard {
                health: risk,
                limits: judged.limits,
                judged_at: judged.at,
                judged: judged.symbol,
                approved: judged.approved,
                refused: judged.refused,
                newest_refusal: judged.newest_refusal,
            },
            orders: OrdersCard {
                health: orders,
                working,
                unknown,
                sent_today,
                fills_today,
                rejected_today,
            },
            positions: PositionsCard {
                health: held,
                open: positions.len(),
                protected: positions.iter().filter(is_protected).count(),
                naked: naked.clone().count(),
                naked_since: naked.min(),
                unrealized: account.unrealized,
                unexplained: self.house.unexplained,
            },
        }
    }

    /// Returns the record of a decision.
    pub fn why(&self, wanted: &Wanted) -> Option<&Arc<Record>> {
        self.recorder.decisions().find(wanted)
    }

    /// Returns every list that grows with events, as name, length and bound.
    pub fn sizes(&self) -> Vec<(&'static str, usize, usize)> {
        let [rows, charts, bars, marks] = self.market.sizes();
        let [working, done] = self.orders.sizes();
        let [live, finished, asked] = self.trades.sizes();
        let [feeds, breakers, budgets, ballots, strategies, alerts] = self.house.sizes();
        let [held] = self.account.sizes();
        vec![
            ("watch", rows, SYMBOLS_MAX),
            ("charts", charts, SYMBOLS_MAX),
            ("bars", bars, BARS_MAX),
            ("marks", marks, MARKS_MAX),
            ("positions", held, SYMBOLS_MAX),
            ("working", working, WORKING_MAX),
            ("done", done, ORDERS_DONE_MAX),
            ("trades", live, TRADES_MAX),
            ("finished", finished, FINISHED_MAX),
            ("approvals", asked, APPROVALS_MAX),
            ("feeds", feeds, FEEDS_MAX),
            ("breakers", breakers, BREAKERS_MAX),
            ("budgets", budgets, BUDGETS_MAX),
            ("ballots", ballots, SYMBOLS_MAX),
            ("strategies", strategies, STRATEGIES_MAX),
            ("alerts", alerts, ALERTS_MAX),
            ("intel", self.intel.len(), INTEL_MAX),
            ("decisions", self.recorder.decisions().len(), DECISIONS_MAX),
            ("log", self.log.len(), LOG_MAX + BLOCK),
        ]
    }
}

const fn symbol_of(event: &TradeEvent) -> Symbol {
    match event {
        TradeEvent::StateChanged(changed) => changed.symbol,
        TradeEvent::TransitionInvalid(invalid) => invalid.symbol,
    }
}
