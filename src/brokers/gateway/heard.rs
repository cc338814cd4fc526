//! What the stream of orders alone has told of positions: the third word beside the
//! journal's and the broker's lists.
//!
//! It begins with what the broker holds when the stream is whole, and adds up the
//! executions that are pushed, those of others included. A gap makes it begin anew, since
//! what was missed is read and not pushed. It decides nothing; it tells where a difference
//! comes from.

use std::collections::{BTreeMap, BTreeSet};

use crate::brokers::{OrderNews, OrderUpdate};
use crate::domain::ids::{BrokerOrderId, Symbol};
use crate::domain::money::Qty;
use crate::domain::order::Side;
use crate::domain::position::{Direction, Position};
use crate::events::Streamed;

/// Orders whose executions are told apart by what they have reached; with more of them it
/// begins anew.
const ORDERS_MAX: usize = 4_000;

/// The sum of what was pushed.
#[derive(Debug, Default)]
pub(super) struct Heard {
    is_begun: bool,
    /// Billionths of a share, negative when short.
    shares: BTreeMap<Symbol, i128>,
    /// What each order has reached, so that an execution pushed twice counts once.
    reached: BTreeMap<BrokerOrderId, Qty>,
}

impl Heard {
    /// The stream has had a gap.
    pub(super) fn gap(&mut self) {
        *self = Self::default();
    }

    /// Takes one push.
    pub(super) fn update(&mut self, update: &OrderUpdate) {
        let OrderNews::Executed(_) = update.news else { return };
        let report = &update.order.report;
        let reached = self.reached.entry(report.broker_order_id.clone()).or_default();
        let added = report.filled.saturating_sub(*reached);
        *reached = (*reached).max(report.filled);
        let units = i128::from(added.units());
        let held = self.shares.entry(report.symbol).or_default();
        *held += if report.side == Side::Buy { units } else { -units };
        if self.reached.len() > ORDERS_MAX {
            self.gap();
        }
    }

    /// Positions that the stream tells otherwise than the broker.
    pub(super) fn compare(&mut self, positions: &[Position]) -> Vec<Streamed> {
        let theirs: BTreeMap<Symbol, i128> =
            positions.iter().map(|held| (held.symbol, signed(held))).collect();
        if !self.is_begun {
            self.is_begun = true;
            self.shares = theirs;
            return Vec::new();
        }
        let symbols: BTreeSet<Symbol> = theirs.keys().chain(self.shares.keys()).copied().collect();
        let of = |held: &BTreeMap<Symbol, i128>, symbol| held.get(&symbol).copied().unwrap_or(0);
        symbols
            .into_iter()
            .filter(|symbol| of(&theirs, *symbol) != of(&self.shares, *symbol))
            .filter_map(|symbol| streamed(symbol, of(&self.shares, symbol)))
            .collect()
    }
}

fn signed(held: &Position) -> i128 {
    let units = i128::from(held.qty.units());
    match held.direction {
        Direction::Long => units,
        Direction::Short => -units,
    }
}

fn streamed(symbol: Symbol, units: i128) -> Option<Streamed> {
    let direction = if units < 0 { Direction::Short } else { Direction::Long };
    let qty = Qty::from_units(u64::try_from(units.unsigned_abs()).ok()?).ok()?;
    Some(Streamed { symbol, direction, qty })
}
