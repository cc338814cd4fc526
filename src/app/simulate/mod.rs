//! Deterministic simulation of faults: the real agents, the spine's order, the gateway
//! and the simulated exchange on virtual time, with faults drawn from a seed and
//! invariants looked at after every event.
//!
//! One seed is one run on a runtime of its own whose clock is paused: it goes on when
//! everybody waits, so that a seed gives the same events at any speed of the machine.
//! The broker is reached by plain calls ([`DirectBroker`]), so wire formats are not
//! covered here, nor are sockets: those are the business of the tests over loopback. The
//! ledger of the exchange is the only judge.
//!
//! [`DirectBroker`]: crate::brokers::sim::direct::DirectBroker
//!
//! Where each invariant of the faults page §4 is proven:
//!
//! | invariant | where |
//! |---|---|
//! | I1 to I8, I11, I12, I14 | here, in `judge` and the files under `rules` |
//! | I9 memory and frames | `benches/projector.rs`, `tests/it/ui/budgets.rs`, the bounds' own tests |
//! | I10 no secret anywhere | `tests/it/alpaca_faults/secrets.rs`, `tests/it/alpaca_client/secrets.rs` |
//! | I13 bytes to the terminal | `tests/it/ui/bytes.rs`, `tests/it/ui/hostile.rs` |
//!
//! | question | file |
//! |---|---|
//! | which faults there are, when they strike | `fault`, `schedule` |
//! | how the simulated house is set up | `setting` |
//! | the journal's disk, which may fail or lose its newest records | `disk` |
//! | one house: spine, agents, gateway | `house` |
//! | one seed from its first event to its verdict | `run` |
//! | what must hold | `judge`, `notes`, `rules` |
//! | many seeds, and the document about them | `campaign` |
//! | the fewest faults that still break it | `shrink` |

mod campaign;
mod disk;
mod fault;
mod house;
mod judge;
mod notes;
mod rules;
mod run;
mod schedule;
mod setting;
mod shrink;

pub use campaign::{Campaign, Found, Totals, campaign};
pub use fault::{Fault, FaultKind};
pub use judge::Violation;
pub use run::{Outcome, Plan, run};
pub use schedule::{draw, in_words};
pub use shrink::shrink;
