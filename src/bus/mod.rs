//! Layer 3: order and delivery.
//!
//! Everything that happens gets one number, one time and one place in the journal
//! from one sequencer, and only then is delivered. Two drivers share it: [`inline`]
//! delivers by plain calls on one thread (replay at full speed), [`spine`] delivers
//! to one tokio task per agent. Scheduling cannot show in the result, so both write
//! the same journal; a test holds them to it.

mod agent;
mod sequencer;
mod supervision;
mod fold;
pub mod clock;
pub mod inline;
pub mod redis;
pub mod seat;
pub mod spine;

pub use agent::{Agent, Factory, Outbox, Output, Roster, RosterSeat, Tap};
pub use sequencer::{MAX_CASCADE, SpineError};
