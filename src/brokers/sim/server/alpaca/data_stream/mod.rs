//! The market data stream, `/v2/{feed}` (Alpaca, protocol page §7 of October 2026).
//!
//! [`session`] is the conversation and [`subscription`] what it is about; neither
//! knows a socket.

mod session;
mod subscription;
