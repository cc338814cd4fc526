//! Alpaca: its wire, behind the contract of [`Broker`](crate::brokers::Broker).

pub mod stream;
