//! A table that builds the rows that are seen and no others.

use std::borrow::Cow;
use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::ui::format::fit;
use crate::ui::scene::Scene;
use crate::ui::state::Pane;
use crate::ui::theme::{Glyph, Meaning};
use crate::ui::widgets::line::put;

/// One column. What finds no room is dropped from the right, not clipped.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its heading.
    pub title: &'static str,
    /// Its width in columns; of the last one that is shown, at least.
    pub width: u16,
    /// Numbers stand at the right.
    pub is_number: bool,
}

impl Column {
    /// A column of words.
    pub const fn text(title: &'static str, width: u16) -> Self {
        Self { title, width, is_number: false }
    }

    /// A column of numbers.
    pub const fn number(title: &'static str, width: u16) -> Self {
        Self { title, width, is_number: true }
    }
}

/// What stands in one column of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell<'a> {
    text: Cow<'a, str>,
    meaning: Meaning,
}

impl<'a> Cell<'a> {
    /// A text with a meaning.
    pub fn new(text: impl Into<Cow<'a, str>>, meaning: Meaning) -> Self {
        Self { text: text.into(), meaning }
    }

    /// Plain text.
    pub fn plain(text: impl Into<Cow<'a, str>>) -> Self {
        Self::new(text, Meaning::Text)
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How it looks.
    pub const fn meaning(&self) -> Meaning {
        self.meaning
    }
}

/// The rows that are seen: the cursor is always among them.
pub fn window(rows: usize, cursor: usize, height: usize) -> Range<usize> {
    let cursor = cursor.min(rows.saturating_sub(1));
    let first = cursor.saturating_sub(height.saturating_sub(1));
    // A page that is turned back must not leave room at its foot.
    let first = first.min(rows.saturating_sub(height));
    first..rows.min(first + height)
}

/// A table of a pane.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    /// Which pane: its cursor and its focus.
    pub pane: Pane,
    /// The columns, the most important first.
    pub columns: &'a [Column],
    /// How many rows there are.
    pub rows: usize,
    /// What is said when there are none.
    pub empty: &'static str,
}

impl Table<'_> {
    /// Draws heading and rows; `row` is asked for visible rows only.
    pub fn draw<'a>(
        &self,
        scene: &Scene<'_>,
        area: Rect,
        buffer: &mut Buffer,
        mut row: impl FnMut(usize) -> Vec<Cell<'a>>,
    ) {
        if area.is_empty() {
            return;
        }
        if self.rows == 0 {
            put(buffer, area, self.empty, scene.style(Meaning::Dim));
            return;
        }
        // A row is worth more than a heading where only one of them finds room.
        let is_full = self.rows == usize::from(area.height);
        let heading = u16::from(area.height > 1 && !is_full);
        if heading == 1 {
            let titles = self.columns.iter().map(|column| Cell::new(column.title, Meaning::Dim));
            self.line(scene, Rect { height: 1, ..area }, buffer, &titles.collect::<Vec<_>>(), None);
        }
        let cursor = scene.app.row(self.pane).min(self.rows - 1);
        let height = usize::from(area.height - heading);
        for (at, number) in window(self.rows, cursor, height).enumerate() {
            let at = u16::try_from(at).unwrap_or(u16::MAX);
            let line = Rect { y: area.y + heading + at, height: 1, ..area };
            let cells = row(number);
            let is_chosen = number == cursor && scene.app.focus == self.pane;
            self.line(scene, line, buffer, &cells, Some(is_chosen));
        }
    }

    fn line(
        &self,
        scene: &Scene<'_>,
        area: Rect,
        buffer: &mut Buffer,
        cells: &[Cell<'_>],
        is_chosen: Option<bool>,
    ) {
        if is_chosen == Some(true) {
            buffer.set_style(area, scene.style(Meaning::Selection));
            put(buffer, area, scene.sign(Glyph::Focus), scene.style(Meaning::Selection));
        }
        let shown = self.shown(area.width);
        let mut left = Rect { x: area.x + 1, width: area.width.saturating_sub(1), ..area };
        for (number, (column, cell)) in self.columns.iter().zip(cells).take(shown).enumerate() {
            let is_last = number + 1 == shown;
            let width = if is_last { left.width } else { column.width.min(left.width) };
            let text = fit(&cell.text, usize::from(width), scene.sign(Glyph::More));
            let used = u16::try_from(text.width()).unwrap_or(width);
            // The last column may be wide: its numbers stay near the others.
            let end = column.width.min(width);
            let shift = if column.is_number { end.saturating_sub(used) } else { 0 };
            let place = Rect { x: left.x + shift, width: width - shift, ..left };
            let mut style = scene.style(cell.meaning);
            if is_chosen == Some(true) {
                // The bar of the cursor stays whole: a cell keeps its colour only.
                let bar = scene.style(Meaning::Selection);
                style = style.patch(bar.fg(style.fg.or(bar.fg).unwrap_or_default()));
            }
            put(buffer, place, &text, style);
            let step = (width + 1).min(left.width);
            left.x += step;
            left.width -= step;
        }
    }

    /// How many columns find room, at least one.
    fn shown(&self, width: u16) -> usize {
        let mut used = 1;
        let fits = self.columns.iter().take_while(|column| {
            used += column.width + 1;
            used <= width + 1
        });
        fits.count().max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_is_always_seen_and_the_page_is_full() {
        for (rows, cursor, height, expected) in [
            (0, 0, 5, 0..0),
            (3, 2, 5, 0..3),
            (10, 0, 4, 0..4),
            (10, 3, 4, 0..4),
            (10, 4, 4, 1..5),
            (10, 9, 4, 6..10),
            (10, 99, 4, 6..10),
            (10, 5, 0, 5..5),
        ] {
            assert_eq!(window(rows, cursor, height), expected, "{rows} {cursor} {height}");
        }
    }
}
