//! Positions and the states of trades: the end of the entry's trace, and the short traces
//! after it.
//!
//! `position.track` and `position.set_stop` {`alpaca_api.place_stop_order`} end the trace
//! of the entry. Protection that is asked for anew, a stop that is moved and the exit are
//! traces of their own, each linked to the entry's.

use crate::domain::ids::TradeId;
use crate::domain::time::Timestamp;
use crate::events::{
    Envelope, LevelHit, PositionClosed, PositionEvent, PositionOpened, StopSet, TradeEvent,
    TradeStateChanged,
};
use crate::telemetry::spans::projector::Projector;
use crate::telemetry::spans::span::{Failure, Moment, Span};
use crate::telemetry::spans::trade::{alone, apart};

impl Projector {
    pub(super) fn position(&mut self, envelope: &Envelope, event: &PositionEvent) {
        match event {
            PositionEvent::Opened(opened) => self.opened(envelope, opened),
            PositionEvent::SetStop(wanted) => {
                let trade = self.followed(&wanted.trade_id, envelope.at);
                trade.symbol.get_or_insert(wanted.symbol);
                // Asked for again while the answer is on its way, it is the same step.
                if trade.protect.is_none() {
                    let mut protect = trade.step("position.set_stop", envelope);
                    protect.set("position.quantity", wanted.qty).set("position.stop", wanted.stop);
                    protect.set_some("position.target", wanted.target);
                    trade.protect = Some(protect);
                }
            }
            PositionEvent::UpdateStop(moved) => {
                let trade = self.followed(&moved.trade_id, envelope.at);
                let mut trail = apart(&moved.trade_id, "position.update_stop", envelope);
                trail.set("position.stop", moved.stop).set("position.reason", &moved.reason);
                if let Some(earlier) = trade.trail.replace(trail) {
                    self.end_of(&moved.trade_id, earlier, envelope.at);
                }
            }
            PositionEvent::StopSet(set) => self.stop_set(envelope, set),
            PositionEvent::StopHit(hit) => self.level_hit(envelope, hit, "STOP_HIT"),
            PositionEvent::TargetHit(hit) => self.level_hit(envelope, hit, "TARGET_HIT"),
            PositionEvent::Closed(closed) => self.closed(envelope, closed),
            PositionEvent::Unexplained(found) => {
                let mut span = alone("position.unexplained", envelope);
                span.set("trade.symbol", found.symbol)
                    .set("fill.id", &found.execution_id)
                    .set("fill.side", found.side)
                    .set("fill.quantity", found.quantity)
                    .set("fill.price", found.price);
                span.fail(Failure::new("UnexplainedPosition", &found.detail));
                self.end(span, envelope.at);
            }
            PositionEvent::Pnl(_) | PositionEvent::Split(_) | PositionEvent::Covered(_) => {}
        }
    }

    fn opened(&mut self, envelope: &Envelope, opened: &PositionOpened) {
        let filled_at = self.ended_now("order.fill").map(|fill| fill.start);
        let trade = self.followed(&opened.trade_id, envelope.at);
        trade.entry_price = Some(opened.entry_price.to_string());
        trade.quantity = Some(opened.quantity.to_string());
        let mut track = trade.step("position.track", envelope);
        if let Some(root) = &trade.root {
            track.start = filled_at.unwrap_or(envelope.at).max(root.start);
        }
        track
            .set("position.quantity", opened.quantity)
            .set("position.entry_price", opened.entry_price)
            .set("position.stop", opened.stop_price)
            .set("position.target", opened.target_price);
        self.end_of(&opened.trade_id, track, envelope.at);
    }

    /// The stop rests: the step that asked for it is over, and with it the entry.
    fn stop_set(&mut self, envelope: &Envelope, set: &StopSet) {
        let Some(trade) = self.trades.get_mut(&set.trade_id) else { return };
        let steps = [trade.protect.take(), trade.trail.take()];
        for mut step in steps.into_iter().flatten() {
            step.set("order.id", &set.client_order_id)
                .set("position.stop", set.stop_price)
                .set("position.quantity", set.quantity);
            self.end_of(&set.trade_id, step, envelope.at);
        }
    }

    /// The exit of a trade, begun by whatever says first that it is leaving.
    pub(super) fn exit(&mut self, trade_id: &TradeId, envelope: &Envelope) -> &mut Span {
        let trade = self.followed(trade_id, envelope.at);
        trade.exit.get_or_insert_with(|| apart(trade_id, "position.exit", envelope))
    }

    fn level_hit(&mut self, envelope: &Envelope, hit: &LevelHit, reason: &str) {
        self.exit(&hit.trade_id, envelope)
            .set("exit.reason", reason)
            .set("exit.level", hit.level)
            .set("exit.price", hit.price);
    }

    fn closed(&mut self, envelope: &Envelope, closed: &PositionClosed) {
        let exit = self.exit(&closed.trade_id, envelope);
        exit.set("exit.reason", closed.reason.name())
            .set("exit.price", closed.exit_price)
            .set("trade.pnl", closed.pnl);
        exit.set_some("trade.r_multiple", closed.r_multiple);
        let Some(trade) = self.trades.get_mut(&closed.trade_id) else { return };
        let steps = [trade.submit_exit.take(), trade.exit.take()];
        for step in steps.into_iter().flatten() {
            self.end_of(&closed.trade_id, step, envelope.at);
        }
    }

    pub(super) fn trade(&mut self, envelope: &Envelope, event: &TradeEvent) {
        match event {
            TradeEvent::StateChanged(changed) => self.trade_changed(envelope, changed),
            TradeEvent::TransitionInvalid(invalid) => {
                let mut span = apart(&invalid.trade_id, "trade.transition", envelope);
                span.set("trade.symbol", invalid.symbol).set("trade.state", &invalid.from);
                let failure = Failure::new("InvalidTransition", &invalid.error);
                span.fail(failure.clone());
                if let Some(trade) = self.trades.get_mut(&invalid.trade_id) {
                    trade.fail(&failure);
                }
                self.end_of(&invalid.trade_id, span, envelope.at);
            }
        }
    }

    fn trade_changed(&mut self, envelope: &Envelope, changed: &TradeStateChanged) {
        let id = &changed.trade_id;
        if changed.to == "EXIT_TRIGGERED" {
            let exit = self.exit(id, envelope);
            if let (Some(reason), None) = (&changed.reason, exit.get("exit.reason")) {
                exit.set("exit.reason", reason);
            }
        }
        if let Some(root) = self.trades.get_mut(id).and_then(|trade| trade.root.as_mut()) {
            root.set("trade.state", &changed.to);
            root.set_some("trade.reason", changed.reason.as_ref());
        }
        let mut moment = Moment::of(envelope)
            .with("trade.state", &changed.to)
            .with("trade.state.before", &changed.from);
        if let Some(reason) = &changed.reason {
            moment = moment.with("trade.reason", reason);
        }
        self.note_change((id, "trade.transition"), envelope, moment);
        match changed.to.as_str() {
            // The entry ends where the position is held; its protection rests.
            "HOLDING" => self.end_entry(id, envelope.at),
            "CLOSED" | "ABORTED" => {
                if let Some(mut trade) = self.trades.remove(id) {
                    self.end_trade(&mut trade, envelope.at, false);
                }
            }
            _ => {}
        }
    }

    fn end_entry(&mut self, trade_id: &TradeId, at: Timestamp) {
        let root = self.trades.get_mut(trade_id).and_then(|trade| trade.end_root(at));
        if let Some(root) = root {
            self.end(root, at);
        }
    }
}
