//! Everything that a picture is made of, and nothing that it could change.

use std::time::Duration;

use ratatui::style::Style;

use crate::ui::facts::Mode;
use crate::ui::state::App;
use crate::ui::theme::{Glyph, Meaning, Theme};
use crate::view::Snapshot;

/// What drawing costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// The newest frame, drawn and written out.
    pub frame: Duration,
    /// Frames per second at most, at present.
    pub rate: u32,
}

/// What a panel may look at.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The house; an older one while the picture is held still.
    pub snapshot: &'a Snapshot,
    /// The screen.
    pub app: &'a App,
    /// The looks.
    pub theme: &'a Theme,
    /// What drawing costs.
    pub cost: Cost,
}

impl Scene<'_> {
    /// The style of a meaning.
    pub fn style(&self, meaning: Meaning) -> Style {
        self.theme.style(meaning)
    }

    /// A sign of the set in use.
    pub const fn sign(&self, glyph: Glyph) -> &'static str {
        self.theme.sign(glyph)
    }

    /// How long something of the house's time lasts by the wall, by which a human waits.
    pub fn by_the_wall(&self, length: Duration) -> Duration {
        length / self.snapshot.run.speed.max(1)
    }

    /// Whose money moves, as it is now: never held still.
    pub fn mode(&self) -> Mode {
        self.app.facts.mode
    }

    /// How the mode looks.
    pub fn mode_style(&self) -> Style {
        self.style(match self.mode() {
            Mode::Sim => Meaning::Sim,
            Mode::Paper => Meaning::Paper,
            Mode::Live => Meaning::Live,
        })
    }
}
