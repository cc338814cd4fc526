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
use crate::ui::state::{App, Overlay};

/// From this height on the tabs with their breaker lights and the newest message stay in
/// view as well.
const TALL: u16 = 24;

/// Draws all that is open. The first line says whose money it is and whether trading is
/// halted, the last one has the keys, the kill key among them: nothing covers them.
pub fn draw(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let page = page(area);
    match scene.app.overlay {
        Some(Overlay::Help) => help::draw(scene, page, buffer),
        Some(Overlay::Detail) => detail::draw(scene, page, buffer),
        Some(Overlay::Kill(since)) => banner::draw(scene, since, page, buffer),
        None => {}
    }
    if let Some(dialog) = &scene.app.dialog {
        // A question has more to say than fits between tabs and messages.
        dialog::draw(scene, dialog, inner(area, 1), buffer);
    }
    if let Some(entry) = &scene.app.entry {
        entry::draw(scene, entry, area, buffer);
    }
}

/// Where that may lie which only informs.
fn page(area: Rect) -> Rect {
    inner(area, if area.height < TALL { 1 } else { 2 })
}

/// An area without so many lines at its top and at its foot.
fn inner(area: Rect, lines: u16) -> Rect {
    let height = area.height.saturating_sub(2 * lines);
    Rect { y: area.y + lines.min(area.height), height, ..area }
}

/// Keeps the help from being scrolled past its end, on a screen of this size.
pub(in crate::ui) fn hold(app: &mut App, area: Rect) {
    if app.overlay == Some(Overlay::Help) {
        app.help_row = app.help_row.min(help::last_first_row(&app.keymap, page(area)));
    }
}
