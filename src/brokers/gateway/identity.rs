//! Whether an order of the broker's is the one that we asked for (F21).
//!
//! A client order id can be in use already: by hand, by another program, by a run whose
//! journal is gone. Then the broker's order under our name is a stranger, and neither its
//! life nor its shares are ours. It is looked at once, when the broker's order is seen for
//! the first time; afterwards the broker's own id tells. Where a stranger goes is in
//! [`ledger`](super::ledger).

use jiff::SignedDuration;

use crate::brokers::BrokerOrder;
use crate::domain::ids::Symbol;
use crate::domain::money::{Price, Qty};
use crate::domain::order::{OrderClass, OrderKind, OrderRequest, Side};
use crate::domain::time::Timestamp;

/// The broker's stamps and its clock as we know it differ by up to this.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(60);

/// What we asked for under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    symbol: Symbol,
    side: Side,
    qty: Qty,
    /// `None` for a group: which of its prices stands at its head differs by broker.
    kind: Option<OrderKind>,
    /// When, by the broker's clock; `None` while that is not known.
    sent_at: Option<Timestamp>,
}

impl Asked {
    /// Notes what a request asks for.
    pub(super) fn of(request: &OrderRequest, sent_at: Option<Timestamp>) -> Self {
        let OrderRequest { symbol, side, qty, kind, class, .. } = request;
        let kind = (*class == OrderClass::Simple).then_some(*kind);
        Self { symbol: *symbol, side: *side, qty: *qty, kind, sent_at }
    }

    /// Tells whether an order cannot be what was asked for. What the broker leaves out
    /// contradicts nothing.
    pub(super) fn contradicts(&self, order: &BrokerOrder) -> bool {
        let report = &order.report;
        if (report.symbol, report.side, report.qty) != (self.symbol, self.side, self.qty) {
            return true;
        }
        let differs =
            |theirs: Option<Price>, ours: Option<Price>| theirs.is_some() && theirs != ours;
        let is_other_kind = self.kind.is_some_and(|kind| {
            differs(report.kind.limit(), kind.limit()) || differs(report.kind.stop(), kind.stop())
        });
        // The epoch stands for an order without a stamp.
        let is_stamped = order.submitted_at != Timestamp::default();
        let is_older = is_stamped
            && self.sent_at.is_some_and(|sent| order.submitted_at.plus(TOLERANCE) < sent);
        is_other_kind || is_older
    }

    /// It in words, beside what the broker has.
    pub(super) fn beside(&self, order: &BrokerOrder) -> String {
        let Self { symbol, side, qty, kind, .. } = self;
        let report = &order.report;
        let kind = kind.map_or("group", OrderKind::name);
        format!(
            "{} {} {} {} of {} at the broker and should be {side} {qty} {symbol} {kind}",
            report.side,
            report.qty,
            report.symbol,
            report.kind.name(),
            order.submitted_at,
        )
    }
}
