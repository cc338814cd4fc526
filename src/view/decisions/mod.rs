//! Decision records: why a trade was taken, or was not.
//!
//! One [`Record`] per trade idea and per refusal: what was known and how old it was,
//! every ballot, the arithmetic of the size, every rule with value, limit and
//! verdict, the approval, orders, fills, slippage, the states with their times, and
//! the chain of causes back to the bar. [`record`] is the value, [`lines`] its plain
//! text, [`recorder`] the fold that fills it, [`store`] the newest thousand. Older
//! ones are made again from the journal, see
//! [`record_from`](crate::view::record_from).

mod lines;
mod recorder;
mod record;
mod store;

pub(in crate::view) use record::BALLOTS_MAX;
pub use record::{
    Answer, ApprovalLine, BallotLine, DecidedLine, FillLine, InputLine, Link, NoteLine, OrderLine,
    PlanLine, Record, ResultLine,
};
pub use store::{DECISIONS_MAX, Decisions, Wanted};

pub(in crate::view) use recorder::{Recorder, ballot_lines};
