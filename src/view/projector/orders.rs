//! Requests, answers and moves of machines into the list of orders.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::domain::ids::{ClientOrderId, Symbol};
use crate::domain::money::{Money, Qty};
use crate::domain::order::{OrderKind, OrderPurpose, Side};
use crate::domain::time::Timestamp;
use crate::events::{
    OrderEvent, OrderFilled, OrderModified, OrderStateChanged, OrderSubmit, VenueAccepted,
};
use crate::view::latency::Samples;
use crate::view::names::OrderPhase;
use crate::view::part::Part;
use crate::view::rows::{ORDERS_DONE_MAX, OrderRow, WORKING_MAX};
use crate::view::text::{TEXT_MAX, clean_text};
use crate::view::watch::push_bounded;

/// The orders.
#[derive(Debug, Default)]
pub(in crate::view) struct OrdersPart {
    working: Part<Vec<OrderRow>>,
    done: Part<VecDeque<Arc<OrderRow>>>,
    /// From a request to the venue's word.
    pub(in crate::view) acknowledged: Samples,
    /// Sent, executed, refused on the present trading day.
    pub(in crate::view) today: [u64; 3],
}

impl OrdersPart {
    pub(in crate::view) const fn begin_day(&mut self) {
        self.today = [0; 3];
    }

    pub(in crate::view) fn see(&mut self, at: Timestamp, event: &OrderEvent) {
        match event {
            OrderEvent::Submit(submit) => self.submit(at, submit),
            OrderEvent::Submitted(done) => {
                let id = done.broker_order_id.clone();
                if let Some(sent_at) = self.find(&done.client_order_id).map(|row| row.sent_at) {
                    self.acknowledged.note(sent_at, at);
                }
                self.change(at, &done.client_order_id, |row| row.broker_order_id = Some(id));
            }
            OrderEvent::StateChanged(changed) => self.moved(at, changed),
            OrderEvent::Filled(filled) | OrderEvent::PartiallyFilled(filled) => {
                self.filled(at, filled);
            }
            OrderEvent::Rejected(refused) => {
                self.today[2] += 1;
                let text = clean_text(&refused.message, TEXT_MAX);
                self.say(at, &refused.client_order_id, &text);
            }
            OrderEvent::Cancel(cancel) => {
                self.say(at, &cancel.client_order_id, &cancel.reason);
                self.change(at, &cancel.client_order_id, |row| row.is_cancelling = true);
            }
            OrderEvent::CancelRejected(refused) => {
                self.say(at, &refused.client_order_id, &refused.message);
                self.change(at, &refused.client_order_id, |row| row.is_cancelling = false);
            }
            OrderEvent::ModifyRejected(refused) => {
                self.say(at, &refused.client_order_id, &refused.message);
            }
            OrderEvent::Modified(modified) => self.modified(at, modified),
            OrderEvent::OutcomeUnknown(unknown) => {
                self.say(at, &unknown.client_order_id, &unknown.detail);
            }
            OrderEvent::Modify(_)
            | OrderEvent::Cancelled(_)
            | OrderEvent::Expired(_)
            | OrderEvent::StatusReported(_)
            | OrderEvent::External(_) => {}
        }
    }

    /// The exits that the venue has attached to an order, under its names for them.
    pub(in crate::view) fn accepted(&mut self, at: Timestamp, accepted: &VenueAccepted) {
        let Some(parent) = self.find(&accepted.client_order_id).cloned() else { return };
        for leg in &accepted.legs {
            let kind = match (leg.stop, leg.limit) {
                (Some(stop), Some(limit)) => OrderKind::StopLimit { stop, limit },
                (Some(stop), None) => OrderKind::Stop { stop },
                (None, Some(limit)) => OrderKind::Limit { limit },
                (None, None) => OrderKind::Market,
            };
            self.add(OrderRow {
                client_order_id: leg.client_order_id.clone(),
                broker_order_id: Some(leg.broker_order_id.clone()),
                parent: Some(parent.client_order_id.clone()),
                purpose: OrderPurpose::Protection,
                side: leg.side,
                kind: Some(kind),
                phase: OrderPhase::Accepted,
                is_cancelling: false,
                filled: Qty::ZERO,
                average: None,
                fees: Money::ZERO,
                sent_at: at,
                changed_at: at,
                note: Box::default(),
                ..parent.clone()
            });
        }
    }

    fn submit(&mut self, at: Timestamp, submit: &OrderSubmit) {
        self.today[0] += 1;
        let order = &submit.order;
        let request = order.request();
        let of = (request.symbol, request.side, order.purpose());
        let row = OrderRow {
            trade_id: Some(order.trade_id().clone()),
            quantity: request.qty,
            kind: Some(request.kind),
            time_in_force: Some(request.time_in_force),
            ..heard_of(at, &request.client_order_id, of)
        };
        // The draft of an exit is sent under its own name.
        match self.find_mut(&row.client_order_id) {
            Some(known) => *known = row,
            None => self.add(row),
        }
    }

    fn moved(&mut self, at: Timestamp, changed: &OrderStateChanged) {
        let Some(phase) = OrderPhase::of(&changed.to) else { return };
        let id = &changed.client_order_id;
        if self.find(id).is_none() && !phase.is_over() {
            let of = (changed.symbol, changed.side, changed.purpose);
            let trade_id = changed.trade_id.clone();
            self.add(OrderRow { trade_id, ..heard_of(at, id, of) });
        }
        self.change(at, id, |row| {
            row.phase = phase;
            row.filled = changed.filled;
            row.quantity = changed.qty;
            row.average = changed.average_price.or(row.average);
            row.is_cancelling &= !phase.is_over();
        });
        if phase.is_over() {
            self.finish(id);
        }
    }

    fn filled(&mut self, at: Timestamp, filled: &OrderFilled) {
        self.today[1] += 1;
        self.change_any(at, &filled.fill.client_order_id, |row| {
            row.fees += filled.fee;
            row.average = Some(filled.average_price);
            row.kind = row.kind.or(Some(filled.kind));
        });
    }

    fn modified(&mut self, at: Timestamp, modified: &OrderModified) {
        self.change(at, &modified.client_order_id, |row| {
            row.client_order_id = modified.new_client_order_id.clone();
            row.quantity = modified.qty;
            row.kind = match (row.kind, modified.stop, modified.limit) {
                (Some(OrderKind::StopLimit { .. }), Some(stop), Some(limit)) => {
                    Some(OrderKind::StopLimit { stop, limit })
                }
                (Some(OrderKind::Stop { .. }), Some(stop), _) => Some(OrderKind::Stop { stop }),
                (Some(OrderKind::Limit { .. }), _, Some(limit)) => Some(OrderKind::Limit { limit }),
                (kind, _, _) => kind,
            };
        });
    }

    fn add(&mut self, row: OrderRow) {
        if self.working.get().len() >= WORKING_MAX {
            self.working.change().remove(0);
        }
        self.working.change().push(row);
    }

    fn find(&self, id: &ClientOrderId) -> Option<&OrderRow> {
        self.working.get().iter().rev().find(|row| row.client_order_id == *id)
    }

    fn find_mut(&mut self, id: &ClientOrderId) -> Option<&mut OrderRow> {
        self.working.change().iter_mut().rev().find(|row| row.client_order_id == *id)
    }

    fn change(&mut self, at: Timestamp, id: &ClientOrderId, change: impl FnOnce(&mut OrderRow)) {
        if let Some(row) = self.find_mut(id) {
            row.changed_at = at;
            change(row);
        }
    }

    /// Changes an order also when it is over: fees come with the last execution, and
    /// executions come late.
    fn change_any(
        &mut self,
        at: Timestamp,
        id: &ClientOrderId,
        change: impl FnOnce(&mut OrderRow),
    ) {
        if self.find(id).is_some() {
            return self.change(at, id, change);
        }
        let done = self.done.change().iter_mut().rev().find(|row| row.client_order_id == *id);
        if let Some(row) = done {
            change(Arc::make_mut(row));
        }
    }

    fn say(&mut self, at: Timestamp, id: &ClientOrderId, text: &str) {
        self.change_any(at, id, |row| row.note = clean_text(text, TEXT_MAX));
    }

    fn finish(&mut self, id: &ClientOrderId) {
        let working = self.working.change();
        let Some(place) = working.iter().rposition(|row| row.client_order_id == *id) else {
            return;
        };
        let row = working.remove(place);
        push_bounded(self.done.change(), ORDERS_DONE_MAX, Arc::new(row));
    }

    /// When an entry of this stock and side was sent last, among the newest orders.
    pub(in crate::view) fn entered_at(&self, symbol: Symbol, side: Side) -> Option<Timestamp> {
        let done = self.done.get().iter().map(|row| &**row);
        let all = self.working.get().iter().chain(done);
        let entries = all.filter(|row| row.purpose == OrderPurpose::Entry);
        entries.filter(|row| (row.symbol, row.side) == (symbol, side)).map(|row| row.sent_at).max()
    }

    /// Orders under way, and those whose outcome is not known.
    pub(in crate::view) fn count(&self) -> (usize, usize) {
        let working = self.working.get();
        let unknown = working.iter().filter(|row| row.phase == OrderPhase::Unknown).count();
        (working.len(), unknown)
    }

    pub(in crate::view) fn share(&mut self) -> (Arc<Vec<OrderRow>>, Arc<VecDeque<Arc<OrderRow>>>) {
        (self.working.share(), self.done.share())
    }

    pub(in crate::view) fn sizes(&self) -> [usize; 2] {
        [self.working.get().len(), self.done.get().len()]
    }
}

fn heard_of(
    at: Timestamp,
    id: &ClientOrderId,
    (symbol, side, purpose): (Symbol, Side, OrderPurpose),
) -> OrderRow {
    OrderRow {
        client_order_id: id.clone(),
        broker_order_id: None,
        trade_id: None,
        parent: None,
        purpose,
        symbol,
        side,
        quantity: Qty::ZERO,
        kind: None,
        time_in_force: None,
        phase: OrderPhase::Submitted,
        is_cancelling: false,
        filled: Qty::ZERO,
        average: None,
        fees: Money::ZERO,
        sent_at: at,
        changed_at: at,
        note: Box::default(),
    }
}
