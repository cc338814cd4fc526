//! The trading stream, `/stream` (Alpaca, protocol page §6 of October 2026).
//!
//! `session` is the conversation and `updates` what happens to orders as the wire
//! tells it; neither knows a socket. `connection` puts them on one, with the faults.

mod connection;
mod session;
mod updates;

pub(super) use connection::routes;
