//! The documents that the verbs answer with, made of a snapshot.
//!
//! They are views that borrow; nothing is reckoned here. The same in columns is
//! [`tables`](crate::control::tables).

use serde::Serialize;

use crate::domain::ids::{Seq, Symbol, TradeId};
use crate::domain::money::{Money, Qty};
use crate::domain::order::Side;
use crate::domain::time::Timestamp;
use crate::view::{
    Account, AgentHealth, ApprovalRow, BreakerRow, BudgetRow, BusRow, FeedRow, OrderRow,
    PositionRow, RequestsRow, Run, Safety, SessionClock, Snapshot, TradeRow, Trading, TradingPhase,
};

/// Finished trades and orders that are listed, newest first.
pub const FINISHED_MAX: usize = 100;

/// How the house stands.
#[derive(Debug, Serialize)]
pub struct Status<'a> {
    /// The newest event that is in it.
    pub seq: Seq,
    /// When that happened.
    pub at: Timestamp,
    /// Which run this is.
    pub run: &'a Run,
    /// Which part of the trading day it is.
    pub session: &'a SessionClock,
    /// What the account is worth.
    pub account: &'a Account,
    /// Whether the house may trade.
    pub trading: &'a Trading,
    /// The five agents in the order of a trade's way.
    pub agents: [&'a AgentHealth; 5],
    /// The feeds.
    pub feeds: &'a [FeedRow],
    /// The breakers.
    pub breakers: &'a [BreakerRow],
    /// Budgets that had nothing left.
    pub budgets: &'a [BudgetRow],
    /// How many requests each account has used.
    pub requests: &'a [RequestsRow],
    /// The bus to other processes; absent while the run has none.
    pub bus: Option<&'a BusRow>,
    /// What works, what is held, what waits.
    pub counts: Counts,
    /// Differences with all three sides, orders of others, orders of which nobody knows,
    /// time without a stop.
    pub safety: &'a Safety,
}

/// How much of everything there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Open positions.
    pub positions: usize,
    /// Those that have no stop.
    pub naked: usize,
    /// Orders under way.
    pub working: usize,
    /// Orders whose outcome is not known.
    pub unknown: usize,
    /// Trades under way.
    pub trades: usize,
    /// Entries that wait for a human.
    pub approvals: usize,
}

impl<'a> Status<'a> {
    /// Looks at a snapshot.
    pub fn of(snapshot: &'a Snapshot) -> Self {
        let cards = &snapshot.cards;
        Self {
            seq: snapshot.seq,
            at: snapshot.at,
            run: &snapshot.run,
            session: &snapshot.session,
            account: &snapshot.account,
            trading: &snapshot.trading,
            agents: [
                &cards.market.health,
                &cards.strategy.health,
                &cards.risk.health,
                &cards.orders.health,
                &cards.positions.health,
            ],
            feeds: &snapshot.feeds,
            breakers: &snapshot.breakers,
            budgets: &snapshot.budgets,
            requests: &snapshot.requests,
            bus: snapshot.bus.as_ref(),
            safety: &snapshot.safety,
            counts: Counts {
                positions: cards.positions.open,
                naked: cards.positions.naked,
                working: cards.orders.working,
                unknown: cards.orders.unknown,
                trades: snapshot.trades.len(),
                approvals: snapshot.approvals.len(),
            },
        }
    }
}

/// The open positions.
#[derive(Debug, Serialize)]
pub struct Positions<'a> {
    /// The newest event that is in it.
    pub seq: Seq,
    /// When that happened.
    pub at: Timestamp,
    /// By symbol as the read model orders them.
    pub positions: &'a [PositionRow],
}

impl<'a> Positions<'a> {
    /// Looks at a snapshot.
    pub fn of(snapshot: &'a Snapshot) -> Self {
        Self { seq: snapshot.seq, at: snapshot.at, positions: &snapshot.positions }
    }
}

/// The orders.
#[derive(Debug, Serialize)]
pub struct Orders<'a> {
    /// The newest event that is in it.
    pub seq: Seq,
    /// When that happened.
    pub at: Timestamp,
    /// Under way, oldest first.
    pub working: &'a [OrderRow],
    /// Over, newest first, at most [`FINISHED_MAX`].
    pub done: Vec<&'a OrderRow>,
}

impl<'a> Orders<'a> {
    /// Looks at a snapshot.
    pub fn of(snapshot: &'a Snapshot) -> Self {
        Self {
            seq: snapshot.seq,
            at: snapshot.at,
            working: &snapshot.working,
            done: snapshot.done.iter().rev().take(FINISHED_MAX).map(|row| &**row).collect(),
        }
    }
}

/// The trades.
#[derive(Debug, Serialize)]
pub struct Trades<'a> {
    /// The newest event that is in it.
    pub seq: Seq,
    /// When that happened.
    pub at: Timestamp,
    /// Those that wait for a human, oldest first.
    pub approvals: Vec<Waiting<'a>>,
    /// Under way, oldest first.
    pub trades: &'a [TradeRow],
    /// Over, newest first, at most [`FINISHED_MAX`].
    pub finished: Vec<&'a TradeRow>,
}

impl<'a> Trades<'a> {
    /// Looks at a snapshot.
    pub fn of(snapshot: &'a Snapshot) -> Self {
        Self {
            seq: snapshot.seq,
            at: snapshot.at,
            approvals: snapshot.approvals.iter().map(Waiting::of).collect(),
            trades: &snapshot.trades,
            finished: snapshot.finished.iter().rev().take(FINISHED_MAX).map(|row| &**row).collect(),
        }
    }
}

/// An entry that waits for a human; its whole record is what `why` tells.
#[derive(Debug, Serialize)]
pub struct Waiting<'a> {
    /// Which trade; what `approve` and `reject` are given.
    pub trade_id: &'a TradeId,
    /// Which stock.
    pub symbol: Symbol,
    /// Which way.
    pub side: Side,
    /// Shares.
    pub quantity: Qty,
    /// What it would cost, in dollars.
    pub cost: Money,
    /// What is lost when the stop is hit, in dollars.
    pub worst_loss: Money,
    /// The rule set that proposed it.
    pub strategy: &'a str,
    /// Without an answer until then it is refused.
    pub deadline: Timestamp,
}

impl<'a> Waiting<'a> {
    fn of(row: &'a ApprovalRow) -> Self {
        Self {
            trade_id: &row.trade_id,
            symbol: row.symbol,
            side: row.side,
            quantity: row.quantity,
            cost: row.cost,
            worst_loss: row.worst_loss,
            strategy: &row.strategy,
            deadline: row.deadline,
        }
    }
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Done {
    /// The word on the command line.
    pub verb: &'static str,
    /// What it was about; absent for the whole house.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The rung of the kill ladder afterwards.
    pub trading: TradingPhase,
    /// Entry orders that still rest or whose outcome is not known.
    pub entries_left: usize,
    /// In words.
    pub note: String,
}
