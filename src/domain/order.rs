//! Orders as requests, and what can happen to them.
//!
//! A request is what we want; the life of an order is in
//! [`fsm::order`](crate::fsm). Broker statuses and reasons are named by us here;
//! each broker's module translates its own words into these.

use std::fmt;

use jiff::SignedDuration;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::domain::ids::{BrokerOrderId, ClientOrderId, ExecutionId, Symbol};
use crate::domain::money::{Price, Qty, Rounding, ValueError};
use crate::domain::time::Timestamp;

/// Buy or sell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Adds shares.
    Buy,
    /// Removes shares, or opens a short position.
    Sell,
}

impl Side {
    /// Returns the other side.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }

    /// How a price of this side moves to the increment so that it never costs
    /// more than meant: buys up, sells down.
    pub const fn rounding(self) -> Rounding {
        match self {
            Self::Buy => Rounding::Up,
            Self::Sell => Rounding::Down,
        }
    }

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How far a trailing stop follows the best price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trail {
    /// A fixed distance in dollars per share.
    Amount(Price),
    /// A percentage of the best price, 0.1 or more (1.5 = 1.5 %).
    Percent(#[serde(with = "crate::domain::ratio")] Decimal),
}

/// What makes an order execute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderKind {
    /// At any price.
    Market,
    /// At the limit or better.
    Limit {
        /// The worst acceptable price.
        limit: Price,
    },
    /// Becomes a market order when the market trades through the stop.
    Stop {
        /// The electing price.
        stop: Price,
    },
    /// Becomes a limit order when the market trades through the stop.
    StopLimit {
        /// The electing price.
        stop: Price,
        /// The worst acceptable price after election.
        limit: Price,
    },
    /// A stop that follows the best price since submission.
    TrailingStop {
        /// The distance.
        trail: Trail,
    },
}

impl OrderKind {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Market => "market",
            Self::Limit { .. } => "limit",
            Self::Stop { .. } => "stop",
            Self::StopLimit { .. } => "stop_limit",
            Self::TrailingStop { .. } => "trailing_stop",
        }
    }

    /// The limit price, where there is one.
    pub const fn limit(self) -> Option<Price> {
        match self {
            Self::Limit { limit } | Self::StopLimit { limit, .. } => Some(limit),
            Self::Market | Self::Stop { .. } | Self::TrailingStop { .. } => None,
        }
    }

    /// The stop price, where it is fixed.
    pub const fn stop(self) -> Option<Price> {
        match self {
            Self::Stop { stop } | Self::StopLimit { stop, .. } => Some(stop),
            Self::Market | Self::Limit { .. } | Self::TrailingStop { .. } => None,
        }
    }
}

/// How long an order works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimeInForce {
    /// Until the close of the session it works in.
    Day,
    /// Until cancelled (Alpaca: 90 days).
    Gtc,
    /// Fill what can be filled at once, cancel the rest.
    Ioc,
    /// Fill all at once or nothing.
    Fok,
    /// In the opening auction only.
    Opg,
    /// In the closing auction only.
    Cls,
}

impl TimeInForce {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Gtc => "gtc",
            Self::Ioc => "ioc",
            Self::Fok => "fok",
            Self::Opg => "opg",
            Self::Cls => "cls",
        }
    }
}

/// A protective stop attached to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopLeg {
    /// The electing price.
    pub stop: Price,
    /// With a limit the leg is a stop-limit order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Price>,
}

/// Orders that live and die together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderClass {
    /// One order by itself.
    #[default]
    Simple,
    /// Entry with target and stop; the exits wait until the entry is filled.
    Bracket {
        /// Limit of the target.
        target: Price,
        /// The protective stop.
        stop: StopLeg,
    },
    /// Target and stop for shares already held: one cancels the other. The order
    /// itself is the target (a limit order); this is its stop.
    Oco {
        /// The protective stop.
        stop: StopLeg,
    },
    /// Entry with a stop only.
    OtoStop {
        /// The protective stop.
        stop: StopLeg,
    },
    /// Entry with a target only.
    OtoTarget {
        /// Limit of the target.
        target: Price,
    },
}

/// Why we send an order; decides its lane in the budget and its rules in risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderPurpose {
    /// Opens or adds to a position.
    Entry,
    /// Protects a position: stop, or stop and target as OCO.
    Protection,
    /// Closes a position.
    Exit,
}

/// One order as we want it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRequest {
    /// Our name for it, unique for ever.
    pub client_order_id: ClientOrderId,
    /// Which stock.
    pub symbol: Symbol,
    /// Buy or sell.
    pub side: Side,
    /// Shares, above zero.
    pub qty: Qty,
    /// What makes it execute.
    pub kind: OrderKind,
    /// How long it works.
    pub time_in_force: TimeInForce,
    /// Attached exits.
    pub class: OrderClass,
    /// Whether it may execute before the open and after the close (limit orders
    /// only).
    pub extended_hours: bool,
}

impl OrderRequest {
    /// Checks what can be checked without a market: quantity, increments, sides
    /// of attached exits, legal combinations (Alpaca's rules, protocol page §3.4
    /// and §4.8 of October 2026).
    ///
    /// # Errors
    /// When a rule is broken; the message names field and rule.
    pub fn checked(self) -> Result<Self, ValueError> {
        if self.qty.is_zero() {
            return Err(ValueError::NotPositive("quantity".into()));
        }
        let prices = [self.kind.limit(), self.kind.stop()];
        if let Some(price) = prices.into_iter().flatten().find(|price| !price.is_on_increment()) {
            return Err(ValueError::Inconsistent(format!(
                "price {price} of {} is finer than the venue's increment",
                self.symbol
            )));
        }
        let whole = self.qty.whole_shares().is_some();
        if !whole && self.class != OrderClass::Simple {
            return Err(ValueError::Inconsistent("fractional orders must be simple".into()));
        }
        let is_limit = matches!(self.kind, OrderKind::Limit { .. });
        if self.extended_hours && !is_limit {
            return Err(ValueError::Inconsistent("extended hours need a limit order".into()));
        }
        if matches!(self.class, OrderClass::Oco { .. }) && !is_limit {
            return Err(ValueError::Inconsistent("an OCO's own order must be a limit".into()));
        }
        if let OrderClass::Bracket { target, stop } = self.class {
            let sane = match self.side {
                Side::Buy => target > stop.stop,
                Side::Sell => target < stop.stop,
            };
            if !sane {
                return Err(ValueError::Inconsistent(format!(
                    "bracket of a {}: target {target} and stop {} are on the wrong sides",
                    self.side, stop.stop
                )));
            }
        }
        Ok(self)
    }
}

/// One execution, as a broker reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fill {
    /// The broker's name of the execution, the key under which it counts once.
    pub execution_id: ExecutionId,
    /// Which order.
    pub client_order_id: ClientOrderId,
    /// Which stock.
    pub symbol: Symbol,
    /// Buy or sell.
    pub side: Side,
    /// Shares of this execution.
    pub qty: Qty,
    /// Price of this execution, dollars per share.
    pub price: Price,
    /// Shares of the order filled so far, this execution included.
    pub cumulative: Qty,
    /// When the venue stamped it.
    pub at: Timestamp,
}

/// Why an order was refused, in our words; brokers' texts are translated into
/// these and kept beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RejectReason {
    /// Not enough buying power.
    InsufficientFunds,
    /// Not enough shares that are not held by other orders.
    InsufficientShares,
    /// Would trade against our own resting order.
    WashTrade,
    /// The account may not sell short, or the stock cannot be borrowed.
    NotShortable,
    /// The client order id has been used before.
    DuplicateClientOrderId,
    /// The stock is unknown.
    UnknownSymbol,
    /// The stock is halted.
    Halted,
    /// The market is closed for this kind of order.
    MarketClosed,
    /// A price is finer than the increment, or on the wrong side of the market.
    InvalidPrice,
    /// A quantity is zero, fractional where it may not be, or too large.
    InvalidQuantity,
    /// The combination of kind, time in force and class is not offered.
    Unsupported,
    /// The account is blocked or suspended.
    AccountBlocked,
    /// The order is already done, or unknown.
    NotWorking,
    /// Anything else; the broker's own text says what.
    Other,
}

/// For so long the outcome of an order may be unknown before trading halts (faults page
/// §2, rule 7).
pub const UNKNOWN_LONGEST: SignedDuration = SignedDuration::from_secs(60);

/// One order as a broker lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderReport {
    /// Our name for it; absent for orders that were not ours.
    pub client_order_id: Option<ClientOrderId>,
    /// The broker's name.
    pub broker_order_id: BrokerOrderId,
    /// Which stock.
    pub symbol: Symbol,
    /// Buy or sell.
    pub side: Side,
    /// Shares ordered.
    pub qty: Qty,
    /// What makes it execute.
    pub kind: OrderKind,
    /// Shares filled so far.
    pub filled: Qty,
    /// Average price of what is filled.
    pub average_price: Option<Price>,
    /// Where it stands.
    pub status: ReportedStatus,
}

/// Where a broker says an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportedStatus {
    /// Working, or queued for the next session, with or without partial fills.
    Working,
    /// Waits for its parent.
    Held,
    /// Filled completely.
    Filled,
    /// Cancelled, perhaps after partial fills.
    Cancelled,
    /// Ended by its time in force, perhaps after partial fills.
    Expired,
    /// Refused.
    Rejected,
    /// Superseded by another order.
    Replaced,
}
