//! The lines around a pane, with its title.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Block, Widget as _};
use unicode_width::UnicodeWidthStr as _;

use crate::ui::scene::Scene;
use crate::ui::state::Pane;
use crate::ui::theme::{Glyph, Meaning};
use crate::ui::widgets::line::Pen;

/// Draws the frame of a pane and returns what is inside. `note` stands at the right.
pub fn pane(scene: &Scene<'_>, pane: Pane, note: &str, area: Rect, buffer: &mut Buffer) -> Rect {
    let heading = Heading {
        name: pane.name(),
        note,
        filter: scene.app.filters.get(&pane).map(String::as_str),
        is_focused: scene.app.focus == pane,
    };
    framed(scene, heading, area, buffer)
}

/// What stands in the upper line of a frame.
#[derive(Debug, Clone, Copy)]
pub struct Heading<'a> {
    /// At the left.
    pub name: &'a str,
    /// At the right, as much of it as finds room: parts, two spaces between them, the
    /// most important first. A part is shown whole or not at all.
    pub note: &'a str,
    /// What the pane is filtered by.
    pub filter: Option<&'a str>,
    /// Whether it hears the keys of lists.
    pub is_focused: bool,
}

/// Draws a frame and returns what is inside. The focus shows by thicker lines and by a
/// sign in the title, not by colour alone.
pub fn framed(scene: &Scene<'_>, heading: Heading<'_>, area: Rect, buffer: &mut Buffer) -> Rect {
    let (lines, meaning) = if heading.is_focused {
        (scene.theme.glyphs().border_focus(), Meaning::BorderFocus)
    } else {
        (scene.theme.glyphs().border(), Meaning::Border)
    };
    let block = Block::bordered().border_set(lines).border_style(scene.style(meaning));
    let inside = block.inner(area);
    block.render(area, buffer);
    if area.width < 4 || area.height == 0 {
        return inside;
    }
    let title = Rect { x: area.x + 1, width: area.width - 2, height: 1, ..area };
    let mut pen = Pen::new(buffer, title);
    let mark = if heading.is_focused { scene.sign(Glyph::Focus) } else { " " };
    pen.write(mark, scene.style(meaning));
    pen.write(heading.name, scene.style(Meaning::Title)).write(" ", scene.style(meaning));
    if let Some(filter) = heading.filter {
        pen.write("/", scene.style(Meaning::Key)).write(filter, scene.style(Meaning::Match));
        pen.write(" ", scene.style(meaning));
    }
    let note = fitting(heading.note, usize::from(pen.room()).saturating_sub(2));
    if !note.is_empty() {
        pen.write_right(&format!(" {note} "), scene.style(Meaning::Dim));
    }
    inside
}

/// As many parts of a note as find room, from its beginning.
fn fitting(note: &str, room: usize) -> &str {
    let ends = note.match_indices("  ").map(|(at, _)| at).chain([note.len()]);
    let parts = ends.filter_map(|end| note.get(..end));
    parts.filter(|part| part.width() <= room).last().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_loses_whole_parts_from_its_end() {
        for (room, expected) in
            [(20, "1 waiting  2 working"), (19, "1 waiting"), (9, "1 waiting"), (8, "")]
        {
            assert_eq!(fitting("1 waiting  2 working", room), expected, "{room}");
        }
        assert_eq!(fitting("", 10), "");
    }
}
