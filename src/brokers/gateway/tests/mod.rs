//! The gateway before a scripted broker, under paused time: one test per rule.

#![expect(clippy::result_large_err, reason = "the scripted broker fails as the contract says")]
#![expect(clippy::wildcard_enum_match_arm, reason = "a test picks one event out of many")]

mod fake;
mod house;

mod orders;
mod race;
mod identity;
mod cancels;
mod stream;
mod limits;
mod bounds;
mod latch;
mod market;
