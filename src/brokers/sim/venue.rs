//! The simulated exchange in the venue seat.
//!
//! Hears what the market does ([`TapeEvent`]) and what is ordered
//! ([`OrderEvent`]), says what became of it ([`VenueEvent`]). It answers within
//! the same simulated instant, so a replay finds the same trades however fast it
//! runs. It is a fold: rebuilt from the journal, it holds the same ledger.

use std::collections::VecDeque;

use jiff::civil::Date;

use crate::brokers::sim::exchange::{
    Change, Exchange, ExchangeConfig, Order, OrderName, Rejection, Report, What,
};
use crate::bus::{Agent, Outbox};
use crate::domain::calendar::{MarketHours, SessionWindow};
use crate::domain::corporate_action::{SplitRatio, SplitWatch};
use crate::domain::ids::{AgentId, ClientOrderId, Symbol};
use crate::domain::market::{Bar, BarBatch, Interval, MarketStep, Session, aggregate};
use crate::domain::money::{Money, Price};
use crate::domain::symbols::SymbolMap;
use crate::domain::time::Timestamp;
use crate::events::{
    AcceptedLeg, AccountReported, Envelope, Event, FeedEvent, GetBars, OrderEvent, OrderModify,
    OrderSubmit, OrdersReported, RequestEvent, SplitApplied, TapeEvent, Topic, Topics,
    VenueAccepted, VenueDone, VenueEvent, VenueFilled, VenueRefused, VenueRejected, VenueReplaced,
};

/// How the venue is set up.
#[derive(Debug, Clone)]
pub struct VenueConfig {
    /// Which sessions the market keeps.
    pub hours: MarketHours,
    /// The exchange behind the seat.
    pub exchange: ExchangeConfig,
    /// Whether bars move prices and execute orders. False where quotes and ticks
    /// of the same minutes are fed, which would otherwise count twice.
    pub trades_on_bars: bool,
    /// Whether a jump between two sessions that has the shape of a split is one.
    pub detect_splits: bool,
    /// How many minute bars of each symbol are kept for those who ask.
    pub bars_kept: usize,
}

/// The agent in the venue seat.
#[derive(Debug)]
pub struct SimVenue {
    config: VenueConfig,
    exchange: Exchange,
    window: Option<SessionWindow>,
    /// The newest day with a session: what is told at night still belongs to it.
    day: Date,
    splits: SymbolMap<SplitWatch>,
    bars: SymbolMap<VecDeque<Bar>>,
    /// Used for one step at a time; kept to spare an allocation per step.
    reports: Vec<Report>,
}

impl SimVenue {
    /// Opens the venue.
    pub fn new(config: VenueConfig) -> Self {
        Self {
            exchange: Exchange::new(config.exchange.clone()),
            config,
            window: None,
            day: Date::MIN,
            splits: SymbolMap::default(),
            bars: SymbolMap::default(),
            reports: Vec::new(),
        }
    }

    /// Returns the exchange behind the seat, whose ledger judges a run.
    pub const fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    fn step(&mut self, at: Timestamp, step: &MarketStep, out: &mut Outbox) {
        self.follow_session(at);
        let day = self.day;
        for change in &step.status {
            self.exchange.set_status(change.symbol, change.status);
        }
        // Quotes show a split first: the day's first bar may open with a late print
        // at a price of the day before.
        for quote in &step.quotes {
            self.watch_splits(quote.symbol, day, (quote.mid(), quote.mid()), at, out);
        }
        if let Some(batch) = &step.bars {
            for bar in batch.bars.iter() {
                self.bar(at, day, bar, batch.interval, out);
            }
        }
        for quote in &step.quotes {
            self.exchange.on_quote(quote, at, &mut self.reports);
        }
        for tick in &step.ticks {
            self.watch_splits(tick.symbol, day, (tick.price, tick.price), at, out);
            self.exchange.on_tick(tick, at, &mut self.reports);
        }
        if !self.reports.is_empty() {
            self.say_reports(out);
            self.say_account(out);
        }
    }

    fn bar(&mut self, at: Timestamp, day: Date, bar: &Bar, interval: Interval, out: &mut Outbox) {
        if self.config.bars_kept > 0 && interval == Interval::Minute {
            let kept = self.bars.row(bar.symbol, VecDeque::new);
            if kept.len() >= self.config.bars_kept {
                kept.pop_front();
            }
            kept.push_back(*bar);
        }
        if self.config.trades_on_bars {
            self.watch_splits(bar.symbol, day, (bar.open, bar.close), at, out);
            self.exchange.on_bar(bar, at, &mut self.reports);
        }
    }

    fn follow_session(&mut self, at: Timestamp) {
        if self.window.is_some_and(|window| at < window.until) {
            return;
        }
        if let Ok(window) = self.config.hours.window_at(at) {
            self.window = Some(window);
            if window.session != Session::Closed {
                self.day = window.trading_day;
            }
            self.exchange.set_session(window.session, at, &mut self.reports);
        }
    }

    /// Applies a split before the first price after it reaches an order.
    fn watch_splits(
        &mut self,
        symbol: Symbol,
        day: Date,
        (first, last): (Price, Price),
        at: Timestamp,
        out: &mut Outbox,
    ) {
        if !self.config.detect_splits {
            return;
        }
        let watch = self.splits.row(symbol, SplitWatch::default);
        let Some(SplitRatio { new_shares, old_shares }) = watch.see(day, first, last) else {
            return;
        };
        self.say_reports(out);
        self.exchange.split(symbol, (new_shares, old_shares), at, &mut self.reports);
        let held = self.exchange.positions().into_iter().map(|view| view.position);
        let position = held.into_iter().find(|position| position.symbol == symbol);
        let applied = SplitApplied { symbol, new_shares, old_shares, position, price: first };
        out.publish(VenueEvent::SplitApplied(applied));
        self.say_reports(out);
    }

    fn submit(&mut self, at: Timestamp, submit: &OrderSubmit, out: &mut Outbox) {
        let request = submit.order.request();
        if let Err(rejection) = self.exchange.submit(request, at, &mut self.reports) {
            out.publish(rejected(&request.client_order_id, rejection));
        }
    }

    fn modify(&mut self, at: Timestamp, modify: &OrderModify, out: &mut Outbox) {
        let change = Change {
            qty: Some(modify.qty),
            limit: modify.limit,
            stop: modify.stop,
            trail: None,
            time_in_force: None,
            client_order_id: Some(modify.new_client_order_id.clone()),
        };
        let name = OrderName::Client(&modify.client_order_id);
        if let Err(rejection) = self.exchange.replace(name, &change, at, &mut self.reports) {
            let refused = refused(&modify.client_order_id, rejection);
            out.publish(VenueEvent::ReplaceRefused(refused));
        }
    }

    fn order(&mut self, at: Timestamp, order: &OrderEvent, out: &mut Outbox) {
        // An order may be the first thing that is heard after the bell.
        self.follow_session(at);
        match order {
            OrderEvent::Submit(submit) => self.submit(at, submit, out),
            OrderEvent::Modify(modify) => self.modify(at, modify, out),
            OrderEvent::Cancel(cancel) => {
                let name = OrderName::Client(&cancel.client_order_id);
                if let Err(rejection) = self.exchange.cancel(name, at, &mut self.reports) {
                    let refused = refused(&cancel.client_order_id, rejection);
                    out.publish(VenueEvent::CancelRefused(refused));
                }
            }
            OrderEvent::Submitted(_)
            | OrderEvent::Filled(_)
            | OrderEvent::PartiallyFilled(_)
            | OrderEvent::Rejected(_)
            | OrderEvent::Cancelled(_)
            | OrderEvent::CancelRejected(_)
            | OrderEvent::Modified(_)
            | OrderEvent::ModifyRejected(_)
            | OrderEvent::Expired(_)
            | OrderEvent::OutcomeUnknown(_)
            | OrderEvent::StatusReported(_)
            | OrderEvent::External(_)
            | OrderEvent::StateChanged(_) => return,
        }
        self.say_reports(out);
        self.say_account(out);
    }

    /// Translates what the exchange reported. Legs travel with their parent, and
    /// a successor with the order that it replaced.
    fn say_reports(&mut self, out: &mut Outbox) {
        let reports = std::mem::take(&mut self.reports);
        let mut successor: Option<ClientOrderId> = None;
        let mut at = 0;
        while let Some(report) = reports.get(at) {
            at += 1;
            match &report.what {
                What::Accepted { .. } if successor.as_ref() == Some(&report.client_order_id) => {}
                What::Accepted { .. } => {
                    let legs: Vec<AcceptedLeg> =
                        reports[at..].iter().map_while(|next| self.leg_of(report, next)).collect();
                    at += legs.len();
                    out.publish(VenueEvent::Accepted(VenueAccepted {
                        client_order_id: report.client_order_id.clone(),
                        broker_order_id: report.broker_order_id.clone(),
                        legs,
                    }));
                }
                What::Replaced { client_order_id, .. } => {
                    successor = Some(client_order_id.clone());
                    self.say_replaced(report, client_order_id, out);
                }
                What::Filled { fill, fee, .. } => {
                    let filled = VenueFilled { fill: fill.clone(), fee: *fee };
                    out.publish(VenueEvent::Filled(filled));
                }
                What::Cancelled { filled, .. } => {
                    let client_order_id = report.client_order_id.clone();
                    let done = VenueDone { client_order_id, filled: *filled };
                    out.publish(VenueEvent::Cancelled(done));
                }
                What::Expired { filled } => {
                    let client_order_id = report.client_order_id.clone();
                    let done = VenueDone { client_order_id, filled: *filled };
                    out.publish(VenueEvent::Expired(done));
                }
                // A list tells the new size: there is no report of it at a broker.
                What::Resized { .. } => {
                    let order = self.exchange.order(OrderName::Client(&report.client_order_id));
                    let orders = order.map(Order::report).into_iter().collect();
                    out.publish(VenueEvent::Orders(OrdersReported { orders, is_whole: false }));
                }
                // All but the first two are faults that only a server injects.
                What::Routed
                | What::Armed { .. }
                | What::CancelPending
                | What::CancelRefused
                | What::ReplacePending
                | What::DoneForDay
                | What::Rejected
                | What::ReplaceRefused => {}
            }
        }
        self.reports = reports;
        self.reports.clear();
    }

    fn leg_of(&self, parent: &Report, next: &Report) -> Option<AcceptedLeg> {
        let What::Accepted { parent: Some(of), .. } = &next.what else { return None };
        if *of != parent.broker_order_id {
            return None;
        }
        let order = self.exchange.order(OrderName::Client(&next.client_order_id))?;
        let kind = order.report().kind;
        Some(AcceptedLeg {
            client_order_id: next.client_order_id.clone(),
            broker_order_id: next.broker_order_id.clone(),
            side: order.report().side,
            stop: kind.stop(),
            limit: kind.limit(),
        })
    }

    fn say_replaced(&self, old: &Report, new: &ClientOrderId, out: &mut Outbox) {
        let Some(order) = self.exchange.order(OrderName::Client(new)) else { return };
        let report = order.report();
        out.publish(VenueEvent::Replaced(VenueReplaced {
            client_order_id: old.client_order_id.clone(),
            new_client_order_id: new.clone(),
            broker_order_id: report.broker_order_id,
            qty: report.qty,
            limit: report.kind.limit(),
            stop: report.kind.stop(),
        }));
    }

    fn say_account(&self, out: &mut Outbox) {
        let account = self.exchange.account();
        out.publish(VenueEvent::Account(AccountReported {
            cash: account.cash,
            equity: account.equity,
            buying_power: account.buying_power,
            positions: self.exchange.positions().iter().map(|view| view.position).collect(),
            streamed: Vec::new(),
        }));
    }

    fn answer(&mut self, request: &RequestEvent, out: &mut Outbox) {
        match request {
            RequestEvent::GetBars(wanted) => self.say_bars(*wanted, out),
            RequestEvent::GetOrderStatus(_) => {
                let orders = self.exchange.working().into_iter().map(Order::report);
                out.publish(VenueEvent::Orders(OrdersReported {
                    orders: orders.collect(),
                    is_whole: true,
                }));
            }
            RequestEvent::GetQuote(_)
            | RequestEvent::Subscribe(_)
            | RequestEvent::CheckStatus(_)
            | RequestEvent::ScanCandidates(_)
            | RequestEvent::EvaluateSetup(_)
            | RequestEvent::ManagePosition(_)
            | RequestEvent::ShouldExit(_)
            | RequestEvent::CalculateSize(_)
            | RequestEvent::CheckLimits(_)
            | RequestEvent::AssessPortfolio(_)
            | RequestEvent::ApproveTrade(_)
            | RequestEvent::Track(_)
            | RequestEvent::CalculatePnl(_)
            | RequestEvent::CheckExit(_) => {}
        }
    }

    fn say_bars(&self, GetBars { symbol, interval, count }: GetBars, out: &mut Outbox) {
        let kept: Vec<Bar> =
            self.bars.get(symbol).map(|bars| bars.iter().copied().collect()).unwrap_or_default();
        let bars = aggregate(&kept, interval);
        let wanted = usize::try_from(count.min(1_000)).unwrap_or(1_000);
        let newest = bars[bars.len().saturating_sub(wanted)..].into();
        out.publish(FeedEvent::History(BarBatch { interval, bars: newest }));
    }
}

fn rejected(client_order_id: &ClientOrderId, rejection: Rejection) -> VenueEvent {
    let detail = |field: &str| {
        let found = rejection.details.iter().find(|(name, _)| *name == field);
        found.and_then(|(_, value)| value.parse::<Money>().ok())
    };
    VenueEvent::Rejected(VenueRejected {
        client_order_id: client_order_id.clone(),
        reason: rejection.reason,
        estimated_cost: detail("cost_basis"),
        buying_power: detail("buying_power"),
        message: rejection.message,
    })
}

fn refused(client_order_id: &ClientOrderId, rejection: Rejection) -> VenueRefused {
    VenueRefused {
        client_order_id: client_order_id.clone(),
        reason: rejection.reason,
        message: rejection.message,
    }
}

impl Agent for SimVenue {
    fn id(&self) -> AgentId {
        AgentId::Venue
    }

    fn topics(&self) -> Topics {
        Topics::of(&[Topic::Tape, Topic::Order, Topic::Request])
    }

    fn handle(&mut self, input: &Envelope, out: &mut Outbox) {
        match &input.event {
            Event::Tape(TapeEvent::Step(step)) => self.step(input.at, step, out),
            Event::Order(order) => self.order(input.at, order, out),
            Event::Request(request) => self.answer(request, out),
            Event::Feed(_)
            | Event::Market(_)
            | Event::Signal(_)
            | Event::Risk(_)
            | Event::Venue(_)
            | Event::Position(_)
            | Event::Trade(_)
            | Event::Intel(_)
            | Event::Breaker(_)
            | Event::Operator(_)
            | Event::System(_) => {}
        }
    }
}
