//! Alpaca's wire protocol on loopback: trading REST, market data, streams, control.
//!
//! Everything follows the protocol page of October 2026; files cite its sections.

mod desk;
mod routes;

pub(super) use desk::Desk;
pub use routes::router;
