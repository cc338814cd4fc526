//! What the screen hears, and what it asks of the loop around it.

use std::sync::Arc;

use crate::domain::command::OperatorCommand;
use crate::ui::facts::Facts;
use crate::ui::keymap::Chord;
use crate::ui::state::{Answer, Pane, Token, Weight};
use crate::ui::theme::GlyphSet;

/// One thing that the screen hears.
#[derive(Debug, Clone)]
pub enum Msg {
    /// A key was pressed; `is_repeat` when the terminal says that it is held down.
    Key {
        /// Which.
        chord: Chord,
        /// Held down.
        is_repeat: bool,
    },
    /// A text was pasted.
    Paste(String),
    /// The terminal is no longer looked at.
    FocusLost,
    /// The terminal is looked at.
    FocusGained,
    /// A pane was clicked, and which of its rows if it was one.
    Clicked {
        /// Which pane.
        pane: Pane,
        /// Which row, from 0.
        row: Option<usize>,
    },
    /// The wheel was turned over the pane that has the focus; rows, down is positive.
    Scrolled(isize),
    /// The house is as this says.
    Facts(Arc<Facts>),
    /// The house answered a request.
    Answered(Token, Answer),
    /// Something happened that a human should read.
    Notice(Weight, String),
    /// Something happened that a human should acknowledge, and has been rung for.
    Alert(Weight, String),
    /// Time went by.
    Tick,
}

/// What is done with the picture of a pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// The row under the cursor goes to the clipboard.
    CopyRow(Pane),
    /// The whole pane goes to a file.
    WriteFile(Pane),
}

/// One thing that the screen asks of the loop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cmd {
    /// Ask this of the house, once.
    Operator(Token, OperatorCommand),
    /// Close the gate for entries at once and cancel them; repeating it is harmless.
    Kill(Token),
    /// Take a picture of a pane.
    Page(Page),
    /// Ring, and say why on terminals that show it.
    Notify(&'static str),
    /// Ring again for alerts that nobody has acknowledged, and say so.
    Escalate(String),
    /// Show another theme.
    Theme(String),
    /// Draw with other signs.
    Glyphs(GlyphSet),
    /// Take the mouse, or give it back.
    Mouse(bool),
    /// Draw everything anew.
    Redraw,
    /// Go to the background.
    Suspend,
    /// Leave.
    Quit,
}
