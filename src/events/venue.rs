//! The venue's answers and the failures of calls, in our words.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{BrokerOrderId, ClientOrderId, Symbol};
use crate::domain::money::{Money, Price, Qty};
use crate::domain::order::{Fill, OrderReport, RejectReason, Side};
use crate::domain::position::{Direction, Position};
use crate::events::wire::family;

family! {
    /// The venue's answers and the failures of calls.
    VenueEvent {
        /// An order was taken.
        Accepted(VenueAccepted) = "venue.order.accepted",
        /// An order was refused.
        Rejected(VenueRejected) = "venue.order.rejected",
        /// An execution.
        Filled(VenueFilled) = "venue.order.filled",
        /// An order was cancelled, by us or by the venue.
        Cancelled(VenueDone) = "venue.order.cancelled",
        /// An order ended by its time in force.
        Expired(VenueDone) = "venue.order.expired",
        /// An order was replaced.
        Replaced(VenueReplaced) = "venue.order.replaced",
        /// A request to cancel was refused.
        CancelRefused(VenueRefused) = "venue.cancel.refused",
        /// A request to replace was refused.
        ReplaceRefused(VenueRefused) = "venue.replace.refused",
        /// A call failed.
        CallFailed(CallFailed) = "venue.call.failed",
        /// A look-up by our name for an order found nothing.
        NotFound(VenueNotFound) = "venue.order.not_found",
        /// A split changed what is held.
        SplitApplied(SplitApplied) = "venue.split.applied",
        /// Orders as the venue lists them.
        Orders(OrdersReported) = "venue.orders.reported",
        /// The account as the venue sees it.
        Account(AccountReported) = "venue.account.reported",
        /// An order that must arrive was sent over two ways at once.
        Raced(EndpointsRaced) = "venue.race.decided",
    }
}

/// An order was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VenueAccepted {
    /// Our name for it.
    pub client_order_id: ClientOrderId,
    /// The venue's name for it.
    pub broker_order_id: BrokerOrderId,
    /// Its attached exits, under the names that the venue gave them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub legs: Vec<AcceptedLeg>,
}

/// An attached exit of an accepted order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedLeg {
    /// The name by which it will be reported.
    pub client_order_id: ClientOrderId,
    /// The venue's name for it.
    pub broker_order_id: BrokerOrderId,
    /// Buy or sell.
    pub side: Side,
    /// Its stop, dollars per share; absent for a target.
    pub stop: Option<Price>,
    /// Its limit, dollars per share.
    pub limit: Option<Price>,
}

/// An order was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VenueRejected {
    /// Our name for it.
    pub client_order_id: ClientOrderId,
    /// Why, in our words.
    pub reason: RejectReason,
    /// The venue's own words.
    pub message: String,
    /// What the order would have cost, in dollars, where the venue says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_cost: Option<Money>,
    /// What the account could have bought, in dollars, where the venue says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buying_power: Option<Money>,
}

/// An execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VenueFilled {
    /// The execution.
    pub fill: Fill,
    /// Fee charged, in dollars.
    pub fee: Money,
}

/// An order is done, perhaps after partial fills.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VenueDone {
    /// Our name for it.
    pub client_order_id: ClientOrderId,
    /// Shares filled in its life.
    pub filled: Qty,
}

/// An order was replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VenueReplaced {
    /// The order that ended.
    pub client_order_id: ClientOrderId,
    /// The order that works now.
    pub new_client_order_id: ClientOrderId,
    /// The venue's name for it.
    pub broker_order_id: BrokerOrderId,
    /// Total shares.
    pub qty: Qty,
    /// Its limit, dollars per share.
    pub limit: Option<Price>,
    /// Its stop, dollars per share.
    pub stop: Option<Price>,
}

/// A request about an order was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VenueRefused {
    /// Our name for the order.
    pub client_order_id: ClientOrderId,
    /// Why, in our words.
    pub reason: RejectReason,
    /// The venue's own words.
    pub message: String,
}

/// What a call asks of the venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VenueCall {
    /// To take an order.
    Submit,
    /// To replace one.
    Replace,
    /// To cancel one.
    Cancel,
    /// To tell something.
    Read,
}

/// A call failed before the venue's answer was known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallFailed {
    /// The breaker that guards the call, such as `sim.orders`.
    pub breaker: String,
    /// What it asked. A submit and a cancel of one order may be under way at once.
    pub call: VenueCall,
    /// The order that it was about.
    pub client_order_id: Option<ClientOrderId>,
    /// True when not one byte can have left: the order is certainly not there.
    pub definitely_not_sent: bool,
    /// True when the failure counts against the breaker.
    pub counts: bool,
    /// In words.
    pub detail: String,
}

/// A look-up by our name for an order found nothing. A request that was sent may
/// still be on its way; how often this must be heard before it counts as proof is
/// the business of the agent that asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VenueNotFound {
    /// Our name for it.
    pub client_order_id: ClientOrderId,
}

/// A split changed what is held; said before the orders that it cancels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitApplied {
    /// Which stock.
    pub symbol: Symbol,
    /// New shares …
    pub new_shares: u32,
    /// … for so many old ones.
    pub old_shares: u32,
    /// The position afterwards, `null` when nothing is held.
    pub position: Option<Position>,
    /// The first price after the split, dollars per share.
    pub price: Price,
}

/// Orders as the venue lists them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrdersReported {
    /// Orders with where they stand.
    pub orders: Vec<OrderReport>,
    /// Whether every order that the venue holds open is among them: an order of ours that
    /// is not does not rest.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_whole: bool,
}

/// The account as the venue sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountReported {
    /// Cash, in dollars.
    pub cash: Money,
    /// Cash plus market value, in dollars.
    pub equity: Money,
    /// What may be spent on new positions, in dollars.
    pub buying_power: Money,
    /// Every open position.
    pub positions: Vec<Position>,
    /// Positions that the executions told by the stream of orders add up to, where that
    /// is not what the venue holds; nothing held is listed with no shares.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub streamed: Vec<Streamed>,
}

/// What the stream of orders has told of a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Streamed {
    /// Which stock.
    pub symbol: Symbol,
    /// The way of the position; long when nothing is held.
    pub direction: Direction,
    /// Shares.
    pub qty: Qty,
}

/// An order that must arrive was sent over the primary and the backup endpoint at once,
/// under one client order id (spec §4): which of them it came by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointsRaced {
    /// Our name for the order.
    pub client_order_id: ClientOrderId,
    /// The endpoint by which it has arrived; absent when neither answered that it has.
    pub winner: Option<Endpoint>,
    /// What became of the call to the primary endpoint, in words.
    pub primary: String,
    /// What became of the call to the backup endpoint, in words.
    pub backup: String,
}

/// One of the two ways to one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Endpoint {
    /// The one that everything uses.
    Primary,
    /// The one that only orders that must arrive use besides.
    Backup,
}

impl Endpoint {
    /// Its name on the wire and on screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Backup => "backup",
        }
    }
}
