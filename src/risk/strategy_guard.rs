//! The machine that disables a strategy which repeats itself (C08).
//!
//! Enabled → Disabled on the k-th order inside a window or the k-th losing round
//! trip in a row; Disabled → Enabled by hand only. Time passes in with every
//! call; memory is at most k instants. Knows one strategy and nothing of trades:
//! [`conduct`](crate::risk::Conduct) holds one guard per strategy.

use std::collections::VecDeque;
use std::fmt;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::domain::money::Money;
use crate::domain::time::Timestamp;
use crate::risk::limits::Limits;

/// Why a strategy was disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisabledReason {
    /// Too many orders inside the window.
    Orders {
        /// How many.
        count: u32,
    },
    /// Too many losing round trips in a row.
    Losses {
        /// How many.
        count: u32,
    },
}

impl fmt::Display for DisabledReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Orders { count } => write!(f, "{count} orders within the window"),
            Self::Losses { count } => write!(f, "{count} losing round trips in a row"),
        }
    }
}

/// The guard of one strategy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StrategyGuard {
    /// The strategy may enter.
    Enabled {
        /// Instants of its newest orders, oldest first, at most as many as the
        /// limit.
        orders: VecDeque<Timestamp>,
        /// Losing round trips since the last winning one.
        losses: u32,
    },
    /// It may not, until enabled by hand.
    Disabled {
        /// Since when.
        since: Timestamp,
        /// Why.
        reason: DisabledReason,
    },
}

impl Default for StrategyGuard {
    fn default() -> Self {
        Self::Enabled { orders: VecDeque::new(), losses: 0 }
    }
}

impl StrategyGuard {
    /// Counts an order. Returns the reason when it was one too many.
    pub fn order_sent(&mut self, at: Timestamp, limits: &Limits) -> Option<DisabledReason> {
        let Self::Enabled { orders, .. } = self else { return None };
        if limits.max_strategy_orders == 0 {
            return None;
        }
        forget_old(orders, at, limits);
        orders.push_back(at);
        let count = u32::try_from(orders.len()).unwrap_or(u32::MAX);
        if count < limits.max_strategy_orders {
            return None;
        }
        Some(self.disable(at, DisabledReason::Orders { count }))
    }

    /// Counts a closed trade with its profit. Returns the reason when it was one
    /// loss too many; a profit of zero neither counts nor clears.
    pub fn round_trip_closed(
        &mut self,
        profit: Money,
        at: Timestamp,
        limits: &Limits,
    ) -> Option<DisabledReason> {
        let Self::Enabled { losses, .. } = self else { return None };
        if profit > Money::ZERO {
            *losses = 0;
        }
        if !profit.is_negative() {
            return None;
        }
        *losses = losses.saturating_add(1);
        let count = *losses;
        if limits.max_strategy_losses == 0 || count < limits.max_strategy_losses {
            return None;
        }
        Some(self.disable(at, DisabledReason::Losses { count }))
    }

    /// Lets the strategy enter again, with all counts at zero: a human's act.
    pub fn enable(&mut self) {
        *self = Self::default();
    }

    /// Tells whether the strategy may enter.
    pub const fn is_enabled(&self) -> bool {
        matches!(self, Self::Enabled { .. })
    }

    /// Returns how many orders lie inside the window that ends at `at`.
    pub fn orders_in_window(&self, at: Timestamp, limits: &Limits) -> u32 {
        match self {
            Self::Enabled { orders, .. } => {
                let inside = orders.iter().filter(|order| is_inside(**order, at, limits));
                u32::try_from(inside.count()).unwrap_or(u32::MAX)
            }
            Self::Disabled { .. } => 0,
        }
    }

    fn disable(&mut self, since: Timestamp, reason: DisabledReason) -> DisabledReason {
        *self = Self::Disabled { since, reason };
        reason
    }
}

fn forget_old(orders: &mut VecDeque<Timestamp>, at: Timestamp, limits: &Limits) {
    while orders.front().is_some_and(|order| !is_inside(*order, at, limits)) {
        orders.pop_front();
    }
}

fn is_inside(order: Timestamp, at: Timestamp, limits: &Limits) -> bool {
    at.since(order) < SignedDuration::from_secs(limits.strategy_window_seconds.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_seconds(second)
    }

    fn limits(orders: u32, losses: u32) -> Limits {
        Limits {
            max_strategy_orders: orders,
            max_strategy_losses: losses,
            strategy_window_seconds: 60,
            ..Limits::default()
        }
    }

    #[test]
    fn c08_the_kth_order_inside_the_window_disables_until_enabled_by_hand() {
        let limits = limits(3, 0);
        let mut guard = StrategyGuard::default();
        assert_eq!(guard.order_sent(at(0), &limits), None);
        assert_eq!(guard.order_sent(at(30), &limits), None);
        assert_eq!(guard.order_sent(at(60), &limits), None, "the first has left the window");
        assert_eq!(guard.orders_in_window(at(60), &limits), 2);
        let reason = guard.order_sent(at(89), &limits);
        assert_eq!(reason, Some(DisabledReason::Orders { count: 3 }));
        assert_eq!(guard.order_sent(at(9_999), &limits), None);
        assert!(!guard.is_enabled(), "time alone never enables");
        guard.enable();
        assert!(guard.is_enabled());
        assert_eq!(guard.orders_in_window(at(89), &limits), 0);
    }

    #[test]
    fn c08_k_losses_in_a_row_disable_and_a_win_between_clears() {
        let limits = limits(0, 2);
        let mut guard = StrategyGuard::default();
        let [loss, win] = [-1, 1].map(Money::from_dollars);
        for profit in [loss, win, loss, Money::ZERO] {
            assert_eq!(guard.round_trip_closed(profit, at(0), &limits), None);
        }
        let reason = guard.round_trip_closed(loss, at(1), &limits);
        assert_eq!(reason, Some(DisabledReason::Losses { count: 2 }));
        assert_eq!(guard, StrategyGuard::Disabled { since: at(1), reason: reason.unwrap() });
    }

    #[test]
    fn zero_switches_both_counts_off_and_nothing_is_remembered() {
        let limits = limits(0, 0);
        let mut guard = StrategyGuard::default();
        for second in 0..1_000 {
            guard.order_sent(at(second), &limits);
            guard.round_trip_closed(Money::from_dollars(-1), at(second), &limits);
        }
        assert!(matches!(guard, StrategyGuard::Enabled { orders, .. } if orders.is_empty()));
    }
}
