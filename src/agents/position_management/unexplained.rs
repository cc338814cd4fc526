//! Shares that no trade explains: bought by hand elsewhere, or filled against all
//! rules.
//!
//! They are said, counted and protected by a stop of their own; they are closed by
//! a human only, and never taken into a trade. Trades are in [`trades`](super::trades).

use jiff::SignedDuration;
use rust_decimal::Decimal;

use crate::agents::position_management::PositionManagementAgent;
use crate::agents::position_management::fills::level_after;
use crate::bus::Outbox;
use crate::domain::corporate_action::SplitRatio;
use crate::domain::ids::{ClientOrderId, Symbol, TradeId};
use crate::domain::money::{Price, Qty};
use crate::domain::position::{Direction, Position};
use crate::domain::time::Timestamp;
use crate::events::{
    Alert, ExitSignal, OrderFilled, PositionEvent, SetStop, Severity, SignalEvent, StopSet,
    SystemEvent, Timer, UnexplainedPosition,
};
use crate::fsm::trade::ExitReason;

/// The unexplained shares of one symbol.
#[derive(Debug, Clone)]
pub(super) struct Stray {
    symbol: Symbol,
    direction: Direction,
    qty: Qty,
    stop: Price,
    stop_order: Option<ClientOrderId>,
    /// Whether the operator closes them.
    is_leaving: bool,
}

/// The name under which the unexplained shares of a symbol are protected.
fn name(symbol: Symbol) -> TradeId {
    TradeId::new(format!("unexplained-{symbol}"))
}

impl PositionManagementAgent {
    /// A fill that no trade explains has been counted: it is said, and what it
    /// leaves is protected.
    pub(super) fn unexplained(
        &mut self,
        at: Timestamp,
        filled: &OrderFilled,
        detail: &str,
        out: &mut Outbox,
    ) {
        let fill = &filled.fill;
        out.publish(PositionEvent::Unexplained(UnexplainedPosition {
            symbol: fill.symbol,
            side: fill.side,
            quantity: fill.qty,
            price: fill.price,
            execution_id: fill.execution_id.clone(),
            detail: detail.to_owned(),
        }));
        out.publish(SystemEvent::Alert(Alert {
            severity: Severity::Critical,
            text: format!(
                "{} {} of {} at {} belong to no trade; look at the broker, flatten closes them",
                fill.side, fill.qty, fill.symbol, fill.price
            ),
        }));
        let id = name(fill.symbol);
        let Some((direction, qty)) = self.stray_shares(fill.symbol) else {
            self.strays.remove(&id);
            return;
        };
        let Some(stop) = self.stray_stop(fill.price, direction) else { return };
        let stop_order = self.strays.remove(&id).and_then(|before| before.stop_order);
        let stray =
            Stray { symbol: fill.symbol, direction, qty, stop, stop_order, is_leaving: false };
        self.strays.insert(id.clone(), stray);
        self.protect_stray(at, &id, out);
    }

    /// What is held beyond the trade of a symbol. `None` when nothing is, or when
    /// fewer shares are held than the trade believes: that is for a human.
    fn stray_shares(&self, symbol: Symbol) -> Option<(Direction, Qty)> {
        let Position { direction, qty, .. } = self.book.position(symbol)?;
        let trade = self.active.get(symbol).and_then(Option::as_ref);
        let trade = trade.and_then(|id| self.trades.get(id));
        let of_trade = match trade.filter(|trade| trade.state.holds_shares()) {
            Some(trade) if trade.direction == direction => trade.held(),
            Some(_) | None => Qty::ZERO,
        };
        let stray = qty.saturating_sub(of_trade);
        (!stray.is_zero()).then_some((direction, stray))
    }

    fn stray_stop(&self, price: Price, direction: Direction) -> Option<Price> {
        let fraction = self.config.unexplained_stop_fraction;
        let ratio = match direction {
            Direction::Long => Decimal::ONE - fraction,
            Direction::Short => Decimal::ONE + fraction,
        };
        price.scaled(ratio, direction.exit_side().rounding())
    }

    fn protect_stray(&mut self, at: Timestamp, id: &TradeId, out: &mut Outbox) {
        self.keep_stop_in_reach(id);
        let Some(stray) = self.strays.get(id) else { return };
        out.publish(PositionEvent::SetStop(SetStop {
            trade_id: id.clone(),
            symbol: stray.symbol,
            direction: stray.direction,
            qty: stray.qty,
            stop: stray.stop,
            target: None,
        }));
        let again = SignedDuration::from_secs(self.config.protect_again_seconds.into());
        out.wake_at(at.plus(again), Timer::Protection(id.clone()));
    }

    /// A stop on the wrong side of the market is refused for ever (Alpaca, protocol page
    /// §4.8 of October 2026): the second exit of a group may have executed far from where
    /// the market is (§4.10). It is measured from the market then.
    fn keep_stop_in_reach(&mut self, id: &TradeId) {
        let Some(stray) = self.strays.get(id) else { return };
        let Some(mark) = self.book.last_mark(stray.symbol) else { return };
        let is_in_reach = match stray.direction {
            Direction::Long => stray.stop < mark,
            Direction::Short => stray.stop > mark,
        };
        if is_in_reach {
            return;
        }
        let stop = self.stray_stop(mark, stray.direction);
        if let Some((stray, stop)) = self.strays.get_mut(id).zip(stop) {
            stray.stop = stop;
        }
    }

    /// The timer of unexplained shares: is there a stop by now?
    pub(super) fn look_at_stray(&mut self, at: Timestamp, id: &TradeId, out: &mut Outbox) {
        if self.strays.get(id).is_some_and(|stray| stray.stop_order.is_none()) {
            self.protect_stray(at, id, out);
        }
    }

    /// A stop of unexplained shares rests.
    pub(super) fn stray_rests(&mut self, id: &TradeId, order: &ClientOrderId, out: &mut Outbox) {
        let Some(stray) = self.strays.get_mut(id) else { return };
        stray.stop_order = Some(order.clone());
        out.publish(PositionEvent::StopSet(StopSet {
            trade_id: id.clone(),
            symbol: stray.symbol,
            client_order_id: order.clone(),
            quantity: stray.qty,
            stop_price: stray.stop,
        }));
    }

    /// A stop of unexplained shares is gone; unless room was made for an exit it is
    /// placed again.
    pub(super) fn stray_bare(
        &mut self,
        at: Timestamp,
        id: &TradeId,
        order: &ClientOrderId,
        unasked: bool,
        out: &mut Outbox,
    ) {
        let Some(stray) = self.strays.get_mut(id) else { return };
        stray.stop_order.take_if(|resting| resting == order);
        if unasked || !stray.is_leaving {
            self.protect_stray(at, id, out);
        }
    }

    /// Unexplained shares were closed, by their stop or by the operator.
    pub(super) fn stray_closed(&mut self, id: &TradeId, qty: Qty) {
        let Some(stray) = self.strays.get_mut(id) else { return };
        stray.qty = stray.qty.saturating_sub(qty);
        if stray.qty.is_zero() {
            self.strays.remove(id);
        }
    }

    /// The exit of unexplained shares ended without closing them.
    pub(super) fn stray_stays(&mut self, at: Timestamp, id: &TradeId, out: &mut Outbox) {
        if let Some(stray) = self.strays.get_mut(id) {
            stray.is_leaving = false;
            self.protect_stray(at, id, out);
        }
    }

    /// Unexplained shares of a symbol that lie the same way as its trade.
    pub(super) fn stray_qty(&self, symbol: Symbol, direction: Direction) -> Qty {
        let stray = self.strays.get(&name(symbol)).filter(|stray| stray.direction == direction);
        stray.map_or(Qty::ZERO, |stray| stray.qty)
    }

    /// Unexplained shares that have a stop by our own account, with the stop.
    pub(super) fn stray_stops(&self) -> Vec<(Symbol, Direction, Qty, ClientOrderId)> {
        let strays = self.strays.values();
        strays
            .filter_map(|it| Some((it.symbol, it.direction, it.qty, it.stop_order.clone()?)))
            .collect()
    }

    /// A split changed the unexplained shares of a symbol.
    pub(super) fn split_stray(&mut self, symbol: Symbol, ratio: SplitRatio) {
        if let Some(stray) = self.strays.get_mut(&name(symbol)) {
            stray.qty = ratio.shares_after(stray.qty);
            stray.stop = level_after(ratio, stray.stop, stray.direction);
        }
    }

    /// The operator closes unexplained shares.
    pub(super) fn flatten_strays(&mut self, only: Option<Symbol>, out: &mut Outbox) {
        for (id, stray) in &mut self.strays {
            if only.is_some_and(|only| only != stray.symbol) {
                continue;
            }
            stray.is_leaving = true;
            out.publish(SignalEvent::Exit(ExitSignal {
                trade_id: id.clone(),
                symbol: stray.symbol,
                reason: ExitReason::Flatten,
                price: self.book.last_mark(stray.symbol).unwrap_or(stray.stop),
            }));
        }
    }
}
