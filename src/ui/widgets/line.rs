//! One line, written from left to right until it is full.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

/// Writes a text at the beginning of an area's first line and returns the columns
/// used. Control codes in the text are not written.
pub fn put(buffer: &mut Buffer, area: Rect, text: &str, style: Style) -> u16 {
    if area.is_empty() {
        return 0;
    }
    let (end, _) = buffer.set_stringn(area.x, area.y, text, usize::from(area.width), style);
    end.saturating_sub(area.x)
}

/// Writes pieces of different style one after the other.
#[derive(Debug)]
pub struct Pen<'a> {
    buffer: &'a mut Buffer,
    /// What is left of the line.
    left: Rect,
}

impl<'a> Pen<'a> {
    /// Begins at the left end of an area's first line.
    pub const fn new(buffer: &'a mut Buffer, area: Rect) -> Self {
        Self { buffer, left: area }
    }

    /// Writes a text; what finds no room is left out.
    pub fn write(&mut self, text: &str, style: Style) -> &mut Self {
        let used = put(self.buffer, self.left, text, style);
        self.left.x += used;
        self.left.width -= used;
        self
    }

    /// Writes a text at the right end, if the whole of it finds room.
    pub fn write_right(&mut self, text: &str, style: Style) -> &mut Self {
        let width = u16::try_from(text.width()).unwrap_or(u16::MAX);
        if width <= self.left.width {
            self.left.width -= width;
            let place = Rect { x: self.left.x + self.left.width, width, ..self.left };
            put(self.buffer, place, text, style);
        }
        self
    }

    /// Columns that are left.
    pub const fn room(&self) -> u16 {
        self.left.width
    }
}
