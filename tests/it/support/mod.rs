//! What several test modules share: worked examples of values.

pub(crate) mod examples;
pub(crate) mod program;
