//! Orders: the step that sends one, and the calls to the venue.
//!
//! `order.submit` {`alpaca_api.place_order`} lasts until the venue has answered, whatever
//! the answer. Protection is placed by `alpaca_api.place_stop_order` within the step that
//! asked for it. Each fill is a short trace of its own, linked to the entry's.

use std::borrow::Cow;

use crate::domain::ids::{ClientOrderId, TradeId};
use crate::domain::money::Money;
use crate::domain::order::{OrderPurpose, OrderRequest};
use crate::domain::time::Timestamp;
use crate::events::{
    CallFailed, Envelope, OrderCancel, OrderEvent, OrderFilled, OrderModified, OrderModify,
    OrderRejected, OrderRequestRefused, OrderStateChanged, OrderSubmit, VenueCall, VenueEvent,
};
use crate::telemetry::spans::projector::Projector;
use crate::telemetry::spans::span::{Failure, Kind, Moment, Span, Value};
use crate::telemetry::spans::trade::{Trade, alone, apart};

/// The answer of a venue that has taken an order (Alpaca, protocol page, "Create an
/// order": 200).
const TAKEN: i64 = 200;

/// The calls about one order that are under way.
#[derive(Debug)]
pub(super) struct OrderCalls {
    pub(super) trade_id: TradeId,
    purpose: OrderPurpose,
    /// What it costs at most, in dollars, where it has a limit.
    cost: Option<Money>,
    /// How often it was sent.
    sendings: u32,
    place: Option<Span>,
    cancel: Option<Span>,
    replace: Option<Span>,
}

impl OrderCalls {
    pub(super) fn into_open(self) -> impl Iterator<Item = Span> {
        [self.place, self.cancel, self.replace].into_iter().flatten()
    }

    fn slot(&mut self, call: VenueCall) -> Option<&mut Option<Span>> {
        match call {
            VenueCall::Submit => Some(&mut self.place),
            VenueCall::Cancel => Some(&mut self.cancel),
            VenueCall::Replace => Some(&mut self.replace),
            VenueCall::Read => None,
        }
    }
}

/// The step that sent an order of a purpose.
const fn submit_of(trade: &mut Trade, purpose: OrderPurpose) -> Option<&mut Option<Span>> {
    match purpose {
        OrderPurpose::Entry => Some(&mut trade.submit),
        OrderPurpose::Exit => Some(&mut trade.submit_exit),
        OrderPurpose::Protection => None,
    }
}

impl Projector {
    pub(super) fn order(&mut self, envelope: &Envelope, event: &OrderEvent) {
        match event {
            OrderEvent::Submit(submit) => self.submit(envelope, submit),
            OrderEvent::Cancel(cancel) => self.cancel(envelope, cancel),
            OrderEvent::Modify(modify) => self.modify(envelope, modify),
            OrderEvent::Submitted(taken) => {
                self.answered(envelope, &taken.client_order_id, "ACCEPTED", None);
            }
            OrderEvent::Filled(filled) => {
                self.filled(envelope, filled, "FILLED");
                self.over(envelope, &filled.fill.client_order_id, "FILLED", None);
            }
            OrderEvent::PartiallyFilled(filled) => {
                self.filled(envelope, filled, "PARTIALLY_FILLED");
                self.answered(envelope, &filled.fill.client_order_id, "PARTIALLY_FILLED", None);
            }
            OrderEvent::Rejected(rejected) => self.rejected(envelope, rejected),
            OrderEvent::Cancelled(done) => {
                self.over(envelope, &done.client_order_id, "CANCELLED", None);
            }
            OrderEvent::Expired(done) => {
                self.over(envelope, &done.client_order_id, "EXPIRED", None);
            }
            OrderEvent::CancelRejected(refused) => {
                self.request_refused(envelope, VenueCall::Cancel, refused);
            }
            OrderEvent::ModifyRejected(refused) => {
                self.request_refused(envelope, VenueCall::Replace, refused);
            }
            OrderEvent::Modified(modified) => self.modified(envelope, modified),
            OrderEvent::OutcomeUnknown(unknown) => {
                let failure = Failure::new("OutcomeUnknown", &unknown.detail);
                self.answered(envelope, &unknown.client_order_id, "UNKNOWN", Some(failure));
            }
            OrderEvent::StateChanged(changed) => self.order_changed(envelope, changed),
            OrderEvent::StatusReported(_) | OrderEvent::External(_) => {}
        }
    }

    /// An order leaves, for the first time or again under the same name.
    fn submit(&mut self, envelope: &Envelope, submit: &OrderSubmit) {
        let (request, purpose) = (submit.order.request(), submit.order.purpose());
        let (trade_id, id) = (submit.order.trade_id(), &request.client_order_id);
        self.make_room_for_order(envelope.at);
        let trade = self.followed(trade_id, envelope.at);
        trade.symbol.get_or_insert(request.symbol);
        let mut step = match purpose {
            OrderPurpose::Entry => Some(trade.step("order.submit", envelope)),
            OrderPurpose::Exit => Some(match &trade.exit {
                Some(exit) => exit.inner("order.submit", envelope),
                None => apart(trade_id, "order.submit", envelope),
            }),
            OrderPurpose::Protection => None,
        };
        if let Some(step) = &mut step {
            describe(step, request, purpose);
        }
        let slot = submit_of(trade, purpose);
        let again = slot.and_then(|slot| std::mem::replace(slot, step));
        if let Some(again) = again {
            self.end_of(trade_id, again, envelope.at);
        }
        let word = match purpose {
            OrderPurpose::Entry | OrderPurpose::Exit => "place_order",
            OrderPurpose::Protection => "place_stop_order",
        };
        let mut place = self.call(envelope, trade_id, (purpose, word), ("POST", ""));
        describe(&mut place, request, purpose);
        let calls = self.orders.entry(id.clone()).or_insert_with(|| OrderCalls {
            trade_id: trade_id.clone(),
            purpose,
            cost: request.kind.limit().map(|limit| limit.times(request.qty)),
            sendings: 0,
            place: None,
            cancel: None,
            replace: None,
        });
        if calls.sendings > 0 {
            place.put("http.request.resend_count", Value::Whole(calls.sendings.into()));
        }
        calls.sendings += 1;
        let earlier = calls.place.replace(place);
        if let Some(earlier) = earlier {
            self.end_of(trade_id, earlier, envelope.at);
        }
    }

    /// A call to the venue, inside the step of the trade that asks for it.
    fn call(
        &self,
        envelope: &Envelope,
        trade_id: &TradeId,
        (purpose, word): (OrderPurpose, &str),
        (method, below): (&'static str, &str),
    ) -> Span {
        let name: Cow<'static, str> = format!("{}.{word}", self.venue.api).into();
        let around = self.trades.get(trade_id).and_then(|trade| {
            let of_purpose = match purpose {
                OrderPurpose::Entry => trade.submit.as_ref(),
                OrderPurpose::Exit => trade.submit_exit.as_ref().or(trade.exit.as_ref()),
                OrderPurpose::Protection => trade.trail.as_ref().or(trade.protect.as_ref()),
            };
            of_purpose.or(trade.exit.as_ref()).or(trade.root.as_ref())
        });
        let mut call = match around {
            Some(around) => around.inner(name, envelope),
            None => apart(trade_id, name, envelope),
        };
        if let Some(trade) = self.trades.get(trade_id) {
            trade.mark(&mut call);
        }
        call.kind = Kind::Client;
        if let Some(http) = &self.venue.http {
            call.set("http.request.method", method)
                .set("url.template", format!("{}{below}", http.orders))
                .set("server.address", &http.host);
        }
        call
    }

    fn cancel(&mut self, envelope: &Envelope, cancel: &OrderCancel) {
        let Some(trade_id) = &cancel.trade_id else { return };
        let word = (OrderPurpose::Exit, "cancel_order");
        let mut call = self.call(envelope, trade_id, word, ("DELETE", "/{order_id}"));
        call.set("order.id", &cancel.client_order_id).set("order.reason", &cancel.reason);
        self.under_way(envelope, &cancel.client_order_id, VenueCall::Cancel, call);
    }

    fn modify(&mut self, envelope: &Envelope, modify: &OrderModify) {
        let Some(trade_id) = &modify.trade_id else { return };
        let word = (OrderPurpose::Protection, "replace_order");
        let mut call = self.call(envelope, trade_id, word, ("PATCH", "/{order_id}"));
        call.set("order.id", &modify.client_order_id)
            .set("order.new_id", &modify.new_client_order_id)
            .set("order.quantity", modify.qty);
        call.set_some("order.limit_price", modify.limit);
        call.set_some("order.stop_price", modify.stop);
        self.under_way(envelope, &modify.client_order_id, VenueCall::Replace, call);
    }

    /// Keeps a call until its answer; one for an order that is not followed is over at
    /// once.
    fn under_way(&mut self, envelope: &Envelope, id: &ClientOrderId, which: VenueCall, call: Span) {
        let slot = self.orders.get_mut(id).and_then(|calls| calls.slot(which));
        let over = match slot {
            Some(slot) => slot.replace(call),
            None => Some(call),
        };
        if let Some(over) = over {
            self.end(over, envelope.at);
        }
    }

    /// The venue has answered a call.
    fn call_over(
        &mut self,
        at: Timestamp,
        id: &ClientOrderId,
        (which, status): (VenueCall, Option<i64>),
        failure: Option<Failure>,
    ) {
        let Some(calls) = self.orders.get_mut(id) else { return };
        let trade_id = calls.trade_id.clone();
        let Some(mut call) = calls.slot(which).and_then(Option::take) else { return };
        if let (Some(status), Some(_)) = (status, &self.venue.http) {
            call.put("http.response.status_code", Value::Whole(status));
        }
        if let Some(failure) = failure {
            call.fail(failure);
        }
        self.end_of(&trade_id, call, at);
    }

    /// It is known what became of the sending of an order.
    fn answered(
        &mut self,
        envelope: &Envelope,
        id: &ClientOrderId,
        status: &str,
        failure: Option<Failure>,
    ) {
        let Some(calls) = self.orders.get_mut(id) else { return };
        let (trade_id, purpose) = (calls.trade_id.clone(), calls.purpose);
        if let Some(place) = &mut calls.place {
            place.set("order.status", status);
        }
        let answer = failure.is_none().then_some(TAKEN);
        self.call_over(envelope.at, id, (VenueCall::Submit, answer), failure.clone());
        let Some(trade) = self.trades.get_mut(&trade_id) else { return };
        if let (Some(failure), OrderPurpose::Entry) = (&failure, purpose) {
            trade.fail(failure);
        }
        let is_it = |span: &Span| span.get("order.id").is_some_and(|held| held.is(id.as_str()));
        let slot = submit_of(trade, purpose).filter(|slot| slot.as_ref().is_some_and(is_it));
        let Some(mut step) = slot.and_then(Option::take) else { return };
        step.set("order.status", status);
        if let Some(failure) = failure {
            step.fail(failure);
        }
        self.end_of(&trade_id, step, envelope.at);
    }

    /// An order has come to its end: so have its calls.
    fn over(
        &mut self,
        envelope: &Envelope,
        id: &ClientOrderId,
        status: &str,
        failure: Option<Failure>,
    ) {
        self.answered(envelope, id, status, failure);
        if let Some(calls) = self.orders.remove(id) {
            let trade_id = calls.trade_id.clone();
            for mut call in calls.into_open() {
                call.set("order.status", status);
                self.end_of(&trade_id, call, envelope.at);
            }
        }
    }

    fn rejected(&mut self, envelope: &Envelope, rejected: &OrderRejected) {
        let id = &rejected.client_order_id;
        let power = rejected.buying_power.or(self.buying_power);
        let Some(calls) = self.orders.get_mut(id) else { return };
        let cost = rejected.estimated_cost.or(calls.cost);
        let describe = |span: &mut Span| {
            span.set("order.symbol", rejected.symbol).set("order.quantity", rejected.qty);
            span.set_some("order.estimated_cost", cost);
            span.set_some("account.buying_power", power);
        };
        if let Some(place) = &mut calls.place {
            describe(place);
        }
        let (trade_id, purpose) = (calls.trade_id.clone(), calls.purpose);
        let step = self.trades.get_mut(&trade_id).and_then(|trade| submit_of(trade, purpose));
        if let Some(step) = step.and_then(Option::as_mut) {
            describe(step);
        }
        let failure = Failure::new(format!("{:?}", rejected.reason), &rejected.message);
        self.over(envelope, id, "REJECTED", Some(failure));
    }

    fn request_refused(
        &mut self,
        envelope: &Envelope,
        which: VenueCall,
        refused: &OrderRequestRefused,
    ) {
        let failure = Failure::new(format!("{:?}", refused.reason), &refused.message);
        self.call_over(envelope.at, &refused.client_order_id, (which, None), Some(failure));
    }

    /// The successor is followed in the place of the order that ended.
    fn modified(&mut self, envelope: &Envelope, modified: &OrderModified) {
        let OrderModified { client_order_id, new_client_order_id, .. } = modified;
        self.call_over(envelope.at, client_order_id, (VenueCall::Replace, Some(TAKEN)), None);
        if let Some(calls) = self.orders.remove(client_order_id) {
            self.orders.insert(new_client_order_id.clone(), calls);
        }
    }

    fn filled(&mut self, envelope: &Envelope, filled: &OrderFilled, status: &str) {
        let fill = &filled.fill;
        let mut span = match &filled.trade_id {
            Some(trade_id) => apart(trade_id, "order.fill", envelope),
            None => alone("order.fill", envelope),
        };
        // The venue's own time, where that is not after ours.
        span.start = fill.at.min(envelope.at);
        span.set("trade.symbol", fill.symbol)
            .set("order.id", &fill.client_order_id)
            .set("order.status", status)
            .set("order.purpose", format!("{:?}", filled.purpose).to_lowercase())
            .set("order.quantity", filled.ordered)
            .set("fill.id", &fill.execution_id)
            .set("fill.side", fill.side)
            .set("fill.quantity", fill.qty)
            .set("fill.price", fill.price)
            .set("fill.average_price", filled.average_price);
        match &filled.trade_id {
            Some(trade_id) => self.end_of(trade_id, span, envelope.at),
            None => self.end(span, envelope.at),
        }
    }

    fn order_changed(&mut self, envelope: &Envelope, changed: &OrderStateChanged) {
        let moment = Moment::of(envelope)
            .with("order.id", &changed.client_order_id)
            .with("order.status", &changed.to)
            .with("order.status.before", &changed.from);
        if let Some(place) =
            self.orders.get_mut(&changed.client_order_id).and_then(|calls| calls.place.as_mut())
        {
            place.note(moment);
        } else if let Some(trade_id) = &changed.trade_id {
            self.note_change((trade_id, "order.transition"), envelope, moment);
        }
    }

    pub(super) fn venue(&mut self, envelope: &Envelope, event: &VenueEvent) {
        let id = match event {
            VenueEvent::Accepted(taken) => {
                let id = &taken.client_order_id;
                if let Some(place) = self.orders.get_mut(id).and_then(|calls| calls.place.as_mut())
                {
                    place.set("order.broker_id", &taken.broker_order_id);
                    place.set("order.status", "ACCEPTED");
                }
                self.call_over(envelope.at, id, (VenueCall::Submit, Some(TAKEN)), None);
                id
            }
            VenueEvent::CallFailed(failed) => {
                self.call_failed(envelope, failed);
                return;
            }
            VenueEvent::Account(account) => {
                self.buying_power = Some(account.buying_power);
                return;
            }
            VenueEvent::Rejected(rejected) => &rejected.client_order_id,
            VenueEvent::Filled(filled) => &filled.fill.client_order_id,
            VenueEvent::Cancelled(done) | VenueEvent::Expired(done) => &done.client_order_id,
            VenueEvent::Replaced(replaced) => &replaced.client_order_id,
            VenueEvent::CancelRefused(refused) | VenueEvent::ReplaceRefused(refused) => {
                &refused.client_order_id
            }
            VenueEvent::NotFound(missing) => &missing.client_order_id,
            VenueEvent::SplitApplied(_) | VenueEvent::Orders(_) => return,
            VenueEvent::Raced(raced) => &raced.client_order_id,
        };
        self.trade_now = self.orders.get(id).map(|calls| calls.trade_id.clone());
    }

    /// A call broke off. Whether the order is there is not said by that.
    fn call_failed(&mut self, envelope: &Envelope, failed: &CallFailed) {
        let kind = if failed.definitely_not_sent { "NotSent" } else { "OutcomeUnknown" };
        let failure = Failure::new(kind, &failed.detail);
        if let Some(id) = &failed.client_order_id
            && let Some(calls) = self.orders.get(id)
        {
            self.trade_now = Some(calls.trade_id.clone());
            self.call_over(envelope.at, id, (failed.call, None), Some(failure));
            return;
        }
        let mut span = alone(format!("{}.read", self.venue.api), envelope);
        span.kind = Kind::Client;
        span.set("circuit_breaker.name", &failed.breaker);
        span.fail(failure);
        self.end(span, envelope.at);
    }
}

/// What an order asks for.
fn describe(span: &mut Span, request: &OrderRequest, purpose: OrderPurpose) {
    span.set("order.id", &request.client_order_id)
        .set("order.status", "SUBMITTED")
        .set("order.purpose", format!("{purpose:?}").to_lowercase())
        .set("order.symbol", request.symbol)
        .set("order.side", request.side)
        .set("order.quantity", request.qty)
        .set("order.type", request.kind.name());
    span.set_some("order.limit_price", request.kind.limit());
    span.set_some("order.stop_price", request.kind.stop());
}
