//! Breakers with their state, what moved them, and when they try again.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::ui::format;
use crate::ui::scene::Scene;
use crate::ui::state::Pane;
use crate::ui::theme::{Glyph, Meaning};
use crate::ui::widgets::{Cell, Column, Table, pane};
use crate::view::{BreakerPhase, BreakerRow};

const COLUMNS: [Column; 7] = [
    Column::text("", 1),
    Column::text("BREAKER", 24),
    Column::text("STATE", 9),
    Column::number("SINCE", 6),
    Column::number("RETRY", 7),
    Column::number("TRIPS", 5),
    Column::text("WHY", 20),
];

/// Draws the pane.
pub(super) fn draw(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let breakers = &scene.snapshot.breakers;
    let inside = pane(scene, Pane::Breakers, "", area, buffer);
    let table = Table {
        pane: Pane::Breakers,
        columns: &COLUMNS,
        rows: breakers.len(),
        empty: "no breaker has been heard of",
    };
    table.draw(scene, inside, buffer, |row| {
        breakers.get(row).map(|row| cells(scene, row)).unwrap_or_default()
    });
}

/// Sign and meaning of a breaker's state.
pub(in crate::ui) const fn light(phase: BreakerPhase) -> (Glyph, Meaning) {
    match phase {
        BreakerPhase::Closed => (Glyph::Ok, Meaning::Ok),
        BreakerPhase::HalfOpen => (Glyph::Cool, Meaning::Cool),
        BreakerPhase::Open | BreakerPhase::Latched => (Glyph::Trip, Meaning::Trip),
    }
}

fn cells<'a>(scene: &Scene<'_>, row: &'a BreakerRow) -> Vec<Cell<'a>> {
    let (sign, meaning) = light(row.phase);
    let since = row.since.map(|since| format::age(since, scene.snapshot.at));
    let retry = row.retry_at.map(|at| format::duration(format::between(scene.snapshot.at, at)));
    vec![
        Cell::new(scene.sign(sign), meaning),
        Cell::plain(&*row.name),
        Cell::new(row.phase.name(), meaning),
        Cell::new(since.unwrap_or_else(|| format::ABSENT.to_owned()), Meaning::Dim),
        Cell::plain(match row.phase {
            BreakerPhase::Latched => "by hand".to_owned(),
            BreakerPhase::Closed | BreakerPhase::Open | BreakerPhase::HalfOpen => {
                retry.unwrap_or_else(|| format::ABSENT.to_owned())
            }
        }),
        Cell::plain(format::count(row.trips)),
        Cell::new(&*row.reason, Meaning::Dim),
    ]
}
