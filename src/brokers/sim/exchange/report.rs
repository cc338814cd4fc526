//! What the exchange answers: reports about orders, and refusals of calls.
//!
//! The texts and codes are those of Alpaca (protocol page §2.4, October 2026).

use crate::domain::ids::{BrokerOrderId, ClientOrderId, Symbol};
use crate::domain::money::{Money, Qty};
use crate::domain::order::Fill;
use crate::domain::order::RejectReason;
use crate::domain::position::Position;
use crate::domain::time::Timestamp;

use super::order::{Order, Role};

/// One thing that happened to one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// When it happened, as told by the caller.
    pub at: Timestamp,
    /// The client's name of the order.
    pub client_order_id: ClientOrderId,
    /// The exchange's name of the order.
    pub broker_order_id: BrokerOrderId,
    /// Which stock.
    pub symbol: Symbol,
    /// What happened.
    pub what: What,
    /// The order as this left it.
    pub order: Order,
}

/// What happened to an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The exchange holds the order.
    Accepted {
        /// What it is within its group.
        role: Role,
        /// The order with which it was submitted, for legs.
        parent: Option<BrokerOrderId>,
        /// Whether it waits for the next session.
        queued: bool,
    },
    /// A queued order began to work.
    Routed,
    /// A leg may execute from now on.
    Armed {
        /// Its shares: those that the position has.
        qty: Qty,
    },
    /// Shares changed hands.
    Filled {
        /// The execution.
        fill: Fill,
        /// What it cost beside its price, dollars.
        fee: Money,
        /// The position afterwards, `None` when flat.
        position: Option<Position>,
    },
    /// A leg shrank because its sibling was filled in part.
    Resized {
        /// Its shares now, filled ones included.
        qty: Qty,
    },
    /// The order ended without filling completely.
    Cancelled {
        /// Shares filled before.
        filled: Qty,
        /// Why.
        cause: CancelCause,
    },
    /// The order's time in force ended.
    Expired {
        /// Shares filled before.
        filled: Qty,
    },
    /// Its cancellation was asked for and has not been carried out.
    CancelPending,
    /// The request to cancel it was refused after it had been taken.
    CancelRefused,
    /// Its replacement was asked for and has not been carried out.
    ReplacePending,
    /// It does not execute any more on this day.
    DoneForDay,
    /// It was refused after it had been taken.
    Rejected,
    /// Its replacement was refused after it had been taken.
    ReplaceRefused,
    /// Another order took its place.
    Replaced {
        /// The client's name of the new order.
        client_order_id: ClientOrderId,
        /// The exchange's name of the new order.
        broker_order_id: BrokerOrderId,
    },
}

/// Why an order was cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CancelCause {
    /// The client asked.
    Requested,
    /// Another member of its group was cancelled, expired or filled.
    Group,
    /// It had to execute at once and did not, or not completely.
    NotImmediate,
    /// The stock was split.
    CorporateAction,
}

/// Why a call was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The reason in our words.
    pub reason: RejectReason,
    /// Alpaca's code.
    pub code: u32,
    /// Alpaca's text.
    pub message: String,
    /// Further fields of Alpaca's error body, in its order.
    pub details: Vec<(&'static str, String)>,
}

impl Rejection {
    /// Returns the HTTP status under which Alpaca sends the code.
    pub const fn http_status(&self) -> u32 {
        match self.code {
            40_010_001 => 422,
            code => code / 100_000,
        }
    }

    /// A malformed request.
    pub(super) fn malformed(reason: RejectReason, message: impl Into<String>) -> Self {
        Self { reason, code: 40_010_001, message: message.into(), details: Vec::new() }
    }

    /// A request that is understood but not acceptable.
    pub(super) fn unacceptable(reason: RejectReason, message: impl Into<String>) -> Self {
        Self { reason, code: 42_210_000, message: message.into(), details: Vec::new() }
    }

    /// A request that the account may not make.
    pub(super) fn forbidden(reason: RejectReason, message: impl Into<String>) -> Self {
        Self { reason, code: 40_310_000, message: message.into(), details: Vec::new() }
    }

    /// An order that the exchange does not know.
    pub(super) fn unknown_order(name: &str) -> Self {
        Self {
            reason: RejectReason::NotWorking,
            code: 40_410_000,
            message: format!("order not found for {name}"),
            details: Vec::new(),
        }
    }

    /// Adds a field to the error body.
    pub(super) fn with(mut self, field: &'static str, value: &impl ToString) -> Self {
        self.details.push((field, value.to_string()));
        self
    }
}
