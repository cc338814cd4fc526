//! The one table behind dispatch, footer, help and palette.
//!
//! [`Action`] says what a key can ask for; `keys/default.toml` says which key asks.
//! Both meet in [`Keymap`]. What an action does is decided in
//! [`update`](crate::ui::update), not here.

mod action;
mod chord;
mod command;
mod table;

pub use action::{Action, Context};
pub use chord::{Chord, ChordError};
pub use command::{Argument, Command, complete, score};
pub use table::{Keymap, KeymapError};
