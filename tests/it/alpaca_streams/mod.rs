//! Both streams and market data of the simulated Alpaca server, over real sockets on
//! loopback and a clock that stands until a test moves it.

pub(crate) mod client;
mod data;
mod faults;
mod history;
mod server;
mod trading;
pub(crate) mod unpack;
