//! What several test modules share: worked examples of values, and the whole house
//! under the hand of a test.

pub(crate) mod examples;
pub(crate) mod trouble;
pub(crate) mod cockpit;
pub(crate) mod program;
pub(crate) mod redis;
pub(crate) mod schwab;
pub(crate) mod wired;
