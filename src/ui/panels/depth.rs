//! The best bid and offer of one symbol with their sizes, our own orders in it, and our
//! newest fills. Feeds tell the top of the book and no more.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use rust_decimal::Decimal;

use crate::domain::order::{OrderKind, Side};
use crate::ui::format;
use crate::ui::panels::tape;
use crate::ui::scene::Scene;
use crate::ui::theme::Meaning;
use crate::ui::widgets::{Cell, Field, fields};
use crate::view::{OrderRow, WatchRow};

/// Own orders and fills that are listed, each.
const LISTED_MAX: usize = 6;

/// Draws the figures of a symbol.
pub(super) fn draw(scene: &Scene<'_>, row: &WatchRow, area: Rect, buffer: &mut Buffer) {
    let title = |words| Field::of(Cell::new(words, Meaning::Title), Cell::plain(""));
    let sizes = row.bid_size.saturating_add(row.ask_size);
    let part = |size: u64| Decimal::from(size).checked_div(Decimal::from(sizes));
    let side = |price: Option<_>, size: u64, meaning| {
        let words = format!("{:>9}", format::maybe_price(price));
        let size = Cell::new(format::decimal(Decimal::from(size), 0), meaning);
        Field::of(Cell::new(words, meaning), size).with_bar(part(size_of(row, meaning)))
    };
    let age = row.quoted_at.map(|at| format::age(at, scene.snapshot.at));
    let spread = row.bid.zip(row.ask).map(|(bid, ask)| format::money(ask.minus(bid)));
    let mut lines = vec![
        title("Top of the book"),
        side(row.ask, row.ask_size, Meaning::Ask),
        side(row.bid, row.bid_size, Meaning::Bid),
        Field::new("spread", Cell::plain(spread.unwrap_or_else(|| format::ABSENT.to_owned()))),
        Field::new("quoted", Cell::plain(age.unwrap_or_else(|| format::ABSENT.to_owned()))),
        Field::new("day volume", Cell::plain(format::count(row.volume))),
        Field::new("yesterday", Cell::plain(format::maybe_price(row.previous_close))),
    ];
    if let Some((down, up)) = row.band {
        let words = format!("{} to {}", format::price(down), format::price(up));
        lines.push(Field::new("may trade", Cell::plain(words)));
    }
    let own = scene.snapshot.working.iter().filter(|order| order.symbol == row.symbol);
    let own: Vec<Field<'_>> = own.take(LISTED_MAX).map(order).collect();
    if !own.is_empty() {
        lines.push(title("Own orders"));
        lines.extend(own);
    }
    let marks = scene.snapshot.chart(row.symbol).map(|chart| chart.marks.iter().rev());
    let marks: Vec<_> = marks.into_iter().flatten().take(LISTED_MAX).collect();
    if !marks.is_empty() {
        lines.push(title("Own fills"));
    }
    lines.extend(marks.into_iter().map(|mark| {
        let words = format!("{} {}", sided(mark.side), format::quantity(mark.qty));
        let right = format!("{}  {}", format::price(mark.price), format::clock(mark.at));
        Field::of(Cell::new(words, meaning(mark.side)), Cell::plain(right))
    }));
    // Prints take what room is left.
    let room = usize::from(area.height).saturating_sub(lines.len() + 1);
    let prints = tape::lines(scene, row, room);
    if !prints.is_empty() {
        lines.push(title("Prints"));
        lines.extend(prints);
    }
    fields(scene, &lines, area, buffer);
}

const fn size_of(row: &WatchRow, side: Meaning) -> u64 {
    if matches!(side, Meaning::Bid) { row.bid_size } else { row.ask_size }
}

const fn sided(side: Side) -> &'static str {
    match side {
        Side::Buy => "BUY",
        Side::Sell => "SELL",
    }
}

const fn meaning(side: Side) -> Meaning {
    match side {
        Side::Buy => Meaning::Bid,
        Side::Sell => Meaning::Ask,
    }
}

fn order<'a>(order: &OrderRow) -> Field<'a> {
    let words = format!("{} {}", sided(order.side), format::quantity(order.quantity));
    Field::of(Cell::new(words, meaning(order.side)), Cell::plain(kind(order.kind)))
}

/// What makes an order execute: `limit 201.82`.
pub(in crate::ui) fn kind(kind: Option<OrderKind>) -> String {
    match kind {
        None => format::ABSENT.to_owned(),
        Some(OrderKind::Market) => "market".to_owned(),
        Some(OrderKind::Limit { limit }) => format!("limit {}", format::price(limit)),
        Some(OrderKind::Stop { stop }) => format!("stop {}", format::price(stop)),
        Some(OrderKind::StopLimit { stop, limit }) => {
            format!("stop {} limit {}", format::price(stop), format::price(limit))
        }
        Some(OrderKind::TrailingStop { .. }) => "trailing stop".to_owned(),
    }
}
