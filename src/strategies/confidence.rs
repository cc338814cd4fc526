//! How strategies turn evidence into a confidence, and how their settings are
//! checked. Knows nothing of any one strategy.

use std::fmt::Display;
use std::ops::RangeInclusive;

/// Returns a half for a rule that is just met, plus a quarter for each of two
/// pieces of evidence in full: `0.5 + 0.25 × clamp(a) + 0.25 × clamp(b)`, where
/// `clamp` cuts to 0 ..= 1. Never falls when evidence grows; 0.5 to 1.
#[inline]
pub(crate) fn of_two(a: f64, b: f64) -> f64 {
    0.5 + 0.25 * a.clamp(0.0, 1.0) + 0.25 * b.clamp(0.0, 1.0)
}

/// The bars that a period may span.
pub(crate) const PERIOD_RANGE: RangeInclusive<u32> = 1..=10_000;

/// Checks one setting.
///
/// # Errors
/// When it lies outside the range; the message names key, value and range.
pub(crate) fn within<T: PartialOrd + Display + Copy>(
    key: &str,
    value: T,
    range: RangeInclusive<T>,
) -> Result<(), String> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(format!("{key} = {value} is out of range: use {} to {}", range.start(), range.end()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn confidence_is_in_range_and_never_falls_when_evidence_grows(
            a in -10.0..10.0, b in -10.0..10.0, more in 0.0..10.0,
        ) {
            let low = of_two(a, b);
            prop_assert!((0.5..=1.0).contains(&low));
            prop_assert!(of_two(a + more, b) >= low && of_two(a, b + more) >= low);
        }
    }

    #[test]
    fn a_setting_out_of_range_is_named_with_its_range() {
        assert_eq!(within("rsi_period", 14, PERIOD_RANGE), Ok(()));
        assert_eq!(
            within("rsi_period", 0, PERIOD_RANGE),
            Err("rsi_period = 0 is out of range: use 1 to 10000".into())
        );
        assert!(within("width", f64::NAN, 0.0..=1.0).is_err());
    }
}
