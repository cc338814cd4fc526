//! What the venue says, routed to the machines and said on.

use jiff::SignedDuration;

use crate::agents::order_execution::OrderExecutionAgent;
use crate::agents::order_execution::book::{OrderRow, Trust};
use crate::agents::order_execution::sending::cancel_later;
use crate::breakers::CallOutcome;
use crate::bus::Outbox;
use crate::domain::corporate_action::SplitRatio;
use crate::domain::ids::{ClientOrderId, TradeId};
use crate::domain::money::Money;
use crate::domain::order::{Fill, OrderKind, OrderPurpose, RejectReason};
use crate::domain::time::Timestamp;
use crate::events::{
    AcceptedLeg, CallFailed, GetOrderStatus, OrderCancelled, OrderEvent, OrderExpired, OrderFilled,
    OrderModified, OrderOutcomeUnknown, OrderRejected, OrderRequestRefused, OrderSubmitted,
    RequestEvent, SplitApplied, Timer, VenueAccepted, VenueCall, VenueDone, VenueEvent,
    VenueFilled, VenueRefused, VenueRejected, VenueReplaced,
};
use crate::fsm::order::{OrderInput, OrderState, Pending, Terms};

impl OrderExecutionAgent {
    pub(super) fn venue(&mut self, at: Timestamp, event: &VenueEvent, out: &mut Outbox) {
        self.hear_answer(at, event, out);
        match event {
            VenueEvent::Accepted(accepted) => self.accepted(accepted, out),
            VenueEvent::Rejected(rejected) => self.rejected(at, rejected, out),
            VenueEvent::Filled(filled) => self.filled(at, filled, out),
            VenueEvent::Cancelled(done) => self.cancelled(at, done, out),
            VenueEvent::Expired(done) => self.expired(done, out),
            VenueEvent::Replaced(replaced) => self.replaced(replaced, out),
            VenueEvent::CancelRefused(refused) => self.cancel_refused(at, refused, out),
            VenueEvent::ReplaceRefused(refused) => {
                self.step(&refused.client_order_id, &OrderInput::ReplaceRefused, out);
                let refused = self.refusal(refused);
                out.publish(OrderEvent::ModifyRejected(refused));
            }
            VenueEvent::CallFailed(failed) => self.call_failed(at, failed, out),
            VenueEvent::Orders(reported) => {
                for report in &reported.orders {
                    self.reported(at, report, out);
                }
                if reported.is_whole {
                    self.check_missing(at, &reported.orders, out);
                    self.list_external(&reported.orders, out);
                }
            }
            VenueEvent::SplitApplied(split) => {
                let SplitApplied { symbol, new_shares, old_shares, position, .. } = *split;
                self.book.split(symbol, SplitRatio { new_shares, old_shares }, position);
            }
            VenueEvent::NotFound(missing) => self.not_found(at, &missing.client_order_id, out),
            VenueEvent::Account(_) | VenueEvent::Raced(_) => {}
        }
    }

    /// An answer, whatever it says, shows that the venue works.
    fn hear_answer(&mut self, at: Timestamp, event: &VenueEvent, out: &mut Outbox) {
        let (id, asked, outcome) = match event {
            VenueEvent::Accepted(VenueAccepted { client_order_id: id, .. }) => {
                (id, VenueCall::Submit, CallOutcome::Success)
            }
            VenueEvent::Filled(filled) => {
                (&filled.fill.client_order_id, VenueCall::Submit, CallOutcome::Success)
            }
            VenueEvent::Rejected(VenueRejected { client_order_id: id, .. }) => {
                (id, VenueCall::Submit, CallOutcome::CallerError)
            }
            VenueEvent::Cancelled(VenueDone { client_order_id: id, .. })
            | VenueEvent::Expired(VenueDone { client_order_id: id, .. }) => {
                (id, VenueCall::Cancel, CallOutcome::Success)
            }
            VenueEvent::CancelRefused(VenueRefused { client_order_id: id, .. }) => {
                (id, VenueCall::Cancel, CallOutcome::CallerError)
            }
            VenueEvent::Replaced(VenueReplaced { client_order_id: id, .. }) => {
                (id, VenueCall::Replace, CallOutcome::Success)
            }
            VenueEvent::ReplaceRefused(VenueRefused { client_order_id: id, .. }) => {
                (id, VenueCall::Replace, CallOutcome::CallerError)
            }
            VenueEvent::CallFailed(_)
            | VenueEvent::NotFound(_)
            | VenueEvent::SplitApplied(_)
            | VenueEvent::Orders(_)
            | VenueEvent::Account(_)
            | VenueEvent::Raced(_) => return,
        };
        self.answered(at, id, asked, outcome, out);
    }

    pub(super) fn accepted(&mut self, accepted: &VenueAccepted, out: &mut Outbox) {
        let id = &accepted.client_order_id;
        self.is_found(id);
        if self.is_surprise(id, out) && !self.take_up(id, out) {
            return self.end_surprise(id, out);
        }
        if !self.step(id, &OrderInput::Accepted, out) {
            return;
        }
        let Some(row) = self.book.get(id).cloned() else { return };
        // Heard twice, from the answer and from the stream, or when the order has ended
        // already: then only legs are news that the first word did not bring.
        let is_news = row.broker_order_id.is_none() && !row.state.is_terminal();
        if is_news && let Some(row) = self.book.get_mut(id) {
            row.broker_order_id = Some(accepted.broker_order_id.clone());
        }
        // An entry's exits begin when it is filled, which may be heard first; those of an
        // exit end with it.
        let is_filled_entry =
            row.purpose == OrderPurpose::Entry && matches!(row.state, OrderState::Filled { .. });
        if !row.state.is_terminal() || is_filled_entry {
            for leg in &accepted.legs {
                if self.book.get(&leg.client_order_id).is_none() {
                    self.book.add(leg_row(&row, leg));
                }
            }
        }
        if is_news {
            out.publish(OrderEvent::Submitted(OrderSubmitted {
                client_order_id: id.clone(),
                broker_order_id: accepted.broker_order_id.clone(),
                trade_id: row.trade_id,
                purpose: row.purpose,
            }));
        }
    }

    fn rejected(&mut self, at: Timestamp, rejected: &VenueRejected, out: &mut Outbox) {
        let id = &rejected.client_order_id;
        if !self.step(id, &OrderInput::Refused { reason: rejected.reason }, out) {
            return;
        }
        let Some(row) = self.book.get(id).cloned() else { return };
        if row.state.may_execute() {
            return; // The first sending of the same id had arrived (F05).
        }
        // Refused because the market is closed: what was permitted then is asked
        // for anew at the open, under a new name.
        if !row.state.is_terminal() {
            self.step(id, &OrderInput::CancelRequested, out);
        }
        out.publish(OrderEvent::Rejected(OrderRejected {
            client_order_id: id.clone(),
            trade_id: row.trade_id.clone(),
            purpose: row.purpose,
            symbol: row.symbol,
            side: row.side,
            qty: row.state.terms().qty,
            reason: rejected.reason,
            message: rejected.message.clone(),
            estimated_cost: rejected.estimated_cost,
            buying_power: rejected.buying_power,
        }));
        self.end_of_exit(&row, out);
        self.make_room(at, &row, out);
    }

    fn filled(&mut self, at: Timestamp, filled: &VenueFilled, out: &mut Outbox) {
        let fill = &filled.fill;
        let id = &fill.client_order_id;
        let Some(before) = self.book.get(id).cloned() else {
            return self.filled_unknown(filled, out);
        };
        if (before.symbol, before.side) != (fill.symbol, fill.side) {
            self.mistaken(id, &format!("{} {}", fill.side, fill.symbol), out);
            return self.filled_unknown(filled, out);
        }
        // Its shares are counted late; what is left of it is ended or taken up when the
        // venue shows it.
        self.is_surprise(id, out);
        if !self.step(id, &OrderInput::Fill(fill.clone()), out) {
            return self.filled_unknown(filled, out);
        }
        let Some(row) = self.book.get(id).cloned() else { return };
        let added = row.state.filled().saturating_sub(before.state.filled());
        if added.is_zero() {
            return; // The same execution, heard twice.
        }
        self.count(at, &row, (Fill { qty: added, ..fill.clone() }, filled.fee), out);
        // The broker has filled more than was told: those shares would be protected and
        // closed although they are gone. The order is asked after at once (F08, F10).
        if row.state.fills().is_some_and(|fills| !fills.missing().is_zero()) {
            let client_order_id = id.clone();
            out.publish(RequestEvent::GetOrderStatus(GetOrderStatus { client_order_id }));
        }
    }

    /// Takes shares that an order was filled into the position, and says so.
    pub(super) fn count(
        &mut self,
        at: Timestamp,
        row: &OrderRow,
        (fill, fee): (Fill, Money),
        out: &mut Outbox,
    ) {
        let id = &row.client_order_id;
        self.book.apply(fill.symbol, fill.side, fill.qty, fill.price);
        self.book.count_for_trade(row, fill.qty);
        let counted = OrderFilled {
            trade_id: row.trade_id.clone(),
            purpose: row.purpose,
            kind: row.kind(),
            ordered: row.state.terms().qty,
            average_price: row.state.average_price().unwrap_or(fill.price),
            fee,
            fill,
        };
        if row.state.remaining().is_zero() {
            out.publish(OrderEvent::Filled(counted));
            self.end_of_exit(row, out);
        } else {
            out.publish(OrderEvent::PartiallyFilled(counted));
            let seconds = i64::from(self.config.partial_fill_seconds);
            if row.purpose == OrderPurpose::Entry && seconds > 0 {
                out.wake_at(
                    at.plus(SignedDuration::from_secs(seconds)),
                    Timer::EntryAge(id.clone()),
                );
            }
        }
    }

    /// The venue filled something that we did not order, or could not have: it is
    /// real, so it is said and counted, without a trade.
    fn filled_unknown(&mut self, filled: &VenueFilled, out: &mut Outbox) {
        let fill = &filled.fill;
        if !self.book.is_new_foreign(&fill.execution_id) {
            return; // The same execution, heard twice (F07).
        }
        tracing::error!(order = %fill.client_order_id, execution = %fill.execution_id, "a fill that no order of ours explains");
        self.book.apply(fill.symbol, fill.side, fill.qty, fill.price);
        out.publish(OrderEvent::Filled(OrderFilled {
            fill: fill.clone(),
            trade_id: None,
            purpose: OrderPurpose::Entry,
            kind: OrderKind::Market,
            ordered: fill.cumulative,
            average_price: fill.price,
            fee: filled.fee,
        }));
    }

    pub(super) fn cancelled(&mut self, at: Timestamp, done: &VenueDone, out: &mut Outbox) {
        let id = &done.client_order_id;
        let Some(before) = self.book.get(id).cloned() else { return };
        if before.state.is_terminal() || !self.step(id, &OrderInput::Cancelled, out) {
            return;
        }
        let asked = matches!(before.state.pending(), Pending::Cancel);
        out.publish(OrderEvent::Cancelled(OrderCancelled {
            client_order_id: id.clone(),
            trade_id: before.trade_id.clone(),
            purpose: before.purpose,
            symbol: before.symbol,
            filled: done.filled,
            unasked: !asked,
        }));
        self.end_of_exit(&before, out);
        self.make_room(at, &before, out);
    }

    pub(super) fn expired(&mut self, done: &VenueDone, out: &mut Outbox) {
        let id = &done.client_order_id;
        let Some(before) = self.book.get(id).cloned() else { return };
        if before.state.is_terminal() || !self.step(id, &OrderInput::Expired, out) {
            return;
        }
        out.publish(OrderEvent::Expired(OrderExpired {
            client_order_id: id.clone(),
            trade_id: before.trade_id.clone(),
            purpose: before.purpose,
            symbol: before.symbol,
            filled: done.filled,
        }));
        self.end_of_exit(&before, out);
    }

    fn replaced(&mut self, replaced: &VenueReplaced, out: &mut Outbox) {
        let id = &replaced.client_order_id;
        let Some(row) = self.book.get(id) else { return };
        let kind = match (row.kind(), replaced.stop, replaced.limit) {
            (OrderKind::StopLimit { .. }, Some(stop), Some(limit)) => {
                OrderKind::StopLimit { stop, limit }
            }
            (OrderKind::Stop { .. }, Some(stop), _) => OrderKind::Stop { stop },
            (OrderKind::Limit { .. }, _, Some(limit)) => OrderKind::Limit { limit },
            (kind, _, _) => kind,
        };
        let terms = Terms { qty: replaced.qty, kind };
        let trade_id = row.trade_id.clone();
        if !self.step(id, &OrderInput::Replaced { terms }, out) {
            return;
        }
        if let Some(row) = self.book.get_mut(id) {
            row.broker_order_id = Some(replaced.broker_order_id.clone());
        }
        self.book.rename(id, &replaced.new_client_order_id);
        out.publish(OrderEvent::Modified(OrderModified {
            client_order_id: id.clone(),
            new_client_order_id: replaced.new_client_order_id.clone(),
            trade_id,
            qty: replaced.qty,
            stop: replaced.stop,
            limit: replaced.limit,
        }));
    }

    pub(super) fn refusal(&self, refused: &VenueRefused) -> OrderRequestRefused {
        OrderRequestRefused {
            client_order_id: refused.client_order_id.clone(),
            trade_id: self.trade_of(&refused.client_order_id),
            reason: refused.reason,
            message: refused.message.clone(),
        }
    }

    pub(super) fn trade_of(&self, id: &ClientOrderId) -> Option<TradeId> {
        self.book.get(id).and_then(|row| row.trade_id.clone())
    }

    /// A call that failed: certainly not sent, or unknown. Unknown is never taken
    /// for rejected.
    fn call_failed(&mut self, at: Timestamp, failed: &CallFailed, out: &mut Outbox) {
        let Some(id) = &failed.client_order_id else { return };
        let outcome =
            if failed.counts { CallOutcome::ConnectFailed } else { CallOutcome::CallerError };
        self.answered(at, id, failed.call, outcome, out);
        match failed.call {
            VenueCall::Submit => self.submit_failed(at, id, failed, out),
            VenueCall::Cancel => self.cancel_failed(at, id, failed, out),
            VenueCall::Replace => self.replace_failed(id, failed, out),
            VenueCall::Read => {}
        }
    }

    pub(super) fn submit_failed(
        &mut self,
        at: Timestamp,
        id: &ClientOrderId,
        failed: &CallFailed,
        out: &mut Outbox,
    ) {
        if failed.definitely_not_sent {
            if !self.step(id, &OrderInput::NotReceived, out) {
                return;
            }
            let Some(row) = self.book.get(id).cloned() else { return };
            out.publish(OrderEvent::Rejected(OrderRejected {
                client_order_id: id.clone(),
                trade_id: row.trade_id.clone(),
                purpose: row.purpose,
                symbol: row.symbol,
                side: row.side,
                qty: row.state.terms().qty,
                reason: RejectReason::Other,
                message: format!("not sent: {}", failed.detail),
                estimated_cost: None,
                buying_power: None,
            }));
            if !row.state.is_terminal() {
                self.step(id, &OrderInput::CancelRequested, out);
            }
            self.doubt_arrival(id);
            self.end_of_exit(&row, out);
            self.make_room(at, &row, out);
            return;
        }
        if self.step(id, &OrderInput::OutcomeUnknown, out) {
            out.publish(OrderEvent::OutcomeUnknown(OrderOutcomeUnknown {
                client_order_id: id.clone(),
                trade_id: self.trade_of(id),
                detail: failed.detail.clone(),
                sent_at: at,
            }));
            if self.book.get(id).is_some_and(|row| matches!(row.state, OrderState::Unknown { .. }))
            {
                self.begin_asking(at, id, out);
            }
        }
    }

    /// Cancelling is harmless to repeat, so it is asked for again whether it
    /// arrived or not.
    fn cancel_failed(
        &mut self,
        at: Timestamp,
        id: &ClientOrderId,
        failed: &CallFailed,
        out: &mut Outbox,
    ) {
        self.step(id, &OrderInput::CancelRefused, out);
        let Some(row) = self.book.get(id).filter(|row| !row.state.is_terminal()) else { return };
        let whose = (row.trade_id.clone(), row.purpose);
        cancel_later(at, id, whose, failed.detail.clone(), out);
    }

    /// A replacement that may have arrived stays pending until the venue says so.
    fn replace_failed(&mut self, id: &ClientOrderId, failed: &CallFailed, out: &mut Outbox) {
        if failed.definitely_not_sent {
            self.step(id, &OrderInput::ReplaceRefused, out);
            out.publish(OrderEvent::ModifyRejected(OrderRequestRefused {
                client_order_id: id.clone(),
                trade_id: self.trade_of(id),
                reason: RejectReason::Other,
                message: failed.detail.clone(),
            }));
        }
    }

    /// A protective order that is not there any more has made room for an exit.
    fn make_room(&mut self, at: Timestamp, row: &OrderRow, out: &mut Outbox) {
        if row.purpose == OrderPurpose::Protection
            && let Some(trade_id) = &row.trade_id
        {
            self.go_on(at, trade_id, out);
        }
    }

    /// An exit order that has ended leaves its closing to be begun anew.
    pub(super) fn end_of_exit(&mut self, row: &OrderRow, out: &mut Outbox) {
        if row.purpose == OrderPurpose::Exit
            && let Some(trade_id) = &row.trade_id
        {
            self.end_closing(trade_id, out);
        }
    }
}

/// The machine of an attached exit, accepted together with its parent.
fn leg_row(parent: &OrderRow, leg: &AcceptedLeg) -> OrderRow {
    let kind = match (leg.stop, leg.limit) {
        (Some(stop), Some(limit)) => OrderKind::StopLimit { stop, limit },
        (Some(stop), None) => OrderKind::Stop { stop },
        (None, Some(limit)) => OrderKind::Limit { limit },
        (None, None) => OrderKind::Market,
    };
    let terms = Terms { qty: parent.state.terms().qty, kind };
    OrderRow {
        client_order_id: leg.client_order_id.clone(),
        broker_order_id: Some(leg.broker_order_id.clone()),
        trade_id: parent.trade_id.clone(),
        purpose: OrderPurpose::Protection,
        symbol: parent.symbol,
        side: leg.side,
        state: OrderState::Accepted { terms, pending: Pending::Nothing },
        parent: Some(parent.client_order_id.clone()),
        trust: Trust::Plain,
    }
}
