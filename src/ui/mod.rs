//! Layer 5: the screen. It gets a snapshot and a sender of commands, nothing else.
//!
//! Read in this order: [`facts`] is what the rules know of the house, [`state`] what
//! the screen knows of itself, [`update`] the rules, [`dialog`] what stands before
//! everything that adds risk; then [`theme`] and [`keymap`].

pub mod facts;
pub mod state;
pub mod dialog;
pub mod entry;
pub mod update;
pub mod keymap;
pub mod input;
pub mod terminal;
pub mod layout;
pub mod format;
pub mod theme;
pub mod filter;
pub mod scene;
pub mod widgets;
pub mod panels;
pub mod page;
mod decoder;
mod header;
pub mod overlays;
pub mod surface;
pub mod runtime;
mod pace;
mod session;
mod setup;
mod translate;
mod writing;
