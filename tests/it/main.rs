//! Behaviour of the whole, one module per subject.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is missing")]

mod architecture;
mod breaker_conformance;
mod cli;
mod delivery;
mod golden_trade;
mod headless;
mod journal_kill;
mod recovery;
mod replay;
mod support;
mod wire;
