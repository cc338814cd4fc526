//! Amounts of money.

#![warn(clippy::arithmetic_side_effects)]

use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::domain::money::error::ValueError;
use crate::domain::money::price::Price;
use crate::domain::money::quantity::Qty;
use crate::domain::money::scale::{
    DOLLAR_PLACES, UNITS_PER_CENT, UNITS_PER_DOLLAR, UNITS_PER_SHARE, div_half_even, dollar_units,
};

/// An amount in US dollars, positive or negative.
///
/// Held in hundred-millionths of a dollar. The product of a legal price and a
/// legal quantity fits in a millionth of the range, so sums of fewer than a
/// million million such products cannot overflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Money(i128);

impl Money {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// Makes an amount from hundred-millionths of a dollar.
    pub const fn from_units(units: i128) -> Self {
        Self(units)
    }

    /// Makes an amount from whole cents.
    #[expect(clippy::arithmetic_side_effects, reason = "i64 cents times 1e6 fits in i128")]
    pub fn from_cents(cents: i64) -> Self {
        Self(i128::from(cents) * i128::from(UNITS_PER_CENT))
    }

    /// Makes an amount from whole dollars.
    #[expect(clippy::arithmetic_side_effects, reason = "i64 dollars times 1e8 fits in i128")]
    pub fn from_dollars(dollars: i64) -> Self {
        Self(i128::from(dollars) * i128::from(UNITS_PER_DOLLAR))
    }

    /// Makes an amount from a decimal, rounding half to even at the eighth place.
    ///
    /// # Errors
    /// When the decimal is too large to be held exactly.
    pub fn from_decimal(value: Decimal) -> Result<Self, ValueError> {
        dollar_units(value).map(Self).ok_or_else(|| ValueError::TooLarge {
            value: value.to_string(),
            limit: "792281625142643375935 dollars".into(),
        })
    }

    /// Returns the amount in hundred-millionths of a dollar.
    pub const fn units(self) -> i128 {
        self.0
    }

    /// Returns the amount as a decimal; saturates beyond ± 7.9e20 dollars, which
    /// no account reaches.
    pub fn to_decimal(self) -> Decimal {
        Decimal::try_from_i128_with_scale(self.0, DOLLAR_PLACES).unwrap_or(if self.0 < 0 {
            Decimal::MIN
        } else {
            Decimal::MAX
        })
    }

    /// Returns the amount multiplied by a ratio, rounded half to even; saturates
    /// like [`Money::to_decimal`].
    #[must_use]
    pub fn scaled(self, ratio: Decimal) -> Self {
        let product = self.to_decimal().checked_mul(ratio).unwrap_or(Decimal::MAX);
        dollar_units(product).map_or(self, Self)
    }

    /// Returns the part `part ÷ whole` of the amount, rounded half to even; zero
    /// when `whole` is zero. Used to split a cost in proportion to shares.
    #[must_use]
    pub fn portion(self, part: Qty, whole: Qty) -> Self {
        if whole.units() == 0 {
            return Self::ZERO;
        }
        // i128 holds 1e38; a cost below 1e20 units times 1e18 share units fits.
        if let Some(product) = self.0.checked_mul(i128::from(part.units())) {
            return Self(div_half_even(product, i128::from(whole.units())));
        }
        let ratio = part.to_decimal().checked_div(whole.to_decimal());
        self.scaled(ratio.unwrap_or(Decimal::ONE))
    }

    /// Returns the price at which `qty` shares cost this amount, rounded half to
    /// even at the eighth place; `None` when that is not a legal price.
    pub fn per_share(self, qty: Qty) -> Option<Price> {
        if qty.units() == 0 {
            return None;
        }
        let scaled = self.0.checked_mul(i128::from(UNITS_PER_SHARE))?;
        let units = div_half_even(scaled, i128::from(qty.units()));
        Price::from_units(i64::try_from(units).ok()?).ok()
    }

    /// Returns how many whole shares this amount buys at a price; zero for a
    /// negative amount.
    pub fn whole_shares_at(self, price: Price) -> Qty {
        let shares = self.0.checked_div(i128::from(price.units())).unwrap_or(0).max(0);
        u64::try_from(shares).ok().and_then(|shares| Qty::shares(shares).ok()).unwrap_or(Qty::MAX)
    }

    /// Returns `self ÷ other` as a decimal ratio, `None` when `other` is zero.
    pub fn ratio_to(self, other: Self) -> Option<Decimal> {
        self.to_decimal().checked_div(other.to_decimal())
    }

    /// Returns the amount without its sign.
    #[must_use]
    pub const fn abs(self) -> Self {
        Self(self.0.saturating_abs())
    }

    /// Tells whether the amount is below zero.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Rounds half to even to whole cents, as statements and screens show it.
    #[expect(clippy::arithmetic_side_effects, reason = "a quotient times its divisor fits again")]
    #[must_use]
    pub fn round_to_cents(self) -> Self {
        let cent = i128::from(UNITS_PER_CENT);
        Self(div_half_even(self.0, cent) * cent)
    }

    /// Returns the nearest binary float in dollars, for statistics only.
    pub fn to_f64(self) -> f64 {
        self.to_decimal().to_f64().unwrap_or(f64::MAX)
    }
}

#[expect(clippy::arithmetic_side_effects, reason = "see the type: the range is never reached")]
mod operators {
    use super::{Add, AddAssign, Money, Neg, Sub, SubAssign, Sum};

    impl Add for Money {
        type Output = Self;
        fn add(self, other: Self) -> Self {
            Self(self.0 + other.0)
        }
    }
    impl Sub for Money {
        type Output = Self;
        fn sub(self, other: Self) -> Self {
            Self(self.0 - other.0)
        }
    }
    impl Neg for Money {
        type Output = Self;
        fn neg(self) -> Self {
            Self(-self.0)
        }
    }
    impl AddAssign for Money {
        fn add_assign(&mut self, other: Self) {
            self.0 += other.0;
        }
    }
    impl SubAssign for Money {
        fn sub_assign(&mut self, other: Self) {
            self.0 -= other.0;
        }
    }
    impl Sum for Money {
        fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
            amounts.fold(Self::ZERO, Add::add)
        }
    }
}
