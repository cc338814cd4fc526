//! From permission to request: entries, protection, moving a stop, cancelling.

use jiff::SignedDuration;

use crate::agents::order_execution::book::{OrderRow, Trust};
use crate::agents::order_execution::{OrderExecutionAgent, is_entry};
use crate::breakers::{CallOutcome, Lane};
use crate::bus::Outbox;
use crate::domain::ids::{ClientOrderId, TradeId};
use crate::domain::money::Price;
use crate::domain::order::{
    OrderClass, OrderKind, OrderPurpose, RejectReason, Side, StopLeg, TimeInForce,
};
use crate::domain::time::Timestamp;
use crate::events::{
    OrderCancel, OrderEvent, OrderModify, OrderRejected, OrderRequestRefused, OrderStateChanged,
    OrderSubmit, SetStop, Timer, UpdateStop, VenueCall, VenueRefused,
};
use crate::fsm::order::{OrderInput, OrderState, Terms};
use crate::risk::{
    ApprovedOrder, Denial, PermittedOrder, ReductionIntent, ReductionQuestion, assess_reduction,
};

/// A cancel that could not leave is tried again after this long.
const CANCEL_AGAIN: SignedDuration = SignedDuration::from_secs(1);
/// The cancel of an entry that the venue has refused is asked for again after this
/// long: it works on, or its end is about to be told.
const CANCEL_REFUSED_AGAIN: SignedDuration = SignedDuration::from_secs(5);

impl OrderExecutionAgent {
    /// Sends an approved entry.
    pub(super) fn enter(&mut self, at: Timestamp, approved: &ApprovedOrder, out: &mut Outbox) {
        let id = self.name_order();
        if self.entries_barred {
            refuse(approved, &id, "the gate for entries is closed", out);
            return;
        }
        let permitted = approved.permit(id.clone(), at).map_err(|error| error.to_string());
        match permitted.and_then(|permitted| self.admit(at, &id, out).map(|()| permitted)) {
            Ok(permitted) => self.send(at, permitted, out),
            Err(message) => refuse(approved, &id, &message, out),
        }
    }

    /// Sends a stop, or a stop and a target as one OCO.
    pub(super) fn protect(&mut self, at: Timestamp, wanted: &SetStop, out: &mut Outbox) {
        let (kind, class) = match wanted.target {
            Some(limit) => (
                OrderKind::Limit { limit },
                OrderClass::Oco { stop: StopLeg { stop: wanted.stop, limit: None } },
            ),
            None => (OrderKind::Stop { stop: wanted.stop }, OrderClass::Simple),
        };
        let view = self.book.reduction_view(wanted.symbol);
        let closable = view.closable();
        // Asked again while the answer is on its way: everything is spoken for.
        if closable.is_zero() && !view.open_exits.is_zero() {
            return;
        }
        let intent = ReductionIntent {
            trade_id: wanted.trade_id.clone(),
            symbol: wanted.symbol,
            purpose: OrderPurpose::Protection,
            // What is protected already stays so; only the rest needs a stop.
            qty: wanted.qty.min(closable),
            kind,
            time_in_force: TimeInForce::Gtc,
            class,
            extended_hours: false,
            at,
        };
        self.reduce(at, &intent, wanted.direction.exit_side(), None, out);
    }

    /// Judges an exit or a protection and sends it, under the name of its draft where
    /// there is one. True when it was sent.
    pub(super) fn reduce(
        &mut self,
        at: Timestamp,
        intent: &ReductionIntent,
        side: Side,
        draft: Option<ClientOrderId>,
        out: &mut Outbox,
    ) -> bool {
        let id = draft.unwrap_or_else(|| self.name_order());
        let view = self.book.reduction_view(intent.symbol);
        let question = ReductionQuestion { intent, limits: &self.limits, view: &view };
        let permitted = assess_reduction(&question)
            .map_err(|denial: Box<Denial>| denial.explanation)
            .and_then(|approved| approved.permit(id.clone(), at).map_err(|e| e.to_string()))
            .and_then(|permitted| {
                self.admit_reduction(at, &id, VenueCall::Submit, Lane::Protective, out)?;
                Ok(permitted)
            });
        match permitted {
            Ok(permitted) => {
                self.send(at, permitted, out);
                true
            }
            Err(message) => {
                out.publish(OrderEvent::Rejected(OrderRejected {
                    client_order_id: id,
                    trade_id: Some(intent.trade_id.clone()),
                    purpose: intent.purpose,
                    symbol: intent.symbol,
                    side,
                    qty: intent.qty,
                    reason: RejectReason::Other,
                    message,
                    estimated_cost: None,
                    buying_power: None,
                }));
                false
            }
        }
    }

    /// The one place from which orders leave.
    fn send(&mut self, at: Timestamp, order: PermittedOrder, out: &mut Outbox) {
        let request = order.request();
        let id = request.client_order_id.clone();
        let terms = Terms { qty: request.qty, kind: request.kind };
        self.book.add(OrderRow {
            client_order_id: id.clone(),
            broker_order_id: None,
            trade_id: Some(order.trade_id().clone()),
            purpose: order.purpose(),
            symbol: request.symbol,
            side: request.side,
            state: OrderState::Draft { terms },
            parent: None,
            trust: Trust::Plain,
        });
        let has_limit = request.kind.limit().is_some();
        let (age, timer) = match order.purpose() {
            OrderPurpose::Entry => (self.config.entry_age_seconds, Timer::EntryAge(id.clone())),
            OrderPurpose::Exit if has_limit => {
                (self.config.exit_age_seconds, Timer::ExitAge(id.clone()))
            }
            OrderPurpose::Exit | OrderPurpose::Protection => (0, Timer::Session),
        };
        self.step(&id, &OrderInput::Submit, out);
        out.publish(OrderEvent::Submit(OrderSubmit { order }));
        self.expect_answer(at, &id, out);
        if age > 0 {
            out.wake_at(at.plus(SignedDuration::from_secs(age.into())), timer);
        }
    }

    /// Moves the stop of a trade by replacing the order that holds it.
    pub(super) fn move_stop(&mut self, at: Timestamp, wanted: &UpdateStop, out: &mut Outbox) {
        let Some(row) = self.book.stop_of(wanted.symbol, &wanted.trade_id) else {
            return refuse_move(&wanted.trade_id, "no stop rests that could be moved", out);
        };
        let (id, qty) = (row.client_order_id.clone(), row.state.terms().qty);
        let kind = match row.kind() {
            OrderKind::StopLimit { limit, .. } => OrderKind::StopLimit { stop: wanted.stop, limit },
            OrderKind::Market
            | OrderKind::Limit { .. }
            | OrderKind::Stop { .. }
            | OrderKind::TrailingStop { .. } => OrderKind::Stop { stop: wanted.stop },
        };
        let asks = OrderInput::ReplaceRequested { terms: Terms { qty, kind } };
        let may_leave = self.admit_reduction(at, &id, VenueCall::Replace, Lane::Protective, out);
        if let Err(message) = may_leave {
            return refuse_move(&wanted.trade_id, &message, out);
        }
        if !self.step(&id, &asks, out) {
            self.answered(at, &id, VenueCall::Replace, CallOutcome::CancelledByUs, out);
            return;
        }
        let new_client_order_id = self.name_order();
        out.publish(OrderEvent::Modify(OrderModify {
            client_order_id: id,
            new_client_order_id,
            trade_id: Some(wanted.trade_id.clone()),
            qty,
            limit: kind.limit(),
            stop: Some(wanted.stop),
        }));
    }

    /// Asks the venue to cancel an order; once, and only while it may execute.
    pub(super) fn cancel(
        &mut self,
        at: Timestamp,
        id: &ClientOrderId,
        reason: &str,
        lane: Lane,
        out: &mut Outbox,
    ) {
        let Some(row) = self.book.get(id) else {
            return out.publish(OrderEvent::CancelRejected(OrderRequestRefused {
                client_order_id: id.clone(),
                trade_id: None,
                reason: RejectReason::NotWorking,
                message: "no such order".into(),
            }));
        };
        if row.state.is_terminal() || row.is_cancelling() {
            return;
        }
        let (trade_id, purpose) = (row.trade_id.clone(), row.purpose);
        if let Err(message) = self.admit_reduction(at, id, VenueCall::Cancel, lane, out) {
            return cancel_later(at, id, (trade_id, purpose), message, out);
        }
        if self.step(id, &OrderInput::CancelRequested, out) {
            let reason = reason.to_owned();
            let client_order_id = id.clone();
            out.publish(OrderEvent::Cancel(OrderCancel { client_order_id, trade_id, reason }));
        }
    }

    /// A refused cancel says that the order is done already, or still works; what
    /// became of it comes as its own report. What still works is cancelled yet.
    pub(super) fn cancel_refused(
        &mut self,
        at: Timestamp,
        refused: &VenueRefused,
        out: &mut Outbox,
    ) {
        let id = &refused.client_order_id;
        self.step(id, &OrderInput::CancelRefused, out);
        out.publish(OrderEvent::CancelRejected(self.refusal(refused)));
        let Some(row) = self.book.get(id).filter(|row| !row.state.is_terminal()) else { return };
        match (row.purpose, row.trade_id.clone()) {
            (OrderPurpose::Entry, _) => {
                out.wake_at(at.plus(CANCEL_REFUSED_AGAIN), Timer::EntryAge(id.clone()));
            }
            (OrderPurpose::Exit | OrderPurpose::Protection, Some(trade_id)) => {
                out.wake_at(at.plus(CANCEL_AGAIN), Timer::Protection(trade_id));
            }
            (OrderPurpose::Exit | OrderPurpose::Protection, None) => {}
        }
    }

    /// Moves a machine and says so when its state's name changed. False when the
    /// table has no such row: the state stays, the refusal is logged.
    pub(super) fn step(
        &mut self,
        id: &ClientOrderId,
        input: &OrderInput,
        out: &mut Outbox,
    ) -> bool {
        let Some(row) = self.book.get_mut(id) else { return false };
        let next = match row.state.next(input) {
            Ok(next) => next,
            Err(error) => {
                let trade = row.trade_id.as_ref().map(tracing::field::display);
                tracing::warn!(order = %id, trade, %error, "illegal order input");
                return false;
            }
        };
        let before = std::mem::replace(&mut row.state, next);
        let after = &row.state;
        if before.name() != after.name() || before.filled() != after.filled() {
            out.publish(OrderEvent::StateChanged(OrderStateChanged {
                client_order_id: id.clone(),
                trade_id: row.trade_id.clone(),
                purpose: row.purpose,
                symbol: row.symbol,
                side: row.side,
                from: before.name().to_owned(),
                to: after.name().to_owned(),
                filled: after.filled(),
                qty: after.terms().qty,
                average_price: after.average_price(),
            }));
        }
        if after.is_terminal() {
            self.book.retire(id);
        }
        true
    }
}

/// A cancel that could not leave is said, and tried again soon.
pub(super) fn cancel_later(
    at: Timestamp,
    id: &ClientOrderId,
    (trade_id, purpose): (Option<TradeId>, OrderPurpose),
    message: String,
    out: &mut Outbox,
) {
    out.publish(OrderEvent::CancelRejected(OrderRequestRefused {
        client_order_id: id.clone(),
        trade_id: trade_id.clone(),
        reason: RejectReason::Other,
        message,
    }));
    let timer = match (purpose, trade_id) {
        (OrderPurpose::Entry, _) => Timer::EntryAge(id.clone()),
        (OrderPurpose::Protection, Some(trade_id)) => Timer::Protection(trade_id),
        (OrderPurpose::Exit | OrderPurpose::Protection, _) => Timer::ExitAge(id.clone()),
    };
    out.wake_at(at.plus(CANCEL_AGAIN), timer);
}

/// What a limit exit asks for: the level, on the venue's increment.
pub(super) const fn exit_kind(level: Option<Price>) -> OrderKind {
    match level {
        Some(limit) => OrderKind::Limit { limit },
        None => OrderKind::Market,
    }
}

fn refuse(approved: &ApprovedOrder, id: &ClientOrderId, message: &str, out: &mut Outbox) {
    debug_assert!(is_entry(approved.purpose()), "only entries come by approval");
    out.publish(OrderEvent::Rejected(OrderRejected {
        client_order_id: id.clone(),
        trade_id: Some(approved.trade_id().clone()),
        purpose: approved.purpose(),
        symbol: approved.symbol(),
        side: approved.side(),
        qty: approved.qty(),
        reason: RejectReason::Other,
        message: message.to_owned(),
        estimated_cost: Some(approved.cost()),
        buying_power: None,
    }));
}

fn refuse_move(trade_id: &TradeId, message: &str, out: &mut Outbox) {
    out.publish(OrderEvent::ModifyRejected(OrderRequestRefused {
        client_order_id: ClientOrderId::new("none"),
        trade_id: Some(trade_id.clone()),
        reason: RejectReason::NotWorking,
        message: message.to_owned(),
    }));
}
