//! Alpaca's wire protocol on loopback: trading REST, market data, streams, control.
//!
//! Everything follows the protocol page of October 2026; files cite its sections.

mod desk;
mod routes;
mod frames;
mod socket;
mod places;
mod points;
mod data_stream;
mod trading_stream;
mod market_data;
mod halts;

pub(super) use desk::Desk;
pub(super) use halts::halt_on_purpose;
pub use places::StreamRules;
pub use routes::router;
pub use socket::SendBuffer;
