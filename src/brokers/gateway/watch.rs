//! What was heard of an order by push, beside what was read of it.
//!
//! An order that was taken and of which the stream says nothing is read after 2 s and 5 s.
//! Executions that were read and are not pushed within 5 s show that the stream is open
//! and silent: nothing else would (Alpaca, protocol page §6 of October 2026: a quiet
//! stream is normal). Executions that a gap has hidden are read one by one, for their
//! exact prices. What is done about each is in [`reads`](super::reads).

use jiff::SignedDuration;

use crate::brokers::gateway::ledger::{Ledger, Row};
use crate::brokers::{BrokerOrder, Execution};
use crate::domain::ids::{BrokerOrderId, ClientOrderId};
use crate::domain::money::Qty;
use crate::domain::time::Timestamp;
use crate::events::VenueEvent;

/// When an order of which nothing is heard is read, after it was taken.
const LOOKS_AT: [SignedDuration; 2] = [SignedDuration::from_secs(2), SignedDuration::from_secs(5)];
/// An execution that was read is pushed within this, or the stream is silent.
const SILENT_LONGEST: SignedDuration = SignedDuration::from_secs(5);
/// Orders whose executions are read in one comparison; the rest is told by its average.
const UNTOLD_MAX: usize = 32;

/// What is noted of one order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Watch {
    /// When the broker had taken it, while nothing was pushed of it.
    taken_at: Option<Timestamp>,
    /// How often it was read since.
    looks: usize,
    /// Shares filled by what was pushed.
    pushed: Qty,
    /// Shares of which each execution was told, from the first on without a gap.
    told: Qty,
    /// Since when more was read than was pushed.
    ahead_since: Option<Timestamp>,
    /// Whether a human was told that the broker does not know it any more.
    is_gone: bool,
}

impl Watch {
    /// The broker has taken the order.
    pub(super) fn taken(&mut self, now: Timestamp) {
        self.taken_at = Some(now);
    }

    /// Something was pushed of the order, which has filled so much.
    pub(super) fn pushed(&mut self, filled: Qty) {
        self.taken_at = None;
        self.looks = LOOKS_AT.len();
        self.pushed = self.pushed.max(filled);
        self.ahead_since = None;
    }

    /// An execution was told that brought the order to a quantity.
    pub(super) fn told(&mut self, qty: Qty, cumulative: Qty) {
        if cumulative.saturating_sub(qty) <= self.told {
            self.told = self.told.max(cumulative);
        }
    }

    fn is_due(&self, now: Timestamp) -> bool {
        let after = LOOKS_AT.get(self.looks);
        self.taken_at.zip(after).is_some_and(|(taken, after)| now.since(taken) >= *after)
    }
}

impl Ledger {
    /// Orders of which nothing was heard for too long and which must be read now.
    pub(super) fn due_looks(&mut self, now: Timestamp) -> Vec<BrokerOrderId> {
        let due = self.rows_mut().filter(|row| row.watch.is_due(now));
        let looked = due.filter_map(|row| {
            row.watch.looks = row.watch.looks.saturating_add(1);
            row.broker_order_id.clone()
        });
        looked.collect()
    }

    /// Notes orders that were read while the stream is up: what they have filled must be
    /// pushed soon.
    pub(super) fn was_read(&mut self, orders: &[BrokerOrder], now: Timestamp) {
        self.each_of_ours(orders, |row, order| {
            if order.report.filled > row.watch.pushed {
                row.watch.ahead_since.get_or_insert(now);
            }
        });
    }

    /// Notes orders that were read after a gap: nobody will push what happened in it.
    pub(super) fn was_read_after_gap(&mut self, orders: &[BrokerOrder]) {
        self.each_of_ours(orders, |row, order| row.watch.pushed(order.report.filled));
    }

    /// The stream was opened anew: what it owed is read and not awaited.
    pub(super) fn stream_resumed(&mut self) {
        self.rows_mut().for_each(|row| row.watch.ahead_since = None);
    }

    /// Orders that have filled more than was pushed of them, for too long.
    pub(super) fn unpushed(&self, now: Timestamp) -> Vec<ClientOrderId> {
        let is_late = |row: &Row| {
            row.watch.ahead_since.is_some_and(|since| now.since(since) >= SILENT_LONGEST)
        };
        self.rows().filter(|(_, row)| is_late(row)).map(|(id, _)| id.clone()).collect()
    }

    /// Notes that the broker does not know an order any more; true the first time.
    pub(super) fn is_newly_gone(&mut self, id: &ClientOrderId) -> bool {
        let row = self.get_mut(id);
        row.is_some_and(|row| !std::mem::replace(&mut row.watch.is_gone, true))
    }

    /// Orders of ours, legs among them, whose executions were not all told one by one; at
    /// most [`UNTOLD_MAX`].
    pub(super) fn untold(&self, orders: &[BrokerOrder]) -> Vec<BrokerOrder> {
        let all = orders.iter().flat_map(|order| std::iter::once(order).chain(&order.legs));
        let untold = all.filter(|order| {
            let row = self.get(&self.name_of(order)).filter(|row| self.is_ours(row, order));
            row.is_some_and(|row| order.report.filled > row.watch.told)
        });
        untold.take(UNTOLD_MAX).cloned().collect()
    }

    /// Takes the executions of an order as they were read; those of which the broker does
    /// not show all are left to its average price.
    pub(super) fn executions(
        &mut self,
        order: &BrokerOrder,
        found: &[(Execution, Qty)],
    ) -> Vec<VenueEvent> {
        let sum = found.iter().fold(Qty::ZERO, |sum, (it, _)| sum.saturating_add(it.qty));
        if sum != order.report.filled {
            tracing::warn!(order = %order.report.broker_order_id, "not all executions are listed");
            return Vec::new();
        }
        let name = self.name_of(order);
        let told = self.get(&name).map_or(Qty::ZERO, |row| row.watch.told);
        let new = found.iter().filter(|(_, cumulative)| *cumulative > told);
        new.map(|(execution, cumulative)| {
            let mut order = order.clone();
            order.report.filled = *cumulative;
            self.execution(&order, execution)
        })
        .collect()
    }

    /// A list was told: what it says of executions is counted.
    pub(super) fn was_told(&mut self, orders: &[BrokerOrder]) {
        self.each_of_ours(orders, |row, order| {
            row.watch.told = row.watch.told.max(order.report.filled);
        });
    }

    /// Whether a row is of an order that this run has sent, or of an exit that came with
    /// one, and speaks of the broker's order.
    fn is_ours(&self, row: &Row, order: &BrokerOrder) -> bool {
        let is_same = row.broker_order_id.as_ref() == Some(&order.report.broker_order_id);
        let head = row.head.as_ref().and_then(|head| self.get(&self.current(head)));
        is_same && (row.purpose.is_some() || head.is_some_and(|head| head.purpose.is_some()))
    }

    fn each_of_ours(&mut self, orders: &[BrokerOrder], note: impl Fn(&mut Row, &BrokerOrder)) {
        let all = orders.iter().flat_map(|order| std::iter::once(order).chain(&order.legs));
        for order in all {
            let name = self.name_of(order);
            if self.get(&name).is_some_and(|row| self.is_ours(row, order))
                && let Some(row) = self.get_mut(&name)
            {
                note(row, order);
            }
        }
    }
}
