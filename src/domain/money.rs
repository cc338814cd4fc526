//! Prices, amounts and quantities as exact decimals.
//!
//! All three are fixed-point decimals in an integer: a price or an amount counts
//! hundred-millionths of a dollar (8 decimal places), a quantity counts
//! billionths of a share (9 decimal places, the finest that Alpaca accepts).
//! Sums and whole-share products are exact; no binary float ever holds money.
//! The one way out to `f64` is for indicators, which never come back. How they
//! are written and read is in `amount_text`.
//!
//! The bounds (`Price::MAX`, `Qty::MAX`) keep every product far inside
//! `i128`, so the plain operators of [`Money`] cannot overflow.

#![warn(clippy::arithmetic_side_effects)]

use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// Decimal places of [`Price`] and [`Money`].
pub(in crate::domain) const DOLLAR_PLACES: u32 = 8;
/// Units of [`Price`] and [`Money`] in one dollar.
pub(in crate::domain) const UNITS_PER_DOLLAR: i64 = 100_000_000;
/// Units of [`Price`] in one cent.
const UNITS_PER_CENT: i64 = 1_000_000;
/// Decimal places of [`Qty`].
pub(in crate::domain) const SHARE_PLACES: u32 = 9;
/// Units of [`Qty`] in one share.
pub(in crate::domain) const UNITS_PER_SHARE: u64 = 1_000_000_000;

/// Why a text or number is not a legal value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// The text is not a finite decimal number.
    #[error("'{0}' is not a decimal number")]
    NotANumber(String),
    /// A price, or the quantity of an order, must be above zero.
    #[error("'{0}' must be greater than zero")]
    NotPositive(String),
    /// A quantity may not be negative.
    #[error("'{0}' must not be negative")]
    Negative(String),
    /// The value is beyond the range that FlightDeck accepts.
    #[error("'{value}' is too large, the limit is {limit}")]
    TooLarge {
        /// What was given.
        value: String,
        /// The largest legal value.
        limit: String,
    },
    /// A symbol has an illegal length or character.
    #[error("'{0}' is not a symbol: 1 to 15 of A-Z, 0-9, '.', '-', '/' are allowed")]
    NotASymbol(String),
    /// A quote or bar contradicts itself.
    #[error("{0}")]
    Inconsistent(String),
}

/// A price per share in US dollars: always above zero, at most [`Price::MAX`].
///
/// Held in hundred-millionths of a dollar; a text with more places is rounded
/// half to even, once, on the way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Price(i64);

/// An amount in US dollars, positive or negative.
///
/// Held in hundred-millionths of a dollar. The product of a legal price and a
/// legal quantity fits in a millionth of the range, so sums of fewer than a
/// million million such products cannot overflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Money(i128);

/// A number of shares, zero or more, at most [`Qty::MAX`].
///
/// Held in billionths of a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Qty(u64);

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
            return Err(ValueError::NotPositive(Money(i128::from(units)).to_string()));
        }
        if units > Self::MAX.0 {
            return Err(ValueError::TooLarge {
                value: Money(i128::from(units)).to_string(),
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
            return Money(i128::from(self.0) * i128::from(shares));
        }
        let scale = i128::from(UNITS_PER_SHARE);
        let product = i128::from(self.0) * i128::from(qty.0);
        Money(div_half_even(product, scale))
    }

    /// Returns the price of one share as an amount.
    pub fn as_money(self) -> Money {
        Money(i128::from(self.0))
    }

    /// Returns `self − other` in dollars per share.
    #[expect(clippy::arithmetic_side_effects, reason = "two i64 differ by less than i128")]
    pub fn minus(self, other: Self) -> Money {
        Money(i128::from(self.0) - i128::from(other.0))
    }

    /// Returns the price moved by an amount per share, `None` when the result is
    /// not a legal price.
    pub fn plus(self, delta: Money) -> Option<Self> {
        let units = i128::from(self.0).checked_add(delta.0)?;
        Self::from_units(i64::try_from(units).ok()?).ok()
    }
}

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
        if whole.0 == 0 {
            return Self::ZERO;
        }
        // i128 holds 1e38; a cost below 1e20 units times 1e18 share units fits.
        if let Some(product) = self.0.checked_mul(i128::from(part.0)) {
            return Self(div_half_even(product, i128::from(whole.0)));
        }
        let ratio = part.to_decimal().checked_div(whole.to_decimal());
        self.scaled(ratio.unwrap_or(Decimal::ONE))
    }

    /// Returns the price at which `qty` shares cost this amount, rounded half to
    /// even at the eighth place; `None` when that is not a legal price.
    pub fn per_share(self, qty: Qty) -> Option<Price> {
        if qty.0 == 0 {
            return None;
        }
        let scaled = self.0.checked_mul(i128::from(UNITS_PER_SHARE))?;
        let units = div_half_even(scaled, i128::from(qty.0));
        Price::from_units(i64::try_from(units).ok()?).ok()
    }

    /// Returns how many whole shares this amount buys at a price; zero for a
    /// negative amount.
    pub fn whole_shares_at(self, price: Price) -> Qty {
        let shares = self.0.checked_div(i128::from(price.0)).unwrap_or(0).max(0);
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

fn dollar_units(value: Decimal) -> Option<i128> {
    scaled_units(value, DOLLAR_PLACES)
}

/// Decimal → integer count of 10^-places, half to even; `None` on overflow.
fn scaled_units(value: Decimal, places: u32) -> Option<i128> {
    let rounded = value.round_dp(places);
    let missing = places.checked_sub(rounded.scale())?;
    rounded.mantissa().checked_mul(10_i128.checked_pow(missing)?)
}

/// Division rounded half to even; the divisor is above zero.
#[expect(clippy::arithmetic_side_effects, reason = "the divisor is a positive constant or checked")]
fn div_half_even(value: i128, divisor: i128) -> i128 {
    let quotient = value.div_euclid(divisor);
    let twice = value.rem_euclid(divisor) * 2;
    match twice.cmp(&divisor) {
        std::cmp::Ordering::Less => quotient,
        std::cmp::Ordering::Equal => quotient + (quotient & 1),
        std::cmp::Ordering::Greater => quotient + 1,
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

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "tests fail loudly on overflow")]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rust_decimal::dec;

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    #[test]
    fn the_golden_numbers_are_exact() {
        let entry = price("175.50");
        assert_eq!(entry.scaled(dec!(0.95), Rounding::Down), Some(price("166.72")));
        assert_eq!(entry.scaled(dec!(1.15), Rounding::Down), Some(price("201.82")));
        let size = Money::from_dollars(1000).whole_shares_at(entry);
        assert_eq!(size, Qty::shares(5).unwrap());
        assert_eq!(entry.times(size).to_string(), "877.50");
        let profit = price("201.82").times(size) - entry.times(size);
        assert_eq!(profit, Money::from_cents(13_160));
    }

    #[test]
    fn text_keeps_at_least_two_places_and_no_noise() {
        for (input, shown) in [
            ("175.5", "175.50"),
            ("0.1234", "0.1234"),
            ("1e2", "100.00"),
            ("105.8988475", "105.8988475"),
        ] {
            assert_eq!(price(input).to_string(), shown);
        }
    }

    #[test]
    fn what_is_not_a_price_is_refused_by_name() {
        for input in ["NaN", "inf", "", "-1", "0", "1e308", "abc", "10000001", "1.2.3", "--4"] {
            let error = input.parse::<Price>().unwrap_err();
            assert!(error.to_string().contains('\''), "{error}");
        }
        assert!("-1".parse::<Qty>().is_err());
        assert!("1000000001".parse::<Qty>().is_err());
    }

    #[test]
    fn json_numbers_are_exact_both_ways() {
        let json = serde_json::to_string(&price("175.50")).unwrap();
        assert_eq!(json, "175.50");
        assert_eq!(serde_json::from_str::<Price>("\"150.0975\"").unwrap(), price("150.0975"));
        assert_eq!(serde_json::from_str::<Money>("-0.07").unwrap(), Money::from_cents(-7));
        assert!(serde_json::from_str::<Price>("true").is_err());
    }

    #[test]
    fn sub_dollar_prices_step_by_a_hundredth_of_a_cent() {
        assert_eq!(price("0.12345").round_to_increment(Rounding::Up), Some(price("0.1235")));
        assert_eq!(price("1.001").round_to_increment(Rounding::Up), Some(price("1.01")));
        assert!(!price("290.123").is_on_increment());
        assert_eq!(price("0.00001").round_to_increment(Rounding::Down), None);
    }

    proptest! {
        #[test]
        fn price_text_round_trips(units in 1_i64..=Price::MAX.0) {
            let value = Price::from_units(units).unwrap();
            prop_assert_eq!(value.to_string().parse::<Price>().unwrap(), value);
            let json = serde_json::to_string(&value).unwrap();
            prop_assert_eq!(serde_json::from_str::<Price>(&json).unwrap(), value);
        }

        #[test]
        fn amounts_read_as_the_decimal_does(units in any::<i128>(), shift in 0_u32..127) {
            let amount = Money::from_units(units >> shift);
            let text = amount.to_string();
            let (whole, places) = text.split_once('.').unwrap();
            prop_assert!((2..=8).contains(&places.len()));
            prop_assert!(places.len() == 2 || !places.ends_with('0'));
            let digits = format!("{whole}{places:0<8}");
            prop_assert_eq!(digits.parse::<i128>().unwrap(), amount.units());
        }

        #[test]
        fn quantity_text_round_trips(units in 0_u64..=Qty::MAX.0) {
            let value = Qty::from_units(units).unwrap();
            prop_assert_eq!(value.to_string().parse::<Qty>().unwrap(), value);
            prop_assert_eq!(value.to_string(), value.to_decimal().normalize().to_string());
            prop_assert_eq!(serde_json::to_string(&value).unwrap(), value.to_string());
        }

        #[test]
        fn a_cost_split_in_two_adds_up(units in 0_i64..1_000_000_000_000, part in 0_u64..1000, rest in 1_u64..1000) {
            let cost = Money::from_units(i128::from(units));
            let whole = Qty::shares(part + rest).unwrap();
            let first = cost.portion(Qty::shares(part).unwrap(), whole);
            prop_assert!(first <= cost);
            prop_assert_eq!(first + (cost - first), cost);
        }

        #[test]
        fn times_agrees_with_decimal(units in 1_i64..1_000_000_000_000, shares in 0_u64..100_000) {
            let price = Price::from_units(units).unwrap();
            let exact = price.to_decimal() * Decimal::from(shares);
            prop_assert_eq!(price.times(Qty::shares(shares).unwrap()).to_decimal(), exact);
        }
    }
}
