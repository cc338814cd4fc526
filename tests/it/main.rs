//! Behaviour of the whole, one module per subject.

mod breaker_conformance;
mod delivery;
mod support;
mod wire;
