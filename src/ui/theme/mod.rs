//! How things look: colours by meaning, never by widget.
//!
//! A theme file names colours ([`colour`]) and says which [`Meaning`] wears which
//! ([`mod@file`]); [`Theme`] resolves both for one level of colour, and
//! [`catalogue`] knows the themes that are shipped. Nothing here knows a panel.

mod meaning;
mod colour;
mod glyph;
mod file;
mod catalogue;
mod resolved;

pub use catalogue::{Catalogue, SHIPPED};
pub use colour::{Colour, Level, Rgb, contrast};
pub use file::{ThemeError, Warning};
pub use glyph::{Glyph, GlyphSet};
pub use meaning::Meaning;
pub use resolved::Theme;

#[cfg(test)]
mod tests;
