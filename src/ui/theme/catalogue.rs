//! The themes that there are: the shipped ones, and those in the user's folder,
//! which may replace a shipped one of the same name.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::colour::Level;
use super::file::{self, ThemeError, ThemeFile, Warning};
use super::meaning::Meaning;
use super::resolved::Theme;

/// The shipped themes, name and file; the first is the default.
pub const SHIPPED: &[(&str, &str)] = &[
    ("classic", include_str!("../../../themes/classic.toml")),
    ("dark", include_str!("../../../themes/dark.toml")),
    ("light", include_str!("../../../themes/light.toml")),
    ("contrast", include_str!("../../../themes/contrast.toml")),
    ("cvd", include_str!("../../../themes/cvd.toml")),
    ("inverted", include_str!("../../../themes/inverted.toml")),
    (MONO, include_str!("../../../themes/mono.toml")),
];

/// What a terminal without colour gets, whatever was asked for.
const MONO: &str = "mono";
/// A theme on a theme on a theme is still readable; more is a circle.
const DEPTH_MAX: usize = 8;
/// A theme file longer than this is not one.
const BYTES_MAX: u64 = 256 * 1024;
/// The least contrast of text that matters (WCAG 2.2, 1.4.3).
const CONTRAST_MIN: f64 = 4.5;

/// Finds themes by name.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    folder: Option<PathBuf>,
}

impl Catalogue {
    /// Knows the shipped themes, and those in a folder of the user's if one is given.
    pub const fn new(folder: Option<PathBuf>) -> Self {
        Self { folder }
    }

    /// The names of all themes, in alphabetical order.
    pub fn names(&self) -> Vec<String> {
        let mut names: BTreeSet<String> = SHIPPED.iter().map(|(name, _)| (*name).into()).collect();
        let entries = self.folder.as_ref().and_then(|folder| fs::read_dir(folder).ok());
        for entry in entries.into_iter().flatten().flatten() {
            let path = entry.path();
            let is_theme = path.extension().is_some_and(|end| end == "toml");
            if let (true, Some(name)) = (is_theme, path.file_stem().and_then(|name| name.to_str()))
            {
                names.insert(name.to_owned());
            }
        }
        names.into_iter().collect()
    }

    /// Loads a theme for a level of colour, with what was passed over in its files.
    /// A terminal without colour gets the theme `mono`.
    ///
    /// # Errors
    /// When there is no such theme, or a file of it cannot be understood.
    pub fn load(&self, name: &str, level: Level) -> Result<(Theme, Vec<Warning>), ThemeError> {
        let drawn = if level == Level::None { MONO } else { name };
        let mut chain: Vec<ThemeFile> = Vec::new();
        let mut next = Some(drawn.to_owned());
        while let Some(name) = next {
            if chain.len() == DEPTH_MAX {
                return Err(ThemeError::Circle(drawn.to_owned()));
            }
            let mut file = file::read(&name, &self.text(&name)?)?;
            // A file is known by the name it was asked for.
            file.name = name;
            next = file.inherits.take();
            chain.push(file);
        }
        let theme = Theme::resolve(&chain, level)?;
        let mut warnings: Vec<Warning> =
            chain.iter().flat_map(|file| file.warnings.clone()).collect();
        warnings.extend(unreadable(&theme));
        Ok((theme, warnings))
    }

    fn text(&self, name: &str) -> Result<String, ThemeError> {
        if let Some(text) = self.users(name) {
            return Ok(text);
        }
        let shipped = SHIPPED.iter().find(|(shipped, _)| *shipped == name);
        shipped.map(|(_, text)| (*text).to_owned()).ok_or_else(|| ThemeError::Unknown {
            name: name.to_owned(),
            known: self.names().join(", "),
        })
    }

    /// A name is one word: no path leads out of the folder.
    fn users(&self, name: &str) -> Option<String> {
        let is_word = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        let folder = self.folder.as_ref().filter(|_| name.chars().all(is_word))?;
        let path = folder.join(name).with_extension("toml");
        let length = fs::metadata(&path).ok()?.len();
        (length <= BYTES_MAX).then(|| fs::read_to_string(&path).ok()).flatten()
    }
}

/// The meanings on which money depends and that this theme hides.
fn unreadable(theme: &Theme) -> Vec<Warning> {
    let matters = [Meaning::Text, Meaning::Up, Meaning::Down, Meaning::Trip, Meaning::Approve];
    let low = matters.into_iter().filter_map(|meaning| {
        let ratio = theme.contrast_of(meaning).filter(|ratio| *ratio < CONTRAST_MIN)?;
        let what = format!("`{}` is hard to read: contrast {ratio:.1}", meaning.name());
        Some(Warning { theme: theme.name().to_owned(), line: 1, what })
    });
    low.collect()
}
