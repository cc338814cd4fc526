//! Names on the wire of what a human asks.

use crate::domain::command::{
    Acknowledge, Approve, CancelOrder, Flatten, OperatorCommand, Reason, Reject, ResetBreaker,
    Settle,
};
use crate::events::wire::wire_names;

wire_names! {
    OperatorCommand {
        Approve(Approve) = "operator.approve",
        Reject(Reject) = "operator.reject",
        Cancel(CancelOrder) = "operator.cancel",
        ResetBreaker(ResetBreaker) = "operator.reset_breaker",
        Kill(Reason) = "operator.kill",
        Reduce(Reason) = "operator.reduce",
        Resume(Reason) = "operator.resume",
        Flatten(Flatten) = "operator.flatten",
        Settle(Settle) = "operator.settle",
        Acknowledge(Acknowledge) = "operator.acknowledge",
    }
}
