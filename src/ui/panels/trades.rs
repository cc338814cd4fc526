//! Trades in their nine states, the present one lit, and what each waits for.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::ui::format;
use crate::ui::scene::Scene;
use crate::ui::state::Pane;
use crate::ui::theme::{Glyph, Meaning};
use crate::ui::widgets::{Cell, Column, Table, pane};
use crate::view::{Phase, Snapshot, TradeRow, Wait};

const COLUMNS: [Column; 5] = [
    Column::text("SYM", 6),
    Column::text("WAY", 9),
    Column::text("STATE", 14),
    Column::number("FOR", 5),
    Column::text("WAITS", 16),
];

/// Draws the pane: trades under way, newest first, then those that are over.
pub(super) fn draw(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let snapshot = scene.snapshot;
    let live = snapshot.trades.len();
    let inside = pane(scene, Pane::Trades, &format!("{live} live"), area, buffer);
    let rows = live + snapshot.finished.len();
    let table = Table { pane: Pane::Trades, columns: &COLUMNS, rows, empty: "no trades yet" };
    table.draw(scene, inside, buffer, |row| {
        at(snapshot, row).map(|trade| cells(scene, trade)).unwrap_or_default()
    });
}

/// The trade in a row of the pane.
pub(in crate::ui) fn at(snapshot: &Snapshot, row: usize) -> Option<&TradeRow> {
    let finished = || {
        let newest = row.checked_sub(snapshot.trades.len())?;
        snapshot.finished.iter().rev().nth(newest).map(|row| &**row)
    };
    snapshot.trades.iter().rev().nth(row).or_else(finished)
}

/// Nine signs: done, present, to come.
fn way(scene: &Scene<'_>, phase: Phase) -> String {
    let Some(present) = Phase::PATH.iter().position(|known| *known == phase) else {
        return scene.sign(Glyph::Trip).to_owned();
    };
    let sign = |at: usize| match at.cmp(&present) {
        std::cmp::Ordering::Less => scene.sign(Glyph::Done),
        std::cmp::Ordering::Equal => scene.sign(Glyph::Approve),
        std::cmp::Ordering::Greater => scene.sign(Glyph::Idle),
    };
    (0..Phase::PATH.len()).map(sign).collect()
}

fn cells<'a>(scene: &Scene<'_>, row: &'a TradeRow) -> Vec<Cell<'a>> {
    let at = scene.snapshot.at;
    let meaning = match row.phase {
        Phase::Scanning | Phase::Closed | Phase::Aborted => Meaning::Dim,
        Phase::SetupDetected => Meaning::Approve,
        Phase::EntryApproved | Phase::OrderPlaced => Meaning::Text,
        // Shares without a stop: the one state that must be short.
        Phase::Filled => Meaning::Warn,
        Phase::Holding => Meaning::Ok,
        Phase::ExitTriggered | Phase::OrderClosing => Meaning::Accent,
    };
    let left = |until| format::duration(format::between(at, until));
    let waits = match row.waits_for {
        _ if row.phase.is_over() => match row.pnl {
            Some(pnl) => format::signed_money(pnl),
            None => row.reason.to_string(),
        },
        Wait::Nothing => String::new(),
        Wait::Risk => "the rules".into(),
        Wait::Approval { deadline } => format!("approval {}", left(deadline)),
        Wait::Fill => "a fill".into(),
        Wait::Stop => "its stop".into(),
        Wait::Price => "the price".into(),
        Wait::MarketOpen { at: None } => "the open".into(),
        Wait::MarketOpen { at: Some(open) } => format!("the open {}", left(open)),
        Wait::Room => "other exits".into(),
        Wait::Venue { until: None } => "the venue".into(),
        Wait::Venue { until: Some(until) } => format!("the venue {}", left(until)),
    };
    vec![
        Cell::new(row.symbol.as_str(), Meaning::Accent),
        Cell::new(way(scene, row.phase), meaning),
        Cell::new(row.phase.name(), meaning),
        Cell::new(format::age(row.since, at), Meaning::Dim),
        Cell::plain(waits),
    ]
}
