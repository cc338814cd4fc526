//! FlightDeck: a terminal trading cockpit for US equities.

pub mod domain;
pub mod fsm;
pub mod breakers;
pub mod indicators;
pub mod strategies;
pub mod risk;
pub mod events;
pub mod journal;
pub mod bus;
pub mod brokers;
pub mod sources;
pub mod agents;
pub mod report;
pub mod config;
pub mod telemetry;
pub mod app;
pub mod cli;
