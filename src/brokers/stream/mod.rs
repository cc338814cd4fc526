//! What every broker's stream needs: a task that dials, talks, gives up, waits and
//! dials again.
//!
//! Read in this order: what a conversation is asked and answers (`session`); the task
//! (`drive`) with its socket (`socket`), its waits (`backoff`) and where its news goes
//! (`outlet`); and what conversations share (`link`, `watchdog`). Knows no broker: each
//! one's own conversation lies in its folder.

pub(in crate::brokers) mod backoff;
pub(in crate::brokers) mod drive;
pub(in crate::brokers) mod link;
pub(in crate::brokers) mod outlet;
pub(in crate::brokers) mod redial;
pub(in crate::brokers) mod session;
pub(in crate::brokers) mod socket;
pub(in crate::brokers) mod watchdog;

pub use drive::StreamTiming;
pub use redial::Redial;
pub use session::{StopReason, StreamStatus};
