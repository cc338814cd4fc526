//! Permits and refuses.
//!
//! Keeps the account (cash, positions, reservations, peaks) and what is known of
//! each symbol, puts every entry to the table of rules in [`crate::risk`], and
//! mints the token without which nothing is sent. Owns the trading state. In
//! manual mode a human decides last, on numbers that are computed anew.

mod account;
mod differences;
mod doubts;
mod entries;
mod halts;
mod symbols;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bus::{Agent, Outbox};
use crate::domain::command::OperatorCommand;
use crate::domain::ids::{AgentId, TradeId};
use crate::domain::money::Money;
use crate::domain::time::Timestamp;
use crate::events::{
    Envelope, Event, MarketEvent, PortfolioAssessed, PositionEvent, RequestEvent, RiskEvent,
    SignalEvent, StrategyDisabled, SystemEvent, Topic, Topics, TradingChanged, VenueEvent,
};
use crate::fsm::trading::{TradingInput, TradingState};
use crate::risk::{AccountMode, Conduct, Identity, Limits, OpenRisk, Reservations};
use account::Account;
use differences::Differences;
use doubts::Doubts;
use entries::Waiting;
use halts::Losses;
use symbols::Symbols;

/// Who decides entries last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Approval {
    /// The rules alone.
    #[default]
    Auto,
    /// A human, after the rules.
    Manual,
}

/// What the agent is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The limits in force.
    pub limits: Limits,
    /// Who decides entries last.
    pub approval: Approval,
    /// How long a human has to answer, seconds; then the trade is refused.
    pub approval_seconds: u32,
    /// Cash at the start of an empty journal.
    pub opening_cash: Money,
    /// Which account, in which mode.
    pub identity: Identity,
    /// Fraction of the drawdown limit at which an alert is given, 0 to 1.
    pub drawdown_alert_fraction: Decimal,
}

impl Config {
    /// Makes the configuration of an account of the embedded market.
    pub fn sim(limits: Limits, opening_cash: Money) -> Self {
        Self {
            limits,
            approval: Approval::Auto,
            approval_seconds: 60,
            opening_cash,
            identity: Identity { account: Arc::from("SIM"), mode: AccountMode::Sim },
            drawdown_alert_fraction: Decimal::new(5, 1),
        }
    }
}

/// The agent.
#[derive(Debug)]
pub struct RiskManagementAgent {
    config: Config,
    account: Account,
    symbols: Symbols,
    conduct: Conduct,
    reservations: Reservations,
    open_risk: OpenRisk,
    trading: TradingState,
    waiting: BTreeMap<TradeId, Waiting>,
    /// Rule set of every entry that is not over, for its conduct.
    strategies: BTreeMap<TradeId, Arc<str>>,
    /// Agents that sit in no seat until the next start.
    missing: BTreeSet<AgentId>,
    /// The bus to other processes does not answer (`bus_down`): no entry until it does.
    is_bus_down: bool,
    doubts: Doubts,
    differences: Differences,
    losses: Losses,
}

impl RiskManagementAgent {
    /// Makes the agent.
    pub fn new(config: Config) -> Self {
        Self {
            account: Account::new(
                config.opening_cash,
                config.limits.max_drawdown,
                config.drawdown_alert_fraction,
            ),
            config,
            symbols: Symbols::default(),
            conduct: Conduct::default(),
            reservations: Reservations::default(),
            open_risk: OpenRisk::default(),
            trading: TradingState::Active,
            waiting: BTreeMap::new(),
            strategies: BTreeMap::new(),
            missing: BTreeSet::new(),
            is_bus_down: false,
            doubts: Doubts::default(),
            differences: Differences::default(),
            losses: Losses::default(),
        }
    }

    fn market(&mut self, at: Timestamp, event: &MarketEvent, out: &mut Outbox) {
        match event {
            MarketEvent::Quote(quote) => {
                self.symbols.quote(quote, at);
                self.account.mark(quote.symbol, quote.mid());
            }
            MarketEvent::Tick(tick) => {
                self.symbols.price(tick.symbol, tick.price, at);
                self.account.mark(tick.symbol, tick.price);
            }
            MarketEvent::Bars(bars) => {
                if bars.is_history {
                    return;
                }
                for bar in bars.bars.iter() {
                    self.symbols.price(bar.symbol, bar.close, at);
                    self.account.mark(bar.symbol, bar.close);
                }
            }
            MarketEvent::Status(status) => {
                self.symbols.session(*status);
                self.account.begin_day(status.trading_day);
            }
            MarketEvent::Halt(change) => self.symbols.status(*change),
            MarketEvent::Suspect(suspected) => self.symbols.suspect(suspected),
            MarketEvent::Split(split) => self.symbols.split(split),
            MarketEvent::Band(band) => self.symbols.band(*band),
            MarketEvent::Second(second) => self.symbols.second(second),
            MarketEvent::Source(changed) => self.symbols.source(changed),
            MarketEvent::Correction(correction) => {
                self.symbols.correct(correction);
                let (symbol, wrong) = (correction.wrong.symbol, correction.wrong.price);
                let is_newest = self.account.mark_of(symbol) == Some(wrong);
                if let Some(right) = correction.right.filter(|_| is_newest) {
                    self.account.mark(symbol, right.price);
                }
            }
        }
        self.watch_losses(out);
    }

    fn position(&mut self, at: Timestamp, event: &PositionEvent, out: &mut Outbox) {
        match event {
            PositionEvent::StopSet(stop) => {
                if let Some(position) = self.account.position(stop.symbol) {
                    let mark = self.account.mark_of(stop.symbol).or(position.average_price());
                    let Some(mark) = mark else { return };
                    let (direction, qty) = (position.direction, position.qty);
                    let stop_price = Some(stop.stop_price);
                    let risk = crate::risk::risk_to_stop(direction, qty, mark, stop_price);
                    self.open_risk.set(stop.symbol, risk);
                }
            }
            PositionEvent::Closed(closed) => {
                self.open_risk.set(closed.symbol, Money::ZERO);
                let Some(strategy) = self.strategies.remove(&closed.trade_id) else { return };
                let limits = &self.config.limits;
                let disabled = self.conduct.round_trip_closed(&strategy, closed.pnl, at, limits);
                if let Some(reason) = disabled {
                    out.publish(disabled_event(&strategy, &reason));
                }
            }
            PositionEvent::SetStop(_)
            | PositionEvent::UpdateStop(_)
            | PositionEvent::Opened(_)
            | PositionEvent::StopHit(_)
            | PositionEvent::TargetHit(_)
            | PositionEvent::Pnl(_)
            | PositionEvent::Unexplained(_)
            | PositionEvent::Covered(_)
            | PositionEvent::Split(_) => {}
        }
    }

    fn operator(&mut self, at: Timestamp, command: &OperatorCommand, out: &mut Outbox) {
        match command {
            OperatorCommand::Approve(approve) => self.approve(at, &approve.trade_id, out),
            OperatorCommand::Reject(reject) => {
                self.refuse_waiting(&reject.trade_id, true, &reject.reason, out);
            }
            OperatorCommand::Kill(why) => self.move_ladder(TradingInput::Halt, &why.reason, out),
            OperatorCommand::Reduce(why) => {
                self.move_ladder(TradingInput::Reduce, &why.reason, out);
            }
            OperatorCommand::Resume(why) => {
                let names: Vec<Arc<str>> =
                    self.conduct.guards().map(|(name, _)| name.clone()).collect();
                for name in names {
                    self.conduct.enable(&name);
                }
                self.rearm(&why.reason, out);
            }
            OperatorCommand::Flatten(flatten) if flatten.symbol.is_none() => {
                self.move_ladder(TradingInput::Flatten, &flatten.reason, out);
            }
            OperatorCommand::Acknowledge(seen) => self.acknowledge(seen, out),
            OperatorCommand::Flatten(_)
            | OperatorCommand::Cancel(_)
            | OperatorCommand::Settle(_)
            | OperatorCommand::ResetBreaker(_) => {}
        }
    }

    fn move_ladder(&mut self, input: TradingInput, why: &str, out: &mut Outbox) {
        let before = self.trading;
        match before.next(&input) {
            Ok(after) if after != before => {
                self.trading = after;
                out.publish(SystemEvent::TradingChanged(TradingChanged {
                    from: before.name().to_owned(),
                    to: after.name().to_owned(),
                    reason: why.to_owned(),
                }));
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "illegal input to the trading state"),
        }
    }

    fn venue(&mut self, at: Timestamp, event: &VenueEvent, out: &mut Outbox) {
        match event {
            VenueEvent::Account(account) => {
                self.account.set_buying_power(account.buying_power, at);
                self.compare(at, account, out);
            }
            VenueEvent::SplitApplied(split) => {
                if let Some(position) = split.position {
                    self.account.split(split.symbol, position.qty, split.price);
                }
            }
            VenueEvent::Accepted(_)
            | VenueEvent::Rejected(_)
            | VenueEvent::Filled(_)
            | VenueEvent::Cancelled(_)
            | VenueEvent::Expired(_)
            | VenueEvent::Replaced(_)
            | VenueEvent::CancelRefused(_)
            | VenueEvent::ReplaceRefused(_)
            | VenueEvent::CallFailed(_)
            | VenueEvent::NotFound(_)
            | VenueEvent::Raced(_)
            | VenueEvent::Orders(_) => {}
        }
    }

    fn answer(&mut self, at: Timestamp, request: &RequestEvent, out: &mut Outbox) {
        match request {
            RequestEvent::CalculateSize(wanted) => self.say_size(at, wanted, out),
            RequestEvent::CheckLimits(wanted) => self.say_checks(at, wanted, out),
            RequestEvent::AssessPortfolio(_) => {
                out.publish(RiskEvent::PortfolioAssessed(self.portfolio()));
            }
            RequestEvent::ApproveTrade(wanted) => self.ask_again(at, &wanted.trade_id, out),
            RequestEvent::GetQuote(_)
            | RequestEvent::GetBars(_)
            | RequestEvent::Subscribe(_)
            | RequestEvent::CheckStatus(_)
            | RequestEvent::ScanCandidates(_)
            | RequestEvent::EvaluateSetup(_)
            | RequestEvent::ManagePosition(_)
            | RequestEvent::ShouldExit(_)
            | RequestEvent::GetOrderStatus(_)
            | RequestEvent::Track(_)
            | RequestEvent::CalculatePnl(_)
            | RequestEvent::CheckExit(_) => {}
        }
    }

    fn portfolio(&self) -> PortfolioAssessed {
        let book = self.account.book();
        PortfolioAssessed {
            equity: book.equity(),
            peak: self.account.peak(),
            cash: book.cash(),
            reserved: self.reservations.total().cost,
            gross_exposure: book.gross_exposure(),
            net_exposure: book.net_exposure(),
            open_positions: u32::try_from(book.open_positions()).unwrap_or(u32::MAX),
        }
    }
}

fn disabled_event(strategy: &str, reason: &impl std::fmt::Display) -> RiskEvent {
    RiskEvent::StrategyDisabled(StrategyDisabled {
        strategy: strategy.to_owned(),
        reason: format!("{reason}; resume enables it again"),
    })
}

impl Agent for RiskManagementAgent {
    fn id(&self) -> AgentId {
        AgentId::RiskManagement
    }

    fn topics(&self) -> Topics {
        Topics::of(&[
            Topic::Market,
            Topic::MarketStatus,
            Topic::Signal,
            Topic::Order,
            Topic::Venue,
            Topic::Position,
            Topic::Operator,
            Topic::Request,
            Topic::System,
        ])
    }

    fn handle(&mut self, input: &Envelope, out: &mut Outbox) {
        let at = input.at;
        match &input.event {
            Event::Market(event) => self.market(at, event, out),
            Event::Signal(SignalEvent::Entry(entry)) => self.entry(at, entry, out),
            Event::Order(event) => {
                self.order(event);
                self.follow_doubts(at, event, out);
            }
            Event::Venue(event) => self.venue(at, event, out),
            Event::Position(event) => self.position(at, event, out),
            Event::Operator(command) => self.operator(at, command, out),
            Event::Request(request) => self.answer(at, request, out),
            Event::System(event) => self.system(at, event, out),
            Event::Signal(
                SignalEvent::ScanStarted(_)
                | SignalEvent::CandidateFound(_)
                | SignalEvent::EvaluateStarted(_)
                | SignalEvent::Ensemble(_)
                | SignalEvent::Hold(_)
                | SignalEvent::Exit(_)
                | SignalEvent::TradeLogged(_)
                | SignalEvent::MemberLeftOut(_)
                | SignalEvent::VoteRequested(_)
                | SignalEvent::VoteCast(_),
            )
            | Event::Tape(_)
            | Event::Feed(_)
            | Event::Risk(_)
            | Event::Trade(_)
            | Event::Intel(_)
            | Event::Breaker(_) => {}
        }
    }
}
