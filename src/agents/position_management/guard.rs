//! Every position against the venue's own list of orders: what rests there counts, not
//! what we believe to rest (C18, I2).
//!
//! Each whole list is compared with what trades and unexplained shares hold. Shares that
//! no live exit of the list covers are looked into at once: the stops that should be
//! there are asked after by name, and the missing quantity is protected again. What stays
//! bare for 5 s is an alarm, what stays bare for longer than it may is left; how long
//! that took is said when it is over. Positions that others hold are theirs to protect.
//! Keeping shares from being naked by our own account is in
//! [`protection`](super::protection), and so are the timers.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use crate::agents::position_management::PositionManagementAgent;
use crate::agents::position_management::trades::Trade;
use crate::bus::Outbox;
use crate::domain::ids::{ClientOrderId, Symbol, TradeId};
use crate::domain::money::Qty;
use crate::domain::order::{OrderKind, OrderReport, ReportedStatus, Side};
use crate::domain::time::Timestamp;
use crate::events::{
    Alert, GetOrderStatus, OrdersReported, PositionCovered, PositionEvent, RequestEvent, Severity,
    SystemEvent, VenueEvent,
};
use crate::fsm::trade::TradeState;

/// For so long shares may be bare before a person is called (I2).
pub(super) const ALARM_AFTER: SignedDuration = SignedDuration::from_secs(5);

/// Orders that close positions and are under way, by their names; bounded by the orders
/// that work.
pub(super) type Exits = BTreeSet<ClientOrderId>;

/// Shares that the venue's list shows no exit for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bare {
    /// When a list first showed it.
    pub(super) since: Timestamp,
    /// Whether the list shows some exit, but for too few shares.
    is_partly_covered: bool,
}

impl Bare {
    /// The stops of before a split are for other shares than those that are held.
    pub(super) const fn after_split(at: Timestamp) -> Self {
        Self { since: at, is_partly_covered: false }
    }
}

impl PositionManagementAgent {
    pub(super) fn venue(&mut self, at: Timestamp, event: &VenueEvent, out: &mut Outbox) {
        match event {
            VenueEvent::SplitApplied(split) => self.split(at, split, out),
            VenueEvent::Orders(listed) if listed.is_whole => self.check_list(at, listed, out),
            // Asked for by name, and the venue has it.
            VenueEvent::Accepted(accepted) => self.stop_is_there(&accepted.client_order_id),
            VenueEvent::Orders(_)
            | VenueEvent::Rejected(_)
            | VenueEvent::Filled(_)
            | VenueEvent::Cancelled(_)
            | VenueEvent::Expired(_)
            | VenueEvent::Replaced(_)
            | VenueEvent::CancelRefused(_)
            | VenueEvent::ReplaceRefused(_)
            | VenueEvent::CallFailed(_)
            | VenueEvent::NotFound(_)
            | VenueEvent::Raced(_)
            | VenueEvent::Account(_) => {}
        }
    }

    /// Compares a whole list with what is held.
    fn check_list(&mut self, at: Timestamp, listed: &OrdersReported, out: &mut Outbox) {
        let holding: Vec<TradeId> = self
            .trades
            .values()
            .filter(|trade| trade.state.holds_shares() && !trade.held().is_zero())
            .map(|trade| trade.id.clone())
            .collect();
        for trade_id in holding {
            let Some(trade) = self.trades.get(&trade_id) else { continue };
            let needed = self.needed(trade.symbol, trade);
            let side = trade.direction.exit_side();
            let covered = covered(&listed.orders, trade.symbol, side, &self.exits);
            self.judge(at, &trade_id, (needed, covered), out);
        }
        // Its end is told when it is asked after, and then it is placed again.
        for (symbol, direction, qty, stop) in self.stray_stops() {
            let covered = covered(&listed.orders, symbol, direction.exit_side(), &self.exits);
            if covered < qty {
                let client_order_id = stop;
                out.publish(RequestEvent::GetOrderStatus(GetOrderStatus { client_order_id }));
            }
        }
    }

    /// Shares of a symbol that must have an exit: those of its trade and those that no
    /// trade explains.
    fn needed(&self, symbol: Symbol, trade: &Trade) -> Qty {
        trade.held().saturating_add(self.stray_qty(symbol, trade.direction))
    }

    fn judge(
        &mut self,
        at: Timestamp,
        trade_id: &TradeId,
        (needed, covered): (Qty, Qty),
        out: &mut Outbox,
    ) {
        let Some(trade) = self.trades.get_mut(trade_id) else { return };
        if covered >= needed {
            trade.bare = None;
            return;
        }
        // What is naked by our own account, or looked into, has its timer; that some of it
        // is covered after all is news.
        let is_partly_covered = !covered.is_zero();
        let is_known = trade.bare.is_some_and(|it| it.is_partly_covered || !is_partly_covered);
        if trade.naked_since.is_some() || is_known {
            return;
        }
        let since = trade.bare.map_or(at, |bare| bare.since);
        trade.bare = Some(Bare { since, is_partly_covered });
        tracing::warn!(trade = %trade_id, %needed, %covered, "the venue lists too few exits");
        self.look_into(at, trade_id, out);
    }

    /// Asks after the stops that should be there, and for what is missing.
    pub(super) fn look_into(&mut self, at: Timestamp, trade_id: &TradeId, out: &mut Outbox) {
        let Some(trade) = self.trades.get(trade_id) else { return };
        let Some(bare) = trade.bare else { return };
        for client_order_id in trade.stop_orders.iter().cloned() {
            out.publish(RequestEvent::GetOrderStatus(GetOrderStatus { client_order_id }));
        }
        if bare.is_partly_covered {
            // Protects what the execution agent, by the venue's word, has no exit for.
            self.ask_for_stop(trade_id, out);
        }
        let again = SignedDuration::from_secs(self.config.protect_again_seconds.into());
        self.look_again(self.no_later_than_exit(at.plus(again), at, bare.since), trade_id, out);
    }

    /// The venue shows the stop of a trade: the list was older than it. A stop for too few
    /// shares is there as well, and proves nothing.
    fn stop_is_there(&mut self, id: &ClientOrderId) {
        for trade in self.trades.values_mut() {
            let is_whole = trade.bare.is_some_and(|bare| !bare.is_partly_covered);
            if is_whole && trade.stop_orders.contains(id) {
                trade.bare = None;
            }
        }
    }

    /// The next look must not let the moment pass at which the position is left.
    pub(super) fn no_later_than_exit(
        &self,
        next: Timestamp,
        at: Timestamp,
        since: Timestamp,
    ) -> Timestamp {
        let limit = SignedDuration::from_secs(self.config.naked_seconds_max.into());
        let exit = since.plus(limit);
        if exit > at { next.min(exit) } else { next }
    }

    /// Calls a person when shares have been bare for too long; once a spell.
    pub(super) fn alarm_when_due(&mut self, at: Timestamp, trade_id: &TradeId, out: &mut Outbox) {
        let Some(trade) = self.trades.get_mut(trade_id) else { return };
        let Some(since) = trade.bare_since() else { return };
        if trade.is_alarmed || at.since(since) < ALARM_AFTER {
            return;
        }
        trade.is_alarmed = true;
        let text = format!(
            "{} {} shares have had no live stop for {} s: it is placed again, then they are left",
            trade.symbol,
            trade.held(),
            at.since(since).as_secs()
        );
        out.publish(SystemEvent::Alert(Alert { severity: Severity::Critical, text }));
    }

    /// A spell without an exit is over.
    pub(super) fn end_spell(&mut self, at: Timestamp, trade_id: &TradeId, out: &mut Outbox) {
        let Some(trade) = self.trades.get_mut(trade_id) else { return };
        let was_listed = trade.bare.take().is_some();
        let Some(since) = trade.naked_since.take() else { return };
        trade.is_alarmed = false;
        let naked_ms = u64::try_from(at.since(since).as_millis()).unwrap_or(0);
        if naked_ms > 0 {
            let (trade_id, symbol) = (trade_id.clone(), trade.symbol);
            let covered = PositionCovered { trade_id, symbol, naked_ms, was_listed };
            out.publish(PositionEvent::Covered(covered));
        }
    }

    /// An order that closes a position has left, or has ended.
    pub(super) fn exit_is_under_way(&mut self, id: &ClientOrderId, is_under_way: bool) {
        if is_under_way {
            self.exits.insert(id.clone());
        } else {
            self.exits.remove(id);
        }
    }
}

impl Trade {
    /// Since when some of its shares have no live exit, by our own account or by the
    /// venue's list.
    pub(super) fn bare_since(&self) -> Option<Timestamp> {
        let listed = self.bare.map(|bare| bare.since);
        // What leaves is held by the order that closes it.
        if matches!(self.state, TradeState::OrderClosing { .. }) {
            return None;
        }
        match (self.naked_since, listed) {
            (Some(own), Some(listed)) => Some(own.min(listed)),
            (own, listed) => own.or(listed),
        }
    }
}

/// Shares of a stock that live exits in a list cover: whatever has a stop, held ones
/// included (F17), and our own orders that close. The target of a group rests for the
/// same shares as its stop and counts with it.
fn covered(orders: &[OrderReport], symbol: Symbol, side: Side, exits: &Exits) -> Qty {
    let is_live = |order: &&OrderReport| {
        order.symbol == symbol
            && order.side == side
            && matches!(order.status, ReportedStatus::Working | ReportedStatus::Held)
    };
    let covers = |order: &&OrderReport| match order.kind {
        OrderKind::Stop { .. } | OrderKind::StopLimit { .. } | OrderKind::TrailingStop { .. } => {
            true
        }
        OrderKind::Market | OrderKind::Limit { .. } => {
            order.client_order_id.as_ref().is_some_and(|id| exits.contains(id))
        }
    };
    let left = |order: &OrderReport| order.qty.saturating_sub(order.filled);
    let live = orders.iter().filter(is_live).filter(covers);
    live.fold(Qty::ZERO, |sum, order| sum.saturating_add(left(order)))
}
