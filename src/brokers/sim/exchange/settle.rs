//! What an execution, a cancel or an expiry drags along: the ledger, the
//! reservations, and the other members of a bracket, OCO or OTO.
//!
//! Group rules: Alpaca's protocol page §4.10 of October 2026. Legs are armed when
//! their entry is *completely* filled, for at most the shares that the position
//! then has free; a cancel of any member cancels all of them.

use crate::domain::ids::Symbol;
use crate::domain::money::{Money, Price, Qty};
use crate::domain::order::Fill;
use crate::domain::order::OrderClass;
use crate::domain::time::Timestamp;

use super::engine::Exchange;
use super::order::{GroupId, Order, OrderStatus, Role};
use super::register::Key;
use super::report::{CancelCause, Report, What};

impl Exchange {
    /// Books one execution of a working order.
    pub(super) fn fill(
        &mut self,
        key: Key,
        qty: Qty,
        price: Price,
        at: Timestamp,
        out: &mut Vec<Report>,
    ) {
        let execution_id = self.register.next_execution();
        let Some(order) = self.register.get_mut(key) else { return };
        let reserve_before = order.reserve();
        let is_first = order.filled.is_zero();
        order.filled = order.filled.saturating_add(qty);
        order.filled_value += price.times(qty);
        order.updated_at = at;
        let is_done = order.leaves().is_zero();
        order.status = match order.status {
            _ if is_done => OrderStatus::Filled,
            // A fill does not take a wish to cancel back.
            OrderStatus::PendingCancel => OrderStatus::PendingCancel,
            OrderStatus::Accepted
            | OrderStatus::PendingNew
            | OrderStatus::New
            | OrderStatus::Held
            | OrderStatus::PartiallyFilled
            | OrderStatus::PendingReplace
            | OrderStatus::DoneForDay
            | OrderStatus::Filled
            | OrderStatus::Cancelled
            | OrderStatus::Expired
            | OrderStatus::Replaced
            | OrderStatus::Rejected => OrderStatus::PartiallyFilled,
        };
        self.reserved += order.reserve() - reserve_before;
        let (symbol, side, group, role) = (order.symbol, order.side, order.group, order.role);
        let fee = self.config.fees.of(is_first, qty, price);
        let effect = self.book.apply(symbol, side, qty, price, fee);
        if let Some(last) = self.rows.get(symbol).and_then(|row| row.last) {
            self.book.mark(symbol, last);
        }
        let fill = Fill {
            execution_id,
            client_order_id: order.client_order_id.clone(),
            symbol,
            side,
            qty,
            price,
            cumulative: order.filled,
            at,
        };
        out.push(said(order, at, What::Filled { fill, fee, position: effect.position }));
        if is_done {
            self.remove(symbol, key);
        }
        let Some(group) = group else { return };
        match role {
            Role::Entry if is_done => self.arm_legs(symbol, group, at, out),
            Role::Target | Role::Stop => {
                self.follow_exit(key, symbol, group, (qty, is_done), at, out);
            }
            Role::Entry | Role::Single => {}
        }
    }

    /// Ends or shrinks the sibling of an exit that was filled.
    fn follow_exit(
        &mut self,
        filled: Key,
        symbol: Symbol,
        group: GroupId,
        (qty, is_done): (Qty, bool),
        at: Timestamp,
        out: &mut Vec<Report>,
    ) {
        for key in self.members(symbol, group) {
            if key == filled {
                continue;
            }
            if is_done && self.both_exits > 0 {
                self.both_exits -= 1;
                self.fill_other_exit(key, at, out);
            } else if is_done {
                self.cancel_one(key, CancelCause::Group, at, out);
            } else if let Some(order) = self.register.get_mut(key) {
                order.qty = order.qty.saturating_sub(qty);
                order.updated_at = at;
                out.push(said(order, at, What::Resized { qty: order.qty }));
            }
        }
    }

    fn arm_legs(&mut self, symbol: Symbol, group: GroupId, at: Timestamp, out: &mut Vec<Report>) {
        let members = self.members(symbol, group);
        let bar = self.rows.get(symbol).map_or(0, |row| row.bars);
        let exit_side = members.first().and_then(|key| self.register.get(*key)).map(|leg| leg.side);
        let Some(exit_side) = exit_side else { return };
        let free = self.free_shares(symbol, exit_side);
        for key in members {
            let Some(leg) = self.register.get_mut(key) else { continue };
            leg.qty = leg.qty.min(free);
            if leg.qty.is_zero() {
                self.cancel_one(key, CancelCause::Group, at, out);
                continue;
            }
            leg.is_armed = true;
            leg.armed_in_bar = bar;
            leg.updated_at = at;
            // One reservation for both: the stop beside a target stays `held` in
            // the book view although it is watched.
            leg.status = match (leg.role, leg.class) {
                (Role::Stop, OrderClass::Bracket { .. }) => OrderStatus::Held,
                _ => OrderStatus::New,
            };
            out.push(said(leg, at, What::Armed { qty: leg.qty }));
        }
    }

    /// Cancels an order and all members of its group.
    pub(super) fn cancel_group(
        &mut self,
        key: Key,
        cause: CancelCause,
        at: Timestamp,
        out: &mut Vec<Report>,
    ) {
        let members = self.group_of(key);
        self.cancel_one(key, cause, at, out);
        for member in members {
            let cause = match cause {
                CancelCause::CorporateAction => cause,
                CancelCause::Requested | CancelCause::Group | CancelCause::NotImmediate => {
                    CancelCause::Group
                }
            };
            self.cancel_one(member, cause, at, out);
        }
    }

    /// Expires an order and all members of its group.
    pub(super) fn expire_group(&mut self, key: Key, at: Timestamp, out: &mut Vec<Report>) {
        let members = self.group_of(key);
        for key in std::iter::once(key).chain(members) {
            let filled = self.register.get(key).map_or(Qty::ZERO, |order| order.filled);
            self.end(key, OrderStatus::Expired, What::Expired { filled }, at, out);
        }
    }

    fn cancel_one(&mut self, key: Key, cause: CancelCause, at: Timestamp, out: &mut Vec<Report>) {
        let filled = self.register.get(key).map_or(Qty::ZERO, |order| order.filled);
        self.end(key, OrderStatus::Cancelled, What::Cancelled { filled, cause }, at, out);
    }

    /// Ends a working order; nothing happens when it is no longer working.
    pub(super) fn end(
        &mut self,
        key: Key,
        status: OrderStatus,
        what: What,
        at: Timestamp,
        out: &mut Vec<Report>,
    ) {
        let Some(order) = self.register.get_mut(key) else { return };
        let symbol = order.symbol;
        self.reserved -= order.reserve();
        order.status = status;
        order.updated_at = at;
        out.push(said(order, at, what));
        self.remove(symbol, key);
    }

    fn remove(&mut self, symbol: Symbol, key: Key) {
        if let (Some(row), Some(order)) = (self.rows.get_mut(symbol), self.register.get(key)) {
            row.remove(key, order.side);
        }
        self.register.finish(key);
    }

    /// Returns the other working members of an order's group.
    pub(super) fn group_of(&self, key: Key) -> Vec<Key> {
        let order = self.register.get(key);
        let Some((symbol, group)) = order.and_then(|order| Some((order.symbol, order.group?)))
        else {
            return Vec::new();
        };
        let mut members = self.members(symbol, group);
        members.retain(|member| *member != key);
        members
    }

    /// Returns the working orders of a group, oldest first.
    fn members(&self, symbol: Symbol, group: GroupId) -> Vec<Key> {
        let live = self.rows.get(symbol).map_or(&[][..], |row| row.live());
        let is_member =
            |key: &&Key| self.register.get(**key).is_some_and(|order| order.group == Some(group));
        live.iter().filter(is_member).copied().collect()
    }

    /// Computes the bounds of a symbol anew.
    pub(super) fn refresh(&mut self, symbol: Symbol) {
        if let Some(row) = self.rows.get_mut(symbol) {
            row.refresh(&self.register);
        }
    }

    /// Widens the bounds of a symbol by one order that was added to it.
    pub(super) fn widen(&mut self, key: Key) {
        if let Some(order) = self.register.get(key)
            && let Some(row) = self.rows.get_mut(order.symbol)
        {
            row.widen(order);
        }
    }

    /// Returns equity × multiplier − exposure − reservations, negative when
    /// the market moved against us.
    pub(super) fn buying_power(&self) -> Money {
        let times = self.config.multiplier.times();
        let gross = match times {
            1 => self.book.cash(),
            _ => Money::from_units(self.book.equity().units() * times) - self.book.gross_exposure(),
        };
        gross - self.reserved
    }
}

/// Makes a report about an order.
pub(super) fn said(order: &Order, at: Timestamp, what: What) -> Report {
    Report {
        at,
        client_order_id: order.client_order_id.clone(),
        broker_order_id: order.broker_order_id.clone(),
        symbol: order.symbol,
        what,
        order: order.clone(),
    }
}
