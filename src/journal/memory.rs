//! Journals without a disk: for tests, and for replays that are repeatable anyway.

use crate::domain::ids::Seq;
use crate::events::Envelope;
use crate::journal::{Journal, JournalError};

/// Keeps every envelope in memory.
#[derive(Debug, Default)]
pub struct Memory {
    envelopes: Vec<Envelope>,
}

impl Memory {
    /// Returns everything recorded, oldest first.
    pub fn envelopes(&self) -> &[Envelope] {
        &self.envelopes
    }
}

impl Journal for Memory {
    fn append(&mut self, envelope: &Envelope) -> Result<(), JournalError> {
        self.envelopes.push(envelope.clone());
        Ok(())
    }

    fn sync(&mut self) -> Result<(), JournalError> {
        Ok(())
    }

    fn for_each(
        &mut self,
        before: Seq,
        visit: &mut dyn FnMut(&Envelope),
    ) -> Result<(), JournalError> {
        self.envelopes.iter().take_while(|envelope| envelope.seq < before).for_each(visit);
        Ok(())
    }
}

/// Keeps nothing: a replay's inputs are its files, and its outputs can be had
/// again by running it again.
#[derive(Debug, Clone, Copy, Default)]
pub struct Forgetful;

impl Journal for Forgetful {
    fn append(&mut self, _: &Envelope) -> Result<(), JournalError> {
        Ok(())
    }

    fn sync(&mut self) -> Result<(), JournalError> {
        Ok(())
    }

    fn for_each(&mut self, _: Seq, _: &mut dyn FnMut(&Envelope)) -> Result<(), JournalError> {
        Err(JournalError::NotKept)
    }
}
