//! Numbers of shares.

#![warn(clippy::arithmetic_side_effects)]

use rust_decimal::Decimal;

use crate::domain::money::error::ValueError;
use crate::domain::money::scale::{SHARE_PLACES, UNITS_PER_SHARE, scaled_units};

/// A number of shares, zero or more, at most [`Qty::MAX`].
///
/// Held in billionths of a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Qty(u64);

impl Qty {
    /// No shares.
    pub const ZERO: Self = Self(0);
    /// The most that one order or position may hold: a thousand million shares.
    pub const MAX: Self = Self(1_000_000_000 * UNITS_PER_SHARE);

    /// Makes a quantity of whole shares.
    ///
    /// # Errors
    /// When there are more than [`Qty::MAX`].
    pub fn shares(shares: u64) -> Result<Self, ValueError> {
        match shares.checked_mul(UNITS_PER_SHARE) {
            Some(units) if units <= Self::MAX.0 => Ok(Self(units)),
            Some(_) | None => Err(ValueError::TooLarge {
                value: shares.to_string(),
                limit: Self::MAX.to_string(),
            }),
        }
    }

    /// Makes a quantity from billionths of a share.
    ///
    /// # Errors
    /// When it is more than [`Qty::MAX`].
    pub fn from_units(units: u64) -> Result<Self, ValueError> {
        if units > Self::MAX.0 {
            let value = Decimal::from_i128_with_scale(i128::from(units), SHARE_PLACES).to_string();
            return Err(ValueError::TooLarge { value, limit: Self::MAX.to_string() });
        }
        Ok(Self(units))
    }

    /// Makes a quantity from a decimal, rounding half to even at the ninth place.
    ///
    /// # Errors
    /// When the decimal is negative or beyond [`Qty::MAX`].
    pub fn from_decimal(value: Decimal) -> Result<Self, ValueError> {
        if value.is_sign_negative() && !value.is_zero() {
            return Err(ValueError::Negative(value.to_string()));
        }
        let units = scaled_units(value, SHARE_PLACES).and_then(|units| u64::try_from(units).ok());
        let too_large =
            || ValueError::TooLarge { value: value.to_string(), limit: Self::MAX.to_string() };
        Self::from_units(units.ok_or_else(too_large)?).map_err(|_| too_large())
    }

    /// Returns the quantity in billionths of a share.
    pub const fn units(self) -> u64 {
        self.0
    }

    /// Returns the number of shares when it is whole.
    pub const fn whole_shares(self) -> Option<u64> {
        if self.0.is_multiple_of(UNITS_PER_SHARE) { Some(self.0 / UNITS_PER_SHARE) } else { None }
    }

    /// Returns the number of whole shares inside the quantity.
    pub const fn floor_shares(self) -> u64 {
        self.0 / UNITS_PER_SHARE
    }

    /// Tells whether there are no shares at all.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Returns the quantity as a decimal.
    pub fn to_decimal(self) -> Decimal {
        Decimal::from_i128_with_scale(i128::from(self.0), SHARE_PLACES)
    }

    /// Returns the sum, `None` beyond [`Qty::MAX`].
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let units = self.0.checked_add(other.0)?;
        (units <= Self::MAX.0).then_some(Self(units))
    }

    /// Returns the difference, `None` when it would be negative.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// Returns the sum, held at [`Qty::MAX`].
    #[must_use]
    pub fn saturating_add(self, other: Self) -> Self {
        self.checked_add(other).unwrap_or(Self::MAX)
    }

    /// Returns the difference, or zero when it would be negative.
    #[must_use]
    pub fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}
