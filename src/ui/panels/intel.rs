//! Mail and meetings: links and mails, newest first, and what speaks for a link.
//!
//! One line each; a filter narrows them to a stock, a client or a word. Beside them, where
//! there is room, how many there are by stock and by client.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::ids::Symbol;
use crate::ui::filter::Filter;
use crate::ui::format;
use crate::ui::scene::Scene;
use crate::ui::state::Pane;
use crate::ui::theme::Meaning;
use crate::ui::widgets::{Cell, Column, Line, Table, pane, text};
use crate::view::{IntelGroup, IntelRow, LinkLine};

const COLUMNS: [Column; 5] = [
    Column::text("TIME", 8),
    Column::text("SYMBOL", 6),
    Column::number("SCORE", 5),
    Column::text("CLIENT", 22),
    Column::text("SUBJECT, AND THE MEETING IT SPEAKS OF", 20),
];
const NARROW: [Column; 3] =
    [Column::text("SYMBOL", 6), Column::number("SCORE", 5), Column::text("SUBJECT", 20)];
/// Narrower than this, the least important columns go.
const NARROW_TO: u16 = 70;
/// From this size on the counts by stock and client stand beside the list.
const GROUPS_FROM: (u16, u16) = (104, 8);
const GROUPS_WIDTH: u16 = 34;

/// Draws the pane.
pub(super) fn draw(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let rows = &scene.snapshot.intel;
    let links = rows.iter().filter(|row| row.link.is_some()).count();
    let note = if rows.is_empty() { String::new() } else { format!("{links} links") };
    let mut inside = pane(scene, Pane::Intel, &note, area, buffer);
    if !rows.is_empty() && inside.width >= GROUPS_FROM.0 && inside.height >= GROUPS_FROM.1 {
        let width = inside.width - GROUPS_WIDTH;
        let place = Rect { x: inside.x + width, width: GROUPS_WIDTH, ..inside };
        groups(scene, place, buffer);
        inside.width = width - 2;
    }
    let found = found(scene);
    let is_narrow = inside.width < NARROW_TO;
    let table = Table {
        pane: Pane::Intel,
        columns: if is_narrow { &NARROW } else { &COLUMNS },
        rows: found.as_ref().map_or(rows.len(), Vec::len),
        empty: if found.is_some() {
            "nothing passes the filter"
        } else {
            "no mail and no meetings are watched"
        },
    };
    table.draw(scene, inside, buffer, |row| {
        line(scene, found.as_deref(), row).map(|row| cells(row, is_narrow)).unwrap_or_default()
    });
}

/// What speaks for the link under the cursor: words, segment and time; `None` where there
/// is no link.
pub(in crate::ui) fn evidence(scene: &Scene<'_>) -> Option<Vec<Line>> {
    let row = line(scene, found(scene).as_deref(), scene.app.row(Pane::Intel))?;
    let link = row.link.as_deref()?;
    let symbols: Vec<&str> = row.symbols.iter().map(Symbol::as_str).collect();
    let written = link.written_at.map_or_else(|| format::ABSENT.into(), |at| at.to_string());
    let field = |name: &str, value: &str| Line::plain(format!("{name:<10}{value}"));
    Some(vec![
        Line::title(format!("Score {}", format::decimal(link.score, 2))),
        field("mail", &link.subject),
        field("from", &row.client),
        field("written", &written),
        field("id", &link.email),
        field("symbols", &symbols.join(" ")),
        Line::title("The meeting"),
        field("about", &link.title),
        field("segment", &segment(link)),
        field("said", &when(link)),
        field("by", &link.speaker),
        Line::new(format!("  {}", link.said), Meaning::Text),
        Line::title("In common"),
        field("words", &link.words.join(" ")),
        field("people", &link.people.join(", ")),
        field("entities", &link.entities.join(", ")),
    ])
}

fn segment(link: &LinkLine) -> String {
    link.segment.map_or_else(|| format::ABSENT.into(), |number| format!("#{number}"))
}

/// When it was said: from the meeting's beginning, and by the clock where that is known.
fn when(link: &LinkLine) -> String {
    let seconds = link.offset_ms.map(|millis| millis / 1_000);
    let into = seconds.map(|all| format!("{}:{:02} into it", all / 60, all % 60));
    let at = link.said_at.map(|at| at.to_string());
    let parts: Vec<String> = [into, at].into_iter().flatten().collect();
    if parts.is_empty() { format::ABSENT.into() } else { parts.join(", ") }
}

fn line<'a>(scene: &Scene<'a>, found: Option<&[usize]>, row: usize) -> Option<&'a IntelRow> {
    let place = match found {
        Some(found) => found.get(row).copied(),
        None => scene.snapshot.intel.len().checked_sub(row + 1),
    };
    scene.snapshot.intel.get(place?)
}

/// Where the rows are that pass the filter, the newest first, if there is one.
fn found(scene: &Scene<'_>) -> Option<Vec<usize>> {
    let filter = Filter::new(scene.app.filters.get(&Pane::Intel)?);
    let rows = &scene.snapshot.intel;
    let passes = |place: &usize| {
        rows.get(*place).is_some_and(|row| {
            let symbols: Vec<&str> = row.symbols.iter().map(Symbol::as_str).collect();
            filter.passes_text(&format!("{} {} {}", symbols.join(" "), row.client, row.text))
        })
    };
    (!filter.is_empty()).then(|| (0..rows.len()).rev().filter(passes).collect())
}

fn cells(row: &IntelRow, is_narrow: bool) -> Vec<Cell<'_>> {
    let symbol = match (row.symbols.first(), row.symbols.len()) {
        (Some(symbol), 2..) => format!("{symbol}+"),
        (Some(symbol), _) => symbol.to_string(),
        (None, _) => String::new(),
    };
    let score = row.link.as_deref().map(|link| format::decimal(link.score, 2));
    let symbol = Cell::new(symbol, Meaning::Accent);
    let score = Cell::plain(score.unwrap_or_default());
    let words =
        Cell::new(&*row.text, if row.link.is_some() { Meaning::Text } else { Meaning::Dim });
    if is_narrow {
        return vec![symbol, score, words];
    }
    let time = Cell::new(format::clock(row.at), Meaning::Dim);
    vec![time, symbol, score, Cell::plain(&*row.client), words]
}

/// Counts by stock, then by client, as many as find room.
fn groups(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let groups = &scene.snapshot.intel_groups;
    let half = usize::from(area.height / 2).saturating_sub(1);
    let mut lines = list("BY SYMBOL", &groups.symbols, half);
    lines.extend(list("BY CLIENT", &groups.clients, half));
    text(scene, &lines, (0, 1), area, buffer);
}

fn list(title: &str, groups: &[IntelGroup], most: usize) -> Vec<Line> {
    let heading = Line::new(format!("{title:<20}{:>6}{:>6}", "LINKS", "MAILS"), Meaning::Dim);
    let rows = groups.iter().take(most).map(|group| {
        let name = format::fit(&group.name, 19, "…");
        Line::plain(format!("{name:<20}{:>6}{:>6}", group.links, group.mails))
    });
    std::iter::once(heading).chain(rows).collect()
}
