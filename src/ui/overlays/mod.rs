//! What lies over the page: help, an input line, a dialog, the banner of a halt.
//! At most one of each, drawn in the order of how much it matters.

mod banner;
mod detail;
mod dialog;
mod entry;
mod help;
mod popup;

pub(in crate::ui) use dialog::footer as dialog_footer;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::ui::scene::Scene;
use crate::ui::state::Overlay;

/// Draws all that is open.
pub fn draw(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    match scene.app.overlay {
        Some(Overlay::Help) => help::draw(scene, area, buffer),
        Some(Overlay::Detail) => detail::draw(scene, area, buffer),
        Some(Overlay::Kill(since)) => banner::draw(scene, since, area, buffer),
        None => {}
    }
    if let Some(dialog) = &scene.app.dialog {
        // The last line has the keys, the kill key among them: no question covers it.
        let page = Rect { height: area.height.saturating_sub(1), ..area };
        dialog::draw(scene, dialog, page, buffer);
    }
    if let Some(entry) = &scene.app.entry {
        entry::draw(scene, entry, area, buffer);
    }
}
