//! From the bytes that a terminal sends to keys, pastes, clicks and focus.
//!
//! It keeps the beginning of a sequence until the rest comes, and loses no key: a byte
//! that breaks a sequence off is read for itself, and a silence ends what was begun.
//! It knows nothing of files, threads and time; [`input`](crate::ui::input) reads and
//! says when it has been silent. The sequences are those of xterm (its page of control
//! sequences, patch 390: PC-style function keys, modifyOtherKeys, mouse tracking,
//! bracketed paste), of the Linux console for F1 to F5, and CSI u of the kitty keyboard
//! protocol, which we do not ask for but some multiplexers send.

mod reader;
mod sequence;

pub(super) use reader::Decoder;

#[cfg(test)]
mod tests;
