//! What we hold, and whether a stop rests under it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::position::Direction;
use crate::ui::format;
use crate::ui::scene::Scene;
use crate::ui::state::Pane;
use crate::ui::theme::{Glyph, Meaning};
use crate::ui::widgets::{Cell, Column, Table, pane};
use crate::view::{PositionRow, Protection};

const COLUMNS: [Column; 8] = [
    Column::text("SYM", 6),
    Column::number("QTY", 6),
    Column::number("uPnL", 11),
    Column::text("STOP", 11),
    Column::number("LAST", 9),
    Column::number("R", 5),
    Column::number("AVG", 9),
    Column::number("TARGET", 9),
];

/// Draws the pane.
pub(super) fn draw(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let positions = &scene.snapshot.positions;
    let total = format::signed_money(scene.snapshot.account.unrealized);
    let inside = pane(scene, Pane::Positions, &format!("uPnL {total}"), area, buffer);
    let table = Table {
        pane: Pane::Positions,
        columns: &COLUMNS,
        rows: positions.len(),
        empty: "nothing is held",
    };
    table.draw(scene, inside, buffer, |row| {
        positions.get(row).map(|row| cells(scene, row)).unwrap_or_default()
    });
}

fn cells<'a>(scene: &Scene<'_>, row: &'a PositionRow) -> Vec<Cell<'a>> {
    let sign = match row.direction {
        Direction::Long => "+",
        Direction::Short => "-",
    };
    let (arrow, meaning) = format::trend(row.unrealized);
    let profit = format!("{} {}", format::signed_money(row.unrealized), scene.sign(arrow));
    let at = scene.snapshot.at;
    let protection = match &row.protection {
        Protection::Protected { stop, .. } => {
            Cell::new(format!("{} {}", scene.sign(Glyph::Ok), format::price(*stop)), Meaning::Ok)
        }
        Protection::Naked { since } => {
            let words = format!("{} NAKED {}", scene.sign(Glyph::Trip), format::age(*since, at));
            Cell::new(words, Meaning::Trip)
        }
        Protection::Leaving { since } => {
            let words = format!("{} exit {}", scene.sign(Glyph::Working), format::age(*since, at));
            Cell::new(words, Meaning::Warn)
        }
    };
    let units = row.r.map(|r| format::decimal(r, 2));
    vec![
        Cell::new(row.symbol.as_str(), Meaning::Accent),
        Cell::plain(format!("{sign}{}", format::quantity(row.quantity))),
        Cell::new(profit, meaning),
        protection,
        Cell::plain(format::price(row.last)),
        Cell::plain(units.unwrap_or_else(|| format::ABSENT.to_owned())),
        Cell::plain(format::price(row.average)),
        Cell::new(format::maybe_price(row.target), Meaning::Dim),
    ]
}
