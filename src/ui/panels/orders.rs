//! What waits for approval, then orders under way, then orders that are over.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::order::Side;
use crate::ui::format;
use crate::ui::scene::Scene;
use crate::ui::state::Pane;
use crate::ui::theme::{Glyph, Meaning};
use crate::ui::widgets::{Cell, Column, Table, pane};
use crate::view::{ApprovalRow, OrderPhase, OrderRow};

const COLUMNS: [Column; 8] = [
    Column::text("", 1),
    Column::text("SIDE", 4),
    Column::number("QTY", 7),
    Column::text("SYM", 6),
    Column::text("STATE", 11),
    Column::number("AGE", 5),
    Column::number("PX", 9),
    Column::text("NOTE", 14),
];

/// Draws the pane; its rows are those of [`Facts`](crate::ui::facts::Facts).
pub(super) fn draw(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let snapshot = scene.snapshot;
    let waiting = snapshot.approvals.len();
    let note = format!("{waiting} waiting  {} working", snapshot.working.len());
    let inside = pane(scene, Pane::Orders, &note, area, buffer);
    let working = snapshot.working.len();
    let rows = waiting + working + snapshot.done.len();
    let table = Table { pane: Pane::Orders, columns: &COLUMNS, rows, empty: "no orders yet" };
    table.draw(scene, inside, buffer, |row| {
        if let Some(approval) = snapshot.approvals.get(row) {
            return waits(scene, approval);
        }
        let order = snapshot.working.get(row - waiting);
        let done = || {
            let newest = (row - waiting).checked_sub(working)?;
            snapshot.done.iter().rev().nth(newest).map(|row| &**row)
        };
        order.or_else(done).map(|order| cells(scene, order)).unwrap_or_default()
    });
}

fn side<'a>(side: Side) -> Cell<'a> {
    Cell::new(
        side.name().to_uppercase(),
        if side == Side::Buy { Meaning::Bid } else { Meaning::Ask },
    )
}

fn waits<'a>(scene: &Scene<'_>, row: &'a ApprovalRow) -> Vec<Cell<'a>> {
    let left = format::between(scene.snapshot.at, row.deadline);
    let entry = row.levels.map(|levels| format::price(levels.entry));
    vec![
        Cell::new(scene.sign(Glyph::Approve), Meaning::Approve),
        side(row.side),
        Cell::plain(format::quantity(row.quantity)),
        Cell::new(row.symbol.as_str(), Meaning::Accent),
        Cell::new("APPROVE?", Meaning::Approve),
        Cell::new(format::duration(left), Meaning::Approve),
        Cell::plain(entry.unwrap_or_default()),
        Cell::new(&*row.strategy, Meaning::Dim),
    ]
}

fn cells<'a>(scene: &Scene<'_>, row: &'a OrderRow) -> Vec<Cell<'a>> {
    let (sign, meaning) = match row.phase {
        OrderPhase::Draft => (Glyph::Idle, Meaning::Dim),
        OrderPhase::Submitted | OrderPhase::Accepted | OrderPhase::PartiallyFilled => {
            (Glyph::Working, Meaning::Text)
        }
        OrderPhase::Filled => (Glyph::Done, Meaning::Ok),
        OrderPhase::Cancelled | OrderPhase::Expired => (Glyph::Cool, Meaning::Dim),
        OrderPhase::Rejected => (Glyph::Trip, Meaning::Warn),
        OrderPhase::Unknown => (Glyph::Unknown, Meaning::Trip),
    };
    let state = if row.is_cancelling && !row.phase.is_over() {
        "CANCELLING".to_owned()
    } else if row.phase == OrderPhase::PartiallyFilled {
        format!("{}/{}", format::quantity(row.filled), format::quantity(row.quantity))
    } else {
        row.phase.name().to_owned()
    };
    let since = if row.phase.is_over() { row.changed_at } else { row.sent_at };
    vec![
        Cell::new(scene.sign(sign), meaning),
        side(row.side),
        Cell::plain(format::quantity(row.quantity)),
        Cell::new(row.symbol.as_str(), Meaning::Accent),
        Cell::new(state, meaning),
        Cell::new(format::age(since, scene.snapshot.at), Meaning::Dim),
        Cell::plain(format::maybe_price(row.average)),
        Cell::new(&*row.note, Meaning::Dim),
    ]
}
