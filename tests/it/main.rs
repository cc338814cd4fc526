//! Behaviour of the whole, one module per subject.

#![expect(clippy::unwrap_used, clippy::panic, reason = "all of this is test code")]

mod architecture;
mod breaker_conformance;
mod delivery;
mod journal_kill;
mod support;
mod wire;
