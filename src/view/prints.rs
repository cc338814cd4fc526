//! Time and sales: the newest prints of a symbol.
//!
//! A plain value without anything on the heap, as the row of the watchlist that it
//! belongs to.

use serde::{Serialize, Serializer};

use crate::domain::market::{Tick, TickCorrection};
use crate::domain::money::{Price, Qty};
use crate::domain::order::Side;
use crate::domain::time::Timestamp;

/// Most prints that are kept of one symbol.
pub const PRINTS_MAX: usize = 24;

/// What has become of a print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Amended {
    /// It stands.
    #[default]
    No,
    /// Price or size was wrong; those shown are right.
    Corrected,
    /// There was no such trade.
    Cancelled,
}

/// One print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Print {
    /// When the venue stamped it.
    pub at: Timestamp,
    /// Dollars per share.
    pub price: Price,
    /// Shares.
    pub size: Qty,
    /// Who came to whom, by the quote before it: a buyer who paid the ask, a seller who
    /// took the bid; absent in between and without a quote.
    pub by: Option<Side>,
    /// What has become of it.
    pub amended: Amended,
}

/// The newest prints of a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prints {
    kept: [Option<Print>; PRINTS_MAX],
    /// Where the next one goes.
    next: usize,
}

impl Prints {
    /// Adds a print; the oldest one makes room.
    pub(in crate::view) fn push(&mut self, tick: &Tick, quote: Option<(Price, Price)>) {
        let by = quote.and_then(|(bid, ask)| {
            if tick.price >= ask {
                Some(Side::Buy)
            } else if tick.price <= bid {
                Some(Side::Sell)
            } else {
                None
            }
        });
        let Tick { price, size, at, .. } = *tick;
        self.kept[self.next] = Some(Print { at, price, size, by, amended: Amended::No });
        self.next = (self.next + 1) % PRINTS_MAX;
    }

    /// Marks the newest print that looks like the wrong one, if it is still here.
    pub(in crate::view) fn correct(&mut self, correction: &TickCorrection) {
        let newest_first =
            (1..=PRINTS_MAX).map(|back| (self.next + PRINTS_MAX - back) % PRINTS_MAX);
        let is_wrong = |print: &Print| {
            print.price == correction.wrong.price
                && print.size == correction.wrong.size
                && print.amended == Amended::No
        };
        let mut places = newest_first;
        let Some(place) = places.find(|place| self.kept[*place].as_ref().is_some_and(is_wrong))
        else {
            return;
        };
        let Some(print) = &mut self.kept[place] else { return };
        match correction.right {
            Some(right) => {
                print.price = right.price;
                print.size = right.size;
                print.amended = Amended::Corrected;
            }
            None => print.amended = Amended::Cancelled,
        }
    }

    /// Walks the prints, newest first.
    pub fn iter(&self) -> impl Iterator<Item = &Print> {
        let (later, earlier) = self.kept.split_at(self.next);
        later.iter().rev().chain(earlier.iter().rev()).flatten()
    }
}

impl Serialize for Prints {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::Symbol;

    fn tick(cents: i64) -> Tick {
        Tick {
            symbol: Symbol::new("AAPL").unwrap(),
            price: Price::from_cents(cents).unwrap(),
            size: Qty::shares(100).unwrap(),
            at: Timestamp::from_seconds(cents),
        }
    }

    fn prices(prints: &Prints) -> Vec<i64> {
        prints.iter().map(|print| print.at.as_nanos() / 1_000_000_000).collect()
    }

    #[test]
    fn the_newest_prints_are_kept_newest_first() {
        let mut prints = Prints::default();
        for cents in 1..=30 {
            prints.push(&tick(cents), None);
        }
        assert_eq!(prices(&prints), (7..=30).rev().collect::<Vec<_>>());
    }

    #[test]
    fn a_print_is_the_buyers_at_the_ask_and_the_sellers_at_the_bid() {
        let quote = Some((tick(10).price, tick(12).price));
        for (cents, by) in [(12, Some(Side::Buy)), (10, Some(Side::Sell)), (11, None)] {
            let mut prints = Prints::default();
            prints.push(&tick(cents), quote);
            assert_eq!(prints.iter().next().unwrap().by, by, "{cents}");
        }
    }

    #[test]
    fn a_wrong_print_is_marked_once_and_no_other_is() {
        let mut prints = Prints::default();
        for cents in [5, 5, 6] {
            prints.push(&tick(cents), None);
        }
        let right = Some(Tick { price: tick(4).price, ..tick(5) });
        prints.correct(&TickCorrection { wrong: tick(5), right });
        prints.correct(&TickCorrection { wrong: tick(5), right: None });
        prints.correct(&TickCorrection { wrong: tick(9), right: None });
        let shown: Vec<_> = prints.iter().map(|p| (p.price, p.amended)).collect();
        let expected = [
            (tick(6).price, Amended::No),
            (tick(4).price, Amended::Corrected),
            (tick(5).price, Amended::Cancelled),
        ];
        assert_eq!(shown, expected);
    }
}
