//! A sum that remembers what rounding took from it. Knows nothing of windows;
//! [`Sma`](crate::indicators::Sma) joins the two.

/// A running sum with its accumulated rounding error beside it.
///
/// Each addition uses Knuth's branch-free two-sum (The Art of Computer
/// Programming, volume 2, section 4.2.2, theorem B), so that adding and later
/// removing the same number leaves nothing behind.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CompensatedSum {
    high: f64,
    low: f64,
}

impl CompensatedSum {
    /// Adds one number and removes another.
    #[inline]
    pub(crate) fn exchange(&mut self, added: f64, removed: f64) {
        let (change, lost_in_change) = two_sum(added, -removed);
        let (high, lost_in_sum) = two_sum(self.high, change);
        self.high = high;
        self.low += lost_in_change + lost_in_sum;
    }

    /// Returns the sum.
    #[inline]
    pub(crate) fn value(self) -> f64 {
        self.high + self.low
    }
}

/// Returns the rounded sum and exactly what the rounding dropped.
#[inline]
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let b_used = sum - a;
    let a_used = sum - b_used;
    (sum, (a - a_used) + (b - b_used))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_and_removed_again_leaves_nothing() {
        let mut sum = CompensatedSum::default();
        sum.exchange(0.1, 0.0);
        sum.exchange(1e15, 0.0);
        sum.exchange(0.3, 1e15);
        sum.exchange(0.0, 0.1);
        assert_eq!(sum.value().to_bits(), 0.3_f64.to_bits());
    }
}
