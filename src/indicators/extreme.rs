//! The highest or lowest of the last so many values, for breakouts. Knows
//! nothing of bars; the strategies choose what to feed.

use crate::indicators::input::is_usable;
use crate::indicators::larger::larger;

/// The rolling maximum or minimum of the last `period` values.
///
/// Works in blocks of `period` values (van Herk 1992, Pattern Recognition
/// Letters 13(7); Gil and Werman 1993, IEEE PAMI 15(5)): a window is the tail
/// of the previous block and the head of the present one, so its extreme is the
/// greater of a stored tail maximum and a running head maximum. A monotonic
/// queue gives the same answers, but its loop length follows the data and is
/// mispredicted at every other bar.
#[derive(Debug, Clone)]
pub struct RollingExtreme {
    /// Below `at`: values of the present block. From `at` on: the maximum from
    /// there to the end of the previous block.
    slots: Box<[f64]>,
    at: usize,
    head: f64,
    /// +1 for the highest, −1 for the lowest, which is the highest mirrored.
    sign: f64,
    is_full: bool,
}

impl RollingExtreme {
    /// Follows the highest of `period` values, at least one.
    pub fn highest(period: u32) -> Self {
        Self::new(period, 1.0)
    }

    /// Follows the lowest of `period` values, at least one.
    pub fn lowest(period: u32) -> Self {
        Self::new(period, -1.0)
    }

    fn new(period: u32, sign: f64) -> Self {
        assert!(period >= 1, "a window holds at least one value");
        Self {
            slots: vec![f64::NEG_INFINITY; period as usize].into(),
            at: 0,
            head: f64::NEG_INFINITY,
            sign,
            is_full: false,
        }
    }

    /// Returns the extreme of the last `period` values, `None` before there are
    /// as many. Asked before `update`, it is the level that a new bar breaks.
    #[inline]
    pub fn value(&self) -> Option<f64> {
        // `at` is where the next value goes, so the slot there has just left.
        let tail = self.slots.get(self.at).copied().unwrap_or(f64::NEG_INFINITY);
        self.is_full.then(|| larger(self.head, tail) * self.sign)
    }

    /// Takes one value in; answers from the `period`-th value on. An unusable
    /// value is refused: `None`, and nothing changes.
    #[inline]
    pub fn update(&mut self, value: f64) -> Option<f64> {
        if is_usable(value) { self.take(value) } else { None }
    }

    /// Does the same with a value that the caller knows to be usable: strategies
    /// check a bar once, not once per indicator.
    #[inline]
    pub(crate) fn take(&mut self, value: f64) -> Option<f64> {
        debug_assert!(is_usable(value), "an unusable value");
        if self.at == self.slots.len() {
            self.close_block();
        }
        let value = value * self.sign;
        self.slots[self.at] = value;
        self.head = larger(self.head, value);
        self.at += 1;
        self.is_full |= self.at == self.slots.len();
        self.value()
    }

    /// Turns the values of the full block into maxima of its tails.
    fn close_block(&mut self) {
        let mut tail = f64::NEG_INFINITY;
        for slot in self.slots.iter_mut().rev() {
            tail = larger(tail, *slot);
            *slot = tail;
        }
        self.at = 0;
        self.head = f64::NEG_INFINITY;
    }

    /// Multiplies the history by `factor`, above zero.
    pub fn rescale(&mut self, factor: f64) {
        for slot in &mut self.slots {
            *slot *= factor;
        }
        self.head *= factor;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn equals_the_extreme_of_the_last_values(
            values in prop::collection::vec(-50_i32..50, 0..80),
            period in 1_u32..12,
            split_at in 0_usize..80,
        ) {
            let (mut highest, mut lowest) =
                (RollingExtreme::highest(period), RollingExtreme::lowest(period));
            let mut seen: Vec<f64> = Vec::new();
            for (at, value) in values.into_iter().enumerate() {
                if at == split_at {
                    highest.rescale(2.0);
                    lowest.rescale(2.0);
                    seen = seen.iter().map(|x| x * 2.0).collect();
                }
                seen.push(f64::from(value));
                let window = seen.len().checked_sub(period as usize).map(|from| &seen[from..]);
                let expected = window.map(|w| {
                    (w.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                     w.iter().copied().fold(f64::INFINITY, f64::min))
                });
                let answer = highest.update(f64::from(value)).zip(lowest.update(f64::from(value)));
                prop_assert_eq!(answer, expected);
                prop_assert_eq!(highest.value().zip(lowest.value()), expected);
            }
        }
    }

    #[test]
    fn an_unusable_value_changes_nothing() {
        let mut highest = RollingExtreme::highest(1);
        highest.update(3.0);
        assert_eq!(highest.update(f64::INFINITY), None);
        assert_eq!(highest.value(), Some(3.0));
    }
}
