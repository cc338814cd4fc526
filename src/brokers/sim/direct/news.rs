//! What the exchange holds and reports, in the words of the contract.

use crate::brokers::sim::exchange::{Exchange, Order, OrderStatus, Rejection, Report, Role, What};
use crate::brokers::{BrokerOrder, CallError, Execution, OrderNews, OrderUpdate, Refusal};
use crate::domain::order::{OrderClass, RejectReason};

/// An order without its legs.
pub(super) fn bare(order: &Order) -> BrokerOrder {
    BrokerOrder {
        report: order.report(),
        legs: Vec::new(),
        replaced_by: order.replaced_by.clone(),
        replaces: order.replaces.clone(),
        submitted_at: order.submitted_at,
        updated_at: order.updated_at,
    }
}

/// An order with its legs, as an answer holds it.
pub(super) fn whole(exchange: &Exchange, order: &Order) -> BrokerOrder {
    let mut whole = bare(order);
    if let Some(group) = order.group.filter(|_| heads_group(order)) {
        let legs = exchange.orders().into_iter().filter(|leg| leg.group == Some(group));
        whole.legs = legs
            .filter(|leg| leg.role != order.role && leg.status != OrderStatus::Replaced)
            .map(bare)
            .collect();
    }
    whole
}

/// Whether an order is no leg: of an OCO the target is the head. What was superseded
/// heads nothing any more.
pub(super) const fn heads_group(order: &Order) -> bool {
    if matches!(order.status, OrderStatus::Replaced) {
        return false;
    }
    match (order.role, order.class) {
        (Role::Single | Role::Entry, _) | (Role::Target, OrderClass::Oco { .. }) => true,
        (Role::Target | Role::Stop, _) => false,
    }
}

/// What the order stream says of a report; some are no news to anybody outside.
pub(super) fn update(report: &Report) -> Option<OrderUpdate> {
    let news = match &report.what {
        What::Filled { fill, .. } => OrderNews::Executed(Execution {
            execution_id: Some(fill.execution_id.clone()),
            qty: fill.qty,
            price: fill.price,
            at: fill.at,
        }),
        What::Accepted { .. } if report.order.status == OrderStatus::Held => return None,
        What::Armed { .. } if report.order.status != OrderStatus::New => return None,
        What::Resized { .. } => return None,
        What::Rejected => OrderNews::Rejected { reason: RejectReason::Other },
        What::CancelRefused => OrderNews::CancelRefused,
        What::ReplaceRefused => OrderNews::ReplaceRefused,
        What::Accepted { .. }
        | What::Routed
        | What::Armed { .. }
        | What::Cancelled { .. }
        | What::Expired { .. }
        | What::CancelPending
        | What::ReplacePending
        | What::DoneForDay
        | What::Replaced { .. } => OrderNews::Standing,
    };
    Some(OrderUpdate { news, order: bare(&report.order), at: report.at })
}

/// A refusal of the exchange as the answer to a call.
pub(super) fn refused(rejection: Rejection) -> CallError {
    let status = u16::try_from(rejection.http_status()).unwrap_or(422);
    CallError::Refused(Refusal {
        status,
        code: Some(rejection.code),
        reason: rejection.reason,
        message: rejection.message,
        estimated_cost: None,
        buying_power: None,
        retry_at: None,
        rate: None,
        request_id: None,
    })
}

/// A refusal that no rule of the exchange has made.
pub(super) fn refusal(status: u16, reason: RejectReason, message: &str) -> CallError {
    CallError::Refused(Refusal {
        status,
        message: message.to_owned(),
        ..Refusal::of_ours(reason, message)
    })
}
