//! Behaviour of the whole, one module per subject.

mod architecture;
mod breaker_conformance;
mod delivery;
mod journal_kill;
mod support;
mod wire;
