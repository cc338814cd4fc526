//! Symbols with their prices: last, change, both sides of the market, volume.

use std::cmp::Ordering;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::ui::filter::Filter;
use crate::ui::format;
use crate::ui::scene::Scene;
use crate::ui::state::{App, Pane};
use crate::ui::theme::{Glyph, Meaning};
use crate::ui::widgets::{Cell, Column, Table, pane, sparkline};
use crate::view::{Move, Snapshot, WatchRow};

const COLUMNS: [Column; 7] = [
    Column::text("SYM", 6),
    Column::number("LAST", 10),
    Column::number("CHG%", 8),
    Column::number("VOL", 5),
    Column::number("BID", 10),
    Column::number("ASK", 10),
    Column::text("", 12),
];

/// Draws the pane.
pub(super) fn draw(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let watch = &scene.snapshot.watch;
    let sort = scene.app.sorts.get(&Pane::Watchlist).copied();
    let shown = order(scene.snapshot, scene.app);
    let by = sort.and_then(|sort| COLUMNS.get(sort.column % SORTED_BY));
    let by = by.map(|column| format!("by {} ", column.title)).unwrap_or_default();
    let note = format!("{by}{}/{}", shown.len(), watch.len());
    let inside = pane(scene, Pane::Watchlist, &note, area, buffer);
    let table = Table {
        pane: Pane::Watchlist,
        columns: &COLUMNS,
        rows: shown.len(),
        empty: "nothing is watched yet",
    };
    table.draw(scene, inside, buffer, |row| {
        shown
            .get(row)
            .and_then(|at| watch.get(*at))
            .map(|row| cells(scene, row))
            .unwrap_or_default()
    });
}

/// Symbol, last, change and volume can be sorted by.
const SORTED_BY: usize = 4;

/// The rows that pass the filter, in the order that was asked for; without one in
/// the order of the watchlist, so that nothing jumps.
pub(in crate::ui) fn order(snapshot: &Snapshot, app: &App) -> Vec<usize> {
    let watch = &snapshot.watch;
    let filter = app.filters.get(&Pane::Watchlist).map(|text| Filter::new(text));
    let passes = |row: &WatchRow| {
        filter.as_ref().is_none_or(|filter| filter.passes_text(row.symbol.as_str()))
    };
    let mut shown: Vec<usize> =
        watch.iter().enumerate().filter(|(_, row)| passes(row)).map(|(at, _)| at).collect();
    if let Some(sort) = app.sorts.get(&Pane::Watchlist) {
        shown.sort_by(|one, other| {
            let (Some(one), Some(other)) = (watch.get(*one), watch.get(*other)) else {
                return Ordering::Equal;
            };
            let order = match sort.column % SORTED_BY {
                0 => one.symbol.cmp(&other.symbol),
                1 => one.last.cmp(&other.last),
                2 => one.change_ratio().cmp(&other.change_ratio()),
                _ => one.volume.cmp(&other.volume),
            };
            if sort.is_reversed { order.reverse() } else { order }
        });
    }
    shown
}

fn cells<'a>(scene: &Scene<'_>, row: &'a WatchRow) -> Vec<Cell<'a>> {
    let (sign, meaning) = match row.direction {
        Move::Up => (Glyph::Up, Meaning::Up),
        Move::Down => (Glyph::Down, Meaning::Down),
        Move::Flat => (Glyph::Flat, Meaning::Flat),
    };
    let last = format!("{} {}", format::maybe_price(row.last), scene.sign(sign));
    let (change, change_meaning) = match (row.change_ratio(), row.change()) {
        (Some(ratio), Some(change)) => (format::percent(ratio, 2), format::trend(change).1),
        (_, None) | (None, _) => (format::ABSENT.to_owned(), Meaning::Dim),
    };
    let symbol = if row.is_halted() {
        Cell::new(format!("{}{}", row.symbol, scene.sign(Glyph::Paused)), Meaning::Trip)
    } else if row.doubt.is_some() {
        Cell::new(format!("{}{}", row.symbol, scene.sign(Glyph::Stale)), Meaning::Stale)
    } else {
        Cell::plain(row.symbol.as_str())
    };
    vec![
        symbol,
        Cell::new(last, meaning),
        Cell::new(change, change_meaning),
        Cell::new(format::count(row.volume), Meaning::Dim),
        Cell::new(format::maybe_price(row.bid), Meaning::Bid),
        Cell::new(format::maybe_price(row.ask), Meaning::Ask),
        Cell::new(sparkline(row.spark.iter(), 24, scene.theme.glyphs()), Meaning::Dim),
    ]
}
