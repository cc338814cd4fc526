//! Mail and meetings: what was read, newest first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::ui::format;
use crate::ui::scene::Scene;
use crate::ui::state::Pane;
use crate::ui::theme::Meaning;
use crate::ui::widgets::{Cell, Column, Table, pane};

const COLUMNS: [Column; 3] =
    [Column::text("TIME", 8), Column::text("SYMBOL", 6), Column::text("", 20)];

/// Draws the pane.
pub(super) fn draw(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let lines = &scene.snapshot.intel;
    let inside = pane(scene, Pane::Intel, "", area, buffer);
    let table = Table {
        pane: Pane::Intel,
        columns: &COLUMNS,
        rows: lines.len(),
        empty: "no mail and no meetings are watched",
    };
    table.draw(scene, inside, buffer, |row| {
        let Some(line) = lines.iter().rev().nth(row) else { return Vec::new() };
        let symbol = line.symbol.map(|symbol| symbol.to_string()).unwrap_or_default();
        vec![
            Cell::new(format::clock(line.at), Meaning::Dim),
            Cell::new(symbol, Meaning::Accent),
            Cell::plain(&*line.text),
        ]
    });
}
