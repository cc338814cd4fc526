//! Lines of text, each with one meaning: broken to a width, in columns like those of a
//! newspaper, and only those that are seen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use crate::ui::scene::Scene;
use crate::ui::theme::Meaning;
use crate::ui::widgets::line::put;

/// Most lines that one line is broken into: a text from elsewhere may be long.
const BREAKS_MAX: usize = 6;
/// Columns between two columns of text.
const GAP: u16 = 2;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it says, spaces at its beginning included.
    pub text: String,
    /// How it looks.
    pub meaning: Meaning,
}

impl Line {
    /// A text with a meaning.
    pub fn new(text: impl Into<String>, meaning: Meaning) -> Self {
        Self { text: text.into(), meaning }
    }

    /// Plain text.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::new(text, Meaning::Text)
    }

    /// The heading of a section.
    pub fn title(text: impl Into<String>) -> Self {
        Self::new(text, Meaning::Title)
    }
}

/// Breaks lines at spaces so that none is wider; what follows is indented below the
/// beginning. A word that is wider itself stays, and is cut off where it is drawn.
pub fn broken(lines: Vec<Line>, width: u16) -> Vec<Line> {
    let width = usize::from(width).max(1);
    let mut made = Vec::with_capacity(lines.len());
    for line in lines {
        if line.text.width() <= width {
            made.push(line);
            continue;
        }
        let indent = line.text.chars().take_while(|letter| *letter == ' ').count();
        let mut part = " ".repeat(indent);
        let mut parts = 0;
        // Gaps inside a line are columns: they stay until it is broken.
        for word in line.text.trim_start().split(' ') {
            let has_words = part.len() > indent;
            if has_words && part.width() + 1 + word.width() > width && parts + 1 < BREAKS_MAX {
                made.push(Line::new(std::mem::take(&mut part), line.meaning));
                parts += 1;
                part = " ".repeat(indent + 2);
                part.push_str(word);
                continue;
            }
            if has_words {
                part.push(' ');
            }
            part.push_str(word);
        }
        made.push(Line::new(part, line.meaning));
    }
    made
}

/// How many columns of at least `least` find room.
pub fn columns(width: u16, least: u16) -> u16 {
    (width.saturating_add(GAP) / least.saturating_add(GAP)).clamp(1, 3)
}

/// The width of each of so many columns.
pub fn column_width(width: u16, columns: u16) -> u16 {
    (width.saturating_sub(GAP * columns.saturating_sub(1)) / columns.max(1)).max(1)
}

/// Draws lines from `first` on, down the first column, then down the next. The last
/// page is a full one.
pub fn text(
    scene: &Scene<'_>,
    lines: &[Line],
    (first, columns): (usize, u16),
    area: Rect,
    buffer: &mut Buffer,
) {
    if area.is_empty() {
        return;
    }
    let room = usize::from(area.height) * usize::from(columns);
    let first = first.min(lines.len().saturating_sub(room));
    let width = column_width(area.width, columns);
    let seen = lines.iter().skip(first).take(room);
    for (at, line) in seen.enumerate() {
        let Ok(at) = u16::try_from(at) else { return };
        let column = at / area.height;
        let x = area.x + column * (width + GAP);
        let place = Rect { x, y: area.y + at % area.height, width, height: 1 };
        put(buffer, place.intersection(area), &line.text, scene.style(line.meaning));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, width: u16, expected: &[&str]) {
        let lines = broken(vec![Line::plain(text)], width);
        let lines: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(lines, expected, "{text:?} in {width}");
    }

    #[test]
    fn lines_are_broken_between_words_and_go_on_indented() {
        check("short", 10, &["short"]);
        check("  one two three", 9, &["  one two", "    three"]);
        check("unbreakable", 4, &["unbreakable"]);
        check("a  b", 4, &["a  b"]);
        let many = "word ".repeat(40);
        assert!(broken(vec![Line::plain(many)], 6).len() <= BREAKS_MAX);
    }

    #[test]
    fn columns_share_the_width_with_a_gap_between_them() {
        for (width, least, expected) in [(10, 60, 1), (118, 58, 2), (200, 58, 3), (0, 9, 1)] {
            assert_eq!(columns(width, least), expected, "{width} by {least}");
        }
        assert_eq!(column_width(118, 2), 58);
    }
}
