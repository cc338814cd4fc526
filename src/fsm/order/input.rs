//! What can happen to an order: what we do, what the broker says, what a human
//! decides.
//!
//! Inputs are statements, not instructions; whether one is possible in a state is
//! the table in [`state`](crate::fsm::order::state).

use serde::{Deserialize, Serialize};

use crate::domain::money::{Price, Qty};
use crate::domain::order::{Fill, OrderKind, RejectReason, ReportedStatus};

/// What an order asks for and a replacement may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Total shares, those already filled included.
    pub qty: Qty,
    /// Kind and prices.
    pub kind: OrderKind,
}

/// Where an order stands, as read from the broker or stated by a human.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Working, or how it ended.
    pub status: ReportedStatus,
    /// Shares filled in total, over the whole chain of replacements.
    pub filled: Qty,
    /// Average price of these shares; shares without a price are not counted.
    pub average_price: Option<Price>,
}

/// One thing that happened to an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderInput {
    /// We send it. The intent is durable before the request leaves.
    Submit,
    /// Proof that the broker does not have it: no byte left (F04), or a look-up
    /// by client id that is conclusive at this broker found nothing (F43).
    NotReceived,
    /// The broker's answer to our submit was a refusal.
    Refused {
        /// Why.
        reason: RejectReason,
    },
    /// The broker has it.
    Accepted,
    /// One execution. After a replacement its cumulative quantity counts the
    /// whole chain, as [`Terms::qty`] does.
    Fill(Fill),
    /// It was cancelled, perhaps after partial fills.
    Cancelled,
    /// Its time in force ended, perhaps after partial fills.
    Expired,
    /// The venue refused it after the broker had taken it.
    Rejected {
        /// Why.
        reason: RejectReason,
    },
    /// We ask for its cancellation.
    CancelRequested,
    /// The broker did not cancel it.
    CancelRefused,
    /// We ask for other terms.
    ReplaceRequested {
        /// The terms wanted.
        terms: Terms,
    },
    /// The broker replaced it, under a new broker id on most brokers.
    Replaced {
        /// The terms in force from now on.
        terms: Terms,
    },
    /// The broker did not replace it.
    ReplaceRefused,
    /// No answer to our submit: it may or may not be at the broker.
    OutcomeUnknown,
    /// A status read from the broker.
    Reported(Standing),
    /// A human looked at the broker and says where it stands.
    Resolved(Standing),
}

impl OrderInput {
    /// The input's name in errors and counters.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::NotReceived => "not_received",
            Self::Refused { .. } => "refused",
            Self::Accepted => "accepted",
            Self::Fill(_) => "fill",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Rejected { .. } => "rejected",
            Self::CancelRequested => "cancel_requested",
            Self::CancelRefused => "cancel_refused",
            Self::ReplaceRequested { .. } => "replace_requested",
            Self::Replaced { .. } => "replaced",
            Self::ReplaceRefused => "replace_refused",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::Reported(_) => "reported",
            Self::Resolved(_) => "resolved",
        }
    }

    /// Name of the state that the input asks an order of `qty` shares to enter.
    pub(in crate::fsm::order) fn asks_for(&self, qty: Qty) -> &'static str {
        match self {
            Self::Submit => "SUBMITTED",
            Self::NotReceived => "DRAFT",
            Self::Refused { .. } | Self::Rejected { .. } => "REJECTED",
            Self::Accepted | Self::CancelRefused | Self::Replaced { .. } | Self::ReplaceRefused => {
                "ACCEPTED"
            }
            Self::Fill(fill) if fill.cumulative < qty => "PARTIALLY_FILLED",
            Self::Fill(_) => "FILLED",
            Self::Cancelled => "CANCELLED",
            Self::Expired => "EXPIRED",
            Self::CancelRequested => "CANCEL_PENDING",
            Self::ReplaceRequested { .. } => "REPLACE_PENDING",
            Self::OutcomeUnknown => "UNKNOWN",
            Self::Reported(standing) | Self::Resolved(standing) => match standing.status {
                ReportedStatus::Working | ReportedStatus::Held | ReportedStatus::Replaced => {
                    "ACCEPTED"
                }
                ReportedStatus::Filled => "FILLED",
                ReportedStatus::Cancelled => "CANCELLED",
                ReportedStatus::Expired => "EXPIRED",
                ReportedStatus::Rejected => "REJECTED",
            },
        }
    }
}
