//! What a list of the venue's orders says, where its single reports were lost.
//!
//! A list may know more than we do: that an order had arrived, that shares were
//! executed, that it has ended. Each of these is said on as if its own report had
//! come; when that comes later, it finds nothing new.

use std::collections::BTreeSet;

use crate::agents::order_execution::OrderExecutionAgent;
use crate::bus::Outbox;
use crate::domain::ids::{BrokerOrderId, ClientOrderId, ExecutionId};
use crate::domain::money::{Money, Qty};
use crate::domain::order::{Fill, OrderPurpose, OrderReport, RejectReason, ReportedStatus};
use crate::domain::time::Timestamp;
use crate::events::{OrderEvent, OrderRejected, OrdersExternal, VenueAccepted, VenueDone};
use crate::fsm::order::{Fills, OrderInput, OrderState, Pending, Standing, Terms};

/// Orders of others that are followed; more than a person makes by hand.
const EXTERNAL_MAX: usize = 100;

impl OrderExecutionAgent {
    /// Takes one line of a list; an order that is not ours is passed over.
    pub(super) fn reported(&mut self, at: Timestamp, report: &OrderReport, out: &mut Outbox) {
        let Some(id) = &report.client_order_id else { return };
        let Some(row) = self.book.get(id) else { return };
        if (row.symbol, row.side) != (report.symbol, report.side) {
            return self.mistaken(id, &format!("{} {}", report.side, report.symbol), out);
        }
        let before = row.state.clone();
        if self.is_surprise(id, out) && works(report) {
            let (client_order_id, legs) = (id.clone(), Vec::new());
            let broker_order_id = report.broker_order_id.clone();
            self.accepted(&VenueAccepted { client_order_id, broker_order_id, legs }, out);
        }
        let is_unconfirmed =
            matches!(before, OrderState::Submitted { .. } | OrderState::Unknown { .. });
        if is_unconfirmed && report.status != ReportedStatus::Rejected {
            let broker_order_id = report.broker_order_id.clone();
            let client_order_id = id.clone();
            let legs = Vec::new();
            self.accepted(&VenueAccepted { client_order_id, broker_order_id, legs }, out);
        }
        self.resize(report, out);
        self.count_reported(at, report, out);
        let done = VenueDone { client_order_id: id.clone(), filled: report.filled };
        match report.status {
            ReportedStatus::Cancelled => self.cancelled(at, &done, out),
            ReportedStatus::Expired => self.expired(&done, out),
            ReportedStatus::Rejected => self.reported_rejected(report, out),
            ReportedStatus::Working
            | ReportedStatus::Held
            | ReportedStatus::Replaced
            | ReportedStatus::Filled => {}
        }
    }

    /// A leg shrinks when its sibling is filled in part, and a venue may change any exit:
    /// after a split, or since somebody else asked. Its word counts (F22), else shares
    /// would be taken for covered that are not.
    fn resize(&mut self, report: &OrderReport, out: &mut Outbox) {
        let Some(id) = &report.client_order_id else { return };
        let Some(row) = self.book.get(id) else { return };
        let is_same = row.broker_order_id.as_ref() == Some(&report.broker_order_id);
        let is_exit = row.purpose != OrderPurpose::Entry && is_same;
        let terms = row.state.terms();
        if !(row.parent.is_some() || is_exit) {
            return;
        }
        let is_asked = matches!(row.state.pending(), Pending::Replace(_));
        if report.qty != terms.qty && row.state.may_execute() && !is_asked {
            let terms = Terms { qty: report.qty, ..terms };
            self.step(id, &OrderInput::Replaced { terms }, out);
        }
    }

    /// Counts shares that are executed and were not told of.
    fn count_reported(&mut self, at: Timestamp, report: &OrderReport, out: &mut Outbox) {
        let Some(id) = &report.client_order_id else { return };
        let Some(before) = self.book.get(id).map(|row| totals(row.state.fills())) else { return };
        let standing = Standing {
            status: ReportedStatus::Working,
            filled: report.filled,
            average_price: report.average_price,
        };
        if !self.step(id, &OrderInput::Reported(standing), out) {
            return;
        }
        let Some(row) = self.book.get(id).cloned() else { return };
        let after = totals(row.state.fills());
        let added = after.0.saturating_sub(before.0);
        let Some(price) = (after.1 - before.1).per_share(added) else { return };
        let execution_id = format!("{}-{}", report.broker_order_id, report.filled);
        let fill = Fill {
            execution_id: ExecutionId::new(execution_id),
            client_order_id: id.clone(),
            symbol: row.symbol,
            side: row.side,
            qty: added,
            price,
            cumulative: report.filled,
            at,
        };
        // A list names no fee; the account's own report does.
        self.count(at, &row, (fill, Money::ZERO), out);
    }

    /// An order of ours that no whole list shows is missing: see
    /// [`asking`](super::asking).
    pub(super) fn check_missing(
        &mut self,
        at: Timestamp,
        orders: &[OrderReport],
        out: &mut Outbox,
    ) {
        let listed: BTreeSet<&BrokerOrderId> =
            orders.iter().map(|report| &report.broker_order_id).collect();
        let confirmed = self.book.at_venue().filter_map(|row| {
            let is_listed = listed.contains(row.broker_order_id.as_ref()?);
            row.parent.is_none().then(|| (row.client_order_id.clone(), is_listed))
        });
        let confirmed: Vec<(ClientOrderId, bool)> = confirmed.collect();
        for (id, is_listed) in confirmed {
            if is_listed {
                self.is_found(&id);
            } else {
                self.is_missing(at, &id, out);
            }
        }
    }

    /// Says which orders work at the venue and are not ours, when that has changed.
    pub(super) fn list_external(&mut self, orders: &[OrderReport], out: &mut Outbox) {
        let is_ours = |report: &OrderReport| {
            report.client_order_id.as_ref().is_some_and(|id| self.book.get(id).is_some())
        };
        let works = |report: &OrderReport| {
            matches!(report.status, ReportedStatus::Working | ReportedStatus::Held)
        };
        let external: Vec<OrderReport> = orders
            .iter()
            .filter(|report| works(report) && !is_ours(report))
            .take(EXTERNAL_MAX)
            .cloned()
            .collect();
        let names = |list: &[OrderReport]| -> Vec<(BrokerOrderId, Qty)> {
            list.iter().map(|report| (report.broker_order_id.clone(), report.filled)).collect()
        };
        let now = names(&external);
        if self.external != now {
            self.external = now;
            out.publish(OrderEvent::External(OrdersExternal { orders: external }));
        }
    }

    fn reported_rejected(&mut self, report: &OrderReport, out: &mut Outbox) {
        let Some(id) = &report.client_order_id else { return };
        let Some(before) = self.book.get(id).cloned() else { return };
        let input = OrderInput::Rejected { reason: RejectReason::Other };
        if before.state.is_terminal() || !self.step(id, &input, out) {
            return;
        }
        out.publish(OrderEvent::Rejected(OrderRejected {
            client_order_id: id.clone(),
            trade_id: before.trade_id.clone(),
            purpose: before.purpose,
            symbol: before.symbol,
            side: before.side,
            qty: before.state.terms().qty,
            reason: RejectReason::Other,
            message: "a list of the venue's orders says so".into(),
            estimated_cost: None,
            buying_power: None,
        }));
        self.end_of_exit(&before, out);
    }
}

const fn works(report: &OrderReport) -> bool {
    match report.status {
        ReportedStatus::Working | ReportedStatus::Held => true,
        ReportedStatus::Filled
        | ReportedStatus::Cancelled
        | ReportedStatus::Expired
        | ReportedStatus::Rejected
        | ReportedStatus::Replaced => false,
    }
}

fn totals(fills: Option<&Fills>) -> (Qty, Money) {
    fills.map_or((Qty::ZERO, Money::ZERO), |fills| (fills.qty(), fills.notional()))
}
