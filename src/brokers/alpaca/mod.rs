//! Alpaca: its wire, behind the contract of [`Broker`](crate::brokers::Broker).
//!
//! [`AlpacaBroker`] is one account over REST. `rest` sends one request and reads one
//! answer, `classify` judges what failed, `wire` holds Alpaca's JSON and `translate`
//! what it means in our words; nothing of the last two leaves this folder. [`stream`]
//! holds its two sockets.

#![expect(
    clippy::result_large_err,
    reason = "a failed call is rare and read once; the contract holds a refusal unboxed"
)]

mod broker;
mod classify;
mod config;
mod connect;
mod extras;
mod keys;
mod pages;
mod rest;
pub mod stream;
mod translate;
mod wire;

pub use crate::brokers::oddity::{Oddities, Oddity, OddityCounts};
pub use broker::{AlpacaBroker, OpenError};
pub use config::{
    AccountKind, AlpacaConfig, ConfigError, DataFeed, DisputedOrders, Endpoints, Timeouts,
};
pub use connect::AlpacaStreams;
pub use extras::Closing;
pub use keys::{ApiKeys, KEY_ID_NAME, KeyError, SECRET_NAME};
pub use translate::account::{FillRow, MarketDay};
pub use translate::market::Snapshot;
