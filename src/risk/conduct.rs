//! What was approved before: the memory behind the rules against repetition.
//!
//! Used intents for ever, similar orders of a symbol for a moment (both C06), one
//! [`StrategyGuard`] per strategy (C08), and the number of entries so far. A
//! rebuilt agent gets the same memory by folding its journal.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::SignedDuration;

use crate::domain::ids::TradeId;
use crate::domain::money::{Money, Price, Qty};
use crate::domain::order::Side;
use crate::domain::symbols::SymbolMap;
use crate::domain::time::Timestamp;
use crate::risk::limits::Limits;
use crate::risk::open_risk::share_of;
use crate::risk::question::EntryIntent;
use crate::risk::strategy_guard::{DisabledReason, StrategyGuard};

/// Newest orders remembered per symbol: more than that inside a window stops a
/// strategy by its guard first.
const RECENT_PER_SYMBOL_MAX: usize = 16;
/// Used intents remembered: with this many, further entries are refused rather
/// than an old intent forgotten (about 100 MB).
const INTENTS_MAX: usize = 1_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Recent {
    side: Side,
    qty: Qty,
    price: Price,
    at: Timestamp,
}

/// The memory of one account.
#[derive(Debug, Clone, Default)]
pub struct Conduct {
    intents: BTreeSet<TradeId>,
    recent: SymbolMap<VecDeque<Recent>>,
    guards: BTreeMap<Arc<str>, StrategyGuard>,
    entries_approved: u64,
}

impl Conduct {
    /// Remembers an approved entry. Returns the reason when its strategy is
    /// disabled by it.
    pub fn entry_approved(
        &mut self,
        intent: &EntryIntent,
        qty: Qty,
        limits: &Limits,
    ) -> Option<DisabledReason> {
        self.intents.insert(intent.trade_id.clone());
        self.entries_approved = self.entries_approved.saturating_add(1);
        let recent = self.recent.row(intent.symbol, VecDeque::default);
        if recent.len() >= RECENT_PER_SYMBOL_MAX {
            recent.pop_front();
        }
        recent.push_back(Recent {
            side: intent.direction.entry_side(),
            qty,
            price: intent.entry_price,
            at: intent.at,
        });
        self.guards.entry(intent.strategy.clone()).or_default().order_sent(intent.at, limits)
    }

    /// Counts a closed trade of a strategy with its profit. Returns the reason
    /// when the strategy is disabled by it.
    pub fn round_trip_closed(
        &mut self,
        strategy: &Arc<str>,
        profit: Money,
        at: Timestamp,
        limits: &Limits,
    ) -> Option<DisabledReason> {
        let guard = self.guards.entry(strategy.clone()).or_default();
        guard.round_trip_closed(profit, at, limits)
    }

    /// Lets a strategy enter again: a human's act. Returns whether it was
    /// disabled.
    pub fn enable(&mut self, strategy: &str) -> bool {
        let Some(guard) = self.guards.get_mut(strategy) else { return false };
        let was_disabled = !guard.is_enabled();
        guard.enable();
        was_disabled
    }

    /// Tells whether an intent may not be used: it was, or memory is full.
    pub fn is_intent_used(&self, trade_id: &TradeId) -> bool {
        self.intents.len() >= INTENTS_MAX || self.intents.contains(trade_id)
    }

    /// Returns how many orders like this one were approved inside the window:
    /// same symbol, side and quantity, price within the band.
    pub fn similar_orders(&self, intent: &EntryIntent, qty: Qty, limits: &Limits) -> u32 {
        let window = SignedDuration::from_secs(limits.duplicate_window_seconds.into());
        let band = share_of(intent.entry_price, limits.duplicate_price_band);
        let Some(recent) = self.recent.get(intent.symbol) else { return 0 };
        let similar = recent.iter().filter(|order| {
            order.side == intent.direction.entry_side()
                && order.qty == qty
                && intent.at.since(order.at) < window
                && intent.entry_price.minus(order.price).abs() <= band
        });
        u32::try_from(similar.count()).unwrap_or(u32::MAX)
    }

    /// Returns the guard of a strategy, `None` before its first order.
    pub fn guard(&self, strategy: &str) -> Option<&StrategyGuard> {
        self.guards.get(strategy)
    }

    /// Walks the guards by name of strategy.
    pub fn guards(&self) -> impl Iterator<Item = (&Arc<str>, &StrategyGuard)> {
        self.guards.iter()
    }

    /// Returns how many entries were approved so far.
    pub const fn entries_approved(&self) -> u64 {
        self.entries_approved
    }
}
