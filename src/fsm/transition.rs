//! The error of all state machines: an input that the table does not list.
//!
//! It speaks in the names that screen, journal and bus use; it knows none of the
//! machines. Start reading them at [`order`](crate::fsm::order).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// An input that a machine refused; the state stays as it was.
///
/// Venues lie, so this is an event and a counter for the owner, never a panic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("cannot transition from {from} to {to}")]
pub struct InvalidTransition {
    /// Name of the state in which the machine is and stays.
    pub from: Cow<'static, str>,
    /// Name of the state that the input asked for.
    pub to: Cow<'static, str>,
    /// Name of the input.
    pub input: Cow<'static, str>,
}

impl InvalidTransition {
    /// Makes the error from three names.
    pub(in crate::fsm) const fn new(
        from: &'static str,
        to: &'static str,
        input: &'static str,
    ) -> Self {
        Self { from: Cow::Borrowed(from), to: Cow::Borrowed(to), input: Cow::Borrowed(input) }
    }
}
