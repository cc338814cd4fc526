//! A theme file as it is written, with the line of whatever is wrong in it.
//!
//! It names colours, says which meaning wears which, and may build on another
//! theme. What the words mean is in [`Meaning`]; resolving is done by
//! [`Theme`](super::Theme).

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use ratatui::style::Modifier;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::colour::{Colour, Rgb};
use super::glyph::GlyphSet;
use super::meaning::Meaning;

/// Why a theme cannot be used; the one before stays.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ThemeError {
    /// A line of the file cannot be understood.
    #[error("theme {theme}, line {line}: {what}")]
    Line {
        /// The theme.
        theme: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong, in words.
        what: String,
    },
    /// Nobody knows the theme.
    #[error("there is no theme '{name}', there are: {known}")]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// Themes build on each other in a circle, or deeper than eight.
    #[error("theme {0} builds on itself")]
    Circle(String),
}

/// Something in a theme that is passed over: the theme works without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The theme.
    pub theme: String,
    /// The line, from 1.
    pub line: usize,
    /// What is passed over, in words.
    pub what: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "theme {}, line {}: {}", self.theme, self.line, self.what)
    }
}

/// What one meaning wears, by names of the palette.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Wear {
    pub(super) fg: Option<(String, usize)>,
    pub(super) bg: Option<(String, usize)>,
    pub(super) modifier: Modifier,
}

/// A theme file, read but not yet resolved.
#[derive(Debug, Clone, Default)]
pub(super) struct ThemeFile {
    pub(super) name: String,
    pub(super) inherits: Option<String>,
    pub(super) assumes_light: Option<bool>,
    pub(super) background: Option<(String, usize)>,
    pub(super) palette: BTreeMap<String, Colour>,
    pub(super) style: BTreeMap<Meaning, Wear>,
    pub(super) glyphs: Option<GlyphSet>,
    pub(super) warnings: Vec<Warning>,
}

/// Reads one file and knows where it stands in it.
struct Reader<'a> {
    theme: &'a str,
    text: &'a str,
    file: ThemeFile,
}

type Row<'a> = (&'a str, &'a Spanned<DeValue<'a>>);

impl Reader<'_> {
    fn line(&self, span: &Range<usize>) -> usize {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        before.matches('\n').count() + 1
    }

    fn error(&self, span: &Range<usize>, what: impl Into<String>) -> ThemeError {
        ThemeError::Line { theme: self.theme.to_owned(), line: self.line(span), what: what.into() }
    }

    fn warn(&mut self, span: &Range<usize>, what: String) {
        let line = self.line(span);
        self.file.warnings.push(Warning { theme: self.theme.to_owned(), line, what });
    }

    fn text_of(&self, (key, value): Row<'_>) -> Result<String, ThemeError> {
        let text = value.get_ref().as_str();
        let text = text.ok_or_else(|| self.error(&value.span(), format!("`{key}` is a text")))?;
        Ok(text.to_owned())
    }

    fn table_of<'t>(&self, (key, value): Row<'t>) -> Result<&'t DeTable<'t>, ThemeError> {
        let table = value.get_ref().as_table();
        table.ok_or_else(|| self.error(&value.span(), format!("`{key}` is a table")))
    }

    fn named(&self, row: Row<'_>) -> Result<(String, usize), ThemeError> {
        Ok((self.text_of(row)?, self.line(&row.1.span())))
    }

    fn top(&mut self, table: &DeTable<'_>) -> Result<(), ThemeError> {
        for (key, value) in table {
            let row = (key.get_ref().as_ref(), value);
            match row.0 {
                "name" => self.file.name = self.text_of(row)?,
                "inherits" => self.file.inherits = Some(self.text_of(row)?),
                "background" => self.file.background = Some(self.named(row)?),
                "assumes" => {
                    self.file.assumes_light = Some(match self.text_of(row)?.as_str() {
                        "dark" => false,
                        "light" => true,
                        other => {
                            let what = format!("`assumes` is dark or light, not '{other}'");
                            return Err(self.error(&value.span(), what));
                        }
                    });
                }
                "palette" => self.palette(self.table_of(row)?)?,
                "style" => self.styles(self.table_of(row)?)?,
                "glyphs" => self.glyphs(self.table_of(row)?)?,
                other => self.warn(&key.span(), format!("`{other}` is not known")),
            }
        }
        Ok(())
    }

    fn palette(&mut self, table: &DeTable<'_>) -> Result<(), ThemeError> {
        for (key, value) in table {
            let row = (key.get_ref().as_ref(), value);
            let colour = if value.get_ref().as_str() == Some("terminal") {
                Colour::Terminal
            } else {
                self.colour(row)?
            };
            self.file.palette.insert(row.0.to_owned(), colour);
        }
        Ok(())
    }

    fn colour(&mut self, row: Row<'_>) -> Result<Colour, ThemeError> {
        let (mut rgb, mut c256, mut c16) = (None, None, None);
        for (key, value) in self.table_of(row)? {
            match key.get_ref().as_ref() {
                "rgb" => rgb = Some(self.rgb((key.get_ref().as_ref(), value))?),
                "c256" => c256 = Some(self.number(value, 255)?),
                "c16" => c16 = Some(self.number(value, 15)?),
                other => self.warn(&key.span(), format!("`{other}` is not known")),
            }
        }
        let (Some(rgb), Some(c256), Some(c16)) = (rgb, c256, c16) else {
            let what = format!("`{}` needs rgb, c256 and c16", row.0);
            return Err(self.error(&row.1.span(), what));
        };
        Ok(Colour::Painted { rgb, c256, c16 })
    }

    fn rgb(&self, row: Row<'_>) -> Result<Rgb, ThemeError> {
        let text = self.text_of(row)?;
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6);
        let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let [_, red, green, blue] = number
            .ok_or_else(|| self.error(&row.1.span(), format!("'{text}' is not #rrggbb")))?
            .to_be_bytes();
        Ok([red, green, blue])
    }

    fn number(&self, value: &Spanned<DeValue<'_>>, most: u8) -> Result<u8, ThemeError> {
        let number = value.get_ref().as_integer().and_then(|number| number.as_str().parse().ok());
        number
            .filter(|number| *number <= most)
            .ok_or_else(|| self.error(&value.span(), format!("a number from 0 to {most}")))
    }

    /// A key with a dot may be written quoted or as a table: `border.focus` is
    /// meant either way.
    fn styles(&mut self, table: &DeTable<'_>) -> Result<(), ThemeError> {
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let Some(meaning) = Meaning::from_name(name) else {
                self.warn(&key.span(), format!("no meaning is called `{name}`"));
                continue;
            };
            let wear = self.wear((name, value))?;
            self.file.style.insert(meaning, wear);
        }
        Ok(())
    }

    fn wear(&mut self, row: Row<'_>) -> Result<Wear, ThemeError> {
        let mut wear = Wear::default();
        if row.1.get_ref().is_str() {
            wear.fg = Some(self.named(row)?);
            return Ok(wear);
        }
        for (key, value) in self.table_of(row)? {
            let row = (key.get_ref().as_ref(), value);
            let modifier = match row.0 {
                "fg" => {
                    wear.fg = Some(self.named(row)?);
                    continue;
                }
                "bg" => {
                    wear.bg = Some(self.named(row)?);
                    continue;
                }
                "bold" => Modifier::BOLD,
                "dim" => Modifier::DIM,
                "reverse" => Modifier::REVERSED,
                "underline" => Modifier::UNDERLINED,
                "italic" => Modifier::ITALIC,
                other => {
                    self.warn(&key.span(), format!("`{other}` is not known"));
                    continue;
                }
            };
            let is_on = value.get_ref().as_bool();
            let is_on =
                is_on.ok_or_else(|| self.error(&value.span(), format!("`{}`: true", row.0)))?;
            wear.modifier.set(modifier, is_on);
        }
        Ok(wear)
    }

    fn glyphs(&mut self, table: &DeTable<'_>) -> Result<(), ThemeError> {
        for (key, value) in table {
            let row = (key.get_ref().as_ref(), value);
            if row.0 != "set" {
                self.warn(&key.span(), format!("`{}` is not known", row.0));
                continue;
            }
            let name = self.text_of(row)?;
            let set = GlyphSet::from_name(&name).ok_or_else(|| {
                self.error(&value.span(), format!("no glyphs are called '{name}'"))
            })?;
            self.file.glyphs = Some(set);
        }
        Ok(())
    }
}

/// Reads a theme file.
pub(super) fn read(theme: &str, text: &str) -> Result<ThemeFile, ThemeError> {
    let file = ThemeFile { name: theme.to_owned(), ..ThemeFile::default() };
    let mut reader = Reader { theme, text, file };
    let table = DeTable::parse(text)
        .map_err(|error| reader.error(&error.span().unwrap_or_default(), error.message()))?;
    reader.top(table.get_ref())?;
    Ok(reader.file)
}
