//! The one way in which both wire forms are read: message by message, key by key.
//!
//! Knows nothing of what the keys mean ([`decode`](super::decode)). A value that is
//! not what was asked for is stepped over and answered with nothing, so that one bad
//! price costs one message; only what cannot be stepped over breaks the frame.

use super::number::Amount;
use crate::domain::money::{Price, Qty};
use crate::domain::time::Timestamp;

/// The rest of the frame cannot be read: it broke off, or is no such form at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the frame cannot be read on from byte {at}")]
pub struct BrokenFrame {
    /// Bytes from the beginning of the frame.
    pub at: usize,
}

/// Reads a frame: an array of objects. A copy of a reader is a bookmark.
pub(super) trait Reader<'a>: Copy {
    /// Steps into the next message; false at the end of the frame.
    fn next_message(&mut self) -> Result<bool, BrokenFrame>;

    /// Steps to the next key of the present message; `None` at its end. The value must
    /// be read or skipped before the next call.
    fn next_key(&mut self) -> Result<Option<&'a [u8]>, BrokenFrame>;

    /// Reads a price.
    fn price(&mut self) -> Result<Amount<Price>, BrokenFrame>;

    /// Reads a number of shares, parts included.
    fn qty(&mut self) -> Result<Option<Qty>, BrokenFrame>;

    /// Reads a whole number of zero or more.
    fn whole(&mut self) -> Result<Option<u64>, BrokenFrame>;

    /// Reads an instant.
    fn time(&mut self) -> Result<Option<Timestamp>, BrokenFrame>;

    /// Reads a text as it stands on the wire; escapes stay, since no ticker and no
    /// code of an exchange needs one.
    fn text(&mut self) -> Result<Option<&'a [u8]>, BrokenFrame>;

    /// Reads a list of texts; what is not a text in it is left out.
    fn texts(&mut self, each: &mut dyn FnMut(&'a [u8])) -> Result<(), BrokenFrame>;

    /// Steps over a value of any kind.
    fn skip(&mut self) -> Result<(), BrokenFrame>;
}
