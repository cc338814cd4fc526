//! Which numbers an indicator accepts. Knows nothing of what they mean.

/// The largest magnitude that an indicator accepts: a hundred million times the
/// highest legal price, small enough that no square of a sum overflows.
pub const MAX_INPUT: f64 = 1e15;

/// Tells whether a number may enter an indicator; false for NaN and infinity.
#[inline]
pub(crate) fn is_usable(value: f64) -> bool {
    value.abs() <= MAX_INPUT
}
