//! What a venue does when it misbehaves: late refusals, cancels that wait, fills that
//! nobody expected. Asked for by the faults of a server, never by the market.
//!
//! Which faults there are: Alpaca's protocol page §9 of October 2026.

use crate::domain::ids::BrokerOrderId;
use crate::domain::money::{Price, Qty};
use crate::domain::order::RejectReason;
use crate::domain::order::Side;
use crate::domain::order::TimeInForce;
use crate::domain::time::Timestamp;

use super::engine::Exchange;
use super::order::{Order, OrderStatus, Role};
use super::register::{Key, OrderName};
use super::replace::Change;
use super::report::{CancelCause, Rejection, Report, What};
use super::settle::said;

impl Exchange {
    /// Notes that a cancellation was asked for and leaves the order working.
    ///
    /// # Errors
    /// When the order is not working.
    pub fn delay_cancel(
        &mut self,
        name: OrderName<'_>,
        at: Timestamp,
        out: &mut Vec<Report>,
    ) -> Result<(), Rejection> {
        let key = self.working_key(name)?;
        let Some(order) = self.register.get_mut(key) else { return Ok(()) };
        order.status = OrderStatus::PendingCancel;
        order.updated_at = at;
        out.push(said(order, at, What::CancelPending));
        Ok(())
    }

    /// Carries out a cancellation that was delayed; nothing happens when the order has
    /// ended meanwhile.
    pub fn carry_out_cancel(&mut self, id: &BrokerOrderId, at: Timestamp, out: &mut Vec<Report>) {
        let Some(key) = self.register.key(OrderName::Broker(id)) else { return };
        let symbol = self.register.get(key).map(|order| order.symbol);
        self.cancel_group(key, CancelCause::Requested, at, out);
        if let Some(symbol) = symbol {
            self.refresh(symbol);
        }
    }

    /// Refuses a cancellation that was delayed: the order works on as before. Nothing
    /// happens when it has ended meanwhile.
    pub fn refuse_cancel(&mut self, id: &BrokerOrderId, at: Timestamp, out: &mut Vec<Report>) {
        let Some(key) = self.register.key(OrderName::Broker(id)) else { return };
        let Some(order) = self.register.get_mut(key) else { return };
        if order.status == OrderStatus::PendingCancel {
            let is_new = order.filled.is_zero();
            order.status = if is_new { OrderStatus::New } else { OrderStatus::PartiallyFilled };
            order.updated_at = at;
            out.push(said(order, at, What::CancelRefused));
        }
    }

    /// Says that a replacement is on its way, which a real venue does when it is slow. The
    /// order itself does not change.
    pub fn announce_replacement(
        &mut self,
        name: OrderName<'_>,
        at: Timestamp,
        out: &mut Vec<Report>,
    ) {
        if let Some(order) = self.register.find(name) {
            let pending = Order { status: OrderStatus::PendingReplace, ..order.clone() };
            out.push(said(&pending, at, What::ReplacePending));
        }
    }

    /// Lets an order of the day rest until the close ends it. Other orders, and those that
    /// have ended, are left alone.
    pub fn end_for_day(&mut self, id: &BrokerOrderId, at: Timestamp, out: &mut Vec<Report>) {
        let Some(key) = self.register.key(OrderName::Broker(id)) else { return };
        let Some(order) = self.register.get_mut(key) else { return };
        if order.time_in_force == TimeInForce::Day && order.status == OrderStatus::New {
            order.status = OrderStatus::DoneForDay;
            order.updated_at = at;
            out.push(said(order, at, What::DoneForDay));
        }
    }

    /// Refuses an order after it had been taken, with all that came with it.
    ///
    /// # Errors
    /// When the order is not working.
    pub fn reject_late(
        &mut self,
        name: OrderName<'_>,
        at: Timestamp,
        out: &mut Vec<Report>,
    ) -> Result<(), Rejection> {
        let key = self.working_key(name)?;
        let symbol = self.register.get(key).map(|order| order.symbol);
        let members = self.group_of(key);
        self.end(key, OrderStatus::Rejected, What::Rejected, at, out);
        for member in members {
            self.end(member, OrderStatus::Rejected, What::Rejected, at, out);
        }
        if let Some(symbol) = symbol {
            self.refresh(symbol);
        }
        Ok(())
    }

    /// Fills shares of a working order at its limit, else at the market, whatever the
    /// session; all that is left when no number is given.
    ///
    /// # Errors
    /// When the order is not working or there is no price.
    pub fn fill_anyway(
        &mut self,
        name: OrderName<'_>,
        qty: Option<Qty>,
        at: Timestamp,
        out: &mut Vec<Report>,
    ) -> Result<(), Rejection> {
        let key = self.working_key(name)?;
        let Some(order) = self.register.get(key) else { return Ok(()) };
        let (symbol, leaves) = (order.symbol, order.leaves());
        let price = self.likely_price(key).ok_or_else(|| {
            Rejection::unacceptable(RejectReason::Other, "there is no market price yet")
        })?;
        self.fill(key, qty.unwrap_or(leaves).min(leaves), price, at, out);
        self.refresh(symbol);
        Ok(())
    }

    /// Takes a replacement and refuses it a moment later: the new order is rejected,
    /// the old one works on. Returns the name of the new one.
    ///
    /// # Errors
    /// As [`replace`](Self::replace).
    pub fn refuse_replacement(
        &mut self,
        name: OrderName<'_>,
        change: &Change,
        at: Timestamp,
        out: &mut Vec<Report>,
    ) -> Result<BrokerOrderId, Rejection> {
        let (key, mut child) = self.child_of(name, change, at)?;
        let id = child.broker_order_id.clone();
        child.status = OrderStatus::Rejected;
        child.reserve_price = None;
        out.push(said(&child, at, What::Rejected));
        let child = self.register.insert(child);
        self.register.finish(child);
        if let Some(old) = self.register.get_mut(key) {
            old.updated_at = at;
            out.push(said(old, at, What::ReplaceRefused));
        }
        Ok(id)
    }

    /// Cancels the exits of an entry, which works on without them; of any other order
    /// as [`cancel`](Self::cancel).
    ///
    /// # Errors
    /// When the order is unknown or not working.
    pub fn cancel_exits(
        &mut self,
        name: OrderName<'_>,
        at: Timestamp,
        out: &mut Vec<Report>,
    ) -> Result<(), Rejection> {
        let key = self.working_key(name)?;
        let symbol = self.register.get(key).map(|order| order.symbol);
        for member in std::iter::once(key).chain(self.group_of(key)) {
            let order = self.register.get(member);
            let Some(filled) = order.filter(|order| order.role != Role::Entry) else { continue };
            let filled = filled.filled;
            let what = What::Cancelled { filled, cause: CancelCause::Requested };
            self.end(member, OrderStatus::Cancelled, what, at, out);
        }
        if let Some(symbol) = symbol {
            self.refresh(symbol);
        }
        Ok(())
    }

    /// Lets the second exit of the next groups fill although the first has.
    pub const fn let_both_exits_fill(&mut self, groups: u32) {
        self.both_exits = groups;
    }

    /// Fills the exit whose sibling has just been filled.
    pub(super) fn fill_other_exit(&mut self, key: Key, at: Timestamp, out: &mut Vec<Report>) {
        let leaves = self.register.get(key).map_or(Qty::ZERO, Order::leaves);
        if let Some(price) = self.likely_price(key) {
            self.fill(key, leaves, price, at, out);
        }
    }

    /// The price at which an order would most likely have executed.
    fn likely_price(&self, key: Key) -> Option<Price> {
        let order = self.register.get(key)?;
        let row = self.rows.get(order.symbol);
        let market = row.and_then(|row| {
            let far = row.quote.map(|quote| match order.side {
                Side::Buy => quote.ask,
                Side::Sell => quote.bid,
            });
            far.or(row.last)
        });
        order.kind.limit().or(order.stop).or(market)
    }

    fn working_key(&self, name: OrderName<'_>) -> Result<Key, Rejection> {
        self.register.key(name).ok_or_else(|| Rejection::unknown_order(name.as_str()))
    }
}
