//! Splits, told from crashes by the shape of the jump.
//!
//! Recorded prices are often unadjusted: a 7-for-1 split then looks like a fall of
//! 86 % between two sessions. A jump between the last close of one trading day and
//! the first price of another that lies within [`TOLERANCE`] of a customary split
//! ratio is taken as a split; any other large jump is the market's own doing.

use std::ops::RangeInclusive;

use jiff::civil::Date;

use crate::domain::money::{Money, Price, Qty};

/// How far, in millionths, the price ratio may lie from the exact ratio: 4 %,
/// an ordinary overnight move on the day of a split.
const TOLERANCE: i128 = 40_000;
/// The narrower tolerance of 3-for-2 and 2-for-3, whose jump a bad night can reach.
const NARROW_TOLERANCE: i128 = 15_000;
const MILLION: i128 = 1_000_000;
/// Whole ratios n-for-1 and 1-for-n that are customary.
const WHOLE_RATIOS: RangeInclusive<u32> = 2..=50;

/// A split: `new_shares` for `old_shares`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SplitRatio {
    /// New shares …
    pub new_shares: u32,
    /// … for so many old ones.
    pub old_shares: u32,
}

impl SplitRatio {
    /// Returns the ratio that a price jump between two sessions shows, `None` when
    /// it does not look like a split.
    pub fn seen_between(before: Price, after: Price) -> Option<Self> {
        let whole =
            |n: u32| [Self { new_shares: n, old_shares: 1 }, Self { new_shares: 1, old_shares: n }];
        let halves = [Self { new_shares: 3, old_shares: 2 }, Self { new_shares: 2, old_shares: 3 }];
        let candidates = WHOLE_RATIOS
            .flat_map(whole)
            .map(|ratio| (ratio, TOLERANCE))
            .chain(halves.map(|ratio| (ratio, NARROW_TOLERANCE)));
        candidates
            .filter_map(|(ratio, tolerance)| {
                let off = ratio.distance(before, after)?;
                (off <= tolerance).then_some((off, ratio))
            })
            .min_by_key(|(off, _)| *off)
            .map(|(_, ratio)| ratio)
    }

    /// |after × new ÷ (before × old) − 1| in millionths.
    fn distance(self, before: Price, after: Price) -> Option<i128> {
        let value_before = i128::from(before.units()).checked_mul(self.old_shares.into())?;
        let value_after = i128::from(after.units()).checked_mul(self.new_shares.into())?;
        let scaled = value_after.checked_mul(MILLION)?.checked_div(value_before)?;
        Some(scaled.checked_sub(MILLION)?.abs())
    }

    /// Returns what a number of shares becomes, rounded down to a billionth.
    pub fn shares_after(self, before: Qty) -> Qty {
        let units = u128::from(before.units()).checked_mul(self.new_shares.into());
        let units = units.and_then(|units| units.checked_div(self.old_shares.into()));
        units
            .and_then(|units| u64::try_from(units).ok())
            .and_then(|units| Qty::from_units(units).ok())
            .unwrap_or(before)
    }

    /// Returns what a price becomes, rounded down to a hundred-millionth.
    pub fn price_after(self, before: Price) -> Option<Price> {
        let units = i128::from(before.units()).checked_mul(self.old_shares.into())?;
        let units = units.checked_div(self.new_shares.into())?;
        Price::from_units(i64::try_from(units).ok()?).ok()
    }
}

/// Watches one symbol for splits: remembers the last price of a trading day.
#[derive(Debug, Clone, Copy, Default)]
pub struct SplitWatch {
    last: Option<(Date, Price)>,
}

impl SplitWatch {
    /// Takes the first and the last price of a bar (or of a quote, twice the same)
    /// of a trading day; returns the split that lies between it and the day before.
    pub fn see(&mut self, day: Date, first: Price, last: Price) -> Option<SplitRatio> {
        let before = self.last.replace((day, last));
        let (day_before, price_before) = before?;
        if day_before == day || within_a_quarter(price_before, first) {
            return None;
        }
        let ratio = SplitRatio::seen_between(price_before, first)?;
        // A lone bad print is taken back by the same bar; a split is not.
        let new_level = ratio.price_after(price_before)?;
        let is_kept = distance(last, new_level) < distance(last, price_before);
        is_kept.then_some(ratio)
    }
}

fn distance(one: Price, other: Price) -> Money {
    one.minus(other).abs()
}

/// No customary split moves the price by less than a quarter; spares the search.
fn within_a_quarter(before: Price, after: Price) -> bool {
    let gap = after.minus(before).abs().units();
    gap.checked_mul(4).is_some_and(|gap| gap < i128::from(before.units()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(before: &str, after: &str, expected: Option<(u32, u32)>) {
        let [before, after] = [before, after].map(|text| text.parse::<Price>().unwrap());
        let seen = SplitRatio::seen_between(before, after);
        assert_eq!(seen.map(|ratio| (ratio.new_shares, ratio.old_shares)), expected);
    }

    #[test]
    fn real_splits_are_recognised() {
        check("645.57", "92.70", Some((7, 1))); // AAPL, 9 June 2014
        check("499.23", "127.58", Some((4, 1))); // AAPL, 31 August 2020
        check("101.25", "50.50", Some((2, 1))); // AAPL, 21 June 2000
        check("3.62", "36.50", Some((1, 10)));
    }

    #[test]
    fn real_crashes_are_not_splits() {
        check("53.50", "28.19", None); // AAPL, 29 September 2000: a profit warning
        check("7.18", "5.10", None); // BAC, 20 January 2009
        check("100.00", "60.00", None);
    }

    #[test]
    fn a_jump_within_a_day_is_never_a_split() {
        let [before, after] = ["100.00", "50.00"].map(|text| text.parse::<Price>().unwrap());
        let mut watch = SplitWatch::default();
        let monday = Date::constant(2014, 6, 9);
        assert_eq!(watch.see(monday, before, before), None);
        assert_eq!(watch.see(monday, after, before), None);
        let tuesday = Date::constant(2014, 6, 10);
        assert!(watch.see(tuesday, after, after).is_some());
    }

    #[test]
    fn a_bad_print_that_the_same_bar_takes_back_is_not_a_split() {
        // IBM, 20 and 23 December 2002, in one vendor's daily bars.
        let [before, open, close] =
            ["79.82", "159.58", "80.46"].map(|text| text.parse::<Price>().unwrap());
        let mut watch = SplitWatch::default();
        assert_eq!(watch.see(Date::constant(2002, 12, 20), before, before), None);
        assert_eq!(watch.see(Date::constant(2002, 12, 23), open, close), None);
    }

    #[test]
    fn value_is_the_same_before_and_after() {
        let ratio = SplitRatio { new_shares: 7, old_shares: 1 };
        let before: Price = "645.57".parse().unwrap();
        let shares = Qty::shares(10).unwrap();
        assert_eq!(ratio.shares_after(shares), Qty::shares(70).unwrap());
        assert_eq!(ratio.price_after(before).unwrap().to_string(), "92.22428571");
    }
}
