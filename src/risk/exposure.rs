//! Reservations: what entries lay claim to before they are filled.
//!
//! An entry is counted from the moment of its approval, not of its fill (C03),
//! and keeps its claim while its outcome is unknown (C16, I11). Sums per account
//! and per symbol are kept by differences, so a decision reads them at once.
//! Knows nothing of positions: what is filled leaves this ledger and is counted
//! in the book.

use std::collections::BTreeMap;

use crate::domain::ids::{Symbol, TradeId};
use crate::domain::money::{Money, Price, Qty};
use crate::domain::position::Direction;
use crate::domain::symbols::SymbolMap;
use crate::risk::approved::ApprovedOrder;

/// Sums over the unfilled part of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Value of all of them.
    pub cost: Money,
    /// Value of those that the broker has not confirmed: it does not yet deduct
    /// them from its buying power.
    pub cost_unconfirmed: Money,
    /// Value of the long ones.
    pub long: Money,
    /// Value of the short ones, above zero.
    pub short: Money,
    /// What all of them lose at their stops.
    pub worst_loss: Money,
}

impl Totals {
    fn add(&mut self, other: Self) {
        self.cost += other.cost;
        self.cost_unconfirmed += other.cost_unconfirmed;
        self.long += other.long;
        self.short += other.short;
        self.worst_loss += other.worst_loss;
    }

    fn subtract(&mut self, other: Self) {
        self.cost -= other.cost;
        self.cost_unconfirmed -= other.cost_unconfirmed;
        self.long -= other.long;
        self.short -= other.short;
        self.worst_loss -= other.worst_loss;
    }
}

/// How far an entry has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Approved, nothing has left.
    Approved,
    /// Sent, not answered.
    InFlight,
    /// The broker has confirmed it.
    Working,
    /// Sent, and nobody knows what became of it.
    Unknown,
}

/// The claim of one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reservation {
    /// Which stock.
    pub symbol: Symbol,
    /// Long or short.
    pub direction: Direction,
    /// Shares not filled yet.
    pub qty: Qty,
    /// Highest price of the order, dollars per share.
    pub price: Price,
    /// Loss per share at the stop.
    pub loss_per_share: Money,
    /// How far it has come.
    pub standing: Standing,
}

impl Reservation {
    fn totals(&self) -> Totals {
        let cost = self.price.times(self.qty);
        let (long, short) = match self.direction {
            Direction::Long => (cost, Money::ZERO),
            Direction::Short => (Money::ZERO, cost),
        };
        let cost_unconfirmed = match self.standing {
            Standing::Approved | Standing::InFlight | Standing::Unknown => cost,
            Standing::Working => Money::ZERO,
        };
        let worst_loss = self.loss_per_share.scaled(self.qty.to_decimal());
        Totals { cost, cost_unconfirmed, long, short, worst_loss }
    }
}

/// All claims of an account.
#[derive(Debug, Clone, Default)]
pub struct Reservations {
    rows: BTreeMap<TradeId, Reservation>,
    by_symbol: SymbolMap<Totals>,
    total: Totals,
}

impl Reservations {
    /// Counts an approved entry from now on. Returns whether it is new: exits
    /// claim nothing, and a second approval of a trade is not counted twice.
    pub fn reserve(&mut self, order: &ApprovedOrder) -> bool {
        let Some(price) = order.price_highest() else { return false };
        if self.rows.contains_key(order.trade_id()) {
            return false;
        }
        let reservation = Reservation {
            symbol: order.symbol(),
            direction: Direction::of_entry(order.side()),
            qty: order.qty(),
            price,
            loss_per_share: order.loss_per_share(),
            standing: Standing::Approved,
        };
        self.rows.insert(order.trade_id().clone(), reservation);
        self.account(reservation, Totals::add);
        true
    }

    /// Moves a claim to another standing. Returns whether that was done: nothing
    /// goes back to approved, because what was sent cannot be unsent.
    pub fn mark(&mut self, trade_id: &TradeId, standing: Standing) -> bool {
        standing != Standing::Approved && self.change(trade_id, |row| row.standing = standing)
    }

    /// Takes filled shares out of a claim; they are in the book from now on. A
    /// fill is evidence that the broker has the order.
    pub fn fill(&mut self, trade_id: &TradeId, qty: Qty) -> bool {
        self.change(trade_id, |row| {
            row.qty = row.qty.saturating_sub(qty);
            row.standing = Standing::Working;
        })
    }

    /// Ends the claim of an entry that never left: approval expired, rejected by
    /// a human, refused before it was sent. Returns `false` and keeps the claim
    /// when it was sent, because then only evidence ends it.
    pub fn release_unsent(&mut self, trade_id: &TradeId) -> bool {
        match self.rows.get(trade_id).map(|row| row.standing) {
            Some(Standing::Approved) => self.remove(trade_id),
            Some(Standing::InFlight | Standing::Working | Standing::Unknown) | None => false,
        }
    }

    /// Ends a claim by evidence: the broker's terminal state of the order, its
    /// refusal, or a human's word. Returns whether there was such a claim.
    pub fn release_on_evidence(&mut self, trade_id: &TradeId) -> bool {
        self.remove(trade_id)
    }

    /// Returns the sums over all symbols.
    pub const fn total(&self) -> Totals {
        self.total
    }

    /// Returns the sums of one symbol.
    pub fn of_symbol(&self, symbol: Symbol) -> Totals {
        self.by_symbol.get(symbol).copied().unwrap_or_default()
    }

    /// Returns the claim of a trade.
    pub fn get(&self, trade_id: &TradeId) -> Option<&Reservation> {
        self.rows.get(trade_id)
    }

    /// Walks all claims in the order of their trade ids.
    pub fn iter(&self) -> impl Iterator<Item = (&TradeId, &Reservation)> {
        self.rows.iter()
    }

    /// Returns how many claims there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Tells whether there is no claim.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn change(&mut self, trade_id: &TradeId, change: impl FnOnce(&mut Reservation)) -> bool {
        let Some(row) = self.rows.get_mut(trade_id) else { return false };
        let before = *row;
        change(row);
        let after = *row;
        self.account(before, Totals::subtract);
        self.account(after, Totals::add);
        true
    }

    fn remove(&mut self, trade_id: &TradeId) -> bool {
        let Some(row) = self.rows.remove(trade_id) else { return false };
        self.account(row, Totals::subtract);
        true
    }

    fn account(&mut self, row: Reservation, apply: fn(&mut Totals, Totals)) {
        let totals = row.totals();
        apply(&mut self.total, totals);
        apply(self.by_symbol.row(row.symbol, Totals::default), totals);
    }
}
