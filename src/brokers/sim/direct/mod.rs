//! A broker without a wire: the gateway's calls reach the simulated exchange as plain
//! calls, delayed, lost or answered wrongly as a schedule of faults says.
//!
//! It exists for the simulation of faults: no socket, no thread, every wait is one of
//! tokio's clock, which may be paused, and everything that is drawn is drawn from a
//! seed. Who decides *when* a fault strikes is above it.
//!
//! | question | file |
//! |---|---|
//! | what can go wrong | `mishap` |
//! | market, exchange and ledger, moved by hand | `floor` |
//! | what the exchange says, in the words of the contract | `news` |
//! | which faults wait for a call or a push | `troubles` |
//! | how the streams reach the house | `line` |
//! | everything at the broker's side, behind one lock | `venue` |
//! | the broker itself, as the gateway sees it | `broker` |

#![expect(clippy::result_large_err, reason = "as every call to a broker fails")]

mod broker;
mod floor;
mod line;
mod mishap;
mod news;
mod troubles;
mod venue;

pub use broker::DirectBroker;
pub use floor::{Floor, FloorSetup};
pub use mishap::Mishap;
pub use venue::{DirectVenue, Outgoing, Watch};
