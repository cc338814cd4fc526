//! Layer 5: the screen. It gets a snapshot and a sender of commands, nothing else.

pub mod theme;
