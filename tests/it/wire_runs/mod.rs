//! The golden trade and the scenarios over the real wire: client, streams, gateway,
//! spine, agents and journal as they run, against the simulated Alpaca on loopback.
//!
//! The same stories without a wire are in [`golden_trade`](crate::golden_trade) and
//! [`scenarios`](crate::scenarios).

mod ending;
mod failing;
mod golden;
mod night;
mod restart;
