//! What executions and ends of orders do to trades and positions.

use jiff::SignedDuration;

use crate::agents::position_management::guard::Bare;
use crate::agents::position_management::trades::Trade;
use crate::agents::position_management::{PositionManagementAgent, concerns};
use crate::bus::Outbox;
use crate::domain::corporate_action::SplitRatio;
use crate::domain::ids::{ClientOrderId, TradeId};
use crate::domain::money::{Price, Qty};
use crate::domain::order::OrderPurpose;
use crate::domain::position::Direction;
use crate::domain::time::Timestamp;
use crate::events::{
    LevelHit, OrderEvent, OrderFilled, PositionClosed, PositionEvent, PositionOpened,
    PositionSplit, SplitApplied,
};
use crate::fsm::trade::{AbortReason, ExitReason, TradeInput, TradeState};

impl PositionManagementAgent {
    pub(super) fn order(&mut self, at: Timestamp, event: &OrderEvent, out: &mut Outbox) {
        if !concerns(event) {
            return;
        }
        match event {
            OrderEvent::Submit(submit) => {
                let input = match submit.order.purpose() {
                    OrderPurpose::Entry => TradeInput::EntrySubmitted,
                    OrderPurpose::Exit => TradeInput::ExitSubmitted,
                    OrderPurpose::Protection => return,
                };
                if input == TradeInput::ExitSubmitted {
                    self.exit_is_under_way(&submit.order.request().client_order_id, true);
                }
                self.step(submit.order.trade_id(), input, out);
            }
            OrderEvent::Filled(filled) => {
                self.exit_is_under_way(&filled.fill.client_order_id, false);
                self.filled(at, filled, true, out);
            }
            OrderEvent::PartiallyFilled(filled) => self.filled(at, filled, false, out),
            OrderEvent::Rejected(done) => {
                self.exit_is_under_way(&done.client_order_id, false);
                let Some(trade_id) = &done.trade_id else { return };
                match done.purpose {
                    OrderPurpose::Entry => {
                        self.entry_ended(at, trade_id, AbortReason::OrderRejected, out);
                    }
                    OrderPurpose::Protection => self.protection_failed(at, trade_id, out),
                    OrderPurpose::Exit => self.exit_died(at, trade_id, out),
                }
            }
            OrderEvent::Cancelled(done) => {
                let ended = (done.purpose, &done.client_order_id, AbortReason::OrderCancelled);
                self.ended(at, done.trade_id.as_ref(), ended, done.unasked, out);
            }
            OrderEvent::Expired(done) => {
                let ended = (done.purpose, &done.client_order_id, AbortReason::OrderExpired);
                self.ended(at, done.trade_id.as_ref(), ended, true, out);
            }
            OrderEvent::Submitted(submitted) if submitted.purpose == OrderPurpose::Protection => {
                if let Some(trade_id) = &submitted.trade_id {
                    self.protection_rests(at, trade_id, (&submitted.client_order_id, None), out);
                }
            }
            OrderEvent::Modified(modified) => {
                if let (Some(trade_id), Some(stop)) = (&modified.trade_id, modified.stop) {
                    let id = &modified.new_client_order_id;
                    self.protection_rests(at, trade_id, (id, Some(stop)), out);
                }
            }
            OrderEvent::Submitted(_)
            | OrderEvent::Cancel(_)
            | OrderEvent::Modify(_)
            | OrderEvent::CancelRejected(_)
            | OrderEvent::ModifyRejected(_)
            | OrderEvent::OutcomeUnknown(_)
            | OrderEvent::StatusReported(_)
            | OrderEvent::External(_)
            | OrderEvent::StateChanged(_) => {}
        }
    }

    /// An order ended without filling completely.
    fn ended(
        &mut self,
        at: Timestamp,
        trade_id: Option<&TradeId>,
        (purpose, id, why): (OrderPurpose, &ClientOrderId, AbortReason),
        unasked: bool,
        out: &mut Outbox,
    ) {
        self.exit_is_under_way(id, false);
        let Some(trade_id) = trade_id else { return };
        match purpose {
            OrderPurpose::Entry => self.entry_ended(at, trade_id, why, out),
            OrderPurpose::Exit => self.exit_died(at, trade_id, out),
            OrderPurpose::Protection => self.protection_gone(at, trade_id, id, unasked, out),
        }
    }

    fn filled(&mut self, at: Timestamp, filled: &OrderFilled, is_complete: bool, out: &mut Outbox) {
        let fill = &filled.fill;
        self.book.apply(fill.symbol, fill.side, fill.qty, fill.price, filled.fee);
        if let Some(id) = filled.trade_id.as_ref().filter(|id| self.strays.contains_key(*id)) {
            return self.stray_closed(&id.clone(), fill.qty);
        }
        let trade_id = filled.trade_id.as_ref().filter(|id| self.trades.contains_key(*id));
        let Some(trade_id) = trade_id.cloned() else {
            return self.unexplained(at, filled, "no trade of ours ordered it", out);
        };
        match filled.purpose {
            OrderPurpose::Entry => self.entry_filled(at, &trade_id, filled, is_complete, out),
            OrderPurpose::Protection | OrderPurpose::Exit => {
                self.exit_filled(at, &trade_id, (filled, is_complete), out);
            }
        }
    }

    fn entry_filled(
        &mut self,
        at: Timestamp,
        trade_id: &TradeId,
        filled: &OrderFilled,
        is_complete: bool,
        out: &mut Outbox,
    ) {
        let Some(trade) = self.trades.get_mut(trade_id) else { return };
        let fill = &filled.fill;
        match trade.state {
            TradeState::OrderPlaced => {
                trade.add_entry(fill.qty, fill.price);
                if is_complete {
                    self.open(at, trade_id, out);
                }
            }
            // A late fill of an entry that had been cancelled: the position grows,
            // and so must its protection.
            TradeState::Filled
            | TradeState::Holding
            | TradeState::ExitTriggered { .. }
            | TradeState::OrderClosing { .. } => {
                trade.add_entry(fill.qty, fill.price);
                self.protect(at, trade_id, out);
            }
            TradeState::Scanning
            | TradeState::SetupDetected
            | TradeState::EntryApproved
            | TradeState::Closed { .. }
            | TradeState::Aborted { .. } => {
                let detail = format!("the trade was {}", trade.state.name());
                self.step(trade_id, TradeInput::EntryFilled, out);
                self.unexplained(at, filled, &detail, out);
            }
        }
    }

    /// An entry order ended: with shares it opens a position, without them the
    /// trade is over.
    fn entry_ended(
        &mut self,
        at: Timestamp,
        trade_id: &TradeId,
        why: AbortReason,
        out: &mut Outbox,
    ) {
        let Some(trade) = self.trades.get(trade_id) else { return };
        if trade.entered.is_zero() {
            self.abort(trade_id, why, out);
        } else if matches!(trade.state, TradeState::OrderPlaced) {
            self.open(at, trade_id, out);
        }
    }

    fn open(&mut self, at: Timestamp, trade_id: &TradeId, out: &mut Outbox) {
        if !self.step(trade_id, TradeInput::EntryFilled, out) {
            return;
        }
        let Some(trade) = self.trades.get_mut(trade_id) else { return };
        let (Some(entry_price), Some(plan)) = (trade.entry_price(), trade.plan) else { return };
        trade.opened_at = at;
        trade.naked_since = Some(at);
        trade.risk_per_share = match trade.direction {
            Direction::Long => entry_price.minus(plan.stop),
            Direction::Short => plan.stop.minus(entry_price),
        };
        out.publish(PositionEvent::Opened(PositionOpened {
            trade_id: trade_id.clone(),
            symbol: trade.symbol,
            direction: trade.direction,
            quantity: trade.entered,
            entry_price,
            stop_price: plan.stop,
            target_price: plan.target,
        }));
        let leaves_at_once = trade.leaves_at_once;
        self.protect(at, trade_id, out);
        if leaves_at_once {
            let reason = ExitReason::Flatten;
            self.step(trade_id, TradeInput::ExitTriggered { reason }, out);
            self.ask_for_exit(at, trade_id, reason, out);
        }
    }

    /// Shares of a position were closed, by its protection or by an exit order.
    fn exit_filled(
        &mut self,
        at: Timestamp,
        trade_id: &TradeId,
        (filled, is_complete): (&OrderFilled, bool),
        out: &mut Outbox,
    ) {
        let Some(trade) = self.trades.get_mut(trade_id) else { return };
        let fill = &filled.fill;
        trade.exited = trade.exited.saturating_add(fill.qty);
        trade.exit_value += fill.price.times(fill.qty);
        if !trade.held().is_zero() {
            // Shares that came after the exit had been sized: it is asked for again.
            if is_complete && filled.purpose == OrderPurpose::Exit {
                self.exit_died(at, trade_id, out);
            }
            return;
        }
        if filled.purpose == OrderPurpose::Protection {
            self.level_executed(trade_id, filled, out);
        }
        self.close_books(at, trade_id, out);
    }

    /// A stop or target that rested was executed: it is its own exit order, so the
    /// machine takes both steps at once.
    fn level_executed(&mut self, trade_id: &TradeId, filled: &OrderFilled, out: &mut Outbox) {
        let Some(trade) = self.trades.get(trade_id) else { return };
        let price = filled.fill.price;
        let stop = filled.kind.stop();
        let level = stop.or(filled.kind.limit()).unwrap_or(price);
        let hit = LevelHit { trade_id: trade_id.clone(), symbol: trade.symbol, level, price };
        let reason = if stop.is_some() { ExitReason::StopHit } else { ExitReason::TargetHit };
        out.publish(match reason {
            ExitReason::StopHit => PositionEvent::StopHit(hit),
            ExitReason::TargetHit
            | ExitReason::ExitSignal
            | ExitReason::TimeExit
            | ExitReason::Flatten
            | ExitReason::StopNotPlaced
            | ExitReason::External => PositionEvent::TargetHit(hit),
        });
        if matches!(trade.state, TradeState::Filled | TradeState::Holding) {
            self.step(trade_id, TradeInput::ExitTriggered { reason }, out);
        }
        if matches!(
            self.trades.get(trade_id).map(|t| t.state),
            Some(TradeState::ExitTriggered { .. })
        ) {
            self.step(trade_id, TradeInput::ExitSubmitted, out);
        }
    }

    fn close_books(&mut self, at: Timestamp, trade_id: &TradeId, out: &mut Outbox) {
        self.end_spell(at, trade_id, out);
        let Some(trade) = self.trades.get(trade_id).cloned() else { return };
        // An exit may be filled before its submit was seen.
        if matches!(trade.state, TradeState::ExitTriggered { .. }) {
            self.step(trade_id, TradeInput::ExitSubmitted, out);
        }
        if let TradeState::Filled | TradeState::Holding = trade.state {
            let reason = ExitReason::External;
            self.step(trade_id, TradeInput::ExitTriggered { reason }, out);
            self.step(trade_id, TradeInput::ExitSubmitted, out);
        }
        let reason = match self.trades.get(trade_id).map(|trade| trade.state) {
            Some(TradeState::OrderClosing { reason }) => reason,
            Some(_) | None => ExitReason::External,
        };
        if let Some(closed) = closed(&trade, reason) {
            out.publish(PositionEvent::Closed(closed));
        }
        self.step(trade_id, TradeInput::ExitFilled, out);
    }

    /// The venue applied a split: shares, stop and target move with it. The orders
    /// that it cancelled are placed anew at the new levels.
    pub(super) fn split(&mut self, at: Timestamp, split: &SplitApplied, out: &mut Outbox) {
        let ratio = SplitRatio { new_shares: split.new_shares, old_shares: split.old_shares };
        if let Some(position) = split.position {
            self.book.split(split.symbol, position.qty, split.price);
        }
        self.split_stray(split.symbol, ratio);
        let Some(Some(trade_id)) = self.active.get(split.symbol).cloned() else { return };
        let Some(trade) = self.trades.get_mut(&trade_id) else { return };
        let before = trade.held();
        let direction = trade.direction;
        let Some(plan) = trade.plan.as_mut() else { return };
        plan.stop = level_after(ratio, plan.stop, direction);
        plan.target = level_after(ratio, plan.target, direction);
        let plan = *plan;
        trade.entered = ratio.shares_after(trade.entered);
        trade.exited = ratio.shares_after(trade.exited);
        let risked = ratio.shares_after(Qty::shares(1).unwrap_or(Qty::ZERO));
        if let Some(per_share) = trade.risk_per_share.per_share(risked) {
            trade.risk_per_share = per_share.as_money();
        }
        out.publish(PositionEvent::Split(PositionSplit {
            trade_id: trade_id.clone(),
            symbol: split.symbol,
            quantity_before: before,
            quantity_after: trade.held(),
            stop_price: plan.stop,
            target_price: plan.target,
        }));
        // The orders that it cancels are told after it. Where none is told, the stop is
        // asked after, and the next list shows for how many shares it rests.
        let trade = self.trades.get_mut(&trade_id).filter(|trade| trade.naked_since.is_none());
        if let Some(trade) = trade {
            trade.bare = Some(Bare::after_split(at));
            let again = SignedDuration::from_secs(self.config.protect_again_seconds.into());
            self.look_again(at.plus(again), &trade_id, out);
        }
    }
}

impl Trade {
    fn add_entry(&mut self, qty: Qty, price: Price) {
        self.entered = self.entered.saturating_add(qty);
        self.entry_value += price.times(qty);
    }
}

/// A level after a split. One that lay on the venue's increment lies on it again,
/// else the venue would refuse it.
pub(super) fn level_after(ratio: SplitRatio, level: Price, direction: Direction) -> Price {
    let after = ratio.price_after(level).unwrap_or(level);
    if level.is_on_increment() {
        after.round_to_increment(direction.exit_side().rounding()).unwrap_or(after)
    } else {
        after
    }
}

fn closed(trade: &Trade, reason: ExitReason) -> Option<PositionClosed> {
    Some(PositionClosed {
        trade_id: trade.id.clone(),
        symbol: trade.symbol,
        direction: trade.direction,
        quantity: trade.entered,
        entry_time: trade.opened_at,
        entry_price: trade.entry_price()?,
        exit_price: trade.exit_price()?,
        pnl: trade.pnl(),
        r_multiple: trade.r_multiple(),
        reason,
    })
}
