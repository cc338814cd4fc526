//! The equity curve, folded as it comes: drawdown and exposure in constant space.
//!
//! A long run has millions of steps, so a step costs whole-number arithmetic
//! only: fractions are compared by cross-multiplying, and summed in units of
//! 10⁻¹². Knows nothing of trades; `metrics` joins the two.

use std::cmp::Ordering;

use rust_decimal::Decimal;

use crate::domain::money::Money;
use crate::domain::time::Timestamp;

/// The account after one time-step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EquitySample {
    /// When; samples come in order of time.
    pub at: Timestamp,
    /// Cash plus market value of all positions, dollars.
    pub equity: Money,
    /// Sum of absolute market values, dollars, not negative.
    pub gross_exposure: Money,
    /// Whether a position is open.
    pub has_position: bool,
}

/// Decimal places to which each step's ratio of exposure is rounded.
const GROSS_PLACES: u32 = 12;
/// Units of those ratios in one.
const GROSS_ONE: i128 = 1_000_000_000_000;

/// What is kept of all samples so far.
#[derive(Debug, Clone, Default)]
pub(super) struct EquityFold {
    steps: u64,
    steps_with_position: u64,
    first: Option<EquitySample>,
    last: Option<EquitySample>,
    peak: Money,
    drawdown: Money,
    deepest: Option<Fall>,
    /// Sum of gross exposure ÷ equity over the steps where equity is positive, in
    /// units of 10⁻¹².
    gross_ratio_sum: i128,
    gross_ratio_steps: u64,
}

/// A fall below a peak above zero.
#[derive(Debug, Clone, Copy)]
struct Fall {
    amount: Money,
    peak: Money,
}

impl Fall {
    fn ratio(self) -> Decimal {
        self.amount.ratio_to(self.peak).unwrap_or_default()
    }

    /// Tells whether it is the greater share of its peak.
    fn is_deeper_than(self, other: Self) -> bool {
        // The peak never falls, so a smaller amount of it is a smaller share.
        if self.amount <= other.amount && self.peak >= other.peak {
            return false;
        }
        let ours = self.amount.units().checked_mul(other.peak.units());
        let theirs = other.amount.units().checked_mul(self.peak.units());
        match ours.zip(theirs) {
            Some((ours, theirs)) => ours > theirs,
            // More than a hundred thousand million dollars each.
            None => self.ratio() > other.ratio(),
        }
    }
}

impl EquityFold {
    pub(super) fn add(&mut self, sample: EquitySample) {
        self.steps += 1;
        self.steps_with_position += u64::from(sample.has_position);
        if self.first.is_none() {
            self.first = Some(sample);
            self.peak = sample.equity;
        }
        self.last = Some(sample);
        if sample.equity >= self.peak {
            self.peak = sample.equity;
        } else {
            self.fall(self.peak - sample.equity);
        }
        if sample.equity > Money::ZERO {
            // A flat step needs no division, and most steps are flat.
            if sample.gross_exposure != Money::ZERO {
                let ratio = gross_ratio(sample.gross_exposure, sample.equity);
                self.gross_ratio_sum = self.gross_ratio_sum.saturating_add(ratio);
            }
            self.gross_ratio_steps += 1;
        }
    }

    /// Takes a fall below the peak into account. Amount and fraction have their
    /// own maxima: a deep fall of a small account may be a small amount.
    fn fall(&mut self, amount: Money) {
        self.drawdown = self.drawdown.max(amount);
        if self.peak > Money::ZERO {
            let fall = Fall { amount, peak: self.peak };
            if self.deepest.is_none_or(|deepest| fall.is_deeper_than(deepest)) {
                self.deepest = Some(fall);
            }
        }
    }

    pub(super) const fn steps(&self) -> u64 {
        self.steps
    }

    pub(super) const fn first(&self) -> Option<&EquitySample> {
        self.first.as_ref()
    }

    pub(super) const fn last(&self) -> Option<&EquitySample> {
        self.last.as_ref()
    }

    pub(super) const fn max_drawdown(&self) -> Money {
        self.drawdown
    }

    pub(super) fn max_drawdown_ratio(&self) -> Option<Decimal> {
        (self.peak > Money::ZERO).then(|| self.deepest.map_or(Decimal::ZERO, Fall::ratio))
    }

    pub(super) fn time_in_market(&self) -> Option<Decimal> {
        Decimal::from(self.steps_with_position).checked_div(Decimal::from(self.steps))
    }

    pub(super) fn average_gross_ratio(&self) -> Option<Decimal> {
        let sum = Decimal::try_from_i128_with_scale(self.gross_ratio_sum, GROSS_PLACES);
        sum.unwrap_or(Decimal::MAX).checked_div(Decimal::from(self.gross_ratio_steps))
    }
}

/// Returns `gross ÷ equity` in units of 10⁻¹², rounded half to even; both are
/// above zero.
fn gross_ratio(gross: Money, equity: Money) -> i128 {
    let Some(scaled) = gross.units().checked_mul(GROSS_ONE) else {
        // More than a million million million dollars.
        let ratio = gross.ratio_to(equity).unwrap_or(Decimal::MAX).round_dp(GROSS_PLACES);
        let missing = GROSS_PLACES.saturating_sub(ratio.scale());
        return ratio.mantissa().saturating_mul(10_i128.pow(missing));
    };
    let quotient = scaled / equity.units();
    // One division: that of 128 bits is most of what a step costs.
    let twice = (scaled - quotient * equity.units()).saturating_mul(2);
    match twice.cmp(&equity.units()) {
        Ordering::Less => quotient,
        Ordering::Equal => quotient + (quotient & 1),
        Ordering::Greater => quotient + 1,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Cents to 10^20 dollars, small ones as likely as large ones.
    fn amount() -> impl Strategy<Value = Money> {
        (1_i128..10_000, 0_u32..25).prop_map(|(head, zeros)| {
            Money::from_units(head * 10_i128.pow(zeros) + i128::from(zeros % 7))
        })
    }

    proptest! {
        #[test]
        fn a_ratio_of_exposure_is_what_decimals_say(gross in amount(), equity in amount()) {
            let Some(exact) = gross.ratio_to(equity) else { return Ok(()) };
            prop_assume!(exact < Decimal::from(1_000_000_000_u64));
            let ours = Decimal::from_i128_with_scale(gross_ratio(gross, equity), GROSS_PLACES);
            prop_assert!((ours - exact.round_dp(GROSS_PLACES)).abs() <= Decimal::new(1, GROSS_PLACES));
            prop_assert!((ours - exact).abs() <= Decimal::new(500_001, GROSS_PLACES + 6));
        }

        #[test]
        fn the_deepest_fall_is_the_one_that_decimals_call_greatest(
            steps in proptest::collection::vec(amount(), 1..40),
        ) {
            let mut fold = EquityFold::default();
            let (mut peak, mut expected) = (Money::ZERO, Decimal::ZERO);
            for equity in steps {
                let at = Timestamp::from_seconds(0);
                let gross_exposure = Money::ZERO;
                fold.add(EquitySample { at, equity, gross_exposure, has_position: false });
                peak = peak.max(equity);
                expected = expected.max((peak - equity).ratio_to(peak).unwrap());
            }
            let found = fold.max_drawdown_ratio().unwrap();
            prop_assert!((found - expected).abs() <= Decimal::new(1, 24), "{found} {expected}");
        }
    }
}
