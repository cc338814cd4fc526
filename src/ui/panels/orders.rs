//! What waits for approval, then orders under way, then orders that are over.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::money::Price;
use crate::domain::order::{OrderKind, Side};
use crate::ui::format;
use crate::ui::panels::depth::kind;
use crate::ui::panels::record::phase;
use crate::ui::scene::Scene;
use crate::ui::state::Pane;
use crate::ui::theme::{Glyph, Meaning};
use crate::ui::widgets::{Cell, Column, Field, Table, fields, pane};
use crate::view::{ApprovalRow, OrderPhase, OrderRow, Snapshot};

const COLUMNS: [Column; 9] = [
    Column::text("", 1),
    Column::text("SIDE", 4),
    Column::number("QTY", 6),
    Column::text("SYM", 6),
    Column::text("STATE", 10),
    Column::number("AGE", 5),
    Column::number("PX", 9),
    Column::text("KIND", 5),
    Column::text("NOTE", 14),
];
/// From this size on the order under the cursor is shown in full beside the list.
const DETAIL_FROM: (u16, u16) = (108, 8);
const DETAIL_WIDTH: u16 = 42;

/// Draws the pane; its rows are those of [`Facts`](crate::ui::facts::Facts).
pub(super) fn draw(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let snapshot = scene.snapshot;
    let waiting = snapshot.approvals.len();
    let note = format!("{waiting} waiting  {} working", snapshot.working.len());
    let mut inside = pane(scene, Pane::Orders, &note, area, buffer);
    if inside.width >= DETAIL_FROM.0 && inside.height >= DETAIL_FROM.1 {
        let width = inside.width - DETAIL_WIDTH;
        let place = Rect { x: inside.x + width, width: DETAIL_WIDTH, ..inside };
        fields(scene, &detail(scene), place, buffer);
        inside.width = width - 2;
    }
    let working = snapshot.working.len();
    let rows = waiting + working + snapshot.done.len();
    let table = Table { pane: Pane::Orders, columns: &COLUMNS, rows, empty: "no orders yet" };
    table.draw(scene, inside, buffer, |row| {
        if let Some(approval) = snapshot.approvals.get(row) {
            return waits(scene, approval);
        }
        at(snapshot, row).map(|order| cells(scene, order)).unwrap_or_default()
    });
}

/// The order in a row of the pane, where that is not one that waits.
pub(in crate::ui) fn at(snapshot: &Snapshot, row: usize) -> Option<&OrderRow> {
    let number = row.checked_sub(snapshot.approvals.len())?;
    let done = || {
        let newest = number.checked_sub(snapshot.working.len())?;
        snapshot.done.iter().rev().nth(newest).map(|row| &**row)
    };
    snapshot.working.get(number).or_else(done)
}

/// Everything about the order under the cursor.
pub(in crate::ui) fn detail<'a>(scene: &Scene<'a>) -> Vec<Field<'a>> {
    let snapshot = scene.snapshot;
    let row = scene.app.row(Pane::Orders);
    let title = |words: String| Field::of(Cell::new(words, Meaning::Title), Cell::plain(""));
    if let Some(row) = snapshot.approvals.get(row) {
        let asked = format::age(row.asked_at, snapshot.at);
        let left = scene.by_the_wall(format::between(snapshot.at, row.deadline));
        let mut lines = vec![
            title(format!("{} waits for approval", row.symbol)),
            Field::new("trade", Cell::plain(row.trade_id.as_str())),
            Field::new("by", Cell::plain(&*row.strategy)),
            Field::new("cost", Cell::plain(format::money(row.cost))),
            Field::new("worst loss", Cell::new(format::money(row.worst_loss), Meaning::Down)),
            Field::new("asked", Cell::plain(format!("{asked} ago"))),
            Field::new("expires in", Cell::new(format::duration(left), Meaning::Approve)),
        ];
        lines.extend(
            row.cautions.iter().map(|caution| {
                Field::of(Cell::new(&*caution.words, Meaning::Warn), Cell::plain(""))
            }),
        );
        return lines;
    }
    let Some(order) = at(snapshot, row) else { return Vec::new() };
    let absent = || format::ABSENT.to_owned();
    let named = |name: Option<String>| Cell::plain(name.unwrap_or_else(absent));
    let ours = order.client_order_id.as_str();
    let force = order.time_in_force.map_or(format::ABSENT, |force| force.name());
    let mut lines = vec![
        title(format!(
            "{} {} {}",
            order.side.name(),
            format::quantity(order.quantity),
            order.symbol
        )),
        Field::new("our name", Cell::plain(ours)),
        Field::new("venue's name", named(order.broker_order_id.as_ref().map(ToString::to_string))),
        Field::new("trade", named(order.trade_id.as_ref().map(ToString::to_string))),
        Field::new("parent", named(order.parent.as_ref().map(ToString::to_string))),
        Field::new("kind", Cell::plain(format!("{} {force}", kind(order.kind)))),
        Field::new("filled", Cell::plain(format::quantity(order.filled))),
        Field::new("average", Cell::plain(format::maybe_price(order.average))),
        Field::new("fees", Cell::plain(format::money(order.fees))),
        Field::new("sent", Cell::plain(format!("{}Z", format::clock_fine(order.sent_at)))),
        Field::new("last heard", Cell::plain(format!("{}Z", format::clock_fine(order.changed_at)))),
    ];
    if !order.note.is_empty() {
        lines.push(Field::of(Cell::new(&*order.note, Meaning::Warn), Cell::plain("")));
    }
    lines
}

fn side<'a>(side: Side) -> Cell<'a> {
    Cell::new(
        side.name().to_uppercase(),
        if side == Side::Buy { Meaning::Bid } else { Meaning::Ask },
    )
}

fn waits<'a>(scene: &Scene<'_>, row: &'a ApprovalRow) -> Vec<Cell<'a>> {
    let left = scene.by_the_wall(format::between(scene.snapshot.at, row.deadline));
    let entry = row.levels.map(|levels| format::price(levels.entry));
    vec![
        Cell::new(scene.sign(Glyph::Approve), Meaning::Approve),
        side(row.side),
        Cell::plain(format::quantity(row.quantity)),
        Cell::new(row.symbol.as_str(), Meaning::Accent),
        if row.cautions.is_empty() {
            Cell::new("APPROVE?", Meaning::Approve)
        } else {
            Cell::new("UNUSUAL?", Meaning::Warn)
        },
        Cell::new(format::duration(left), Meaning::Approve),
        Cell::plain(entry.unwrap_or_default()),
        Cell::new("entry", Meaning::Dim),
        Cell::new(&*row.strategy, Meaning::Dim),
    ]
}

fn cells<'a>(scene: &Scene<'_>, row: &'a OrderRow) -> Vec<Cell<'a>> {
    let (sign, meaning) = phase(row.phase);
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
        Cell::plain(format::maybe_price(row.average.or_else(|| row.kind.and_then(price)))),
        Cell::new(row.kind.map_or(format::ABSENT, short), Meaning::Dim),
        Cell::new(&*row.note, Meaning::Dim),
    ]
}

/// What makes an order execute, in five letters.
const fn short(kind: OrderKind) -> &'static str {
    match kind {
        OrderKind::Market => "mkt",
        OrderKind::Limit { .. } => "limit",
        OrderKind::Stop { .. } => "stop",
        OrderKind::StopLimit { .. } => "stplm",
        OrderKind::TrailingStop { .. } => "trail",
    }
}

/// The price that an order names.
const fn price(kind: OrderKind) -> Option<Price> {
    match kind {
        OrderKind::Limit { limit } => Some(limit),
        OrderKind::Stop { stop } | OrderKind::StopLimit { stop, .. } => Some(stop),
        OrderKind::Market | OrderKind::TrailingStop { .. } => None,
    }
}
