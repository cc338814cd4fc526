//! Questions to agents, two segments each. The answer is an event of the asked
//! agent's own family.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{ClientOrderId, Symbol, TradeId};
use crate::domain::market::Interval;
use crate::domain::money::Price;
use crate::domain::position::Direction;
use crate::events::wire::family;

family! {
    /// A question to one agent.
    RequestEvent {
        /// Asks the market data agent for the newest quote.
        GetQuote(GetQuote) = "market_data.get_quote",
        /// Asks the venue for bars of the past.
        GetBars(GetBars) = "market_data.get_bars",
        /// Asks the market data agent to follow symbols.
        Subscribe(Subscribe) = "market_data.subscribe",
        /// Asks the market data agent whether the market is open.
        CheckStatus(CheckStatus) = "market_data.check_status",
        /// Asks the strategy agent to look for setups now.
        ScanCandidates(ScanCandidates) = "strategy.scan_candidates",
        /// Asks the strategy agent for its opinion of one symbol.
        EvaluateSetup(GetQuote) = "strategy.evaluate_setup",
        /// Asks the strategy agent to look after one trade now.
        ManagePosition(ShouldExit) = "strategy.manage_position",
        /// Asks the strategy agent whether one trade should end.
        ShouldExit(ShouldExit) = "strategy.should_exit",
        /// Asks the risk agent how large a trade may be.
        CalculateSize(CalculateSize) = "risk.calculate_size",
        /// Asks the risk agent for every check of a hypothetical entry.
        CheckLimits(CalculateSize) = "risk.check_limits",
        /// Asks the risk agent how the portfolio stands.
        AssessPortfolio(AssessPortfolio) = "risk.assess_portfolio",
        /// Asks the risk agent to decide a trade that waits for approval.
        ApproveTrade(ApproveTrade) = "risk.approve_trade",
        /// Asks the execution agent where an order stands.
        GetOrderStatus(GetOrderStatus) = "order.get_status",
        /// Asks the position agent to report one position.
        Track(GetQuote) = "position.track",
        /// Asks the position agent for profit and loss now.
        CalculatePnl(AssessPortfolio) = "position.calculate_pnl",
        /// Asks the position agent whether stop or target has been reached.
        CheckExit(CheckExit) = "position.check_exit",
    }
}

/// Which symbol is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetQuote {
    /// Which stock.
    pub symbol: Symbol,
}

/// Which bars are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetBars {
    /// Which stock.
    pub symbol: Symbol,
    /// Their length.
    pub interval: Interval,
    /// How many, the newest ones; at most 1,000.
    pub count: u32,
}

/// Which symbols to follow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscribe {
    /// Which stocks.
    pub symbols: Vec<Symbol>,
}

/// No parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CheckStatus {}

/// No parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ScanCandidates {}

/// Which trade is meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShouldExit {
    /// Which trade.
    pub trade_id: TradeId,
}

/// A hypothetical entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalculateSize {
    /// Which stock.
    pub symbol: Symbol,
    /// Long or short.
    pub direction: Direction,
    /// Entry price, dollars per share.
    pub entry_price: Price,
    /// Stop price, dollars per share.
    pub stop_price: Price,
}

/// No parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AssessPortfolio {}

/// Which trade is to be decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApproveTrade {
    /// Which trade.
    pub trade_id: TradeId,
}

/// Which order is meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetOrderStatus {
    /// Which order.
    pub client_order_id: ClientOrderId,
}

/// Which position is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckExit {
    /// Which stock.
    pub symbol: Symbol,
}
