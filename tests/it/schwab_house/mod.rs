//! A house with Schwab in it: as a second source of data beside Alpaca, as data alone,
//! and as the broker that takes the orders, against the simulated Schwab.

mod judged;
mod live;
mod second;
mod token;
