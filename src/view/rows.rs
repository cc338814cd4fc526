//! Trades, positions, orders and approvals as the screen lists them.
//!
//! Every row says what it is, since when, and what it waits for. What fills them is
//! in the projector; why a trade was taken or not is in its
//! [decision record](crate::view::Record).

use std::fmt;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde::{Serialize, Serializer};

use crate::domain::ids::{BrokerOrderId, ClientOrderId, Seq, Symbol, TradeId};
use crate::domain::money::{Money, Price, Qty};
use crate::domain::order::{OrderKind, OrderPurpose, Side, TimeInForce};
use crate::domain::position::Direction;
use crate::domain::time::Timestamp;
use crate::view::checks::CheckLine;
use crate::view::decisions::Record;
use crate::view::names::{OrderPhase, Phase};
use crate::view::precautions::Caution;

/// Most trades under way that are shown.
pub(in crate::view) const TRADES_MAX: usize = 1_000;
/// Most finished trades that are kept.
pub(in crate::view) const FINISHED_MAX: usize = 500;
/// Most states of one trade that are kept; exits that die and are tried again add.
pub(in crate::view) const STEPS_MAX: usize = 40;
/// Most orders under way that are shown.
pub(in crate::view) const WORKING_MAX: usize = 1_000;
/// Most finished orders that are kept.
pub(in crate::view) const ORDERS_DONE_MAX: usize = 200;
/// Most entries that wait for a human.
pub(in crate::view) const APPROVALS_MAX: usize = 500;

/// The bus to other processes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BusRow {
    /// Whether it carries everything; while it does not, no entry leaves.
    pub is_up: bool,
    /// Since when.
    pub since: Timestamp,
    /// What moved it, in words.
    pub reason: Box<str>,
}

/// Whose market data are shown, where there are two sources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceRow {
    /// Whose quotes and prints are shown, such as `alpaca`.
    pub source: Box<str>,
    /// Who is compared with it.
    pub second: Option<Box<str>>,
    /// Whether it stands in for a source that is away.
    pub stands_in: bool,
    /// Since when.
    pub since: Timestamp,
    /// Why, in words.
    pub reason: Box<str>,
}

/// A state that a trade came to, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Which state.
    pub phase: Phase,
    /// Since when.
    pub at: Timestamp,
}

/// What a trade waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// Nothing that would hold it up.
    Nothing,
    /// The rules.
    Risk,
    /// A human.
    Approval {
        /// Without an answer until then it is refused.
        deadline: Timestamp,
    },
    /// Shares from the venue.
    Fill,
    /// A stop that rests.
    Stop,
    /// The market's price: target, stop or a signal.
    Price,
    /// The market to open.
    MarketOpen {
        /// When it opens, where that is known.
        at: Option<Timestamp>,
    },
    /// Other exits to be cancelled, so that the shares are free.
    Room,
    /// A breaker or an empty budget.
    Venue {
        /// When the next request may leave, where that is known.
        until: Option<Timestamp>,
    },
}

/// One trade from its first setup to its end.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TradeRow {
    /// Which trade.
    pub trade_id: TradeId,
    /// Which stock.
    pub symbol: Symbol,
    /// Long or short.
    pub direction: Direction,
    /// Where it stands.
    pub phase: Phase,
    /// Since when.
    pub since: Timestamp,
    /// What it waits for.
    pub waits_for: Wait,
    /// Every state so far with its time, oldest first, at most [`STEPS_MAX`].
    pub steps: Vec<Step>,
    /// The rule set that proposed it; empty before the proposal.
    pub strategy: Box<str>,
    /// The judge's confidence, 0 to 1.
    #[serde(with = "crate::domain::ratio::option")]
    pub confidence: Option<Decimal>,
    /// Shares that it holds or wants.
    pub quantity: Qty,
    /// Entry, stop and target; the entry is the average once it is filled.
    pub levels: Option<crate::view::watch::Levels>,
    /// Profit in dollars, once it is closed.
    pub pnl: Option<Money>,
    /// Profit in units of risk, once it is closed.
    #[serde(with = "crate::domain::ratio::option")]
    pub r_multiple: Option<Decimal>,
    /// Why it ended or is leaving.
    pub reason: Box<str>,
}

/// Whether a position has a stop at the venue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Protection {
    /// A stop rests.
    Protected {
        /// The order that holds it.
        client_order_id: ClientOrderId,
        /// Shares that it protects.
        quantity: Qty,
        /// Dollars per share.
        stop: Price,
        /// Since when.
        since: Timestamp,
    },
    /// Nothing rests.
    Naked {
        /// Since when.
        since: Timestamp,
    },
    /// Its exit is on the way.
    Leaving {
        /// Since when.
        since: Timestamp,
    },
}

/// One open position.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PositionRow {
    /// Which stock.
    pub symbol: Symbol,
    /// Long or short.
    pub direction: Direction,
    /// Shares.
    pub quantity: Qty,
    /// Average entry price, dollars per share.
    pub average: Price,
    /// Newest price, dollars per share.
    pub last: Price,
    /// Profit not yet taken, in dollars.
    pub unrealized: Money,
    /// Profit not yet taken in units of the risk taken; absent for shares that no
    /// trade explains.
    #[serde(with = "crate::domain::ratio::option")]
    pub r: Option<Decimal>,
    /// Whether it has a stop.
    pub protection: Protection,
    /// Where it is given up, dollars per share.
    pub stop: Option<Price>,
    /// Where the profit is taken.
    pub target: Option<Price>,
    /// The trade that it belongs to; absent for shares that no trade explains.
    pub trade_id: Option<TradeId>,
    /// Since when it is held.
    pub since: Timestamp,
}

/// One order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrderRow {
    /// Our name for it.
    pub client_order_id: ClientOrderId,
    /// The venue's name for it.
    pub broker_order_id: Option<BrokerOrderId>,
    /// The trade that it belongs to.
    pub trade_id: Option<TradeId>,
    /// The order that it is attached to.
    pub parent: Option<ClientOrderId>,
    /// Why it was sent.
    pub purpose: OrderPurpose,
    /// Which stock.
    pub symbol: Symbol,
    /// Buy or sell.
    pub side: Side,
    /// Shares ordered.
    pub quantity: Qty,
    /// What makes it execute; absent when nobody said.
    pub kind: Option<OrderKind>,
    /// How long it works; absent when nobody said.
    pub time_in_force: Option<TimeInForce>,
    /// Where it stands.
    pub phase: OrderPhase,
    /// Whether its cancellation was asked for and is not confirmed.
    pub is_cancelling: bool,
    /// Shares filled.
    pub filled: Qty,
    /// Average price of what is filled.
    pub average: Option<Price>,
    /// Fees, in dollars.
    pub fees: Money,
    /// When it was sent, or first heard of.
    pub sent_at: Timestamp,
    /// When something was heard of it last.
    pub changed_at: Timestamp,
    /// What was said of it: a refusal, a failure of a call, why it is cancelled.
    pub note: Box<str>,
}

/// What an approval answers: this trade, asked for at this place of the journal.
/// A question that is put again is another one, so an answer is used once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApprovalToken {
    /// Which trade.
    pub trade_id: TradeId,
    /// The event that asked.
    pub asked: Seq,
}

impl fmt::Display for ApprovalToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.trade_id, self.asked)
    }
}

impl Serialize for ApprovalToken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An entry that waits for a human.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ApprovalRow {
    /// What an answer names.
    pub token: ApprovalToken,
    /// Which trade.
    pub trade_id: TradeId,
    /// Which stock.
    pub symbol: Symbol,
    /// Buy or sell.
    pub side: Side,
    /// Shares.
    pub quantity: Qty,
    /// Entry, stop and target, dollars per share.
    pub levels: Option<crate::view::watch::Levels>,
    /// What it would cost, in dollars.
    pub cost: Money,
    /// What is lost when the stop is hit, in dollars.
    pub worst_loss: Money,
    /// The rule set that proposed it.
    pub strategy: Box<str>,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// Without an answer until then it is refused.
    pub deadline: Timestamp,
    /// Every rule with value and limit.
    pub checks: Arc<[CheckLine]>,
    /// What makes it unusual as the market is now, the gravest first.
    pub cautions: Arc<[Caution]>,
    /// Everything that is known of the decision.
    pub record: Arc<Record>,
}
