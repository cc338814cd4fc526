//! Trades in their nine states, the present one lit, and what each waits for.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::money::Price;
use crate::ui::format;
use crate::ui::scene::Scene;
use crate::ui::state::Pane;
use crate::ui::theme::{Glyph, Meaning};
use crate::ui::widgets::{Cell, Column, Table, pane};
use crate::view::{Levels, Phase, Snapshot, TradeRow, Wait};

const COLUMNS: [Column; 11] = [
    Column::text("SYM", 6),
    Column::text("WAY", 9),
    Column::text("STATE", 14),
    Column::number("FOR", 5),
    Column::text("WAITS FOR, OR ENDED BY", 22),
    Column::number("QTY", 6),
    Column::number("ENTRY", 9),
    Column::number("STOP", 9),
    Column::number("TARGET", 9),
    Column::number("P&L", 9),
    Column::text("BY", 14),
];

/// Where there is little room, the way says where a trade stands, and the last column
/// what it waits for.
const NARROW: [Column; 4] = [
    Column::text("SYM", 6),
    Column::text("WAY", 9),
    Column::number("FOR", 5),
    Column::text("STATE", 10),
];
const NARROW_TO: u16 = 60;

/// Draws the pane: trades under way, newest first, then those that are over.
pub(super) fn draw(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let snapshot = scene.snapshot;
    let live = snapshot.trades.len();
    let inside = pane(scene, Pane::Trades, &format!("{live} live"), area, buffer);
    let rows = live + snapshot.finished.len();
    let is_narrow = inside.width < NARROW_TO;
    let columns: &[Column] = if is_narrow { &NARROW } else { &COLUMNS };
    let table = Table { pane: Pane::Trades, columns, rows, empty: "no trades yet" };
    table.draw(scene, inside, buffer, |row| {
        at(snapshot, row).map(|trade| cells(scene, trade, is_narrow)).unwrap_or_default()
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

fn cells<'a>(scene: &Scene<'_>, row: &'a TradeRow, is_narrow: bool) -> Vec<Cell<'a>> {
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
    let waits = waits(scene, row);
    let symbol = Cell::new(row.symbol.as_str(), Meaning::Accent);
    let way = Cell::new(way(scene, row.phase), meaning);
    let age = Cell::new(format::age(row.since, at), Meaning::Dim);
    if is_narrow {
        let says_more = row.phase.is_over() || matches!(row.waits_for, Wait::Approval { .. });
        let words = if says_more && !waits.is_empty() { waits } else { row.phase.name().into() };
        return vec![symbol, way, age, Cell::new(words, meaning)];
    }
    let level = |price: fn(&Levels) -> Price| {
        Cell::plain(row.levels.as_ref().map(|it| format::price(price(it))).unwrap_or_default())
    };
    let (pnl, look) = match row.pnl {
        Some(pnl) => (format::signed_money(pnl), format::trend(pnl).1),
        None => (String::new(), Meaning::Dim),
    };
    vec![
        symbol,
        way,
        Cell::new(row.phase.name(), meaning),
        age,
        Cell::new(waits, meaning),
        Cell::plain(format::quantity(row.quantity)),
        level(|levels| levels.entry),
        level(|levels| levels.stop),
        level(|levels| levels.target),
        Cell::new(pnl, look),
        Cell::new(&*row.strategy, Meaning::Dim),
    ]
}

/// What a trade waits for, or how it ended.
fn waits<'a>(scene: &Scene<'_>, row: &'a TradeRow) -> Cow<'a, str> {
    let left = |until| format::duration(format::between(scene.snapshot.at, until));
    match row.waits_for {
        _ if row.phase.is_over() => match (row.pnl, row.r_multiple) {
            (Some(pnl), Some(r)) => {
                format!("{} {}R", format::signed_money(pnl), format::decimal(r, 2)).into()
            }
            (Some(pnl), None) => format::signed_money(pnl).into(),
            (None, _) => (&*row.reason).into(),
        },
        Wait::Nothing => "".into(),
        Wait::Risk => "the rules".into(),
        Wait::Approval { deadline } => {
            let left = scene.by_the_wall(format::between(scene.snapshot.at, deadline));
            format!("approval {}", format::duration(left)).into()
        }
        Wait::Fill => "a fill".into(),
        Wait::Stop => "its stop".into(),
        Wait::Price => "the price".into(),
        Wait::MarketOpen { at: None } => "the open".into(),
        Wait::MarketOpen { at: Some(open) } => format!("the open {}", left(open)).into(),
        Wait::Room => "other exits".into(),
        Wait::Venue { until: None } => "the venue".into(),
        Wait::Venue { until: Some(until) } => format!("the venue {}", left(until)).into(),
    }
}
