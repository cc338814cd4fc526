//! Layer 3: durable truth.
//!
//! The journal is appended before delivery and synced before an intent leaves or
//! a result is heard. It is also the only memory from which an agent is rebuilt.

mod memory;

pub use memory::{Forgetful, Memory};

use crate::domain::ids::Seq;
use crate::events::Envelope;

/// Where envelopes are written before anybody hears them.
pub trait Journal: Send {
    /// Appends one envelope; it may still be in memory afterwards.
    ///
    /// # Errors
    /// When the store refuses; the run must then end.
    fn append(&mut self, envelope: &Envelope) -> Result<(), JournalError>;

    /// Puts everything appended so far on disk.
    ///
    /// # Errors
    /// When the store refuses; the run must then end.
    fn sync(&mut self) -> Result<(), JournalError>;

    /// Visits every envelope with a number below `before`, oldest first.
    ///
    /// # Errors
    /// When the store cannot be read, or keeps nothing.
    fn for_each(
        &mut self,
        before: Seq,
        visit: &mut dyn FnMut(&Envelope),
    ) -> Result<(), JournalError>;
}

/// Why the journal cannot do what it must.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The run keeps no journal.
    #[error("this run keeps no journal")]
    NotKept,
}
