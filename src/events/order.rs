//! Requests to the venue, and each change of an order.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{BrokerOrderId, ClientOrderId, Symbol, TradeId};
use crate::domain::money::{Money, Price, Qty};
use crate::domain::order::{Fill, OrderKind, OrderPurpose, OrderReport, RejectReason, Side};
use crate::domain::time::Timestamp;
use crate::events::wire::family;
use crate::risk::PermittedOrder;

family! {
    /// Requests to the venue, and each change of an order.
    OrderEvent {
        /// The venue is asked to take an order.
        Submit(OrderSubmit) = "order.submit",
        /// The venue is asked to cancel an order.
        Cancel(OrderCancel) = "order.cancel",
        /// The venue is asked to replace an order.
        Modify(OrderModify) = "order.modify",
        /// The venue has taken an order.
        Submitted(OrderSubmitted) = "order.submit.success" ["order.submitted"],
        /// An order is filled completely.
        Filled(OrderFilled) = "order.fill.complete" ["order.filled"],
        /// A part of an order is filled.
        PartiallyFilled(OrderFilled) = "order.fill.partial" ["order.partially_filled"],
        /// The venue refused an order.
        Rejected(OrderRejected) = "order.submit.rejected" ["order.rejected"],
        /// An order is cancelled.
        Cancelled(OrderCancelled) = "order.cancel.success" ["order.cancelled"],
        /// The venue refused to cancel.
        CancelRejected(OrderRequestRefused) = "order.cancel.rejected",
        /// An order is replaced.
        Modified(OrderModified) = "order.modify.success",
        /// The venue refused to replace.
        ModifyRejected(OrderRequestRefused) = "order.modify.rejected",
        /// An order ended by its time in force.
        Expired(OrderExpired) = "order.expire.done" ["order.expired"],
        /// Nobody knows whether the venue has the order.
        OutcomeUnknown(OrderOutcomeUnknown) = "order.outcome.unknown",
        /// Where an order stands, because somebody asked.
        StatusReported(OrderStatusReported) = "order.status.reported",
        /// Orders that work at the venue and are not ours.
        External(OrdersExternal) = "order.external.listed",
        /// An order machine moved.
        StateChanged(OrderStateChanged) = "order.state.changed",
    }
}

impl OrderEvent {
    /// The trade that the event belongs to.
    pub const fn trade_id(&self) -> Option<&TradeId> {
        match self {
            Self::Submit(event) => Some(event.order.trade_id()),
            Self::Cancel(event) => event.trade_id.as_ref(),
            Self::Modify(event) => event.trade_id.as_ref(),
            Self::Submitted(event) => event.trade_id.as_ref(),
            Self::Filled(event) | Self::PartiallyFilled(event) => event.trade_id.as_ref(),
            Self::Rejected(event) => event.trade_id.as_ref(),
            Self::Cancelled(event) => event.trade_id.as_ref(),
            Self::CancelRejected(event) | Self::ModifyRejected(event) => event.trade_id.as_ref(),
            Self::Modified(event) => event.trade_id.as_ref(),
            Self::Expired(event) => event.trade_id.as_ref(),
            Self::OutcomeUnknown(event) => event.trade_id.as_ref(),
            Self::StateChanged(event) => event.trade_id.as_ref(),
            Self::StatusReported(_) | Self::External(_) => None,
        }
    }

    /// The symbol that the event is about.
    pub const fn symbol(&self) -> Option<Symbol> {
        match self {
            Self::Submit(event) => Some(event.order.request().symbol),
            Self::Filled(event) | Self::PartiallyFilled(event) => Some(event.fill.symbol),
            Self::Rejected(event) => Some(event.symbol),
            Self::Cancelled(event) => Some(event.symbol),
            Self::Expired(event) => Some(event.symbol),
            Self::StateChanged(event) => Some(event.symbol),
            Self::Cancel(_)
            | Self::Modify(_)
            | Self::Submitted(_)
            | Self::CancelRejected(_)
            | Self::ModifyRejected(_)
            | Self::Modified(_)
            | Self::OutcomeUnknown(_)
            | Self::StatusReported(_)
            | Self::External(_) => None,
        }
    }
}

/// The venue is asked to take an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderSubmit {
    /// What risk permitted, under our name for it.
    pub order: PermittedOrder,
}

/// The venue is asked to cancel an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderCancel {
    /// Which order.
    pub client_order_id: ClientOrderId,
    /// Which trade it belongs to.
    pub trade_id: Option<TradeId>,
    /// In words.
    pub reason: String,
}

/// The venue is asked to replace an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderModify {
    /// Which order.
    pub client_order_id: ClientOrderId,
    /// Our name for its successor.
    pub new_client_order_id: ClientOrderId,
    /// Which trade it belongs to.
    pub trade_id: Option<TradeId>,
    /// Total shares, what is filled included.
    pub qty: Qty,
    /// New limit, dollars per share.
    pub limit: Option<Price>,
    /// New stop, dollars per share.
    pub stop: Option<Price>,
}

/// The venue has taken an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderSubmitted {
    /// Our name for it.
    pub client_order_id: ClientOrderId,
    /// The venue's name for it.
    pub broker_order_id: BrokerOrderId,
    /// Which trade it belongs to.
    pub trade_id: Option<TradeId>,
    /// Why it was sent.
    pub purpose: OrderPurpose,
}

/// An execution, counted once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderFilled {
    /// The execution.
    pub fill: Fill,
    /// Which trade it belongs to; absent for orders that were not ours.
    pub trade_id: Option<TradeId>,
    /// Why the order was sent.
    pub purpose: OrderPurpose,
    /// What made it execute: tells a stop from a target.
    pub kind: OrderKind,
    /// Shares ordered.
    pub ordered: Qty,
    /// Average price of everything filled so far, dollars per share.
    pub average_price: Price,
    /// Fee of this execution, in dollars.
    pub fee: Money,
}

/// The venue refused an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRejected {
    /// Our name for it.
    pub client_order_id: ClientOrderId,
    /// Which trade it belongs to.
    pub trade_id: Option<TradeId>,
    /// Why the order was sent.
    pub purpose: OrderPurpose,
    /// Which stock.
    pub symbol: Symbol,
    /// Buy or sell.
    pub side: Side,
    /// Shares ordered.
    pub qty: Qty,
    /// Why, in our words.
    pub reason: RejectReason,
    /// The venue's own words.
    pub message: String,
    /// What the order would have cost, in dollars, where the venue says so.
    pub estimated_cost: Option<Money>,
    /// What the account could have bought, in dollars, where the venue says so.
    pub buying_power: Option<Money>,
}

/// An order is cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderCancelled {
    /// Our name for it.
    pub client_order_id: ClientOrderId,
    /// Which trade it belongs to.
    pub trade_id: Option<TradeId>,
    /// Why the order was sent.
    pub purpose: OrderPurpose,
    /// Which stock.
    pub symbol: Symbol,
    /// Shares that had been filled before.
    pub filled: Qty,
    /// True when nobody asked for it.
    pub unasked: bool,
}

/// The venue refused to cancel or to replace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRequestRefused {
    /// Our name for the order.
    pub client_order_id: ClientOrderId,
    /// Which trade it belongs to.
    pub trade_id: Option<TradeId>,
    /// Why, in our words.
    pub reason: RejectReason,
    /// The venue's own words.
    pub message: String,
}

/// An order is replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderModified {
    /// The order that ended.
    pub client_order_id: ClientOrderId,
    /// The order that works now.
    pub new_client_order_id: ClientOrderId,
    /// Which trade it belongs to.
    pub trade_id: Option<TradeId>,
    /// Total shares.
    pub qty: Qty,
    /// Stop, dollars per share.
    pub stop: Option<Price>,
    /// Limit, dollars per share.
    pub limit: Option<Price>,
}

/// An order ended by its time in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderExpired {
    /// Our name for it.
    pub client_order_id: ClientOrderId,
    /// Which trade it belongs to.
    pub trade_id: Option<TradeId>,
    /// Why the order was sent.
    pub purpose: OrderPurpose,
    /// Which stock.
    pub symbol: Symbol,
    /// Shares that had been filled before.
    pub filled: Qty,
}

/// Nobody knows whether the venue has the order: its reservation stays and its
/// symbol is closed to entries until evidence or a human settles it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderOutcomeUnknown {
    /// Our name for it.
    pub client_order_id: ClientOrderId,
    /// Which trade it belongs to.
    pub trade_id: Option<TradeId>,
    /// What went wrong with the call.
    pub detail: String,
    /// When it was sent.
    pub sent_at: Timestamp,
}

/// Where an order stands, because somebody asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderStatusReported {
    /// Our name for it.
    pub client_order_id: ClientOrderId,
    /// The state of our machine, `null` when we never heard of it.
    pub state: Option<String>,
    /// The order as the venue would list it, where we know it.
    pub report: Option<OrderReport>,
}

/// Orders that work at the venue and are not ours: made by hand, or by another program
/// (C27). They are shown and counted, never cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrdersExternal {
    /// All of them, by the venue's name; none when the last one has ended.
    pub orders: Vec<OrderReport>,
}

/// An order machine moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderStateChanged {
    /// Our name for it.
    pub client_order_id: ClientOrderId,
    /// Which trade it belongs to.
    pub trade_id: Option<TradeId>,
    /// Why the order was sent.
    pub purpose: OrderPurpose,
    /// Which stock.
    pub symbol: Symbol,
    /// Buy or sell.
    pub side: Side,
    /// State before, such as `ACCEPTED`.
    pub from: String,
    /// State after.
    pub to: String,
    /// Shares filled so far.
    pub filled: Qty,
    /// Shares ordered.
    pub qty: Qty,
    /// Average price of what is filled, dollars per share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average_price: Option<Price>,
}
