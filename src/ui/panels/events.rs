//! The stream of events, the newest at the top; text is made for visible rows only.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::ids::AgentId;
use crate::ui::filter::Filter;
use crate::ui::format;
use crate::ui::scene::Scene;
use crate::ui::state::Pane;
use crate::ui::theme::Meaning;
use crate::ui::widgets::{Cell, Column, Table, pane};
use crate::view::{EventLine, Level, Log};

/// Lines that are looked at for a filter in one frame: what is older is not found,
/// and a frame stays short.
const SEARCH_MAX: usize = 20_000;

const COLUMNS: [Column; 5] = [
    Column::text("TIME", 12),
    Column::text("EVENT", 26),
    Column::text("SYMBOL", 6),
    Column::text("BY", 9),
    Column::text("", 20),
];
const NARROW: [Column; 3] =
    [Column::text("TIME", 8), Column::text("EVENT", 25), Column::text("", 20)];

/// From this width on it is said what market data did not become events.
const NOTED_FROM: u16 = 70;

/// Draws the pane.
pub(super) fn draw(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let counters = &scene.snapshot.counters;
    let state = if scene.app.paused_since.is_some() { "PAUSED" } else { "FOLLOW" };
    let conflated = &scene.snapshot.conflated;
    let overtaken = conflated.quotes.saturating_add(conflated.ticks);
    // Zero says as much: nothing was left out.
    let note = if area.width < NOTED_FROM {
        format!("{} ev/s  {state}", format::count(counters.per_second))
    } else {
        format!(
            "{} ev/s  overtaken {}  lost {}  {state}",
            format::count(counters.per_second),
            format::count(overtaken),
            format::count(conflated.lost)
        )
    };
    let inside = pane(scene, Pane::Events, &note, area, buffer);
    let log = &scene.snapshot.log;
    let found = found(scene);
    let rows = found.as_ref().map_or(log.len(), Vec::len);
    let is_narrow = inside.width < 90;
    let columns: &[Column] = if is_narrow { &NARROW } else { &COLUMNS };
    let empty = if found.is_some() { "nothing passes the filter" } else { "no events yet" };
    let table = Table { pane: Pane::Events, columns, rows, empty };
    table.draw(scene, inside, buffer, |row| {
        let line = line(log, found.as_deref(), row);
        line.map(|line| cells(line, is_narrow)).unwrap_or_default()
    });
}

/// The line in a row of the pane.
pub(in crate::ui) fn at<'a>(scene: &Scene<'a>, row: usize) -> Option<&'a EventLine> {
    line(&scene.snapshot.log, found(scene).as_deref(), row)
}

fn line<'a>(log: &'a Log, found: Option<&[usize]>, row: usize) -> Option<&'a EventLine> {
    let place = match found {
        Some(found) => found.get(row).copied(),
        None => log.len().checked_sub(row + 1),
    };
    log.get(place?)
}

/// Where the lines are that pass the filter, if there is one.
fn found(scene: &Scene<'_>) -> Option<Vec<usize>> {
    let filter = Filter::new(scene.app.filters.get(&Pane::Events)?);
    (!filter.is_empty()).then(|| places(&scene.snapshot.log, &filter))
}

/// Where the lines are that pass, the newest first.
fn places(log: &Log, filter: &Filter) -> Vec<usize> {
    let oldest = log.len().saturating_sub(SEARCH_MAX);
    let passes = |place: &usize| log.get(*place).is_some_and(|line| filter.passes(line));
    (oldest..log.len()).rev().filter(passes).collect()
}

fn cells(line: &EventLine, is_narrow: bool) -> Vec<Cell<'_>> {
    let meaning = match line.level {
        Level::Debug => Meaning::Dim,
        Level::Info => Meaning::Text,
        Level::Warning => Meaning::Warn,
        Level::Critical => Meaning::Trip,
    };
    let name = Cell::new(line.name, meaning);
    let symbol = line.symbol.map(|symbol| symbol.to_string()).unwrap_or_default();
    if is_narrow {
        let words = format!("{symbol} {}", line.text());
        return vec![Cell::new(format::clock(line.at), Meaning::Dim), name, Cell::plain(words)];
    }
    vec![
        Cell::new(format::clock_fine(line.at), Meaning::Dim),
        name,
        Cell::new(symbol, Meaning::Accent),
        Cell::new(who(line.source), Meaning::Dim),
        Cell::plain(line.text()),
    ]
}

/// The agent by the name of its card.
pub(in crate::ui) const fn who(agent: AgentId) -> &'static str {
    match agent {
        AgentId::MarketData => "MARKET",
        AgentId::Strategy => "STRATEGY",
        AgentId::RiskManagement => "RISK",
        AgentId::OrderExecution => "ORDERS",
        AgentId::PositionManagement => "POSITIONS",
        AgentId::Venue => "venue",
        AgentId::Feed => "feed",
        AgentId::Operator => "operator",
        AgentId::Intel => "mail",
        AgentId::Spine => "spine",
    }
}
