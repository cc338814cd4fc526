//! All that the screen, the control verbs and attached dashboards are told.
//!
//! A snapshot is a value of one moment: cheap to clone, never changed. It holds no
//! handle and asks no clock; ages are counted from its times by whoever shows them.
//! [`Projector`](crate::view::Projector) makes it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;

use crate::domain::ids::{AgentId, Seq, Symbol, TradeId};
use crate::domain::market;
use crate::domain::money::Money;
use crate::domain::time::Timestamp;
use crate::events::{Severity, StrategyMetrics};
use crate::view::checks::CheckLine;
use crate::view::counters::Counters;
use crate::view::decisions::{BallotLine, DecidedLine, Decisions, Record, Wanted};
use crate::view::intel::{IntelGroups, IntelRow};
use crate::view::latency::{Conflated, Latency};
use crate::view::log::Log;
use crate::view::machine::Machine;
use crate::view::names::{AgentState, BreakerPhase, LinkPhase, TradingPhase};
use crate::view::rows::{ApprovalRow, BusRow, OrderRow, PositionRow, SourceRow, TradeRow};
use crate::view::run::Run;
use crate::view::safety::Safety;
use crate::view::watch::{Chart, WatchRow};

/// Most feeds that are shown.
pub(in crate::view) const FEEDS_MAX: usize = 32;
/// Most breakers that are shown.
pub(in crate::view) const BREAKERS_MAX: usize = 64;
/// Most lanes of budgets that are shown.
pub(in crate::view) const BUDGETS_MAX: usize = 64;
/// Most rule sets whose results are shown.
pub(in crate::view) const STRATEGIES_MAX: usize = 200;
/// Most alerts that are kept.
pub(in crate::view) const ALERTS_MAX: usize = 200;

/// One moment of the house.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Snapshot {
    /// The newest event that is in it.
    pub seq: Seq,
    /// When that happened.
    pub at: Timestamp,
    /// Which run this is.
    pub run: Arc<Run>,
    /// Which part of the trading day it is.
    pub session: SessionClock,
    /// What the account is worth.
    pub account: Account,
    /// Whether the house may trade.
    pub trading: Arc<Trading>,
    /// The five agents in the order of a trade's way.
    pub cards: Arc<Cards>,
    /// The feeds, in the order in which they were heard of.
    pub feeds: Arc<Vec<FeedRow>>,
    /// The breakers, in the order in which they were heard of.
    pub breakers: Arc<Vec<BreakerRow>>,
    /// Budgets that had nothing left for a lane.
    pub budgets: Arc<Vec<BudgetRow>>,
    /// How many requests each broker account has used.
    pub requests: Arc<Vec<RequestsRow>>,
    /// The bus to other processes; absent while the run has none.
    pub bus: Option<BusRow>,
    /// When orders, positions and cash were last read at the broker; absent before, and
    /// where there is none to read.
    pub venue_read_at: Option<Timestamp>,
    /// Whose market data are shown; absent while there is one source alone.
    pub source: Option<SourceRow>,
    /// How far below its peak the net value was, in dollars, once a minute of the
    /// market, the newest last.
    pub falls: Arc<[Money]>,
    /// The watchlist, in the order in which the symbols were heard of.
    pub watch: Arc<[WatchRow]>,
    /// Bars, own fills and levels of every symbol that had a bar or a trade.
    pub charts: Arc<BTreeMap<Symbol, Arc<Chart>>>,
    /// Trades under way, oldest first.
    pub trades: Arc<Vec<TradeRow>>,
    /// Trades that are over, oldest first.
    pub finished: Arc<VecDeque<Arc<TradeRow>>>,
    /// Open positions.
    pub positions: Arc<[PositionRow]>,
    /// Orders under way, oldest first.
    pub working: Arc<Vec<OrderRow>>,
    /// Orders that are over, oldest first.
    pub done: Arc<VecDeque<Arc<OrderRow>>>,
    /// Entries that wait for a human, oldest first.
    pub approvals: Arc<[ApprovalRow]>,
    /// The newest decision records.
    pub decisions: Arc<Decisions>,
    /// The newest ballots of every symbol that had some.
    pub ballots: Arc<BTreeMap<Symbol, Arc<SymbolBallots>>>,
    /// How the trades of each rule set have done.
    pub strategies: Arc<BTreeMap<Box<str>, StrategyRow>>,
    /// The stream of events.
    #[serde(skip)]
    pub log: Log,
    /// The newest alerts and differences, oldest first.
    pub alerts: Arc<VecDeque<AlertRow>>,
    /// The newest lines of mail and meetings, oldest first.
    pub intel: Arc<VecDeque<IntelRow>>,
    /// How many of these lines speak of which stock, and come from whom.
    pub intel_groups: Arc<IntelGroups>,
    /// How long orders and quotes take.
    pub latency: Latency,
    /// Market data that did not become events of their own, all feeds together.
    pub conflated: Conflated,
    /// How many events there were.
    pub counters: Counters,
    /// How the program itself is; by the wall, and not from the journal.
    pub machine: Arc<Machine>,
    /// Differences, orders of others, time without a stop.
    pub safety: Arc<Safety>,
}

impl Snapshot {
    /// Returns the watchlist's row of a symbol.
    pub fn quote(&self, symbol: Symbol) -> Option<&WatchRow> {
        self.watch.iter().find(|row| row.symbol == symbol)
    }

    /// Returns what is drawn of a symbol.
    pub fn chart(&self, symbol: Symbol) -> Option<&Arc<Chart>> {
        self.charts.get(&symbol)
    }

    /// Returns the trade of this name, under way or over.
    pub fn trade(&self, trade_id: &TradeId) -> Option<&TradeRow> {
        let over = self.finished.iter().rev().map(|row| &**row);
        self.trades.iter().rev().chain(over).find(|row| row.trade_id == *trade_id)
    }

    /// Returns the decision record that is meant.
    pub fn why(&self, wanted: &Wanted) -> Option<&Arc<Record>> {
        self.decisions.find(wanted)
    }

    /// Tells whether an order's outcome is not known.
    pub fn has_unknown_orders(&self) -> bool {
        self.cards.orders.unknown > 0
    }
}

/// Which part of the trading day it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct SessionClock {
    /// The part; absent before the market has said it.
    pub session: Option<market::Session>,
    /// The trading day; when closed, the next one.
    pub trading_day: Option<Date>,
    /// When the part changes next.
    pub until: Option<Timestamp>,
    /// The next opening of a regular session.
    pub next_open: Option<Timestamp>,
    /// The next close of a regular session.
    pub next_close: Option<Timestamp>,
}

impl SessionClock {
    /// Tells whether the regular session is open.
    pub const fn is_open(&self) -> bool {
        matches!(self.session, Some(market::Session::Open))
    }
}

/// What the account is worth, in dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Account {
    /// Cash plus market value.
    pub nav: Money,
    /// Cash.
    pub cash: Money,
    /// What may be spent on new positions, where the venue says so.
    pub buying_power: Option<Money>,
    /// Net value less that at the start of the trading day.
    pub day_pnl: Money,
    /// Net value at the start of the trading day.
    pub day_start: Money,
    /// Profit taken, before fees.
    pub realized: Money,
    /// Profit not yet taken.
    pub unrealized: Money,
    /// Fees paid.
    pub fees: Money,
    /// Sum of absolute market values.
    pub gross: Money,
    /// Sum of market values, shorts negative.
    pub net: Money,
    /// Highest net value so far.
    pub peak: Money,
    /// Fraction of the peak that is lost, 0 to 1, four places.
    #[serde(with = "crate::domain::ratio")]
    pub drawdown: Decimal,
}

impl Account {
    /// Returns the day's profit as a ratio of the day's start, four places.
    pub fn day_ratio(&self) -> Option<Decimal> {
        self.day_pnl.ratio_to(self.day_start).map(|ratio| ratio.round_dp(4))
    }

    /// Returns the gross exposure as a ratio of net value, four places.
    pub fn gross_ratio(&self) -> Option<Decimal> {
        self.gross.ratio_to(self.nav).map(|ratio| ratio.round_dp(4))
    }

    /// Returns the net exposure as a ratio of net value, four places.
    pub fn net_ratio(&self) -> Option<Decimal> {
        self.net.ratio_to(self.nav).map(|ratio| ratio.round_dp(4))
    }

    /// Returns the cash as a ratio of net value, four places.
    pub fn cash_ratio(&self) -> Option<Decimal> {
        self.cash.ratio_to(self.nav).map(|ratio| ratio.round_dp(4))
    }
}

/// Whether the house may trade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trading {
    /// The rung of the kill ladder.
    pub phase: TradingPhase,
    /// Why, in words.
    pub reason: Box<str>,
    /// Since when; absent before anything has moved it.
    pub since: Option<Timestamp>,
}

impl Default for Trading {
    fn default() -> Self {
        Self { phase: TradingPhase::Active, reason: Box::default(), since: None }
    }
}

/// How one agent is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AgentHealth {
    /// Which agent.
    pub agent: AgentId,
    /// How it is.
    pub state: AgentState,
    /// When it said something last.
    pub spoke_at: Option<Timestamp>,
    /// Events that it said.
    pub said: u64,
    /// How often it panicked.
    pub faults: u32,
    /// Its last words, or why its seat is empty.
    pub note: Box<str>,
}

/// The five agents, each with what it looks after.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cards {
    /// MARKET.
    pub market: MarketCard,
    /// STRATEGY.
    pub strategy: StrategyCard,
    /// RISK.
    pub risk: RiskCard,
    /// ORDERS.
    pub orders: OrdersCard,
    /// POSITIONS.
    pub positions: PositionsCard,
}

/// MARKET: feeds and data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MarketCard {
    /// How the agent is.
    pub health: AgentHealth,
    /// Symbols that were heard of.
    pub symbols: usize,
    /// Those that the venue has halted or paused.
    pub halted: usize,
    /// Those whose data should not be traded on.
    pub doubtful: usize,
    /// Symbols that were left out because there were too many.
    pub left_out: u64,
    /// When the market was heard last.
    pub heard_at: Option<Timestamp>,
}

/// STRATEGY: the last ballot.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StrategyCard {
    /// How the agent is.
    pub health: AgentHealth,
    /// The newest ballots.
    pub newest: Option<Arc<SymbolBallots>>,
    /// Candidates so far.
    pub candidates: u64,
    /// Entries proposed so far.
    pub proposed: u64,
    /// Members that were left out so far.
    pub left_out: u64,
}

/// RISK: limits as value versus limit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RiskCard {
    /// How the agent is.
    pub health: AgentHealth,
    /// Every rule of the newest judgement; empty before the first one.
    pub limits: Arc<[CheckLine]>,
    /// When that was.
    pub judged_at: Option<Timestamp>,
    /// Of which stock.
    pub judged: Option<Symbol>,
    /// Entries approved so far.
    pub approved: u64,
    /// Entries refused so far, by rules or humans.
    pub refused: u64,
    /// The rule that refused last, and its words.
    pub newest_refusal: Option<Box<str>>,
}

/// ORDERS: what works, what is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrdersCard {
    /// How the agent is.
    pub health: AgentHealth,
    /// Orders under way.
    pub working: usize,
    /// Orders whose outcome is not known.
    pub unknown: usize,
    /// Orders sent on the present trading day.
    pub sent_today: u64,
    /// Executions of the present trading day.
    pub fills_today: u64,
    /// Refusals of the present trading day.
    pub rejected_today: u64,
}

/// POSITIONS: what is held, what is naked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PositionsCard {
    /// How the agent is.
    pub health: AgentHealth,
    /// Open positions.
    pub open: usize,
    /// Those whose stop rests.
    pub protected: usize,
    /// Those that have none and are not on their way out.
    pub naked: usize,
    /// Since when the oldest of these has none.
    pub naked_since: Option<Timestamp>,
    /// Profit not yet taken, in dollars.
    pub unrealized: Money,
    /// Shares that no trade explains have been found so many times.
    pub unexplained: u64,
}

/// One feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FeedRow {
    /// Its name.
    pub feed: Box<str>,
    /// Where its connection stands.
    pub phase: LinkPhase,
    /// Since when.
    pub since: Timestamp,
    /// How often it was lost.
    pub lost: u64,
}

/// One breaker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BreakerRow {
    /// Its name, which the operator types to reset it.
    pub name: Box<str>,
    /// What it lets through.
    pub phase: BreakerPhase,
    /// What moved it, in words.
    pub reason: Box<str>,
    /// Since when; absent before anything has moved it.
    pub since: Option<Timestamp>,
    /// When a probe will be let through; absent when closed or latched.
    pub retry_at: Option<Timestamp>,
    /// How often it opened.
    pub trips: u64,
}

/// A lane of a budget that had nothing left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BudgetRow {
    /// The budget's name.
    pub name: Box<str>,
    /// The lane that had to wait.
    pub lane: Box<str>,
    /// When its next request may leave.
    pub until: Timestamp,
    /// How often it had nothing left.
    pub times: u64,
}

/// How much of its request budget a broker account has used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestsRow {
    /// The budget's name, such as `alpaca.paper`.
    pub name: Box<str>,
    /// Requests counted in the last minute.
    pub used: u32,
    /// Requests allowed in a minute.
    pub limit: u32,
    /// Until when nothing leaves, because the broker said so.
    pub shut_until: Option<Timestamp>,
}

/// The newest ballots of one symbol.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SymbolBallots {
    /// Which stock.
    pub symbol: Symbol,
    /// When it was decided.
    pub at: Timestamp,
    /// The trade idea that was decided.
    pub trade_id: TradeId,
    /// What the judge made of them.
    pub decided: DecidedLine,
    /// Every ballot, also the missing ones.
    pub ballots: Arc<[BallotLine]>,
}

/// How the trades of one rule set have done.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct StrategyRow {
    /// Trades, wins, win rate, average R, profit.
    pub metrics: StrategyMetrics,
    /// Why it may not trade, until a human resumes.
    pub disabled: Option<Box<str>>,
}

/// A person should look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlertRow {
    /// Which event.
    pub seq: Seq,
    /// When.
    pub at: Timestamp,
    /// How much it matters.
    pub severity: Severity,
    /// In words, with the remedy.
    pub text: Box<str>,
}
