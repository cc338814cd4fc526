//! Prices, amounts and quantities as exact decimals.
//!
//! All three are fixed-point decimals in an integer: a price or an amount counts
//! hundred-millionths of a dollar (8 decimal places), a quantity counts
//! billionths of a share (9 decimal places, the finest that Alpaca accepts).
//! Sums and whole-share products are exact; no binary float ever holds money.
//! The one way out to `f64` is for indicators, which never come back. How they
//! are written and read is in [`text`].
//!
//! The bounds (`Price::MAX`, `Qty::MAX`) keep every product far inside
//! `i128`, so the plain operators of [`Money`] cannot overflow.

mod error;
mod scale;
mod price;
mod amount;
mod quantity;
mod text;
#[cfg(test)]
mod tests;

pub use amount::Money;
pub use error::ValueError;
pub use price::{Price, Rounding};
pub use quantity::Qty;
