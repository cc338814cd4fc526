//! The lines around a pane, with its title.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Block, Widget as _};

use crate::ui::scene::Scene;
use crate::ui::state::Pane;
use crate::ui::theme::{Glyph, Meaning};
use crate::ui::widgets::line::Pen;

/// Draws the frame of a pane and returns what is inside. The focus shows by thicker
/// lines and by a sign in the title, not by colour alone. `note` stands at the right.
pub fn pane(scene: &Scene<'_>, pane: Pane, note: &str, area: Rect, buffer: &mut Buffer) -> Rect {
    let is_focused = scene.app.focus == pane;
    let (lines, meaning) = if is_focused {
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
    let filter = scene.app.filters.get(&pane);
    let mut pen = Pen::new(buffer, title);
    let mark = if is_focused { scene.sign(Glyph::Focus) } else { " " };
    pen.write(mark, scene.style(meaning));
    pen.write(pane.name(), scene.style(Meaning::Title)).write(" ", scene.style(meaning));
    if let Some(filter) = filter {
        pen.write("/", scene.style(Meaning::Key)).write(filter, scene.style(Meaning::Match));
        pen.write(" ", scene.style(meaning));
    }
    if !note.is_empty() {
        pen.write_right(&format!(" {note} "), scene.style(Meaning::Dim));
    }
    inside
}
