//! A box in the middle of the page, with a title.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::symbols::border;
use ratatui::widgets::{Block, Clear, Widget as _};
use unicode_width::UnicodeWidthStr as _;

use crate::ui::scene::Scene;
use crate::ui::theme::Meaning;
use crate::ui::widgets::{Pen, fitting};

/// How a box looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look<'a> {
    pub(super) title: &'a str,
    /// At the right end of the title.
    pub(super) note: &'a str,
    pub(super) lines: border::Set<'static>,
    pub(super) style: Style,
}

/// Clears a box of this size and returns what is inside; smaller pages get a smaller
/// box.
pub(super) fn popup(
    scene: &Scene<'_>,
    look: Look<'_>,
    (width, height): (u16, u16),
    page: Rect,
    buffer: &mut Buffer,
) -> Rect {
    let (width, height) = (width.min(page.width), height.min(page.height));
    let area = Rect {
        x: page.x + (page.width - width) / 2,
        y: page.y + (page.height - height) / 2,
        width,
        height,
    };
    Clear.render(area, buffer);
    buffer.set_style(area, scene.style(Meaning::Text));
    let block = Block::bordered().border_set(look.lines).border_style(look.style);
    let inside = block.inner(area);
    block.render(area, buffer);
    if area.width > 4 {
        let title = Rect { x: area.x + 1, width: area.width - 2, height: 1, ..area };
        let mut pen = Pen::new(buffer, title);
        let room = usize::from(area.width).saturating_sub(look.title.width() + 6);
        pen.write_right(&format!(" {} ", fitting(look.note, room)), look.style);
        pen.write(&format!(" {} ", look.title), look.style);
    }
    inside
}
