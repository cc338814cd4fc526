//! A theme ready to be asked: the style of each meaning at one level of colour.
//!
//! Knows neither files nor panels; [`Catalogue`](super::Catalogue) makes it.

use std::collections::BTreeMap;

use ratatui::style::{Modifier, Style};

use super::colour::{Colour, Level, Rgb, contrast};
use super::file::{ThemeError, ThemeFile, Wear};
use super::glyph::{Glyph, GlyphSet};
use super::meaning::Meaning;

/// What one meaning wears, with its colours looked up.
#[derive(Debug, Clone, Copy)]
struct Painted {
    fg: Colour,
    bg: Colour,
    modifier: Modifier,
}

/// The looks of the whole screen.
#[derive(Debug, Clone)]
pub struct Theme {
    name: String,
    level: Level,
    glyphs: GlyphSet,
    background: Colour,
    assumes_light: bool,
    /// In the order of [`Meaning::ALL`].
    painted: Vec<Painted>,
    /// The same, ready for the terminal.
    styles: Vec<Style>,
}

impl Theme {
    /// Resolves a chain of files, the one that was asked for first and what it
    /// builds on after it.
    pub(super) fn resolve(chain: &[ThemeFile], level: Level) -> Result<Self, ThemeError> {
        let mut palette = BTreeMap::new();
        for file in chain.iter().rev() {
            palette.extend(file.palette.iter().map(|(name, colour)| (name.as_str(), *colour)));
        }
        let colour = |theme: &str, named: Option<&(String, usize)>| match named {
            None => Ok(Colour::Terminal),
            Some((name, line)) => palette.get(name.as_str()).copied().ok_or_else(|| {
                let what = format!("the palette has no colour '{name}'");
                ThemeError::Line { theme: theme.to_owned(), line: *line, what }
            }),
        };
        let mut painted = Vec::with_capacity(Meaning::ALL.len());
        for meaning in Meaning::ALL {
            let (theme, wear) = find(chain, *meaning);
            painted.push(Painted {
                fg: colour(theme, wear.fg.as_ref())?,
                bg: colour(theme, wear.bg.as_ref())?,
                modifier: wear.modifier,
            });
        }
        let first = |file: &ThemeFile| file.background.clone().map(|at| (file.name.clone(), at));
        let background = match chain.iter().find_map(first) {
            Some((theme, named)) => colour(&theme, Some(&named))?,
            None => Colour::Terminal,
        };
        let mut theme = Self {
            name: chain.first().map(|file| file.name.clone()).unwrap_or_default(),
            level,
            glyphs: chain.iter().find_map(|file| file.glyphs).unwrap_or_default(),
            background,
            assumes_light: chain.iter().find_map(|file| file.assumes_light).unwrap_or_default(),
            painted,
            styles: Vec::new(),
        };
        theme.styles = theme.painted.iter().map(|painted| theme.style_of(*painted)).collect();
        Ok(theme)
    }

    fn style_of(&self, painted: Painted) -> Style {
        let background = match painted.bg {
            Colour::Terminal => self.background,
            own @ Colour::Painted { .. } => own,
        };
        let mut style = Style::new().add_modifier(painted.modifier);
        style.fg = painted.fg.at(self.level);
        style.bg = background.at(self.level);
        style
    }

    /// The name it was asked for by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The level it was resolved for.
    pub const fn level(&self) -> Level {
        self.level
    }

    /// The set of signs in use.
    pub const fn glyphs(&self) -> GlyphSet {
        self.glyphs
    }

    /// Draws with other signs from now on.
    #[must_use]
    pub const fn with_glyphs(mut self, glyphs: GlyphSet) -> Self {
        self.glyphs = glyphs;
        self
    }

    /// The style of a meaning.
    pub fn style(&self, meaning: Meaning) -> Style {
        self.styles.get(meaning.index()).copied().unwrap_or_default()
    }

    /// A sign of the set in use, one column wide.
    pub const fn sign(&self, glyph: Glyph) -> &'static str {
        self.glyphs.sign(glyph)
    }

    /// How well a meaning can be read on its background: a ratio of 1 to 21, `None`
    /// without colours.
    pub fn contrast_of(&self, meaning: Meaning) -> Option<f64> {
        if self.level == Level::None {
            return None;
        }
        let painted = self.painted.get(meaning.index())?;
        let under = if painted.bg == Colour::Terminal { self.background } else { painted.bg };
        Some(contrast(
            painted.fg.seen_at(self.level).unwrap_or_else(|| self.own(true)),
            under.seen_at(self.level).unwrap_or_else(|| self.own(false)),
        ))
    }

    /// What the terminal's own colours are taken to be.
    const fn own(&self, is_text: bool) -> Rgb {
        if self.assumes_light == is_text { [0; 3] } else { [255; 3] }
    }
}

/// The first file of the chain that speaks of a meaning, or of what it falls back to.
fn find(chain: &[ThemeFile], meaning: Meaning) -> (&str, Wear) {
    let mut at = meaning;
    loop {
        for file in chain {
            if let Some(wear) = file.style.get(&at) {
                return (&file.name, wear.clone());
            }
        }
        if at == Meaning::Text {
            return ("", Wear::default());
        }
        at = at.fallback();
    }
}
