//! Owns every order machine.
//!
//! Turns permissions into orders, watches them until they end, protects positions
//! and closes them. What the venue says moves a machine; what follows from the
//! move is said here. [`book`] holds the machines, [`closing`] the procedure of
//! leaving a position, [`breakers`] what a failing venue is spared, [`asking`] what is
//! done about an unknown outcome. It knows no
//! strategy and decides no trade.

mod asking;
mod book;
mod breakers;
mod closing;
mod sending;
mod settling;
mod surprise;
mod standing;
mod venue_reports;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::breakers::Lane;
use crate::bus::{Agent, Outbox};
use crate::domain::command::{Flatten, OperatorCommand};
use crate::domain::ids::{AgentId, BrokerOrderId, ClientOrderId, TradeId};
use crate::domain::market::Session;
use crate::domain::money::Qty;
use crate::domain::order::OrderPurpose;
use crate::domain::time::Timestamp;
use crate::events::{
    Envelope, Event, MarketEvent, OrderEvent, OrderStatusReported, PositionEvent, RequestEvent,
    RiskEvent, SessionStarted, SignalEvent, SystemEvent, Timer, Topic, Topics,
};
use crate::fsm::trade::ExitReason;
use crate::risk::Limits;
use asking::Asking;
use book::OrderBook;
use breakers::Guard;
use closing::Closing;

pub use breakers::GuardConfig;

/// How orders are sent and watched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// An entry that has not filled by then is cancelled, seconds; 0 never.
    pub entry_age_seconds: u32,
    /// An exit with a limit that has not filled by then is cancelled and the
    /// position is protected again, seconds; 0 never.
    pub exit_age_seconds: u32,
    /// After a partial fill of an entry the rest has this long, seconds: what is
    /// filled is naked until then.
    pub partial_fill_seconds: u32,
    /// How many finished orders are kept for late reports, 100 to 1 000 000.
    pub finished_kept: usize,
    /// When calls about orders are refused.
    pub guard: GuardConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            entry_age_seconds: 60,
            exit_age_seconds: 10,
            partial_fill_seconds: 3,
            finished_kept: 1_000,
            guard: GuardConfig::default(),
        }
    }
}

impl Config {
    /// Checks the ranges.
    ///
    /// # Errors
    /// Names the key, the value and the range.
    pub fn validate(&self) -> Result<(), String> {
        // The newest finished order must still be there when its end is said.
        if !(100..=1_000_000).contains(&self.finished_kept) {
            let kept = self.finished_kept;
            return Err(format!("finished_kept is {kept}, it must lie in 100 to 1000000"));
        }
        self.guard.validate().map_err(|what| format!("guard.{what}"))
    }
}

/// The agent.
#[derive(Debug)]
pub struct OrderExecutionAgent {
    config: Config,
    limits: Limits,
    book: OrderBook,
    closings: BTreeMap<TradeId, Closing>,
    session: Session,
    day: Date,
    /// Orders named so far.
    orders_named: u64,
    /// What stands in the name of each, from the first run of the journal on.
    order_tag: Option<String>,
    entries_barred: bool,
    guard: Guard,
    asking: Asking,
    /// Orders that are not ours as they were last said, with what was filled of them.
    external: Vec<(BrokerOrderId, Qty)>,
}

impl OrderExecutionAgent {
    /// Makes the agent. The limits are those of risk: exits and protection are
    /// judged by the same table of rules.
    pub fn new(config: Config, limits: Limits) -> Self {
        let book = OrderBook::new(config.finished_kept);
        let guard = Guard::new(&config.guard);
        Self {
            config,
            limits,
            book,
            closings: BTreeMap::new(),
            session: Session::Closed,
            day: Date::MIN,
            orders_named: 0,
            order_tag: None,
            entries_barred: false,
            guard,
            asking: Asking::default(),
            external: Vec::new(),
        }
    }

    /// Names an order: trading day, tag of the journal and counter, so that a rebuilt
    /// agent gives the same name and a resubmission is recognised as one, and an agent
    /// with a new journal never gives a name of an old one.
    fn name_order(&mut self) -> ClientOrderId {
        self.orders_named += 1;
        let (day, number) = (self.day, self.orders_named);
        let day = format!("{:04}{:02}{:02}", day.year(), day.month(), day.day());
        ClientOrderId::new(match &self.order_tag {
            Some(tag) => format!("fd-{day}-{tag}-{number:06}"),
            // A journal of before, or a test without a run.
            None => format!("fd-{day}-{number:06}"),
        })
    }

    /// A run begins.
    fn begin_run(&mut self, started: &SessionStarted, out: &mut Outbox) {
        if self.order_tag.is_none() {
            self.order_tag.clone_from(&started.order_tag);
        }
        // The embedded venue is folded from the same journal: it has missed nothing.
        if started.mode != "sim" {
            self.ask_after_all(out);
        }
    }

    fn market(&mut self, at: Timestamp, event: &MarketEvent, out: &mut Outbox) {
        let MarketEvent::Status(status) = event else { return };
        self.session = status.status;
        self.day = status.trading_day;
        if self.session == Session::Open {
            self.go_on_with_closings(at, out);
        }
    }

    fn position(&mut self, at: Timestamp, event: &PositionEvent, out: &mut Outbox) {
        match event {
            PositionEvent::SetStop(wanted) => self.protect(at, wanted, out),
            PositionEvent::UpdateStop(wanted) => self.move_stop(at, wanted, out),
            PositionEvent::TargetHit(hit) => {
                self.close(
                    at,
                    &hit.trade_id,
                    hit.symbol,
                    ExitReason::TargetHit,
                    Some(hit.level),
                    out,
                );
            }
            PositionEvent::Closed(closed) => {
                self.end_closing(&closed.trade_id, out);
            }
            PositionEvent::Opened(_)
            | PositionEvent::StopSet(_)
            | PositionEvent::StopHit(_)
            | PositionEvent::Pnl(_)
            | PositionEvent::Unexplained(_)
            | PositionEvent::Covered(_)
            | PositionEvent::Split(_) => {}
        }
    }

    fn operator(&mut self, at: Timestamp, command: &OperatorCommand, out: &mut Outbox) {
        match command {
            OperatorCommand::Cancel(cancel) => {
                let id = &cancel.client_order_id;
                self.cancel(at, id, "the operator asked", Lane::Cancel, out);
            }
            // Gate first: the ladder's own event follows from the risk agent.
            OperatorCommand::Kill(_) => self.bar_entries(at, "the operator halted trading", out),
            OperatorCommand::ResetBreaker(reset) => self.reset_breaker(at, reset, out),
            OperatorCommand::Flatten(Flatten { symbol: Some(symbol), .. }) => {
                for id in self.book.working_entries(Some(*symbol)) {
                    self.cancel(at, &id, "the position is being closed", Lane::Kill, out);
                }
            }
            OperatorCommand::Settle(settle) => self.settle(at, settle, out),
            // Flattening everything ends trading, and that cancels all entries.
            OperatorCommand::Flatten(_)
            | OperatorCommand::Approve(_)
            | OperatorCommand::Reject(_)
            | OperatorCommand::Reduce(_)
            | OperatorCommand::Resume(_)
            | OperatorCommand::Acknowledge(_) => {}
        }
    }

    /// Closes the gate for entries and cancels those that work.
    fn bar_entries(&mut self, at: Timestamp, why: &str, out: &mut Outbox) {
        self.entries_barred = true;
        self.cancel_entries(at, why, out);
    }

    fn cancel_entries(&mut self, at: Timestamp, why: &str, out: &mut Outbox) {
        for id in self.book.working_entries(None) {
            self.cancel(at, &id, why, Lane::Kill, out);
        }
    }

    fn system(&mut self, at: Timestamp, event: &SystemEvent, out: &mut Outbox) {
        match event {
            SystemEvent::TimerDue(due) => self.timer(at, &due.timer, out),
            SystemEvent::TradingChanged(changed) => match changed.to.as_str() {
                "ACTIVE" => self.entries_barred = false,
                "REDUCING" => self.entries_barred = true,
                _ => self.bar_entries(at, &changed.reason, out),
            },
            SystemEvent::AgentRetired(retired) => {
                self.bar_entries(at, &format!("{} does not answer", retired.agent), out);
            }
            SystemEvent::AgentFailed(failed) if !failed.rebuilt => {
                self.bar_entries(at, &format!("{} failed for good", failed.agent), out);
            }
            SystemEvent::SessionStarted(started) => self.begin_run(started, out),
            // Nobody will watch them; what a later run enters is another matter.
            SystemEvent::SessionEnded(ended) => {
                let why = format!("the run ends: {}", ended.reason);
                self.cancel_entries(at, &why, out);
            }
            SystemEvent::AgentFailed(_)
            | SystemEvent::AgentStarted(_)
            | SystemEvent::ReconcileDifference(_)
            | SystemEvent::ReconcileCleared(_)
            | SystemEvent::HaltRequired(_)
            | SystemEvent::BusUp(_)
            | SystemEvent::BusDown(_)
            | SystemEvent::LoginChanged(_)
            | SystemEvent::Alert(_) => {}
        }
    }

    fn timer(&mut self, at: Timestamp, timer: &Timer, out: &mut Outbox) {
        match timer {
            Timer::EntryAge(id) => self.cancel(at, id, "not filled in time", Lane::Cancel, out),
            Timer::ExitAge(id) => {
                self.cancel(at, id, "the exit was not filled in time", Lane::Cancel, out);
            }
            Timer::Breaker(_) => self.look_at_breaker(at, out),
            Timer::Protection(trade_id) => self.retry_closing(at, trade_id, out),
            Timer::Venue(number) => self.asking_due(at, *number, out),
            Timer::Approval(_) | Timer::Votes(_) | Timer::Session | Timer::DataAge => {}
        }
    }

    fn answer(&self, request: &RequestEvent, out: &mut Outbox) {
        let RequestEvent::GetOrderStatus(wanted) = request else { return };
        let row = self.book.get(&wanted.client_order_id);
        out.publish(OrderEvent::StatusReported(OrderStatusReported {
            client_order_id: wanted.client_order_id.clone(),
            state: row.map(|row| row.state.name().to_owned()),
            report: row.and_then(book::OrderRow::report),
        }));
    }
}

impl Agent for OrderExecutionAgent {
    fn id(&self) -> AgentId {
        AgentId::OrderExecution
    }

    fn topics(&self) -> Topics {
        Topics::of(&[
            Topic::Risk,
            Topic::Signal,
            Topic::Position,
            Topic::Venue,
            Topic::Breaker,
            Topic::Operator,
            Topic::Request,
            Topic::System,
            Topic::MarketStatus,
        ])
    }

    fn handle(&mut self, input: &Envelope, out: &mut Outbox) {
        let at = input.at;
        match &input.event {
            Event::Risk(RiskEvent::Approved(approved)) => self.enter(at, &approved.order, out),
            Event::Signal(SignalEvent::Exit(exit)) => {
                self.close(at, &exit.trade_id, exit.symbol, exit.reason, None, out);
            }
            Event::Position(event) => self.position(at, event, out),
            Event::Venue(event) => self.venue(at, event, out),
            Event::Market(event) => self.market(at, event, out),
            Event::Operator(command) => self.operator(at, command, out),
            Event::Request(request) => self.answer(request, out),
            Event::System(event) => self.system(at, event, out),
            Event::Breaker(event) => self.hear_breaker(at, input.source, event),
            Event::Risk(
                RiskEvent::SizeCalculated(_)
                | RiskEvent::LimitExceeded(_)
                | RiskEvent::ApprovalRequested(_)
                | RiskEvent::Refused(_)
                | RiskEvent::DrawdownAlert(_)
                | RiskEvent::PortfolioAssessed(_)
                | RiskEvent::StrategyDisabled(_),
            )
            | Event::Signal(
                SignalEvent::ScanStarted(_)
                | SignalEvent::CandidateFound(_)
                | SignalEvent::EvaluateStarted(_)
                | SignalEvent::Ensemble(_)
                | SignalEvent::Entry(_)
                | SignalEvent::Hold(_)
                | SignalEvent::TradeLogged(_)
                | SignalEvent::MemberLeftOut(_)
                | SignalEvent::VoteRequested(_)
                | SignalEvent::VoteCast(_),
            )
            | Event::Tape(_)
            | Event::Feed(_)
            | Event::Order(_)
            | Event::Intel(_)
            | Event::Trade(_) => {}
        }
    }
}

/// Whether a purpose opens a position.
const fn is_entry(purpose: OrderPurpose) -> bool {
    matches!(purpose, OrderPurpose::Entry)
}
