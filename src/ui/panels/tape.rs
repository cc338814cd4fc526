//! Time and sales of one symbol: its newest prints, the newest first, each with who came
//! to whom. A print that was corrected or taken back later says so.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::order::Side;
use crate::ui::format;
use crate::ui::scene::Scene;
use crate::ui::state::Pane;
use crate::ui::theme::{Glyph, Meaning};
use crate::ui::widgets::{Cell, Column, Field, Table, pane};
use crate::view::{Amended, Print, WatchRow};

const COLUMNS: [Column; 4] = [
    Column::text("TIME", 8),
    Column::number("PRICE", 9),
    Column::text("BY", 2),
    Column::number("SIZE", 5),
];

/// Draws the pane, of the symbol that the chart shows.
pub(super) fn draw(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let symbol = scene.app.shown_symbol();
    let row = symbol.and_then(|symbol| scene.snapshot.quote(symbol));
    let note = symbol.map_or_else(String::new, |symbol| symbol.to_string());
    let inside = pane(scene, Pane::Tape, &note, area, buffer);
    let prints: Vec<&Print> = row.into_iter().flat_map(|row| row.prints.iter()).collect();
    let (rows, empty) = (prints.len(), "no prints yet");
    let table = Table { pane: Pane::Tape, columns: &COLUMNS, rows, empty };
    table.draw(scene, inside, buffer, |row| {
        prints.get(row).map(|print| cells(scene, print)).unwrap_or_default()
    });
}

fn cells<'a>(scene: &Scene<'_>, print: &Print) -> Vec<Cell<'a>> {
    let (word, meaning) = by(scene, print);
    vec![
        Cell::new(format::clock(print.at), Meaning::Dim),
        Cell::new(format::price(print.price), meaning),
        Cell::new(word, meaning),
        Cell::new(size(print), meaning),
    ]
}

/// Shares in at most five columns; parts of shares only where they fit.
fn size(print: &Print) -> String {
    let whole = format::quantity(print.size);
    if whole.len() <= 5 { whole } else { format::count(print.size.floor_shares()) }
}

/// Who came to whom, unless something else matters more.
fn by(scene: &Scene<'_>, print: &Print) -> (String, Meaning) {
    let sign = |glyph, word: &str| format!("{}{word}", scene.sign(glyph));
    match (print.amended, print.by) {
        (Amended::Cancelled, _) => (sign(Glyph::Trip, "x"), Meaning::Stale),
        (Amended::Corrected, _) => (sign(Glyph::Near, "c"), Meaning::Stale),
        (Amended::No, Some(Side::Buy)) => (sign(Glyph::Up, "B"), Meaning::Up),
        (Amended::No, Some(Side::Sell)) => (sign(Glyph::Down, "S"), Meaning::Down),
        (Amended::No, None) => (sign(Glyph::Flat, ""), Meaning::Flat),
    }
}

/// The newest prints as lines beside other figures.
pub(super) fn lines<'a>(scene: &Scene<'_>, row: &WatchRow, most: usize) -> Vec<Field<'a>> {
    let line = |print: &Print| {
        let (word, meaning) = by(scene, print);
        let words = format!("{:>9} {word}", format::price(print.price));
        let right = format!("{}  {}", format::quantity(print.size), format::clock(print.at));
        Field::of(Cell::new(words, meaning), Cell::plain(right))
    };
    row.prints.iter().take(most).map(line).collect()
}
