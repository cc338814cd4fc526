//! Every key, from the one table.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::ui::keymap::{Action, Context};
use crate::ui::overlays::popup::{Look, popup};
use crate::ui::scene::Scene;
use crate::ui::theme::Meaning;
use crate::ui::widgets::Pen;

/// Draws the help, in as many columns as find room.
pub(super) fn draw(scene: &Scene<'_>, page: Rect, buffer: &mut Buffer) {
    let mut rows: Vec<(String, &'static str)> = Vec::new();
    for context in Context::ALL {
        rows.push((String::new(), context.name()));
        let listed = scene.app.keymap.rows(context);
        rows.extend(listed.map(|(action, keys)| (keys, action.help())));
    }
    let look = Look {
        title: "Keys",
        note: &scene.app.keymap.shown(Action::Back),
        lines: scene.theme.glyphs().border(),
        style: scene.style(Meaning::Title),
    };
    let columns = if page.width >= 120 { 2 } else { 1 };
    let inside = popup(scene, look, (page.width.min(70 * columns), page.height), page, buffer);
    let width = inside.width / columns;
    for (at, (keys, help)) in rows.iter().enumerate() {
        let Ok(at) = u16::try_from(at) else { return };
        if inside.height == 0 || at / inside.height >= columns {
            return;
        }
        let column = at / inside.height;
        let x = inside.x + column * width;
        let line = Rect { x, y: inside.y + at % inside.height, width, height: 1 };
        let mut pen = Pen::new(buffer, line);
        if keys.is_empty() {
            pen.write(help, scene.style(Meaning::Title));
        } else {
            pen.write(&format!(" {keys:<22} "), scene.style(Meaning::Key));
            pen.write(help, scene.style(Meaning::Text));
        }
    }
}
