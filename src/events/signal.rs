//! Opinions, the ensemble's decision, and what became of it.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::domain::ids::{Symbol, TradeId};
use crate::domain::market::Interval;
use crate::domain::money::{Money, Price, Qty};
use crate::domain::order::{OrderKind, Side};
use crate::domain::position::Direction;
use crate::domain::time::Timestamp;
use crate::events::wire::family;
use crate::fsm::trade::ExitReason;
use crate::strategies::{Ballot, Caution, TradingSignal};

family! {
    /// Opinions and the ensemble's decision.
    SignalEvent {
        /// The agent looks through its symbols.
        ScanStarted(ScanStarted) = "strategy.scan.started",
        /// A symbol is set up for a trade.
        CandidateFound(CandidateFound) = "strategy.candidate.found" ["candidate_found"],
        /// The members are asked about a candidate.
        EvaluateStarted(EvaluateStarted) = "strategy.evaluate.started",
        /// The judge has spoken.
        Ensemble(EnsembleSignal) = "strategy.ensemble.signal",
        /// An entry is proposed.
        Entry(EntrySignal) = "strategy.entry.signal",
        /// No entry, and why.
        Hold(HoldSignal) = "strategy.hold.signal",
        /// A trade should end.
        Exit(ExitSignal) = "strategy.exit.signal",
        /// A finished trade, for the record.
        TradeLogged(TradeLogged) = "strategy.trade.logged",
        /// A member of the ensemble did not vote.
        MemberLeftOut(MemberLeftOut) = "strategy.member.left_out",
        /// Members outside the process are asked.
        VoteRequested(VoteRequested) = "strategy.vote.requested",
        /// A member outside the process answers.
        VoteCast(VoteCast) = "strategy.vote.cast",
    }
}

impl SignalEvent {
    /// The trade that the event belongs to.
    pub const fn trade_id(&self) -> Option<&TradeId> {
        match self {
            Self::CandidateFound(event) => Some(&event.trade_id),
            Self::EvaluateStarted(event) => Some(&event.trade_id),
            Self::Ensemble(event) => Some(&event.trade_id),
            Self::Entry(event) => Some(&event.trade_id),
            Self::Hold(event) => event.trade_id.as_ref(),
            Self::Exit(event) => Some(&event.trade_id),
            Self::TradeLogged(event) => Some(&event.trade_id),
            Self::VoteRequested(event) => Some(&event.trade_id),
            Self::VoteCast(event) => Some(&event.trade_id),
            Self::ScanStarted(_) | Self::MemberLeftOut(_) => None,
        }
    }

    /// The symbol that the event is about.
    pub const fn symbol(&self) -> Option<Symbol> {
        match self {
            Self::CandidateFound(event) => Some(event.symbol),
            Self::EvaluateStarted(event) => Some(event.symbol),
            Self::Ensemble(event) => Some(event.symbol),
            Self::Entry(event) => Some(event.symbol),
            Self::Hold(event) => Some(event.symbol),
            Self::Exit(event) => Some(event.symbol),
            Self::TradeLogged(event) => Some(event.symbol),
            Self::VoteRequested(event) => Some(event.symbol),
            Self::VoteCast(event) => Some(event.signal.symbol),
            Self::MemberLeftOut(event) => event.symbol,
            Self::ScanStarted(_) => None,
        }
    }
}

/// The agent looks through its symbols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanStarted {
    /// How many symbols have a new bar.
    pub symbols: u32,
    /// The bars it looks at.
    pub interval: Interval,
}

/// One condition of a setup, value beside limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Criterion {
    /// Which condition, such as `price > ma20`.
    pub name: String,
    /// In words, with the numbers.
    pub detail: String,
}

/// A symbol is set up for a trade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CandidateFound {
    /// The trade idea that begins here.
    pub trade_id: TradeId,
    /// Which stock.
    pub symbol: Symbol,
    /// Which way.
    pub direction: Direction,
    /// Price at which it was seen, dollars per share.
    pub price: Price,
    /// What made it a candidate, one line per member that spoke for it.
    pub criteria: Vec<Criterion>,
}

/// The members are asked about a candidate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvaluateStarted {
    /// Which trade.
    pub trade_id: TradeId,
    /// Which stock.
    pub symbol: Symbol,
}

/// The judge has spoken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EnsembleSignal {
    /// Which trade.
    pub trade_id: TradeId,
    /// Which stock.
    pub symbol: Symbol,
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
    pub speaker: String,
    /// Every vote, also the missing ones.
    pub ballots: Vec<Ballot>,
}

/// An entry is proposed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EntrySignal {
    /// Which trade.
    pub trade_id: TradeId,
    /// Which stock.
    pub symbol: Symbol,
    /// Which way.
    pub direction: Direction,
    /// Where to enter, dollars per share.
    pub entry_price: Price,
    /// Where to give up.
    pub stop_price: Price,
    /// Where to take the profit.
    pub target_price: Price,
    /// How many shares the strategy would like; risk decides.
    pub quantity: Qty,
    /// (target − entry) ÷ (entry − stop).
    #[serde(with = "crate::domain::ratio")]
    pub risk_reward_ratio: Decimal,
    /// Name of the rule set, such as `trend_following_3_to_1`.
    pub strategy: String,
    /// Market, or a limit at the entry price.
    pub kind: OrderKind,
    /// The judge's confidence, 0 to 1.
    #[serde(with = "crate::domain::ratio")]
    pub confidence: Decimal,
    /// Winning votes ÷ all actionable votes, 0 to 1.
    #[serde(with = "crate::domain::ratio")]
    pub consensus: Decimal,
    /// What the volatility regime allows of a full size, 0 to 1.
    #[serde(with = "crate::domain::ratio")]
    pub size_scale: Decimal,
    /// What mails ask for, where they count: it can only hold back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caution: Option<Caution>,
}

/// No entry, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldSignal {
    /// The trade idea that ends here, where one had begun.
    pub trade_id: Option<TradeId>,
    /// Which stock.
    pub symbol: Symbol,
    /// In words, with the numbers.
    pub reason: String,
}

/// A trade should end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitSignal {
    /// Which trade.
    pub trade_id: TradeId,
    /// Which stock.
    pub symbol: Symbol,
    /// Why.
    pub reason: ExitReason,
    /// Price at which it was decided, dollars per share.
    pub price: Price,
}

/// A finished trade, for the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeLogged {
    /// Which trade.
    pub trade_id: TradeId,
    /// Which stock.
    pub symbol: Symbol,
    /// Long or short.
    pub direction: Direction,
    /// Shares.
    pub quantity: Qty,
    /// When it was entered.
    pub entry_time: Timestamp,
    /// Average entry price, dollars per share.
    pub entry_price: Price,
    /// When it was left.
    pub exit_time: Timestamp,
    /// Average exit price, dollars per share.
    pub exit_price: Price,
    /// Profit in dollars, before fees.
    pub pnl: Money,
    /// Profit ÷ what was risked (entry to stop).
    #[serde(with = "crate::domain::ratio::option")]
    pub r_multiple: Option<Decimal>,
    /// Why it ended.
    pub reason: ExitReason,
    /// The rule set that proposed it.
    pub strategy: String,
    /// Members of the ensemble that had voted for it.
    pub members: Vec<String>,
    /// How all trades of this rule set have done, this one included.
    pub metrics: StrategyMetrics,
}

/// How the trades of a rule set have done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StrategyMetrics {
    /// Finished trades.
    pub trades: u32,
    /// Those with a profit above zero.
    pub wins: u32,
    /// Wins ÷ trades, four places.
    #[serde(with = "crate::domain::ratio::option")]
    pub win_rate: Option<Decimal>,
    /// Mean profit in units of risk, four places.
    #[serde(with = "crate::domain::ratio::option")]
    pub average_r: Option<Decimal>,
    /// Sum of profits in dollars.
    pub pnl: Money,
}

/// A member of the ensemble did not vote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberLeftOut {
    /// Which member.
    pub member: String,
    /// On which stock, where it matters.
    pub symbol: Option<Symbol>,
    /// Late, or broken, in words.
    pub reason: String,
}

/// Members outside the process are asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoteRequested {
    /// Which trade.
    pub trade_id: TradeId,
    /// Which stock.
    pub symbol: Symbol,
    /// Price now, dollars per share.
    pub price: Price,
    /// Who is asked.
    pub members: Vec<String>,
    /// Votes after this are left out.
    pub deadline: Timestamp,
}

/// A member outside the process answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VoteCast {
    /// Which trade it was asked about.
    pub trade_id: TradeId,
    /// Its opinion.
    pub signal: TradingSignal,
}
