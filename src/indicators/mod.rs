//! Layer 1: streaming statistics over prices and volumes.
//!
//! Each is fed one number (or one bar) at a time by `update`, which answers
//! `None` until enough has been seen. They work in `f64`, allocate only when
//! made, cost the same at every update (amortised), and know nothing of orders,
//! agents or strategies; [`crate::strategies`] turns them into opinions.
//!
//! Three rules hold for all of them:
//! 1. An input that is not finite, or larger than [`MAX_INPUT`] in magnitude, is
//!    refused: `update` answers `None` and remembers nothing of it.
//! 2. Rounding errors do not add up: sums are compensated or taken anew each
//!    time the window has turned over once.
//! 3. After a split, `rescale(factor)` multiplies the history as if it had been
//!    traded at the new scale all along.

mod input;
mod larger;
mod sum;
mod window;

mod atr;
mod bollinger;
mod ema;
mod extreme;
mod moments;
mod roc;
mod rsi;
mod sma;
mod zscore;

#[cfg(test)]
mod oracle;

pub use atr::Atr;
pub use bollinger::{Bands, Bollinger};
pub use ema::Ema;
pub use extreme::RollingExtreme;
pub use input::MAX_INPUT;
pub(crate) use larger::smaller;
pub(crate) use roc::Change;
pub use roc::RateOfChange;
pub use rsi::{Rsi, RsiSeed};
pub(crate) use sma::Mean;
pub use sma::Sma;
pub use zscore::{Standing, ZScore};
