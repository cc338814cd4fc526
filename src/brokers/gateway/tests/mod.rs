//! The gateway before a scripted broker, under paused time: one test per rule.

#![expect(clippy::result_large_err, reason = "the scripted broker fails as the contract says")]

mod fake;
mod house;

mod orders;
mod cancels;
mod stream;
mod limits;
mod market;
