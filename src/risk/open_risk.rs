//! What is lost if stops are hit, per trade and for the whole account.
//!
//! Knows nothing of limits; the rules compare these amounts with them.

use rust_decimal::Decimal;

use crate::domain::ids::Symbol;
use crate::domain::money::{Money, Price, Qty};
use crate::domain::position::Direction;
use crate::domain::symbols::SymbolMap;

/// Returns quantity × |entry − stop|: what a trade loses when it opens at `entry`
/// and closes at `stop`. A gap through the stop loses more; nothing can bound
/// that.
pub fn worst_loss(qty: Qty, entry: Price, stop: Price) -> Money {
    (entry.times(qty) - stop.times(qty)).abs()
}

/// Returns what a position loses from the price `mark` until its stop, zero when
/// the stop lies on the winning side of the mark.
///
/// A position without a stop is at risk with its whole value.
pub fn risk_to_stop(direction: Direction, qty: Qty, mark: Price, stop: Option<Price>) -> Money {
    let Some(stop) = stop else { return mark.times(qty) };
    let loss = match direction {
        Direction::Long => mark.times(qty) - stop.times(qty),
        Direction::Short => stop.times(qty) - mark.times(qty),
    };
    loss.max(Money::ZERO)
}

/// Returns a part of a price as an amount per share.
pub(crate) fn share_of(price: Price, part: Decimal) -> Money {
    Money::from_units(price.units().into()).scaled(part)
}

/// The open risk of an account, kept up to date by differences.
#[derive(Debug, Clone, Default)]
pub struct OpenRisk {
    by_symbol: SymbolMap<Money>,
    total: Money,
}

impl OpenRisk {
    /// Replaces the open risk of one symbol; zero when its position is closed.
    pub fn set(&mut self, symbol: Symbol, risk: Money) {
        let row = self.by_symbol.row(symbol, Money::default);
        let before = std::mem::replace(row, risk);
        self.total += risk - before;
    }

    /// Returns the open risk of all symbols together.
    pub const fn total(&self) -> Money {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_golden_trade_risks_its_distance_times_its_shares() {
        let [entry, stop] = ["175.50", "166.72"].map(|text| text.parse::<Price>().unwrap());
        let five = Qty::shares(5).unwrap();
        assert_eq!(worst_loss(five, entry, stop), Money::from_cents(4_390));
        assert_eq!(worst_loss(five, stop, entry), Money::from_cents(4_390));
    }

    #[test]
    fn risk_to_a_stop_is_never_negative_and_whole_without_one() {
        let [mark, below, above] = [100, 95, 105].map(|n| Price::from_cents(n * 100).unwrap());
        let ten = Qty::shares(10).unwrap();
        for (direction, stop, dollars) in [
            (Direction::Long, Some(below), 50),
            (Direction::Long, Some(above), 0),
            (Direction::Short, Some(above), 50),
            (Direction::Short, Some(below), 0),
            (Direction::Long, None, 1000),
        ] {
            let risk = risk_to_stop(direction, ten, mark, stop);
            assert_eq!(risk, Money::from_dollars(dollars), "{direction:?} {stop:?}");
        }
    }

    #[test]
    fn the_total_follows_every_change_of_a_symbol() {
        let [a, b] = ["A", "B"].map(|text| Symbol::new(text).unwrap());
        let mut risk = OpenRisk::default();
        risk.set(a, Money::from_dollars(50));
        risk.set(b, Money::from_dollars(30));
        risk.set(a, Money::from_dollars(20));
        assert_eq!(risk.total(), Money::from_dollars(50));
        risk.set(b, Money::ZERO);
        assert_eq!(risk.total(), Money::from_dollars(20));
    }
}
