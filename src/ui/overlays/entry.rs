//! The input line at the foot, with its completions above.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget as _};

use crate::ui::entry::{Entry, EntryKind};
use crate::ui::keymap::{Argument, Command};
use crate::ui::scene::Scene;
use crate::ui::theme::{Glyph, Meaning};
use crate::ui::widgets::Pen;

/// Draws the line over the status line, and completions over the page.
pub(super) fn draw(scene: &Scene<'_>, entry: &Entry, page: Rect, buffer: &mut Buffer) {
    if page.height < 3 {
        return;
    }
    let foot = Rect { y: page.bottom() - 2, height: 1, ..page };
    Clear.render(foot, buffer);
    buffer.set_style(foot, scene.style(Meaning::Text));
    let sign = match entry.kind {
        EntryKind::Palette { .. } => ":",
        EntryKind::Filter(_) => "/",
    };
    // The end of a long line is what is being typed.
    let room = usize::from(page.width.saturating_sub(3));
    let value = entry.input.value();
    let skipped = value.chars().count().saturating_sub(room);
    let seen: String = value.chars().skip(skipped).collect();
    Pen::new(buffer, foot)
        .write(sign, scene.style(Meaning::Key))
        .write(&seen, scene.style(Meaning::Text))
        .write("_", scene.style(Meaning::Accent));
    let lines = entry.completions(scene.app);
    let height = u16::try_from(lines.len()).unwrap_or(0).min(foot.y - page.y);
    for (at, line) in lines.iter().take(usize::from(height)).enumerate() {
        let y = foot.y - height + u16::try_from(at).unwrap_or(0);
        let area = Rect { y, height: 1, width: page.width.min(70), ..page };
        Clear.render(area, buffer);
        let is_chosen = at == entry.chosen;
        let style = scene.style(if is_chosen { Meaning::Selection } else { Meaning::Text });
        buffer.set_style(area, style);
        let mark = if is_chosen { scene.sign(Glyph::Focus) } else { " " };
        let mut pen = Pen::new(buffer, area);
        pen.write(mark, style).write(&format!("{line:<20} "), style);
        if let Some((command, "")) = Command::parse(line) {
            let takes = match command.argument() {
                Argument::None => "",
                Argument::Theme => "NAME  ",
                Argument::Glyphs => "unicode|ascii  ",
                Argument::Symbol => "SYMBOL  ",
                Argument::SymbolOrAll => "[SYMBOL]  ",
                Argument::Breaker => "BREAKER  ",
            };
            pen.write(takes, scene.style(Meaning::Key));
            pen.write(command.help(), scene.style(Meaning::Dim));
        }
    }
}
