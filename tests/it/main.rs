//! Behaviour of the whole, one module per subject.

mod breaker_conformance;
mod support;
mod wire;
