//! Behaviour of the whole, one module per subject.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod architecture;
mod breaker_conformance;
mod delivery;
mod golden_trade;
mod invariants;
mod journal_kill;
mod operator;
mod positions;
mod proposals;
mod scenarios;
mod support;
mod wire;
