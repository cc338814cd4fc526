//! Keeping shares from being naked.
//!
//! A position has a stop at the venue, never only here. A stop that cannot be
//! placed or has gone is placed again; when that does not help in time, the
//! position is left.

use jiff::SignedDuration;

use crate::agents::position_management::PositionManagementAgent;
use crate::bus::Outbox;
use crate::domain::ids::{ClientOrderId, TradeId};
use crate::domain::money::Price;
use crate::domain::time::Timestamp;
use crate::events::{
    Alert, ExitSignal, ExitStyle, PositionEvent, SetStop, Severity, SignalEvent, StopSet,
    SystemEvent, Timer,
};
use crate::fsm::trade::{ExitReason, TradeInput, TradeState};

/// An exit that was asked for and has not happened is asked for again after this
/// long: it may be waiting for the market to open.
const ASK_AGAIN: SignedDuration = SignedDuration::from_mins(1);

impl PositionManagementAgent {
    /// Asks for the protection of everything that a trade holds.
    pub(super) fn protect(&mut self, at: Timestamp, trade_id: &TradeId, out: &mut Outbox) {
        let Some(trade) = self.trades.get_mut(trade_id) else { return };
        if trade.plan.is_none() || trade.held().is_zero() {
            return;
        }
        let since = trade.bare.map_or(at, |bare| bare.since.min(at));
        let since = *trade.naked_since.get_or_insert(since);
        // What is protected while it waits for its exit is in no hurry.
        let next = if trade.exits_asked > 1 {
            at.plus(ASK_AGAIN)
        } else {
            let again = SignedDuration::from_secs(self.config.protect_again_seconds.into());
            self.no_later_than_exit(at.plus(again), at, since)
        };
        self.ask_for_stop(trade_id, out);
        self.look_again(next, trade_id, out);
    }

    /// Asks the execution agent for an exit of everything that has none.
    pub(super) fn ask_for_stop(&self, trade_id: &TradeId, out: &mut Outbox) {
        let Some(trade) = self.trades.get(trade_id) else { return };
        let Some(plan) = trade.plan else { return };
        let target = match self.config.exit_style {
            ExitStyle::NativeOco => Some(plan.target),
            ExitStyle::Managed => None,
        };
        out.publish(PositionEvent::SetStop(SetStop {
            trade_id: trade_id.clone(),
            symbol: trade.symbol,
            direction: trade.direction,
            qty: trade.held(),
            stop: plan.stop,
            target,
        }));
    }

    /// Sets the one timer of a trade's protection; a later look gives way to it.
    pub(super) fn look_again(&mut self, when: Timestamp, trade_id: &TradeId, out: &mut Outbox) {
        let Some(trade) = self.trades.get_mut(trade_id) else { return };
        trade.next_look = Some(when);
        out.wake_at(when, Timer::Protection(trade_id.clone()));
    }

    /// A stop rests: the first one, or one that was moved.
    pub(super) fn protection_rests(
        &mut self,
        at: Timestamp,
        trade_id: &TradeId,
        (id, moved_to): (&ClientOrderId, Option<Price>),
        out: &mut Outbox,
    ) {
        let Some(trade) = self.trades.get_mut(trade_id) else {
            return self.stray_rests(trade_id, id, out);
        };
        let Some(plan) = trade.plan.as_mut() else { return };
        if let Some(stop) = moved_to {
            plan.stop = stop;
        }
        let stop_price = plan.stop;
        if !trade.stop_orders.contains(id) {
            trade.stop_orders.push(id.clone());
        }
        out.publish(PositionEvent::StopSet(StopSet {
            trade_id: trade_id.clone(),
            symbol: trade.symbol,
            client_order_id: id.clone(),
            quantity: trade.held(),
            stop_price,
        }));
        self.end_spell(at, trade_id, out);
        self.step(trade_id, TradeInput::StopSet, out);
    }

    /// A stop was refused. The timer set with the request tries again or gives up;
    /// where that was in no hurry, it is now.
    pub(super) fn protection_failed(
        &mut self,
        at: Timestamp,
        trade_id: &TradeId,
        out: &mut Outbox,
    ) {
        let again = SignedDuration::from_secs(self.config.protect_again_seconds.into());
        let Some(trade) = self.trades.get_mut(trade_id) else { return };
        trade.naked_since.get_or_insert(at);
        if trade.next_look.is_none_or(|look| look > at.plus(again)) {
            self.look_again(at.plus(again), trade_id, out);
        }
    }

    /// A protective order is gone. One that was cancelled to make room for an exit
    /// is not missed; any other is placed again at once, also one that the operator
    /// cancelled: shares are closed by flatten, never left naked.
    pub(super) fn protection_gone(
        &mut self,
        at: Timestamp,
        trade_id: &TradeId,
        id: &ClientOrderId,
        unasked: bool,
        out: &mut Outbox,
    ) {
        let Some(trade) = self.trades.get_mut(trade_id) else {
            return self.stray_bare(at, trade_id, id, unasked, out);
        };
        // Legs of one group go together; the parent's name stands for them all.
        let Some(place) = trade.stop_orders.iter().position(|resting| resting == id) else {
            return;
        };
        trade.stop_orders.remove(place);
        let is_missed = match trade.state {
            // The shares are on their way out, the exit order holds them.
            TradeState::OrderClosing { .. } => false,
            // Room was made for an exit, unless nobody asked for it.
            TradeState::ExitTriggered { .. } => unasked,
            TradeState::Scanning
            | TradeState::SetupDetected
            | TradeState::EntryApproved
            | TradeState::OrderPlaced
            | TradeState::Filled
            | TradeState::Holding
            | TradeState::Closed { .. }
            | TradeState::Aborted { .. } => true,
        };
        if is_missed && !trade.held().is_zero() {
            self.protect(at, trade_id, out);
        }
    }

    /// An exit order ended without closing: protect what is left, then try again.
    pub(super) fn exit_died(&mut self, at: Timestamp, trade_id: &TradeId, out: &mut Outbox) {
        let Some(trade) = self.trades.get(trade_id) else {
            return self.stray_stays(at, trade_id, out);
        };
        if matches!(trade.state, TradeState::OrderClosing { .. }) {
            self.step(trade_id, TradeInput::ExitDied, out);
        }
        self.protect(at, trade_id, out);
    }

    /// The timer of a protection: is there a stop by now?
    pub(super) fn look_at_protection(
        &mut self,
        at: Timestamp,
        trade_id: &TradeId,
        out: &mut Outbox,
    ) {
        let Some(trade) = self.trades.get_mut(trade_id) else {
            return self.look_at_stray(at, trade_id, out);
        };
        if trade.next_look.is_none_or(|look| at < look) {
            return;
        }
        trade.next_look = None;
        if let TradeState::ExitTriggered { reason } = trade.state {
            return self.ask_for_exit(at, trade_id, reason, out);
        }
        let Some(since) = trade.bare_since() else { return };
        if trade.held().is_zero() || !trade.state.holds_shares() {
            return;
        }
        let (naked, is_own) = (at.since(since), trade.naked_since.is_some());
        let limit = SignedDuration::from_secs(self.config.naked_seconds_max.into());
        self.alarm_when_due(at, trade_id, out);
        if naked < limit {
            return if is_own {
                self.protect(at, trade_id, out);
            } else {
                self.look_into(at, trade_id, out);
            };
        }
        let Some(trade) = self.trades.get_mut(trade_id) else { return };
        let text =
            format!("{} has had no stop for {} s and is left", trade.symbol, naked.as_secs());
        out.publish(SystemEvent::Alert(Alert { severity: Severity::Critical, text }));
        if matches!(trade.state, TradeState::Filled | TradeState::Holding) {
            let reason = ExitReason::StopNotPlaced;
            self.step(trade_id, TradeInput::ExitTriggered { reason }, out);
            self.ask_for_exit(at, trade_id, reason, out);
        }
    }

    /// Asks the execution agent to leave; asks again until it has happened.
    pub(super) fn ask_for_exit(
        &mut self,
        at: Timestamp,
        trade_id: &TradeId,
        reason: ExitReason,
        out: &mut Outbox,
    ) {
        let Some(trade) = self.trades.get_mut(trade_id) else { return };
        trade.exits_asked = trade.exits_asked.saturating_add(1);
        let mark = self.book.last_mark(trade.symbol).or_else(|| trade.entry_price());
        let Some(price) = mark else { return };
        out.publish(SignalEvent::Exit(ExitSignal {
            trade_id: trade_id.clone(),
            symbol: trade.symbol,
            reason,
            price,
        }));
        self.look_again(at.plus(ASK_AGAIN), trade_id, out);
    }
}
