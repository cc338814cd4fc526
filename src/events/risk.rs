//! Permissions, refusals, alerts.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::domain::ids::{Symbol, TradeId};
use crate::domain::money::Money;
use crate::domain::time::Timestamp;
use crate::events::wire::family;
use crate::risk::{ApprovedOrder, Check, RuleName, SizeRecord};

family! {
    /// Permissions, refusals, alerts.
    RiskEvent {
        /// How large a trade may be, with the arithmetic.
        SizeCalculated(SizeCalculated) = "risk.size.calculated",
        /// An entry was refused.
        LimitExceeded(LimitExceeded) = "risk.limit.exceeded",
        /// An entry was permitted.
        Approved(TradeApproved) = "risk.trade.approved",
        /// An entry waits for a human.
        ApprovalRequested(ApprovalRequested) = "risk.approval.requested",
        /// A human refused, or nobody answered in time.
        Refused(TradeRefused) = "risk.trade.refused",
        /// Equity has fallen far from its peak.
        DrawdownAlert(DrawdownAlert) = "risk.drawdown.alert",
        /// How the portfolio stands.
        PortfolioAssessed(PortfolioAssessed) = "risk.portfolio.assessed",
        /// A strategy may not trade until a human allows it again.
        StrategyDisabled(StrategyDisabled) = "risk.strategy.disabled",
    }
}

impl RiskEvent {
    /// The trade that the event belongs to.
    pub const fn trade_id(&self) -> Option<&TradeId> {
        match self {
            Self::SizeCalculated(event) => event.trade_id.as_ref(),
            Self::LimitExceeded(event) => event.trade_id.as_ref(),
            Self::Approved(event) => Some(&event.trade_id),
            Self::ApprovalRequested(event) => Some(&event.trade_id),
            Self::Refused(event) => Some(&event.trade_id),
            Self::DrawdownAlert(_) | Self::PortfolioAssessed(_) | Self::StrategyDisabled(_) => None,
        }
    }
}

/// How large a trade may be, with the arithmetic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SizeCalculated {
    /// Which trade; absent when somebody only asked.
    pub trade_id: Option<TradeId>,
    /// Which stock.
    pub symbol: Symbol,
    /// Every cap, and the one that bound.
    pub size: SizeRecord,
}

/// An entry was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitExceeded {
    /// Which trade; absent when somebody only asked.
    pub trade_id: Option<TradeId>,
    /// Which stock.
    pub symbol: Symbol,
    /// The rule that refused.
    pub rule: RuleName,
    /// Its limit.
    #[serde(with = "crate::domain::ratio")]
    pub limit: Decimal,
    /// What was found; `null` when it could not be known.
    #[serde(with = "crate::domain::ratio::option")]
    pub value: Option<Decimal>,
    /// In words, with the numbers.
    pub explanation: String,
    /// Every rule with value and limit.
    pub checks: Vec<Check>,
}

/// An entry was permitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeApproved {
    /// Which trade.
    pub trade_id: TradeId,
    /// What may be sent, and until when.
    pub order: ApprovedOrder,
}

/// An entry waits for a human.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalRequested {
    /// Which trade.
    pub trade_id: TradeId,
    /// Which stock.
    pub symbol: Symbol,
    /// What it would cost, in dollars.
    pub cost: Money,
    /// What is lost when the stop is hit, in dollars.
    pub worst_loss: Money,
    /// Without an answer until then it is refused.
    pub deadline: Timestamp,
    /// Every rule with value and limit.
    pub checks: Vec<Check>,
}

/// A human refused, or nobody answered in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeRefused {
    /// Which trade.
    pub trade_id: TradeId,
    /// True when a human said so, false when nobody answered.
    pub by_operator: bool,
    /// The operator's words, or that the time was up.
    pub reason: String,
}

/// Equity has fallen far from its peak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawdownAlert {
    /// Fraction of the peak that is lost, 0 to 1.
    #[serde(with = "crate::domain::ratio")]
    pub drawdown: Decimal,
    /// The fraction at which entries stop.
    #[serde(with = "crate::domain::ratio")]
    pub limit: Decimal,
    /// Highest equity so far, in dollars.
    pub peak: Money,
    /// Equity now, in dollars.
    pub equity: Money,
}

/// How the portfolio stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortfolioAssessed {
    /// Cash plus market value, in dollars.
    pub equity: Money,
    /// Highest equity so far, in dollars.
    pub peak: Money,
    /// Cash, in dollars.
    pub cash: Money,
    /// Cash and buying power promised to orders under way, in dollars.
    pub reserved: Money,
    /// Sum of absolute market values, in dollars.
    pub gross_exposure: Money,
    /// Sum of market values, shorts negative, in dollars.
    pub net_exposure: Money,
    /// How many positions are open.
    pub open_positions: u32,
}

/// A strategy may not trade until a human allows it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StrategyDisabled {
    /// Which rule set.
    pub strategy: String,
    /// In words, with the numbers.
    pub reason: String,
}
