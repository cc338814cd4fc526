//! Owns positions, their protection, and the machine of every trade.
//!
//! Follows a trade from its first setup to its end: opens the position when the entry is
//! filled, has it protected, closes the books. A fill that no trade explains is counted and
//! protected. [`trades`] is the state, [`fills`] what executions do to it, [`protection`]
//! how shares are kept from being naked, [`guard`] how that is held against the venue's own
//! list, [`unexplained`] what is done about nobody's.

mod fills;
mod guard;
mod protection;
mod trades;
mod unexplained;

use std::collections::BTreeMap;

use jiff::SignedDuration;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bus::{Agent, Outbox};
use crate::domain::command::OperatorCommand;
use crate::domain::ids::{AgentId, Symbol, TradeId};
use crate::domain::market::{Bar, Quote};
use crate::domain::money::{Money, Price};
use crate::domain::position::{Book, Direction};
use crate::domain::symbols::SymbolMap;
use crate::domain::time::Timestamp;
use crate::events::{
    CandidateFound, Envelope, Event, ExitSignal, ExitStyle, LevelHit, MarketEvent, OrderEvent,
    PnlUpdated, PositionEvent, PositionPnl, RequestEvent, RiskEvent, SignalEvent, SystemEvent,
    Timer, Topic, Topics, TradeEvent, TradeStateChanged, TransitionInvalid,
};
use crate::fsm::trade::{AbortReason, ExitReason, TradeInput, TradeState};
use guard::Exits;
use trades::{Plan, Trade};
use unexplained::Stray;

/// How positions are looked after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Whether stop and target rest together at the venue.
    pub exit_style: ExitStyle,
    /// How often profit and loss of everything open is published, seconds; 0
    /// never.
    pub pnl_seconds: u32,
    /// A position without a resting stop is protected again after this many
    /// seconds at the latest, 1 or more …
    pub protect_again_seconds: u32,
    /// … and left after this many.
    pub naked_seconds_max: u32,
    /// Distance of the stop of shares that no trade explains, as a fraction of the
    /// price at which they came, 0.001 to 0.5.
    #[serde(with = "crate::domain::exact::ratio")]
    pub unexplained_stop_fraction: Decimal,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            exit_style: ExitStyle::NativeOco,
            pnl_seconds: 15,
            protect_again_seconds: 2,
            naked_seconds_max: 15,
            unexplained_stop_fraction: Decimal::new(5, 2),
        }
    }
}

impl Config {
    /// Checks the ranges.
    ///
    /// # Errors
    /// Names the key, the value and the range.
    pub fn validate(&self) -> Result<(), String> {
        if self.protect_again_seconds == 0 {
            return Err("protect_again_seconds is 0, it must be 1 or more".into());
        }
        let fraction = self.unexplained_stop_fraction;
        if fraction < Decimal::new(1, 3) || fraction > Decimal::new(5, 1) {
            return Err(format!(
                "unexplained_stop_fraction is {fraction}, it must lie in 0.001 to 0.5"
            ));
        }
        Ok(())
    }
}

/// The agent.
#[derive(Debug)]
pub struct PositionManagementAgent {
    config: Config,
    trades: BTreeMap<TradeId, Trade>,
    /// Shares that no trade explains, one row per symbol.
    strays: BTreeMap<TradeId, Stray>,
    /// The trade of each symbol that is not over.
    active: SymbolMap<Option<TradeId>>,
    /// Positions by fills; its cash is of no account here.
    book: Book,
    /// When profit and loss are reported next.
    pnl_due: Timestamp,
    /// Orders that close positions and are under way.
    exits: Exits,
}

impl PositionManagementAgent {
    /// Makes the agent.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            trades: BTreeMap::new(),
            strays: BTreeMap::new(),
            active: SymbolMap::default(),
            book: Book::new(Money::ZERO),
            pnl_due: Timestamp::default(),
            exits: Exits::new(),
        }
    }

    /// Moves a trade's machine and says so. An illegal input aborts the trade as
    /// far as that is possible, and is said.
    fn step(&mut self, trade_id: &TradeId, input: TradeInput, out: &mut Outbox) -> bool {
        let Some(trade) = self.trades.get_mut(trade_id) else { return false };
        let before = trade.state;
        match before.next(&input) {
            Ok(after) => {
                trade.state = after;
                if before.name() != after.name() {
                    let symbol = trade.symbol;
                    out.publish(changed(trade_id, symbol, before.name(), after.name(), input));
                }
                if after.is_terminal() {
                    self.forget(trade_id);
                }
                true
            }
            Err(error) => {
                tracing::warn!(trade = %trade_id, %error, "illegal trade input");
                out.publish(TradeEvent::TransitionInvalid(TransitionInvalid {
                    trade_id: trade_id.clone(),
                    symbol: trade.symbol,
                    from: before.name().to_owned(),
                    error: error.to_string(),
                }));
                if before.may_abort() {
                    let reason = AbortReason::IllegalInput;
                    self.step(trade_id, TradeInput::Aborted { reason }, out);
                }
                false
            }
        }
    }

    fn forget(&mut self, trade_id: &TradeId) {
        if let Some(trade) = self.trades.remove(trade_id) {
            let active = self.active.row(trade.symbol, || None);
            if active.as_ref() == Some(trade_id) {
                *active = None;
            }
        }
    }

    fn begin(&mut self, found: &CandidateFound, out: &mut Outbox) {
        let trade = Trade::new(found.trade_id.clone(), found.symbol, found.direction);
        *self.active.row(found.symbol, || None) = Some(found.trade_id.clone());
        self.trades.insert(found.trade_id.clone(), trade);
        self.step(&found.trade_id, TradeInput::CandidateFound, out);
    }

    fn signal(&mut self, event: &SignalEvent, out: &mut Outbox) {
        match event {
            SignalEvent::CandidateFound(found) => self.begin(found, out),
            SignalEvent::Entry(entry) => {
                if let Some(trade) = self.trades.get_mut(&entry.trade_id) {
                    trade.plan = Some(Plan { stop: entry.stop_price, target: entry.target_price });
                    trade.direction = entry.direction;
                }
            }
            SignalEvent::Hold(hold) => {
                if let Some(trade_id) = &hold.trade_id {
                    self.abort(trade_id, AbortReason::SetupGone, out);
                }
            }
            SignalEvent::Exit(exit) => {
                let reason = exit.reason;
                if self.trades.get(&exit.trade_id).is_some_and(|trade| trade.state.holds_shares()) {
                    self.step(&exit.trade_id, TradeInput::ExitTriggered { reason }, out);
                }
            }
            SignalEvent::ScanStarted(_)
            | SignalEvent::EvaluateStarted(_)
            | SignalEvent::Ensemble(_)
            | SignalEvent::TradeLogged(_)
            | SignalEvent::MemberLeftOut(_)
            | SignalEvent::VoteRequested(_)
            | SignalEvent::VoteCast(_) => {}
        }
    }

    fn risk(&mut self, event: &RiskEvent, out: &mut Outbox) {
        match event {
            RiskEvent::Approved(approved) => {
                self.step(&approved.trade_id, TradeInput::Approved, out);
            }
            RiskEvent::LimitExceeded(refused) => {
                if let Some(trade_id) = &refused.trade_id {
                    self.abort(trade_id, AbortReason::RiskRefused, out);
                }
            }
            RiskEvent::Refused(refused) => {
                let reason = if refused.by_operator {
                    AbortReason::OperatorRejected
                } else {
                    AbortReason::ApprovalExpired
                };
                self.abort(&refused.trade_id, reason, out);
            }
            RiskEvent::SizeCalculated(_)
            | RiskEvent::ApprovalRequested(_)
            | RiskEvent::DrawdownAlert(_)
            | RiskEvent::PortfolioAssessed(_)
            | RiskEvent::StrategyDisabled(_) => {}
        }
    }

    fn abort(&mut self, trade_id: &TradeId, reason: AbortReason, out: &mut Outbox) {
        if self.trades.get(trade_id).is_some_and(|trade| trade.state.may_abort()) {
            self.step(trade_id, TradeInput::Aborted { reason }, out);
        }
    }

    fn market(&mut self, at: Timestamp, event: &MarketEvent, out: &mut Outbox) {
        if self.book.open_positions() == 0 {
            return;
        }
        match event {
            MarketEvent::Quote(quote) => self.quote(quote, out),
            MarketEvent::Tick(tick) => {
                self.book.mark(tick.symbol, tick.price);
                self.watch_target(tick.symbol, tick.price, out);
            }
            MarketEvent::Bars(bars) if !bars.is_history => {
                for bar in bars.bars.iter() {
                    self.bar(bar, out);
                }
            }
            MarketEvent::Correction(correction) => {
                let (symbol, wrong) = (correction.wrong.symbol, correction.wrong.price);
                let right = correction.right.filter(|_| self.book.last_mark(symbol) == Some(wrong));
                let Some(right) = right else { return };
                self.book.mark(symbol, right.price);
            }
            MarketEvent::Bars(_)
            | MarketEvent::Status(_)
            | MarketEvent::Halt(_)
            | MarketEvent::Suspect(_)
            | MarketEvent::Split(_)
            | MarketEvent::Band(_)
            | MarketEvent::Second(_)
            | MarketEvent::Source(_) => return,
        }
        self.say_pnl_when_due(at, out);
    }

    fn quote(&mut self, quote: &Quote, out: &mut Outbox) {
        self.book.mark(quote.symbol, quote.mid());
        if self.config.exit_style == ExitStyle::Managed
            && let Some(position) = self.book.position(quote.symbol)
        {
            // What the position would fetch now.
            let price = match position.direction {
                Direction::Long => quote.bid,
                Direction::Short => quote.ask,
            };
            self.watch_target(quote.symbol, price, out);
        }
    }

    fn bar(&mut self, bar: &Bar, out: &mut Outbox) {
        self.book.mark(bar.symbol, bar.close);
        if self.config.exit_style == ExitStyle::Managed
            && let Some(position) = self.book.position(bar.symbol)
        {
            let best = match position.direction {
                Direction::Long => bar.high,
                Direction::Short => bar.low,
            };
            self.watch_target(bar.symbol, best, out);
        }
    }

    /// Managed exits: the venue holds the stop alone, the target is watched here.
    fn watch_target(&mut self, symbol: Symbol, price: Price, out: &mut Outbox) {
        if self.config.exit_style != ExitStyle::Managed {
            return;
        }
        let Some(Some(trade_id)) = self.active.get(symbol).cloned() else { return };
        let Some(trade) = self.trades.get(&trade_id) else { return };
        let is_holding = matches!(trade.state, TradeState::Holding);
        let Some(plan) = trade.plan.filter(|_| is_holding && trade.reaches_target(price)) else {
            return;
        };
        let level = plan.target;
        out.publish(PositionEvent::TargetHit(LevelHit {
            trade_id: trade_id.clone(),
            symbol,
            level,
            price,
        }));
        self.step(&trade_id, TradeInput::ExitTriggered { reason: ExitReason::TargetHit }, out);
    }

    fn operator(&mut self, command: &OperatorCommand, out: &mut Outbox) {
        let OperatorCommand::Flatten(flatten) = command else { return };
        self.flatten_strays(flatten.symbol, out);
        // An entry that is under way may still get shares: they are sold as soon as
        // it has ended.
        for trade in self.trades.values_mut() {
            let is_meant = flatten.symbol.is_none_or(|only| only == trade.symbol);
            trade.leaves_at_once |= is_meant && matches!(trade.state, TradeState::OrderPlaced);
        }
        let wanted = |trade: &&Trade| {
            trade.state.holds_shares() && flatten.symbol.is_none_or(|only| only == trade.symbol)
        };
        let leaving: Vec<(TradeId, Symbol, Option<Price>)> = self
            .trades
            .values()
            .filter(wanted)
            .map(|trade| (trade.id.clone(), trade.symbol, trade.entry_price()))
            .collect();
        for (trade_id, symbol, entry) in leaving {
            let Some(price) = self.book.last_mark(symbol).or(entry) else { continue };
            let reason = ExitReason::Flatten;
            out.publish(SignalEvent::Exit(ExitSignal {
                trade_id: trade_id.clone(),
                symbol,
                reason,
                price,
            }));
            self.step(&trade_id, TradeInput::ExitTriggered { reason }, out);
        }
    }

    fn answer(&mut self, request: &RequestEvent, out: &mut Outbox) {
        match request {
            RequestEvent::CalculatePnl(_) => self.say_pnl(None, out),
            RequestEvent::Track(wanted) => self.say_pnl(Some(wanted.symbol), out),
            RequestEvent::CheckExit(wanted) => {
                if let Some(price) = self.book.last_mark(wanted.symbol) {
                    self.watch_target(wanted.symbol, price, out);
                }
            }
            RequestEvent::GetQuote(_)
            | RequestEvent::GetBars(_)
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
            | RequestEvent::GetOrderStatus(_) => {}
        }
    }

    fn say_pnl(&self, only: Option<Symbol>, out: &mut Outbox) {
        let mut unrealized = Money::ZERO;
        let mut positions = Vec::with_capacity(self.book.open_positions());
        for (position, mark) in self.book.positions() {
            let Some((entry_price, price)) = position.average_price().zip(mark) else { continue };
            let profit = position.unrealized(price);
            unrealized += profit;
            if only.is_none_or(|only| only == position.symbol) {
                positions.push(PositionPnl {
                    symbol: position.symbol,
                    direction: position.direction,
                    quantity: position.qty,
                    entry_price,
                    price,
                    unrealized: profit,
                });
            }
        }
        let realized = self.book.realized();
        out.publish(PositionEvent::Pnl(PnlUpdated { positions, unrealized, realized }));
    }

    /// Reports profit and loss when it is due. Driven by the market and not by a
    /// timer: at night nothing changes.
    fn say_pnl_when_due(&mut self, at: Timestamp, out: &mut Outbox) {
        let seconds = i64::from(self.config.pnl_seconds);
        if seconds > 0 && at >= self.pnl_due {
            self.pnl_due = at.plus(SignedDuration::from_secs(seconds));
            self.say_pnl(None, out);
        }
    }

    fn timer(&mut self, at: Timestamp, timer: &Timer, out: &mut Outbox) {
        match timer {
            Timer::Protection(trade_id) => self.look_at_protection(at, trade_id, out),
            Timer::Approval(_)
            | Timer::Votes(_)
            | Timer::EntryAge(_)
            | Timer::ExitAge(_)
            | Timer::Session
            | Timer::DataAge
            | Timer::Venue(_)
            | Timer::Breaker(_) => {}
        }
    }
}

fn changed(
    trade_id: &TradeId,
    symbol: Symbol,
    from: &str,
    to: &str,
    input: TradeInput,
) -> TradeEvent {
    let reason = match input {
        TradeInput::ExitTriggered { reason } => Some(reason.name().to_owned()),
        TradeInput::Aborted { reason } => Some(reason.name().to_owned()),
        TradeInput::CandidateFound
        | TradeInput::Approved
        | TradeInput::EntrySubmitted
        | TradeInput::EntryFilled
        | TradeInput::StopSet
        | TradeInput::ExitSubmitted
        | TradeInput::ExitDied
        | TradeInput::ExitFilled => None,
    };
    TradeEvent::StateChanged(TradeStateChanged {
        trade_id: trade_id.clone(),
        symbol,
        from: from.to_owned(),
        to: to.to_owned(),
        reason,
    })
}

impl Agent for PositionManagementAgent {
    fn id(&self) -> AgentId {
        AgentId::PositionManagement
    }

    fn topics(&self) -> Topics {
        Topics::of(&[
            Topic::Market,
            Topic::Signal,
            Topic::Risk,
            Topic::Order,
            Topic::Venue,
            Topic::Operator,
            Topic::Request,
        ])
    }

    fn handle(&mut self, input: &Envelope, out: &mut Outbox) {
        let at = input.at;
        match &input.event {
            Event::Market(event) => self.market(at, event, out),
            Event::Signal(event) if input.source != AgentId::PositionManagement => {
                self.signal(event, out);
            }
            Event::Risk(event) => self.risk(event, out),
            Event::Order(event) => self.order(at, event, out),
            Event::Venue(event) => self.venue(at, event, out),
            Event::Operator(command) => self.operator(command, out),
            Event::Request(request) => self.answer(request, out),
            Event::System(SystemEvent::TimerDue(due)) => self.timer(at, &due.timer, out),
            Event::Signal(_)
            | Event::Tape(_)
            | Event::Feed(_)
            | Event::Position(_)
            | Event::Trade(_)
            | Event::Intel(_)
            | Event::Breaker(_)
            | Event::System(_) => {}
        }
    }
}

/// Tells whether an order event concerns what this agent looks after.
const fn concerns(event: &OrderEvent) -> bool {
    !matches!(
        event,
        OrderEvent::StateChanged(_) | OrderEvent::StatusReported(_) | OrderEvent::Modify(_)
    )
}
