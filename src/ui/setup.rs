//! What the screen is started with, and how it ends.
//!
//! Types only; [`runtime`](crate::ui::runtime) lives by them.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::domain::command::OperatorCommand;
use crate::ui::keymap::Keymap;
use crate::ui::state::{Answer, Token};
use crate::ui::theme::{Catalogue, GlyphSet, Level, ThemeError};

/// Takes the operator's requests to the house.
pub trait CommandSink: Send + Sync {
    /// Asks something of the house. A token is taken once: the second request of the
    /// same name does nothing. The answer may take its time; the screen waits
    /// [`ANSWER_WITHIN`](crate::ui::state::ANSWER_WITHIN).
    fn send(&self, token: Token, command: OperatorCommand) -> BoxFuture<'static, Answer>;
}

/// Goes to the background and comes back; false when that is not possible. Called
/// with the terminal given back.
pub type Suspend = Arc<dyn Fn() -> bool + Send + Sync>;

/// What the screen is started with.
pub struct Setup {
    /// The keys in force.
    pub keymap: Arc<Keymap>,
    /// Where themes are found.
    pub catalogue: Catalogue,
    /// The theme to begin with.
    pub theme: String,
    /// How many colours the terminal shows.
    pub level: Level,
    /// The signs to begin with.
    pub glyphs: GlyphSet,
    /// Where panes are written to, and where the page is remembered from one start to
    /// the next; absent when they cannot be.
    pub folder: Option<PathBuf>,
    /// How the program goes to the background; absent when it cannot.
    pub suspend: Option<Suspend>,
}

impl std::fmt::Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setup").field("theme", &self.theme).finish_non_exhaustive()
    }
}

/// Why the screen ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The operator left.
    Quit,
    /// The terminal is gone: what follows is the policy of the composition root.
    TerminalLost,
    /// The house stops.
    Stopped,
}

/// Why the screen cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ScreenError {
    /// The terminal cannot be drawn on.
    #[error("the terminal cannot be drawn on")]
    Terminal(#[from] io::Error),
    /// The theme to begin with cannot be used.
    #[error(transparent)]
    Theme(#[from] ThemeError),
}
