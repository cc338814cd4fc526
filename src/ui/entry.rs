//! An input line at the foot of the page: the palette or a filter. It confirms
//! nothing that costs money; that is what [`dialog`](crate::ui::dialog) is for.

use tui_input::Input;

use crate::ui::keymap::{Argument, Command, complete};
use crate::ui::state::{App, Pane};
use crate::ui::theme::GlyphSet;

/// What an input line is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// A command; a theme that is only previewed is given back to this one.
    Palette {
        /// The theme in force when the palette opened.
        theme_before: String,
    },
    /// What a pane is filtered by.
    Filter(Pane),
}

/// An open input line.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What it is for.
    pub kind: EntryKind,
    /// What is typed.
    pub input: Input,
    /// Which completion is chosen, from 0.
    pub chosen: usize,
}

/// Letters that one line takes.
pub const ENTRY_MAX: usize = 200;
/// Completions that are shown.
pub const COMPLETIONS_MAX: usize = 8;

impl Entry {
    /// Opens a line with a text in it.
    pub fn new(kind: EntryKind, text: &str) -> Self {
        Self { kind, input: Input::new(text.to_owned()), chosen: 0 }
    }

    /// Whole lines that the typed text may become, the best first.
    pub fn completions(&self, app: &App) -> Vec<String> {
        if matches!(self.kind, EntryKind::Filter(_)) {
            return Vec::new();
        }
        let typed = self.input.value().trim_start();
        let mut found = match with_argument(typed) {
            Some((command, argument)) => {
                let lines = arguments(command, app).into_iter();
                complete(argument, lines).into_iter().map(|it| format!("{command} {it}")).collect()
            }
            None => complete(typed, commands(app).map(|command| command.name().to_owned())),
        };
        found.truncate(COMPLETIONS_MAX);
        found
    }
}

/// The commands that the palette offers: on a read-only screen none that changes
/// orders or risk.
pub fn commands(app: &App) -> impl Iterator<Item = Command> {
    let is_read_only = app.keymap.is_read_only();
    let offered = move |command: &Command| !(is_read_only && command.is_dangerous());
    Command::ALL.iter().copied().filter(offered)
}

/// A line whose command is complete and takes an argument.
fn with_argument(line: &str) -> Option<(&'static str, &str)> {
    let taking = |command: &&Command| command.argument() != Argument::None;
    Command::ALL.iter().filter(taking).find_map(|command| {
        let argument = line.strip_prefix(command.name())?.strip_prefix(' ')?;
        Some((command.name(), argument))
    })
}

fn arguments(command: &str, app: &App) -> Vec<String> {
    let command = Command::ALL.iter().find(|known| known.name() == command);
    match command.map_or(Argument::None, |command| command.argument()) {
        Argument::None => Vec::new(),
        Argument::Theme => app.themes.to_vec(),
        Argument::Glyphs => {
            [GlyphSet::Unicode, GlyphSet::Ascii].map(|set| set.name().to_owned()).to_vec()
        }
        Argument::Symbol | Argument::SymbolOrAll => {
            app.facts.symbols.iter().map(ToString::to_string).collect()
        }
        Argument::Breaker => {
            app.facts.breakers.iter().map(|breaker| breaker.name.clone()).collect()
        }
    }
}
