//! The decision record of the trade under the cursor; `record` says what is in it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::ui::panels::{record, trades};
use crate::ui::scene::Scene;
use crate::ui::state::Pane;
use crate::ui::theme::Meaning;
use crate::ui::widgets::{broken, column_width, columns, pane, put, text};
use crate::view::{Record, Wanted};

/// The least width of a column of text.
pub(in crate::ui) const COLUMN: u16 = 58;

/// Draws the pane.
pub(super) fn draw(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let trade = trades::at(scene.snapshot, scene.app.row(Pane::Trades));
    let note = trade.map(|trade| format!("why {}", trade.symbol)).unwrap_or_default();
    let inside = pane(scene, Pane::Decision, &note, area, buffer);
    let wanted = trade.map(|trade| Wanted::Trade(trade.trade_id.clone()));
    match wanted.and_then(|wanted| scene.snapshot.why(&wanted)) {
        Some(record) => body(scene, record, inside, buffer),
        None => {
            put(buffer, inside, "no decision has been made yet", scene.style(Meaning::Dim));
        }
    }
}

/// Draws a record over an area, in columns, scrolled by the cursor of the pane.
fn body(scene: &Scene<'_>, record: &Record, area: Rect, buffer: &mut Buffer) {
    let columns = columns(area.width, COLUMN);
    let lines = broken(record::lines(scene, record, None), column_width(area.width, columns));
    text(scene, &lines, (scene.app.row(Pane::Decision), columns), area, buffer);
}
