//! Prices per share.

#![warn(clippy::arithmetic_side_effects)]

use rust_decimal::Decimal;

use crate::domain::money::amount::Money;
use crate::domain::money::error::ValueError;
use crate::domain::money::quantity::Qty;
use crate::domain::money::scale::{
    DOLLAR_PLACES, UNITS_PER_CENT, UNITS_PER_DOLLAR, UNITS_PER_SHARE, div_half_even, dollar_units,
};

/// A price per share in US dollars: always above zero, at most [`Price::MAX`].
///
/// Held in hundred-millionths of a dollar; a text with more places is rounded
/// half to even, once, on the way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Price(i64);

/// Which way a value is moved to the next legal step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// Towards zero dollars: for sell prices.
    Down,
    /// Away from zero dollars: for buy prices.
    Up,
}

impl Price {
    /// The highest legal price: ten million dollars a share.
    pub const MAX: Self = Self(10_000_000 * UNITS_PER_DOLLAR);

    /// Makes a price from hundred-millionths of a dollar.
    ///
    /// # Errors
    /// When the number is not in 1 ..= [`Price::MAX`].
    pub fn from_units(units: i64) -> Result<Self, ValueError> {
        if units <= 0 {
            return Err(ValueError::NotPositive(Money::from_units(i128::from(units)).to_string()));
        }
        if units > Self::MAX.0 {
            return Err(ValueError::TooLarge {
                value: Money::from_units(i128::from(units)).to_string(),
                limit: Self::MAX.to_string(),
            });
        }
        Ok(Self(units))
    }

    /// Makes a price from whole cents.
    ///
    /// # Errors
    /// When the result is not in the legal range.
    pub fn from_cents(cents: i64) -> Result<Self, ValueError> {
        let units = cents.checked_mul(UNITS_PER_CENT).ok_or_else(|| ValueError::TooLarge {
            value: format!("{cents} cents"),
            limit: Self::MAX.to_string(),
        })?;
        Self::from_units(units)
    }

    /// Makes a price from a decimal, rounding half to even at the eighth place.
    ///
    /// # Errors
    /// When the result is not in the legal range.
    pub fn from_decimal(value: Decimal) -> Result<Self, ValueError> {
        let units = dollar_units(value).and_then(|units| i64::try_from(units).ok());
        let units = units.ok_or_else(|| ValueError::TooLarge {
            value: value.to_string(),
            limit: Self::MAX.to_string(),
        })?;
        Self::from_units(units)
    }

    /// Returns the price in hundred-millionths of a dollar.
    pub const fn units(self) -> i64 {
        self.0
    }

    /// Returns the price as a decimal.
    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.0, DOLLAR_PLACES)
    }

    /// Returns the nearest binary float in dollars, for indicators only.
    #[expect(clippy::cast_precision_loss, reason = "indicators accept the nearest float")]
    #[expect(clippy::as_conversions, reason = "the only way from i64 to the nearest f64")]
    #[expect(clippy::float_arithmetic, reason = "the one exit from exact prices to indicators")]
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / 100_000_000.0
    }

    /// Returns the price multiplied by a ratio and moved to the venue's price
    /// increment (see [`Price::round_to_increment`]); `None` when the result is
    /// not a legal price.
    pub fn scaled(self, ratio: Decimal, rounding: Rounding) -> Option<Self> {
        let exact = self.to_decimal().checked_mul(ratio)?;
        let price = Self::from_decimal(exact).ok()?;
        price.round_to_increment(rounding)
    }

    /// Moves the price to the increment that US venues accept: a cent at one
    /// dollar and above, a hundredth of a cent below (SEC Rule 612). `None` when
    /// rounding down reaches zero.
    pub fn round_to_increment(self, rounding: Rounding) -> Option<Self> {
        let step = self.increment();
        let below = self.0.checked_div(step)?.checked_mul(step)?;
        let units = match rounding {
            Rounding::Up if below != self.0 => below.checked_add(step)?,
            Rounding::Up | Rounding::Down => below,
        };
        Self::from_units(units).ok()
    }

    /// Tells whether the price is a legal order price under SEC Rule 612.
    pub fn is_on_increment(self) -> bool {
        self.round_to_increment(Rounding::Down) == Some(self)
    }

    const fn increment(self) -> i64 {
        if self.0 >= UNITS_PER_DOLLAR { UNITS_PER_CENT } else { UNITS_PER_CENT / 100 }
    }

    /// Returns price × quantity, rounded half to even at the eighth place of a
    /// dollar (exact for whole shares).
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "Price::MAX × Qty::MAX in units is 1e33, far inside i128"
    )]
    pub fn times(self, qty: Qty) -> Money {
        if let Some(shares) = qty.whole_shares() {
            return Money::from_units(i128::from(self.0) * i128::from(shares));
        }
        let scale = i128::from(UNITS_PER_SHARE);
        let product = i128::from(self.0) * i128::from(qty.units());
        Money::from_units(div_half_even(product, scale))
    }

    /// Returns the price of one share as an amount.
    pub fn as_money(self) -> Money {
        Money::from_units(i128::from(self.0))
    }

    /// Returns `self − other` in dollars per share.
    #[expect(clippy::arithmetic_side_effects, reason = "two i64 differ by less than i128")]
    pub fn minus(self, other: Self) -> Money {
        Money::from_units(i128::from(self.0) - i128::from(other.0))
    }

    /// Returns the price moved by an amount per share, `None` when the result is
    /// not a legal price.
    pub fn plus(self, delta: Money) -> Option<Self> {
        let units = i128::from(self.0).checked_add(delta.units())?;
        Self::from_units(i64::try_from(units).ok()?).ok()
    }
}
