//! Layer 3: durable truth.
//!
//! The journal is appended before delivery and synced before an intent leaves or
//! a result is heard. It is also the only memory from which an agent is rebuilt.
//! [`sqlite`] keeps it on disk; [`Memory`] and [`Forgetful`] do without one.

mod error;
mod memory;
pub mod sqlite;

pub use error::{Corruption, JournalError};
pub use memory::{Forgetful, Memory};
pub use sqlite::{SqliteJournal, StoreIdentity, Verified, export, is_in_use, verify};

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

impl<J: Journal + ?Sized> Journal for Box<J> {
    fn append(&mut self, envelope: &Envelope) -> Result<(), JournalError> {
        (**self).append(envelope)
    }

    fn sync(&mut self) -> Result<(), JournalError> {
        (**self).sync()
    }

    fn for_each(
        &mut self,
        before: Seq,
        visit: &mut dyn FnMut(&Envelope),
    ) -> Result<(), JournalError> {
        (**self).for_each(before, visit)
    }
}
