//! Replacing a working order: new quantity, prices or trail under a new id.
//!
//! Rules and texts: Alpaca's protocol page §3.6 of October 2026. `qty` is the new
//! total, what has been filled included; the child goes on counting from there.

use crate::domain::ids::{BrokerOrderId, ClientOrderId};
use crate::domain::money::{Price, Qty};
use crate::domain::order::OrderClass;
use crate::domain::order::OrderKind;
use crate::domain::order::RejectReason;
use crate::domain::order::TimeInForce;
use crate::domain::order::Trail;
use crate::domain::time::Timestamp;

use super::engine::Exchange;
use super::order::{Intent, Order, OrderStatus};
use super::register::{Key, OrderName};
use super::report::{Rejection, Report, What};
use super::rules;

/// What a replacement changes; everything absent stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// New total of shares.
    pub qty: Option<Qty>,
    /// New limit price.
    pub limit: Option<Price>,
    /// New stop price.
    pub stop: Option<Price>,
    /// New trailing distance.
    pub trail: Option<Trail>,
    /// How long it works from now on.
    pub time_in_force: Option<TimeInForce>,
    /// The client's name of the new order; made by the exchange when absent.
    pub client_order_id: Option<ClientOrderId>,
}

impl Exchange {
    /// Replaces a working order and returns the exchange's name of the new one.
    ///
    /// # Errors
    /// When the order is unknown, not working or merely queued, when nothing
    /// would change, or when the new order breaks a rule; then nothing changed.
    pub fn replace(
        &mut self,
        name: OrderName<'_>,
        change: &Change,
        at: Timestamp,
        out: &mut Vec<Report>,
    ) -> Result<BrokerOrderId, Rejection> {
        let (key, child) = self.child_of(name, change, at)?;
        let id = child.broker_order_id.clone();
        if let Some(old) = self.register.get_mut(key) {
            old.replaced_by = Some(id.clone());
        }
        let what = What::Replaced {
            client_order_id: child.client_order_id.clone(),
            broker_order_id: id.clone(),
        };
        self.end(key, OrderStatus::Replaced, what, at, out);
        let symbol = child.symbol;
        let key = self.enter(child, None, at, out);
        self.attempt_now(key, at, out);
        self.refresh(symbol);
        Ok(id)
    }

    /// Makes the order that would take another's place, and checks it.
    pub(super) fn child_of(
        &mut self,
        name: OrderName<'_>,
        change: &Change,
        at: Timestamp,
    ) -> Result<(Key, Order), Rejection> {
        let old =
            self.register.find(name).ok_or_else(|| Rejection::unknown_order(name.as_str()))?;
        check_open(old)?;
        let mut child = changed(old, change)?;
        self.check_child(old, &mut child, change)?;
        let Some(key) = self.register.key(name) else {
            return Err(refused("unable to replace order, order is not open"));
        };
        let (sequence, id) = self.register.next_order();
        let client_id = change.client_order_id.clone();
        child.sequence = sequence;
        child.client_order_id = client_id.unwrap_or_else(|| self.register.client_id_of(sequence));
        child.replaces = Some(std::mem::replace(&mut child.broker_order_id, id));
        child.submitted_at = at;
        child.updated_at = at;
        child.armed_in_bar = self.rows.get(child.symbol).map_or(0, |row| row.bars);
        Ok((key, child))
    }

    fn check_child(
        &self,
        old: &Order,
        child: &mut Order,
        change: &Change,
    ) -> Result<(), Rejection> {
        if self.config.enforce_increments {
            for (field, price) in [("limit_price", change.limit), ("stop_price", change.stop)] {
                price.map_or(Ok(()), |price| rules::check_increment(field, price))?;
            }
        }
        rules::check_trail(child.kind)?;
        if change.client_order_id.as_ref().is_some_and(|id| self.register.is_used(id)) {
            let text = "client_order_id must be unique";
            return Err(Rejection::malformed(RejectReason::DuplicateClientOrderId, text));
        }
        if old.is_armed {
            self.check_stop(child.symbol, child.side, change.stop)?;
        }
        self.check_wash(child.symbol, child.side, child.kind, child.class)?;
        match child.intent {
            Intent::Close => {
                let more = child.qty.saturating_sub(old.qty);
                self.check_shares(child.symbol, child.side, more)
            }
            Intent::Open => {
                let price = self.reserve_price(child.symbol, child.side, child.kind)?;
                child.reserve_price = Some(price);
                self.check_funds(child.reserve(), old.reserve())
            }
        }
    }
}

fn check_open(order: &Order) -> Result<(), Rejection> {
    if order.notional.is_some() {
        // Ours: the page names no text.
        return Err(refused("notional orders cannot be replaced"));
    }
    match order.status {
        OrderStatus::New | OrderStatus::PartiallyFilled | OrderStatus::Held => Ok(()),
        OrderStatus::Accepted => Err(refused("cannot replace order in accepted status")),
        OrderStatus::PendingNew
        | OrderStatus::PendingCancel
        | OrderStatus::PendingReplace
        | OrderStatus::DoneForDay => {
            let text = format!("cannot replace order in {} status", order.status.name());
            Err(refused(&text))
        }
        OrderStatus::Replaced => Err(refused("order already replaced")),
        OrderStatus::Filled
        | OrderStatus::Cancelled
        | OrderStatus::Expired
        | OrderStatus::Rejected => Err(refused("unable to replace order, order is not open")),
    }
}

/// Applies a change to a copy of the order.
fn changed(old: &Order, change: &Change) -> Result<Order, Rejection> {
    let mut child = old.clone();
    child.kind = changed_kind(old.kind, change)?;
    child.qty = change.qty.unwrap_or(old.qty);
    child.time_in_force = change.time_in_force.unwrap_or(old.time_in_force);
    if (child.kind, child.qty, child.time_in_force) == (old.kind, old.qty, old.time_in_force) {
        return Err(refused("order parameters are not changed"));
    }
    if child.qty != old.qty {
        check_qty(old, child.qty)?;
    }
    if change.stop.is_some() {
        child.stop = child.kind.stop();
        child.is_elected = false;
    }
    if let Some(best) = child.best {
        child.trail_from(best);
    }
    Ok(child)
}

fn check_qty(old: &Order, qty: Qty) -> Result<(), Rejection> {
    let refuse = |text: &str| Err(Rejection::unacceptable(RejectReason::InvalidQuantity, text));
    if qty <= old.filled {
        return refuse("qty must be > filled_qty");
    }
    // The two texts below are ours.
    if qty.whole_shares().is_none() || old.qty.whole_shares().is_none() {
        return refuse("qty of fractional orders cannot be replaced");
    }
    if old.class != OrderClass::Simple {
        return refuse("qty of complex orders cannot be replaced");
    }
    Ok(())
}

fn changed_kind(kind: OrderKind, change: &Change) -> Result<OrderKind, Rejection> {
    let (new_limit, new_stop, new_trail) = (change.limit, change.stop, change.trail);
    match (kind, new_limit, new_stop, new_trail) {
        (OrderKind::Market, None, None, None) => Ok(kind),
        (OrderKind::Limit { limit }, _, None, None) => {
            Ok(OrderKind::Limit { limit: new_limit.unwrap_or(limit) })
        }
        (OrderKind::Stop { stop }, None, _, None) => {
            Ok(OrderKind::Stop { stop: new_stop.unwrap_or(stop) })
        }
        (OrderKind::StopLimit { stop, limit }, _, _, None) => Ok(OrderKind::StopLimit {
            stop: new_stop.unwrap_or(stop),
            limit: new_limit.unwrap_or(limit),
        }),
        (OrderKind::TrailingStop { trail }, None, None, _) => {
            let new_trail = new_trail.unwrap_or(trail);
            if std::mem::discriminant(&trail) != std::mem::discriminant(&new_trail) {
                return Err(refused("trail must keep its kind"));
            }
            Ok(OrderKind::TrailingStop { trail: new_trail })
        }
        (
            OrderKind::Market
            | OrderKind::Limit { .. }
            | OrderKind::Stop { .. }
            | OrderKind::TrailingStop { .. },
            _,
            _,
            _,
        )
        | (OrderKind::StopLimit { .. }, _, _, Some(_)) => {
            // Ours: the page names no text for a price the kind does not have.
            Err(refused("order type does not have the given price"))
        }
    }
}

fn refused(text: &str) -> Rejection {
    Rejection::unacceptable(RejectReason::NotWorking, text)
}
