//! The gateway before a scripted broker, under paused time: one test per rule.

mod fake;
mod house;

mod orders;
mod cancels;
mod stream;
mod limits;
mod market;
