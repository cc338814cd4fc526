//! The trading stream, `/stream` (Alpaca, protocol page §6 of October 2026).

mod session;
