//! What listeners hear of orders: one thing that happened to one order, with all
//! that a stream message or an activity row is made from.
//!
//! Made from the exchange's reports in `world`; how it is written belongs to each
//! broker's protocol.

use crate::brokers::sim::exchange::{Order, OrderStatus, Report, What};
use crate::domain::ids::ExecutionId;
use crate::domain::money::{Price, Qty};
use crate::domain::position::{Direction, Position};
use crate::domain::time::Timestamp;

/// One thing that happened to one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderNotice {
    /// Position among all notices of the world; the first is 1.
    pub number: u64,
    /// What happened.
    pub kind: NoticeKind,
    /// The order as this left it.
    pub order: Order,
    /// The execution, for fills.
    pub execution: Option<Execution>,
    /// The position afterwards, `None` when flat. For fills only.
    pub position: Option<Position>,
    /// When it happened.
    pub at: Timestamp,
}

/// One execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// The exchange's name for it.
    pub id: ExecutionId,
    /// Dollars per share.
    pub price: Price,
    /// Shares.
    pub qty: Qty,
}

/// What happened, in Alpaca's words (protocol page §6 of October 2026).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoticeKind {
    /// Taken and queued.
    Accepted,
    /// Sent to the venue.
    PendingNew,
    /// Working.
    New,
    /// Filled in part.
    PartialFill,
    /// Filled completely.
    Fill,
    /// A cancellation was asked for.
    PendingCancel,
    /// Cancelled.
    Canceled,
    /// Its time has ended.
    Expired,
    /// Refused after it had been taken.
    Rejected,
    /// Superseded by another order.
    Replaced,
    /// Its cancellation was refused after it had been taken.
    CancelRejected,
    /// A replacement was asked for.
    PendingReplace,
    /// It does not execute any more on this day.
    DoneForDay,
    /// Its replacement was refused after it had been taken.
    ReplaceRejected,
}

impl NoticeKind {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::PendingNew => "pending_new",
            Self::New => "new",
            Self::PartialFill => "partial_fill",
            Self::Fill => "fill",
            Self::PendingCancel => "pending_cancel",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
            Self::Rejected => "rejected",
            Self::Replaced => "replaced",
            Self::CancelRejected => "order_cancel_rejected",
            Self::PendingReplace => "pending_replace",
            Self::DoneForDay => "done_for_day",
            Self::ReplaceRejected => "order_replace_rejected",
        }
    }
}

impl OrderNotice {
    /// Returns the shares held afterwards as text, with a minus when they are owed.
    pub fn position_qty(&self) -> String {
        match self.position {
            None => "0".into(),
            Some(Position { direction: Direction::Long, qty, .. }) => qty.to_string(),
            Some(Position { direction: Direction::Short, qty, .. }) => format!("-{qty}"),
        }
    }
}

/// Translates one report of the exchange; some are no news to anybody outside, and a
/// working order was on its way to the venue before.
pub(super) fn notices(report: &Report, mut number: impl FnMut() -> u64) -> Vec<OrderNotice> {
    let mut make = |kind, order: Order| OrderNotice {
        number: number(),
        kind,
        order,
        execution: None,
        position: None,
        at: report.at,
    };
    let order = report.order.clone();
    match &report.what {
        What::Accepted { queued: true, .. } => vec![make(NoticeKind::Accepted, order)],
        What::Accepted { .. } => match order.status {
            OrderStatus::Held => Vec::new(),
            OrderStatus::Accepted
            | OrderStatus::PendingNew
            | OrderStatus::New
            | OrderStatus::PartiallyFilled
            | OrderStatus::PendingCancel
            | OrderStatus::PendingReplace
            | OrderStatus::DoneForDay
            | OrderStatus::Filled
            | OrderStatus::Cancelled
            | OrderStatus::Expired
            | OrderStatus::Replaced
            | OrderStatus::Rejected => {
                let mut pending = order.clone();
                pending.status = OrderStatus::PendingNew;
                vec![make(NoticeKind::PendingNew, pending), make(NoticeKind::New, order)]
            }
        },
        What::Routed => vec![make(NoticeKind::New, order)],
        What::Armed { .. } if order.status == OrderStatus::New => {
            vec![make(NoticeKind::New, order)]
        }
        What::Armed { .. } | What::Resized { .. } => Vec::new(),
        What::Filled { fill, position, .. } => {
            let is_done = order.status == OrderStatus::Filled;
            let kind = if is_done { NoticeKind::Fill } else { NoticeKind::PartialFill };
            let execution =
                Execution { id: fill.execution_id.clone(), price: fill.price, qty: fill.qty };
            let notice = make(kind, order);
            vec![OrderNotice { execution: Some(execution), position: *position, ..notice }]
        }
        What::Cancelled { .. } => vec![make(NoticeKind::Canceled, order)],
        What::Expired { .. } => vec![make(NoticeKind::Expired, order)],
        What::CancelPending => vec![make(NoticeKind::PendingCancel, order)],
        What::CancelRefused => vec![make(NoticeKind::CancelRejected, order)],
        What::ReplacePending => vec![make(NoticeKind::PendingReplace, order)],
        What::DoneForDay => vec![make(NoticeKind::DoneForDay, order)],
        What::Rejected => vec![make(NoticeKind::Rejected, order)],
        What::ReplaceRefused => vec![make(NoticeKind::ReplaceRejected, order)],
        What::Replaced { .. } => vec![make(NoticeKind::Replaced, order)],
    }
}
