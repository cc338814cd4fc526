//! Behaviour of the whole, one module per subject.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is missing")]

mod adversity;
mod alpaca_client;
mod alpaca_faults;
mod alpaca_conformance;
mod alpaca_feeds;
mod alpaca_server;
mod alpaca_streams;
mod architecture;
mod breaker_conformance;
mod cli;
mod control;
mod delivery;
mod doctor;
mod doubts;
mod golden_trade;
mod headless;
mod intel_house;
mod intel_words;
mod intel_line;
mod intel_pace;
mod invariants;
mod journal_kill;
mod operator;
mod positions;
mod proposals;
mod pty;
mod recovery;
mod redis_bus;
mod safety;
mod replay;
mod scenarios;
mod schwab_server;
mod schwab_auth;
mod schwab_client;
mod schwab_house;
mod simulate;
mod support;
mod surprises;
mod telemetry;
mod ui;
mod validate;
mod view;
mod wire;
mod wire_runs;
