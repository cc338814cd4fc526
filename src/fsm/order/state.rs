//! The states of an order and the table between them.
//!
//! Evidence of execution outranks what was said: shares are counted in every
//! state in which the broker may have the order, terminal ones included, and an
//! order all of whose shares are executed is FILLED whatever came before. That
//! makes the end independent of the order in which reports arrive.
//!
//! It knows no broker and no clock. The account of shares is in
//! [`fills`](crate::fsm::order::fills).

use serde::{Deserialize, Serialize};

use crate::domain::money::{Price, Qty};
use crate::domain::order::{RejectReason, ReportedStatus};
use crate::fsm::InvalidTransition;
use crate::fsm::order::fills::Fills;
use crate::fsm::order::input::{OrderInput, Standing, Terms};

/// What we have asked of a working order and the broker has not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pending {
    /// Nothing.
    #[default]
    Nothing,
    /// Its cancellation. Fills still arrive.
    Cancel,
    /// Other terms. Fills still arrive; one beyond the old quantity proves that
    /// the replacement was accepted.
    Replace(Terms),
}

/// Where an order stands.
///
/// Filled quantity never falls and never exceeds the ordered quantity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderState {
    /// Not at the broker: not sent, or refused because the market is closed.
    Draft {
        /// What it asks for.
        terms: Terms,
    },
    /// Sent, not answered.
    Submitted {
        /// What it asks for.
        terms: Terms,
        /// What else we have asked.
        pending: Pending,
    },
    /// At the broker, nothing filled.
    Accepted {
        /// What it asks for.
        terms: Terms,
        /// What else we have asked.
        pending: Pending,
    },
    /// At the broker, some shares filled.
    PartiallyFilled {
        /// What it asks for.
        terms: Terms,
        /// What is filled.
        fills: Fills,
        /// What else we have asked.
        pending: Pending,
    },
    /// All shares filled. Terminal.
    Filled {
        /// What it asked for.
        terms: Terms,
        /// What is filled.
        fills: Fills,
    },
    /// Ended by request. Terminal; late fills are counted.
    Cancelled {
        /// What it asked for.
        terms: Terms,
        /// What is filled.
        fills: Fills,
    },
    /// Refused. Terminal.
    Rejected {
        /// What it asked for.
        terms: Terms,
        /// What was filled before the rest was refused (F11).
        fills: Fills,
        /// Why.
        reason: RejectReason,
    },
    /// Ended by its time in force. Terminal; late fills are counted.
    Expired {
        /// What it asked for.
        terms: Terms,
        /// What is filled.
        fills: Fills,
    },
    /// Sent, outcome not known. Left by evidence or by a human only.
    Unknown {
        /// What it asks for.
        terms: Terms,
        /// What else we have asked.
        pending: Pending,
    },
}

impl OrderState {
    /// The name on screen, in the journal and on the bus.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Draft { .. } => "DRAFT",
            Self::Submitted { .. } => "SUBMITTED",
            Self::Accepted { .. } => "ACCEPTED",
            Self::PartiallyFilled { .. } => "PARTIALLY_FILLED",
            Self::Filled { .. } => "FILLED",
            Self::Cancelled { .. } => "CANCELLED",
            Self::Rejected { .. } => "REJECTED",
            Self::Expired { .. } => "EXPIRED",
            Self::Unknown { .. } => "UNKNOWN",
        }
    }

    /// Returns the terms in force.
    pub const fn terms(&self) -> Terms {
        match self {
            Self::Draft { terms }
            | Self::Submitted { terms, .. }
            | Self::Accepted { terms, .. }
            | Self::PartiallyFilled { terms, .. }
            | Self::Filled { terms, .. }
            | Self::Cancelled { terms, .. }
            | Self::Rejected { terms, .. }
            | Self::Expired { terms, .. }
            | Self::Unknown { terms, .. } => *terms,
        }
    }

    /// Returns the account of executed shares; `None` where there are none.
    pub const fn fills(&self) -> Option<&Fills> {
        match self {
            Self::PartiallyFilled { fills, .. }
            | Self::Filled { fills, .. }
            | Self::Cancelled { fills, .. }
            | Self::Rejected { fills, .. }
            | Self::Expired { fills, .. } => Some(fills),
            Self::Draft { .. }
            | Self::Submitted { .. }
            | Self::Accepted { .. }
            | Self::Unknown { .. } => None,
        }
    }

    /// Returns the shares filled so far.
    pub fn filled(&self) -> Qty {
        self.fills().map_or(Qty::ZERO, Fills::qty)
    }

    /// Returns the average price of the filled shares; `None` without any.
    pub fn average_price(&self) -> Option<Price> {
        self.fills().and_then(Fills::average_price)
    }

    /// Returns the shares that are ordered and not filled, also when the order
    /// has ended.
    pub fn remaining(&self) -> Qty {
        self.terms().qty.saturating_sub(self.filled())
    }

    /// Returns what we have asked of it and the broker has not answered.
    pub const fn pending(&self) -> Pending {
        match self {
            Self::Submitted { pending, .. }
            | Self::Accepted { pending, .. }
            | Self::PartiallyFilled { pending, .. }
            | Self::Unknown { pending, .. } => *pending,
            Self::Draft { .. }
            | Self::Filled { .. }
            | Self::Cancelled { .. }
            | Self::Rejected { .. }
            | Self::Expired { .. } => Pending::Nothing,
        }
    }

    /// Tells whether the order has ended; only late fills can change it.
    pub const fn is_terminal(&self) -> bool {
        match self {
            Self::Filled { .. }
            | Self::Cancelled { .. }
            | Self::Rejected { .. }
            | Self::Expired { .. } => true,
            Self::Draft { .. }
            | Self::Submitted { .. }
            | Self::Accepted { .. }
            | Self::PartiallyFilled { .. }
            | Self::Unknown { .. } => false,
        }
    }

    /// Tells whether the broker has it, or may have it, and may still execute it.
    pub const fn may_execute(&self) -> bool {
        !self.is_terminal() && !matches!(self, Self::Draft { .. })
    }

    /// Returns the state after an input.
    ///
    /// # Errors
    /// When the table has no such row; the state stays as it was.
    pub fn next(&self, input: &OrderInput) -> Result<Self, InvalidTransition> {
        let none = Fills::default();
        let next = match self {
            Self::Draft { terms } => Self::after_draft(*terms, input),
            Self::Submitted { terms, pending } | Self::Unknown { terms, pending } => {
                self.after_unconfirmed(*terms, *pending, input)
            }
            Self::Accepted { terms, pending } => self.after_working(*terms, &none, *pending, input),
            Self::PartiallyFilled { terms, fills, pending } => {
                self.after_working(*terms, fills, *pending, input)
            }
            Self::Filled { terms, fills }
            | Self::Cancelled { terms, fills }
            | Self::Rejected { terms, fills, .. }
            | Self::Expired { terms, fills } => self.after_end(*terms, fills, input),
        };
        next.ok_or_else(|| {
            InvalidTransition::new(self.name(), input.asks_for(self.terms().qty), input.name())
        })
    }

    fn after_draft(terms: Terms, input: &OrderInput) -> Option<Self> {
        match input {
            OrderInput::Submit => Some(Self::Submitted { terms, pending: Pending::Nothing }),
            // Refused before it was sent, by our own calendar: waits for the open.
            OrderInput::Refused { reason: RejectReason::MarketClosed }
            | OrderInput::NotReceived => Some(Self::Draft { terms }),
            // Nobody else knows of it, so asking and being cancelled are one.
            OrderInput::CancelRequested => Some(Self::Cancelled { terms, fills: Fills::default() }),
            OrderInput::ReplaceRequested { terms } => Some(Self::Draft { terms: *terms }),
            OrderInput::Refused { .. }
            | OrderInput::Accepted
            | OrderInput::Fill(_)
            | OrderInput::Cancelled
            | OrderInput::Expired
            | OrderInput::Rejected { .. }
            | OrderInput::CancelRefused
            | OrderInput::Replaced { .. }
            | OrderInput::ReplaceRefused
            | OrderInput::OutcomeUnknown
            | OrderInput::Reported(_)
            | OrderInput::Resolved(_) => None,
        }
    }

    /// Rows of SUBMITTED and UNKNOWN, which differ in how they are left by a human.
    fn after_unconfirmed(
        &self,
        terms: Terms,
        pending: Pending,
        input: &OrderInput,
    ) -> Option<Self> {
        let none = Fills::default();
        match input {
            OrderInput::NotReceived
            | OrderInput::Refused { reason: RejectReason::MarketClosed } => {
                Some(Self::not_at_broker(terms, pending))
            }
            // The first sending of the same id had arrived (F05).
            OrderInput::Refused { reason: RejectReason::DuplicateClientOrderId }
            | OrderInput::Accepted => Some(Self::Accepted { terms, pending }),
            OrderInput::Refused { reason } | OrderInput::Rejected { reason } => {
                Some(Self::Rejected { terms, fills: none, reason: *reason })
            }
            OrderInput::Fill(fill) => Self::with_fills(terms, none.with_execution(fill), pending),
            OrderInput::Cancelled => Some(Self::Cancelled { terms, fills: none }),
            OrderInput::Expired => Some(Self::Expired { terms, fills: none }),
            OrderInput::CancelRequested => Some(self.with_pending(Pending::Cancel)),
            // "Not found" answers a cancel as well when the order is merely not
            // visible yet, so a refused cancel proves nothing about the order.
            OrderInput::CancelRefused => Some(self.with_pending(Pending::Nothing)),
            OrderInput::Replaced { terms } => Some(Self::Accepted { terms: *terms, pending }),
            OrderInput::OutcomeUnknown => Some(Self::Unknown { terms, pending }),
            OrderInput::Reported(standing) => Self::standing_at(terms, &none, pending, standing),
            OrderInput::Resolved(standing) => match self {
                Self::Unknown { .. } => Self::standing_at(terms, &none, pending, standing),
                Self::Draft { .. }
                | Self::Submitted { .. }
                | Self::Accepted { .. }
                | Self::PartiallyFilled { .. }
                | Self::Filled { .. }
                | Self::Cancelled { .. }
                | Self::Rejected { .. }
                | Self::Expired { .. } => None,
            },
            OrderInput::Submit
            | OrderInput::ReplaceRequested { .. }
            | OrderInput::ReplaceRefused => None,
        }
    }

    /// Rows of `ACCEPTED` and `PARTIALLY_FILLED`.
    fn after_working(
        &self,
        terms: Terms,
        fills: &Fills,
        pending: Pending,
        input: &OrderInput,
    ) -> Option<Self> {
        match input {
            // A second report, the answer to a resubmission, or a lost answer to
            // what is known already.
            OrderInput::Accepted
            | OrderInput::Refused { reason: RejectReason::DuplicateClientOrderId }
            | OrderInput::OutcomeUnknown => Some(self.clone()),
            OrderInput::Fill(fill) => Self::with_fills(terms, fills.with_execution(fill), pending),
            OrderInput::Cancelled => Some(Self::Cancelled { terms, fills: fills.clone() }),
            OrderInput::Expired => Some(Self::Expired { terms, fills: fills.clone() }),
            OrderInput::Rejected { reason } => {
                Some(Self::Rejected { terms, fills: fills.clone(), reason: *reason })
            }
            OrderInput::CancelRequested => Some(self.with_pending(Pending::Cancel)),
            OrderInput::CancelRefused => match pending {
                Pending::Cancel => Some(self.with_pending(Pending::Nothing)),
                Pending::Nothing | Pending::Replace(_) => Some(self.clone()),
            },
            // One request at a time, and the new total must exceed what is filled
            // (Alpaca 422 "qty must be > filled_qty").
            OrderInput::ReplaceRequested { terms: wanted } => (pending == Pending::Nothing
                && wanted.qty > fills.highest())
            .then(|| self.with_pending(Pending::Replace(*wanted))),
            OrderInput::Replaced { terms } => {
                let pending = match pending {
                    Pending::Cancel => Pending::Cancel,
                    Pending::Nothing | Pending::Replace(_) => Pending::Nothing,
                };
                Self::with_fills(*terms, fills.clone(), pending)
            }
            OrderInput::ReplaceRefused => match pending {
                Pending::Replace(_) => Self::with_fills(terms, fills.clone(), Pending::Nothing),
                Pending::Nothing | Pending::Cancel => Some(self.clone()),
            },
            OrderInput::Reported(standing) => Self::standing_at(terms, fills, pending, standing),
            // Evidence of acceptance wins over an error answer (F06).
            OrderInput::Refused { .. }
            | OrderInput::Submit
            | OrderInput::NotReceived
            | OrderInput::Resolved(_) => None,
        }
    }

    /// Rows of the terminal states: late executions count, late news is absorbed,
    /// contradictions are refused.
    fn after_end(&self, terms: Terms, fills: &Fills, input: &OrderInput) -> Option<Self> {
        match input {
            OrderInput::Fill(fill) => self.with_late(terms, fills.with_execution(fill)),
            OrderInput::Reported(standing) => {
                let counted = fills.with_cumulative(standing.filled, standing.average_price);
                let after = self.with_late(terms, counted)?;
                after.agrees_with(standing.status).then_some(after)
            }
            OrderInput::Accepted => self.if_agrees_with(ReportedStatus::Working),
            OrderInput::Cancelled => self.if_agrees_with(ReportedStatus::Cancelled),
            OrderInput::Expired => self.if_agrees_with(ReportedStatus::Expired),
            OrderInput::Rejected { .. } => self.if_agrees_with(ReportedStatus::Rejected),
            OrderInput::CancelRefused
            | OrderInput::ReplaceRefused
            | OrderInput::OutcomeUnknown
            | OrderInput::Refused { reason: RejectReason::DuplicateClientOrderId } => {
                Some(self.clone())
            }
            // The answer to a submit agrees with REJECTED only: FILLED may not hide
            // that the broker also refused (F06).
            OrderInput::Refused { .. } => {
                matches!(self, Self::Rejected { .. }).then(|| self.clone())
            }
            OrderInput::Submit
            | OrderInput::NotReceived
            | OrderInput::CancelRequested
            | OrderInput::ReplaceRequested { .. }
            | OrderInput::Replaced { .. }
            | OrderInput::Resolved(_) => None,
        }
    }

    /// A working order with this account of shares: ACCEPTED, `PARTIALLY_FILLED` or
    /// FILLED. `None` when more is filled than ordered.
    fn with_fills(terms: Terms, fills: Fills, pending: Pending) -> Option<Self> {
        if fills.highest() > terms.qty {
            return match pending {
                Pending::Replace(wanted) => Self::with_fills(wanted, fills, Pending::Nothing),
                Pending::Nothing | Pending::Cancel => None,
            };
        }
        // A full old quantity is not the end while a larger one is being asked for:
        // the broker's answer decides (F18).
        let may_grow = matches!(pending, Pending::Replace(wanted) if wanted.qty > fills.qty());
        Some(if fills.qty() == terms.qty && !may_grow {
            Self::Filled { terms, fills }
        } else if fills.qty().is_zero() {
            Self::Accepted { terms, pending }
        } else {
            Self::PartiallyFilled { terms, fills, pending }
        })
    }

    /// The order where a status says it stands, never below what is counted.
    fn standing_at(
        terms: Terms,
        fills: &Fills,
        pending: Pending,
        standing: &Standing,
    ) -> Option<Self> {
        let fills = fills.with_cumulative(standing.filled, standing.average_price);
        let working = Self::with_fills(terms, fills.clone(), pending)?;
        if working.is_terminal() {
            return Some(working);
        }
        let terms = working.terms();
        match standing.status {
            // REPLACED speaks of the old broker id; the report of the new one follows.
            ReportedStatus::Working | ReportedStatus::Held | ReportedStatus::Replaced => {
                Some(working)
            }
            ReportedStatus::Filled => {
                (fills.qty() == terms.qty).then_some(Self::Filled { terms, fills })
            }
            ReportedStatus::Cancelled => Some(Self::Cancelled { terms, fills }),
            ReportedStatus::Expired => Some(Self::Expired { terms, fills }),
            ReportedStatus::Rejected => {
                Some(Self::Rejected { terms, fills, reason: RejectReason::Other })
            }
        }
    }

    /// The ended order with a late execution counted (F09); FILLED once all
    /// shares are executed. `None` when more is filled than ordered.
    fn with_late(&self, terms: Terms, fills: Fills) -> Option<Self> {
        if fills.highest() > terms.qty {
            return None;
        }
        if fills.qty() == terms.qty {
            return Some(Self::Filled { terms, fills });
        }
        match self {
            Self::Cancelled { .. } => Some(Self::Cancelled { terms, fills }),
            Self::Expired { .. } => Some(Self::Expired { terms, fills }),
            Self::Rejected { reason, .. } => Some(Self::Rejected { terms, fills, reason: *reason }),
            Self::Draft { .. }
            | Self::Submitted { .. }
            | Self::Accepted { .. }
            | Self::PartiallyFilled { .. }
            | Self::Filled { .. }
            | Self::Unknown { .. } => None,
        }
    }

    fn if_agrees_with(&self, status: ReportedStatus) -> Option<Self> {
        self.agrees_with(status).then(|| self.clone())
    }

    /// Tells whether a report can be an old or second one about this ended order.
    const fn agrees_with(&self, status: ReportedStatus) -> bool {
        match status {
            // REJECTED orders were mostly never accepted: there it is a contradiction.
            ReportedStatus::Working | ReportedStatus::Held | ReportedStatus::Replaced => {
                !matches!(self, Self::Rejected { .. })
            }
            ReportedStatus::Filled => matches!(self, Self::Filled { .. }),
            ReportedStatus::Cancelled => {
                matches!(self, Self::Cancelled { .. } | Self::Filled { .. })
            }
            ReportedStatus::Expired => matches!(self, Self::Expired { .. } | Self::Filled { .. }),
            ReportedStatus::Rejected => {
                matches!(self, Self::Rejected { .. } | Self::Filled { .. })
            }
        }
    }

    /// DRAFT again, to be sent under the same id; CANCELLED when that was wanted
    /// meanwhile.
    fn not_at_broker(terms: Terms, pending: Pending) -> Self {
        match pending {
            Pending::Cancel => Self::Cancelled { terms, fills: Fills::default() },
            Pending::Nothing | Pending::Replace(_) => Self::Draft { terms },
        }
    }

    fn with_pending(&self, asked: Pending) -> Self {
        let mut after = self.clone();
        match &mut after {
            Self::Submitted { pending, .. }
            | Self::Accepted { pending, .. }
            | Self::PartiallyFilled { pending, .. }
            | Self::Unknown { pending, .. } => *pending = asked,
            Self::Draft { .. }
            | Self::Filled { .. }
            | Self::Cancelled { .. }
            | Self::Rejected { .. }
            | Self::Expired { .. } => {}
        }
        after
    }
}
