//! The value of a decision record.
//!
//! Everything in it is clean text or a number, so it can be shown and written as it
//! is. Every list has a bound; what does not fit is counted in
//! [`left_out`](Record::left_out).

use std::sync::Arc;

use rust_decimal::Decimal;
use serde::Serialize;

use crate::domain::ids::{BrokerOrderId, ClientOrderId, Seq, Symbol, TradeId};
use crate::domain::money::{Money, Price, Qty};
use crate::domain::order::{OrderKind, OrderPurpose, Side};
use crate::domain::position::Direction;
use crate::domain::time::Timestamp;
use crate::view::checks::{CheckLine, RefusalLine, SizeLine};
use crate::view::names::{OrderPhase, Phase};
use crate::view::rows::Step;

/// Most orders of one record.
pub(in crate::view) const ORDERS_MAX: usize = 64;
/// Most fills of one record.
pub(in crate::view) const FILLS_MAX: usize = 128;
/// Most notes of one record.
pub(in crate::view) const NOTES_MAX: usize = 64;
/// Most events of one record with their causes.
pub(in crate::view) const LINKS_MAX: usize = 256;
/// Most members whose ballots are kept.
pub(in crate::view) const BALLOTS_MAX: usize = 32;

/// One thing that was known when it was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InputLine {
    /// What, such as `quote`.
    pub name: &'static str,
    /// In words, with the numbers.
    pub detail: Box<str>,
    /// How old it was, milliseconds; absent where age means nothing.
    pub age_ms: Option<i64>,
}

/// One member's part in the decision.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BallotLine {
    /// Whose it is.
    pub member: Box<str>,
    /// How many votes it counts.
    #[serde(with = "crate::domain::ratio")]
    pub weight: Decimal,
    /// `BUY`, `SELL` or `HOLD`; absent from one that had no opinion, was late, or
    /// was left out.
    pub action: Option<Box<str>>,
    /// How sure it is, 0 to 1.
    pub confidence: Option<f64>,
    /// The numbers behind it.
    pub reasoning: Box<str>,
}

/// What the judge made of the ballots.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DecidedLine {
    /// Which way.
    pub action: Side,
    /// Price at which it was decided, dollars per share.
    pub price: Price,
    /// Confidence of the speaker × consensus, 0 to 1.
    #[serde(with = "crate::domain::ratio")]
    pub confidence: Decimal,
    /// Winning votes ÷ all actionable votes, 0 to 1.
    #[serde(with = "crate::domain::ratio")]
    pub consensus: Decimal,
    /// The confidence needed for an entry, 0 to 1.
    #[serde(with = "crate::domain::ratio")]
    pub threshold: Decimal,
    /// The member that speaks for the winning side.
    pub speaker: Box<str>,
}

/// The plan that was put to the rules.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanLine {
    /// Where to enter, dollars per share.
    pub entry: Price,
    /// Where to give up.
    pub stop: Price,
    /// Where to take the profit.
    pub target: Price,
    /// (target − entry) ÷ (entry − stop).
    #[serde(with = "crate::domain::ratio")]
    pub risk_reward_ratio: Decimal,
    /// Shares that the strategy would like.
    pub wanted: Qty,
    /// Name of the rule set.
    pub strategy: Box<str>,
    /// What the volatility regime allows of a full size, 0 to 1.
    #[serde(with = "crate::domain::ratio")]
    pub size_scale: Decimal,
}

/// How the question to a human ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Nobody has answered yet.
    Open,
    /// A human said yes.
    Approved,
    /// A human said no.
    Rejected,
    /// Nobody answered in time.
    Expired,
}

impl Answer {
    /// The name on the screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
        }
    }
}

/// The question to a human, and the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ApprovalLine {
    /// When it was asked last.
    pub asked_at: Timestamp,
    /// The event that asked.
    pub asked: Seq,
    /// Without an answer until then it is refused.
    pub deadline: Timestamp,
    /// How it ended.
    pub answer: Answer,
    /// When it ended.
    pub answered_at: Option<Timestamp>,
    /// The human's own words.
    pub reason: Box<str>,
}

/// One order of the trade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrderLine {
    /// Our name for it.
    pub client_order_id: ClientOrderId,
    /// The venue's name for it.
    pub broker_order_id: Option<BrokerOrderId>,
    /// Why it was sent.
    pub purpose: OrderPurpose,
    /// Buy or sell.
    pub side: Side,
    /// Shares.
    pub quantity: Qty,
    /// What makes it execute; absent when nobody said.
    pub kind: Option<OrderKind>,
    /// When it was sent, or first heard of.
    pub sent_at: Timestamp,
    /// Where it stands.
    pub phase: OrderPhase,
    /// What was said of it.
    pub note: Box<str>,
}

/// One execution of the trade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FillLine {
    /// When it was counted.
    pub at: Timestamp,
    /// Of which order.
    pub client_order_id: ClientOrderId,
    /// Why the order was sent.
    pub purpose: OrderPurpose,
    /// Buy or sell.
    pub side: Side,
    /// Shares.
    pub quantity: Qty,
    /// Dollars per share.
    pub price: Price,
    /// Fee, in dollars.
    pub fee: Money,
    /// What it cost more than at the price that was meant, in dollars; below zero it
    /// cost less. Meant is the price of the decision for an entry, the level of the
    /// order for an exit.
    pub slippage: Option<Money>,
}

/// Something said about the trade on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoteLine {
    /// When.
    pub at: Timestamp,
    /// Which event.
    pub seq: Seq,
    /// In words.
    pub text: Box<str>,
}

/// How a position ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ResultLine {
    /// Average entry price, dollars per share.
    pub entry_price: Price,
    /// Average exit price, dollars per share.
    pub exit_price: Price,
    /// Shares.
    pub quantity: Qty,
    /// Profit in dollars, before fees.
    pub pnl: Money,
    /// Profit ÷ what was risked.
    #[serde(with = "crate::domain::ratio::option")]
    pub r_multiple: Option<Decimal>,
    /// Why it ended.
    pub reason: Box<str>,
    /// How long it was held, seconds.
    pub held_seconds: i64,
}

/// One event and what it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Which event.
    pub seq: Seq,
    /// The event that it answers; absent for what came in by the door.
    pub cause: Option<Seq>,
    /// When.
    pub at: Timestamp,
    /// Its name on the wire.
    pub name: &'static str,
}

/// Everything about one decision.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Record {
    /// What it is found by: the trade's name, or `refusal-` and the event's number
    /// where no trade had begun.
    pub id: Box<str>,
    /// The trade; absent for the answer to a question.
    pub trade_id: Option<TradeId>,
    /// Which stock.
    pub symbol: Symbol,
    /// Long or short, where it was said.
    pub direction: Option<Direction>,
    /// When the first event of it was.
    pub at: Timestamp,
    /// The first event of it.
    pub seq: Seq,
    /// Where the trade stands; absent for the answer to a question.
    pub phase: Option<Phase>,
    /// Why it ended or is leaving.
    pub reason: Box<str>,
    /// What was known, with ages.
    pub inputs: Vec<InputLine>,
    /// What made it a candidate.
    pub criteria: Vec<NoteLine>,
    /// Every ballot, also the missing ones.
    pub ballots: Arc<[BallotLine]>,
    /// What the judge made of them.
    pub decided: Option<DecidedLine>,
    /// The plan that was put to the rules.
    pub plan: Option<PlanLine>,
    /// The arithmetic of the size.
    pub size: Option<SizeLine>,
    /// Every rule: value, limit, verdict.
    pub checks: Arc<[CheckLine]>,
    /// The rule that refused.
    pub refusal: Option<RefusalLine>,
    /// The question to a human.
    pub approval: Option<ApprovalLine>,
    /// Its orders, oldest first.
    pub orders: Vec<OrderLine>,
    /// Its fills, oldest first.
    pub fills: Vec<FillLine>,
    /// What was said on the way, oldest first.
    pub notes: Vec<NoteLine>,
    /// Every state with its time, oldest first.
    pub steps: Vec<Step>,
    /// How it ended.
    pub result: Option<ResultLine>,
    /// Its events and what led to them, by number.
    pub links: Vec<Link>,
    /// Lines that did not fit.
    pub left_out: u32,
}

impl Record {
    pub(in crate::view) fn new(
        id: Box<str>,
        trade_id: Option<TradeId>,
        symbol: Symbol,
        (seq, at): (Seq, Timestamp),
    ) -> Self {
        Self {
            id,
            trade_id,
            symbol,
            direction: None,
            at,
            seq,
            phase: None,
            reason: Box::default(),
            inputs: Vec::new(),
            criteria: Vec::new(),
            ballots: Arc::default(),
            decided: None,
            plan: None,
            size: None,
            checks: Arc::default(),
            refusal: None,
            approval: None,
            orders: Vec::new(),
            fills: Vec::new(),
            notes: Vec::new(),
            steps: Vec::new(),
            result: None,
            links: Vec::new(),
            left_out: 0,
        }
    }

    /// Tells whether nothing can be added any more.
    pub fn is_over(&self) -> bool {
        self.trade_id.is_none() || self.phase.is_some_and(Phase::is_over)
    }

    /// Tells whether shares were bought or sold short.
    pub fn was_taken(&self) -> bool {
        !self.fills.is_empty()
    }

    /// Returns what all fills cost more than meant, in dollars; below zero they cost
    /// less.
    pub fn slippage(&self) -> Money {
        self.fills.iter().filter_map(|fill| fill.slippage).sum()
    }

    /// Returns the fees of all fills, in dollars.
    pub fn fees(&self) -> Money {
        self.fills.iter().map(|fill| fill.fee).sum()
    }

    /// Returns the chain of causes of one of its events: that event, what it
    /// answers, and so on to what came in by the door (the bar, for an entry).
    pub fn chain(&self, seq: Seq) -> Vec<Link> {
        let find = |seq: Seq| {
            let place = self.links.binary_search_by_key(&seq, |link| link.seq).ok()?;
            self.links.get(place).copied()
        };
        let mut chain = Vec::new();
        let mut next = find(seq);
        // A cause is always older, so this ends.
        while let Some(link) = next {
            chain.push(link);
            next = link.cause.filter(|cause| *cause < link.seq).and_then(find);
        }
        chain
    }

    /// Tells whether an event belongs to it.
    pub fn holds(&self, seq: Seq) -> bool {
        self.links.binary_search_by_key(&seq, |link| link.seq).is_ok()
    }

    /// Adds a line to one of its lists, or counts it as left out.
    pub(in crate::view) fn add<T>(
        &mut self,
        list: impl FnOnce(&mut Self) -> &mut Vec<T>,
        bound: usize,
        line: T,
    ) {
        let list = list(self);
        if list.len() < bound {
            list.push(line);
        } else {
            self.left_out = self.left_out.saturating_add(1);
        }
    }
}
