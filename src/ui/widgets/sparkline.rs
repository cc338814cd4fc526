//! A row of small bars, one per value, the newest at the right.

use crate::domain::money::{Money, Price};
use crate::ui::theme::GlyphSet;

/// Writes the newest `width` values between their lowest and highest.
pub fn sparkline(values: impl Iterator<Item = Price>, width: usize, set: GlyphSet) -> String {
    of_numbers(&values.map(Price::units).map(i128::from).collect::<Vec<_>>(), width, set)
}

/// The same for amounts of money.
pub fn sparkline_of_money(
    values: impl Iterator<Item = Money>,
    width: usize,
    set: GlyphSet,
) -> String {
    of_numbers(&values.map(Money::units).collect::<Vec<_>>(), width, set)
}

fn of_numbers(values: &[i128], width: usize, set: GlyphSet) -> String {
    let newest = values.get(values.len().saturating_sub(width)..).unwrap_or(&[]);
    let (Some(low), Some(high)) = (newest.iter().min(), newest.iter().max()) else {
        return String::new();
    };
    let steps = set.steps();
    let range = high - low;
    let step = |value: &i128| {
        // A flat line lies in the middle, not on the ground.
        let at = if range == 0 { 3 } else { (value - low) * 7 / range };
        usize::try_from(at).ok().and_then(|at| steps.get(at)).copied().unwrap_or(" ")
    };
    newest.iter().map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cents: &[i64], width: usize, expected: &str) {
        let prices = cents.iter().map(|cents| Price::from_cents(*cents).unwrap());
        assert_eq!(sparkline(prices, width, GlyphSet::Unicode), expected);
    }

    #[test]
    fn the_newest_values_are_drawn_between_their_ends() {
        check(&[], 5, "");
        check(&[10_000], 5, "▄");
        check(&[10_000, 10_000], 5, "▄▄");
        check(&[1, 2, 3, 4, 5, 6, 7, 8], 8, "▁▂▃▄▅▆▇█");
        check(&[900, 1, 8], 2, "▁█");
    }
}
