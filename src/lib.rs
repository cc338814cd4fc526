//! FlightDeck: a terminal trading cockpit for US equities.

pub mod breakers;
pub mod brokers;
pub mod domain;
pub mod fsm;
pub mod indicators;
pub mod report;
pub mod risk;
pub mod sources;
pub mod strategies;
