//! The embedded market: everything a broker and an exchange do, inside the process.
//!
//! [`exchange`] matches orders and keeps the ledger, [`market`] makes prices from a
//! seed. Neither opens a socket or reads a clock; the occupant of the venue seat
//! and the servers that imitate a broker's wire protocol are built on them.

pub mod market;
pub mod exchange;
pub mod venue;
pub mod server;
pub mod direct;
pub mod judge;
