//! Positions and the book of one account: exact, to the unit.
//!
//! Cost is carried as an amount, not as an average price, and a partial close
//! takes its share of the cost (rounded once; what remains keeps the rest), so
//! that cash + cost − realized profit always equals the opening cash.

use serde::{Deserialize, Serialize};

use crate::domain::ids::Symbol;
use crate::domain::money::{Money, Price, Qty};
use crate::domain::order::Side;
use crate::domain::symbols::SymbolMap;

/// Long or short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Shares are owned.
    Long,
    /// Shares are owed.
    Short,
}

impl Direction {
    /// The name on the wire and on the screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Long => "long",
            Self::Short => "short",
        }
    }

    /// The side that opens such a position.
    pub const fn entry_side(self) -> Side {
        match self {
            Self::Long => Side::Buy,
            Self::Short => Side::Sell,
        }
    }

    /// The side that closes such a position.
    pub const fn exit_side(self) -> Side {
        self.entry_side().opposite()
    }

    /// The direction that an opening order of this side takes.
    pub const fn of_entry(side: Side) -> Self {
        match side {
            Side::Buy => Self::Long,
            Side::Sell => Self::Short,
        }
    }
}

/// An open position in one symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Which stock.
    pub symbol: Symbol,
    /// Long or short.
    pub direction: Direction,
    /// Shares, above zero.
    pub qty: Qty,
    /// What was paid for a long position, or received for a short one; never
    /// negative.
    pub cost: Money,
}

impl Position {
    /// Returns the average price paid or received per share.
    pub fn average_price(&self) -> Option<Price> {
        self.cost.per_share(self.qty)
    }

    /// Returns what the position is worth at a price: negative for a short one.
    pub fn market_value(&self, price: Price) -> Money {
        let value = price.times(self.qty);
        match self.direction {
            Direction::Long => value,
            Direction::Short => -value,
        }
    }

    /// Returns the profit not yet taken at a price.
    pub fn unrealized(&self, price: Price) -> Money {
        let value = price.times(self.qty);
        match self.direction {
            Direction::Long => value - self.cost,
            Direction::Short => self.cost - value,
        }
    }
}

/// What a fill did to a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FillEffect {
    /// Profit taken by the closing part, zero when nothing was closed.
    pub realized: Money,
    /// Shares that closed the old position.
    pub closed: Qty,
    /// Shares that opened or added.
    pub opened: Qty,
    /// The position afterwards, `None` when flat.
    pub position: Option<Position>,
}

/// Applies one execution to a position (or to none): adds at cost, closes in
/// proportion, and opens the other direction with what is left over.
pub fn apply_fill(
    before: Option<Position>,
    symbol: Symbol,
    side: Side,
    qty: Qty,
    price: Price,
) -> FillEffect {
    let opens = Direction::of_entry(side);
    let fresh = |qty: Qty, cost: Money| Position { symbol, direction: opens, qty, cost };
    let Some(position) = before else {
        let position = (!qty.is_zero()).then(|| fresh(qty, price.times(qty)));
        return FillEffect { realized: Money::ZERO, closed: Qty::ZERO, opened: qty, position };
    };
    if position.direction == opens {
        let grown = Position {
            qty: position.qty.saturating_add(qty),
            cost: position.cost + price.times(qty),
            ..position
        };
        return FillEffect {
            realized: Money::ZERO,
            closed: Qty::ZERO,
            opened: qty,
            position: Some(grown),
        };
    }
    let closed = qty.min(position.qty);
    let opened = qty.saturating_sub(closed);
    let cost_out = position.cost.portion(closed, position.qty);
    let proceeds = price.times(closed);
    let realized = match position.direction {
        Direction::Long => proceeds - cost_out,
        Direction::Short => cost_out - proceeds,
    };
    let left = position.qty.saturating_sub(closed);
    let after = if !left.is_zero() {
        Some(Position { qty: left, cost: position.cost - cost_out, ..position })
    } else if !opened.is_zero() {
        Some(fresh(opened, price.times(opened)))
    } else {
        None
    };
    FillEffect { realized, closed, opened, position: after }
}

/// Cash, positions and their newest prices: what an account is worth.
///
/// Equity is kept up to date by differences, so a new price costs one
/// multiplication however many positions there are.
#[derive(Debug, Clone, Default)]
pub struct Book {
    cash: Money,
    realized: Money,
    fees: Money,
    rows: SymbolMap<BookRow>,
    /// Sum of market values, shorts negative.
    net_value: Money,
    /// Sum of absolute market values.
    gross_value: Money,
    open_positions: usize,
}

#[derive(Debug, Clone, Copy, Default)]
struct BookRow {
    position: Option<Position>,
    mark: Option<Price>,
    value: Money,
}

impl Book {
    /// Opens a book with cash and nothing else.
    pub fn new(cash: Money) -> Self {
        Self { cash, ..Self::default() }
    }

    /// Applies one execution and its fee.
    pub fn apply(
        &mut self,
        symbol: Symbol,
        side: Side,
        qty: Qty,
        price: Price,
        fee: Money,
    ) -> FillEffect {
        let row = self.rows.row(symbol, BookRow::default);
        let had = row.position.is_some();
        if !had {
            // Prices are not followed while nothing is held: an old one is none.
            row.mark = Some(price);
        }
        let effect = apply_fill(row.position, symbol, side, qty, price);
        row.position = effect.position;
        let amount = price.times(qty);
        match side {
            Side::Buy => self.cash -= amount,
            Side::Sell => self.cash += amount,
        }
        self.cash -= fee;
        self.fees += fee;
        self.realized += effect.realized;
        match (had, effect.position.is_some()) {
            (false, true) => self.open_positions = self.open_positions.saturating_add(1),
            (true, false) => self.open_positions = self.open_positions.saturating_sub(1),
            (true, true) | (false, false) => {}
        }
        self.revalue(symbol);
        effect
    }

    /// Takes a new price of a symbol into account.
    pub fn mark(&mut self, symbol: Symbol, price: Price) {
        if self.open_positions == 0 {
            return;
        }
        if let Some(row) = self.rows.get_mut(symbol) {
            row.mark = Some(price);
            if row.position.is_some() {
                self.revalue(symbol);
            }
        }
    }

    fn revalue(&mut self, symbol: Symbol) {
        let Some(row) = self.rows.get_mut(symbol) else { return };
        let value = match (row.position, row.mark) {
            (Some(position), Some(mark)) => position.market_value(mark),
            (Some(_) | None, None) | (None, Some(_)) => Money::ZERO,
        };
        let before = std::mem::replace(&mut row.value, value);
        self.net_value += value - before;
        self.gross_value += value.abs() - before.abs();
    }

    /// Multiplies the shares of a position by `numerator ÷ denominator` and
    /// leaves its cost: a split. Returns the position afterwards.
    pub fn split(&mut self, symbol: Symbol, qty_after: Qty, mark: Price) -> Option<Position> {
        let row = self.rows.get_mut(symbol)?;
        let position = row.position.as_mut()?;
        position.qty = qty_after;
        row.mark = Some(mark);
        let after = row.position;
        self.revalue(symbol);
        after
    }

    /// Returns the cash, negative when borrowed.
    pub const fn cash(&self) -> Money {
        self.cash
    }

    /// Returns cash plus the market value of all positions.
    pub fn equity(&self) -> Money {
        self.cash + self.net_value
    }

    /// Returns the sum of market values, shorts negative.
    pub const fn net_exposure(&self) -> Money {
        self.net_value
    }

    /// Returns the sum of absolute market values.
    pub const fn gross_exposure(&self) -> Money {
        self.gross_value
    }

    /// Returns the profit taken so far, fees not deducted.
    pub const fn realized(&self) -> Money {
        self.realized
    }

    /// Returns the fees paid so far.
    pub const fn fees(&self) -> Money {
        self.fees
    }

    /// Returns the position in a symbol.
    pub fn position(&self, symbol: Symbol) -> Option<Position> {
        self.rows.get(symbol).and_then(|row| row.position)
    }

    /// Returns the newest price of a symbol that was ever held.
    pub fn last_mark(&self, symbol: Symbol) -> Option<Price> {
        self.rows.get(symbol).and_then(|row| row.mark)
    }

    /// Walks the open positions with their newest prices, in the order in which
    /// the symbols were first held.
    pub fn positions(&self) -> impl Iterator<Item = (Position, Option<Price>)> {
        self.rows.iter().filter_map(|(_, row)| Some((row.position?, row.mark)))
    }

    /// Returns how many positions are open.
    pub const fn open_positions(&self) -> usize {
        self.open_positions
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shares(n: u64) -> Qty {
        Qty::shares(n).unwrap()
    }

    fn price(cents: i64) -> Price {
        Price::from_cents(cents).unwrap()
    }

    #[test]
    fn a_short_position_profits_from_a_fall() {
        let symbol = Symbol::new("ACME").unwrap();
        let mut book = Book::new(Money::from_dollars(10_000));
        book.apply(symbol, Side::Sell, shares(10), price(10_000), Money::ZERO);
        book.mark(symbol, price(9_000));
        assert_eq!(book.equity(), Money::from_dollars(10_100));
        assert_eq!(book.net_exposure(), Money::from_dollars(-900));
        let effect = book.apply(symbol, Side::Buy, shares(10), price(8_500), Money::from_cents(7));
        assert_eq!(effect.realized, Money::from_dollars(150));
        assert_eq!(book.equity(), Money::from_cents(1_014_993));
        assert_eq!((book.open_positions(), book.gross_exposure()), (0, Money::ZERO));
    }

    #[test]
    fn a_position_is_never_worth_what_an_earlier_one_was() {
        let symbol = Symbol::new("ACME").unwrap();
        let mut book = Book::new(Money::from_dollars(10_000));
        book.apply(symbol, Side::Buy, shares(10), price(10_000), Money::ZERO);
        book.apply(symbol, Side::Sell, shares(10), price(10_000), Money::ZERO);
        book.mark(symbol, price(5_000));
        book.apply(symbol, Side::Buy, shares(10), price(5_000), Money::ZERO);
        assert_eq!(book.equity(), Money::from_dollars(10_000));
        assert_eq!(book.gross_exposure(), Money::from_dollars(500));
    }

    #[test]
    fn an_order_larger_than_the_position_turns_it() {
        let symbol = Symbol::new("ACME").unwrap();
        let mut book = Book::new(Money::ZERO);
        book.apply(symbol, Side::Buy, shares(5), price(100), Money::ZERO);
        let effect = book.apply(symbol, Side::Sell, shares(8), price(200), Money::ZERO);
        assert_eq!((effect.closed, effect.opened), (shares(5), shares(3)));
        assert_eq!(effect.realized, Money::from_dollars(5));
        assert_eq!(effect.position.unwrap().direction, Direction::Short);
    }

    proptest! {
        /// I5: cash + cost of positions + fees = opening cash + realized profit.
        #[test]
        fn the_book_adds_up_after_every_fill(
            fills in prop::collection::vec((0_usize..3, any::<bool>(), 1_u64..500, 1_i64..50_000, 0_i64..10), 1..200)
        ) {
            let symbols = ["AAA", "BBB", "CCC"].map(|text| Symbol::new(text).unwrap());
            let opening = Money::from_dollars(100_000);
            let mut book = Book::new(opening);
            for (which, buys, qty, cents, fee) in fills {
                let side = if buys { Side::Buy } else { Side::Sell };
                book.apply(symbols[which], side, shares(qty), price(cents), Money::from_cents(fee));
                let cost: Money = book
                    .positions()
                    .map(|(position, _)| match position.direction {
                        Direction::Long => position.cost,
                        Direction::Short => -position.cost,
                    })
                    .sum();
                prop_assert_eq!(book.cash() + cost + book.fees(), opening + book.realized());
                prop_assert_eq!(book.positions().count(), book.open_positions());
            }
        }
    }
}
