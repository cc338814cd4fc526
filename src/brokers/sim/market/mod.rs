//! The seeded generator of the embedded market: quotes, prints, minute bars and
//! trading pauses of invented sessions.
//!
//! A seed is a market: the same [`MarketSetup`] gives the same steps on every
//! machine, and each symbol draws its own lots, so that adding one changes no
//! other. It knows nothing of orders, clocks or wires; whoever owns it decides how
//! fast the steps are played.
//!
//! Start with [`Market`], the iterator. `stock` turns the price of one symbol into
//! quotes, prints and bars; `walk` moves that price; `chance` draws the lots.
//!
//! Prices move in binary floats, which never leave: every price that is emitted
//! is a whole number of cents made by the checked constructor of
//! [`Price`](crate::domain::money::Price).

mod chance;
mod generator;
mod history;
mod setup;
mod stock;
mod walk;

pub use generator::Market;
pub use setup::{Listing, MarketError, MarketSetup};

#[cfg(test)]
mod tests;
