//! The larger and the smaller of two numbers, where neither is NaN: one
//! instruction each, while `f64::max` takes five to pass NaN over. Knows nothing
//! of what is compared.

/// Returns the larger of two numbers that are not NaN.
#[inline]
pub(crate) fn larger(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

/// Returns the smaller of two numbers that are not NaN.
#[inline]
pub(crate) fn smaller(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn they_are_what_the_standard_library_says(a in -1e15..1e15, b in -1e15..1e15) {
            prop_assert_eq!(larger(a, b).to_bits(), a.max(b).to_bits());
            prop_assert_eq!(smaller(a, b).to_bits(), a.min(b).to_bits());
        }
    }
}
