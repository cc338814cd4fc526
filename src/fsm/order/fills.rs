//! Which shares of an order have been executed, and for how much.
//!
//! An execution of `qty` shares that brings the order to `cumulative` filled
//! shares *is* the interval `cumulative − qty .. cumulative` of the order. Shares
//! are counted once, by that interval, and executions once, by their id. The
//! account is thus a union of intervals, which does not care for order,
//! repetition, or a second name for the same execution: faults F07, F08 and F10
//! need no case of their own.
//!
//! It knows nothing of states; see [`state`](crate::fsm::order::state).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::ids::ExecutionId;
use crate::domain::money::{Money, Price, Qty};
use crate::domain::order::Fill;

/// The counted executions of one order.
///
/// Its size is bounded by the number of executions of the order; neighbouring
/// intervals are merged, so without gaps there is one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Fills {
    /// Ids of all executions seen, counted or not.
    seen: BTreeSet<ExecutionId>,
    /// Counted shares as half-open intervals: sorted, disjoint, not touching.
    spans: Vec<(Qty, Qty)>,
    /// Total of the intervals.
    qty: Qty,
    /// What the counted shares cost or brought.
    notional: Money,
}

impl Fills {
    /// Returns how many shares are counted.
    pub const fn qty(&self) -> Qty {
        self.qty
    }

    /// Returns the dollars paid or received for the counted shares, without fees.
    pub const fn notional(&self) -> Money {
        self.notional
    }

    /// Returns the average price of the counted shares; `None` without any.
    pub fn average_price(&self) -> Option<Price> {
        self.notional.per_share(self.qty)
    }

    /// Returns the highest cumulative quantity that any counted report implied.
    pub fn highest(&self) -> Qty {
        self.spans.last().map_or(Qty::ZERO, |(_, to)| *to)
    }

    /// Returns how many shares the broker has filled whose execution was not
    /// seen yet; above zero, the owner should ask for the order's status.
    pub fn missing(&self) -> Qty {
        self.highest().saturating_sub(self.qty)
    }

    /// Returns the account with one execution counted.
    ///
    /// A known id changes nothing. Of a new one only the shares not counted
    /// before are added: where the broker's cumulative quantity disagrees with
    /// the sum of its executions, the cumulative quantity wins (F08). The owner
    /// sees a disagreement as an increase that differs from the fill's quantity.
    #[must_use]
    pub fn with_execution(&self, fill: &Fill) -> Self {
        let mut after = self.clone();
        if after.seen.insert(fill.execution_id.clone()) {
            let from = fill.cumulative.saturating_sub(fill.qty);
            let added = after.cover(from, fill.cumulative);
            after.notional += fill.price.times(added);
        }
        after
    }

    /// Returns the account with the broker's own total counted: `cumulative`
    /// shares at an average price. Fills the gaps below it.
    ///
    /// A total lower than what is counted is an old report and changes nothing.
    /// Without a price no share is counted, since every counted share has one.
    #[must_use]
    pub fn with_cumulative(&self, cumulative: Qty, average_price: Option<Price>) -> Self {
        let mut after = self.clone();
        let Some(price) = average_price else { return after };
        let added = after.cover(Qty::ZERO, cumulative);
        if added.is_zero() {
            return after;
        }
        let total = price.times(cumulative);
        // The broker's total is exact when it speaks of all counted shares; an old
        // total below a later execution says only what its own share cost.
        let covers_all = after.qty == cumulative && total > after.notional;
        after.notional = if covers_all { total } else { after.notional + price.times(added) };
        after
    }

    /// Adds an interval and returns how many of its shares are new.
    fn cover(&mut self, from: Qty, to: Qty) -> Qty {
        if from >= to {
            return Qty::ZERO;
        }
        let before = self.qty;
        let mut merged = (from, to);
        let mut spans = Vec::with_capacity(self.spans.len().saturating_add(1));
        for span in &self.spans {
            if span.1 < merged.0 || merged.1 < span.0 {
                spans.push(*span);
            } else {
                merged = (merged.0.min(span.0), merged.1.max(span.1));
            }
        }
        spans.push(merged);
        spans.sort_unstable();
        self.qty = spans
            .iter()
            .fold(Qty::ZERO, |sum, (from, to)| sum.saturating_add(to.saturating_sub(*from)));
        self.spans = spans;
        self.qty.saturating_sub(before)
    }
}
