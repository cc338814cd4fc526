//! The units that prices, amounts and quantities are counted in.

#![warn(clippy::arithmetic_side_effects)]

use rust_decimal::Decimal;

/// Decimal places of prices and amounts.
pub(super) const DOLLAR_PLACES: u32 = 8;
/// Units of prices and amounts in one dollar.
pub(super) const UNITS_PER_DOLLAR: i64 = 100_000_000;
/// Units of prices in one cent.
pub(super) const UNITS_PER_CENT: i64 = 1_000_000;
/// Decimal places of quantities.
pub(super) const SHARE_PLACES: u32 = 9;
/// Units of quantities in one share.
pub(super) const UNITS_PER_SHARE: u64 = 1_000_000_000;

pub(super) fn dollar_units(value: Decimal) -> Option<i128> {
    scaled_units(value, DOLLAR_PLACES)
}

/// Decimal → integer count of 10^-places, half to even; `None` on overflow.
pub(super) fn scaled_units(value: Decimal, places: u32) -> Option<i128> {
    let rounded = value.round_dp(places);
    let missing = places.checked_sub(rounded.scale())?;
    rounded.mantissa().checked_mul(10_i128.checked_pow(missing)?)
}

/// Division rounded half to even; the divisor is above zero.
#[expect(clippy::arithmetic_side_effects, reason = "the divisor is a positive constant or checked")]
pub(super) fn div_half_even(value: i128, divisor: i128) -> i128 {
    let quotient = value.div_euclid(divisor);
    let twice = value.rem_euclid(divisor) * 2;
    match twice.cmp(&divisor) {
        std::cmp::Ordering::Less => quotient,
        std::cmp::Ordering::Equal => quotient + (quotient & 1),
        std::cmp::Ordering::Greater => quotient + 1,
    }
}
