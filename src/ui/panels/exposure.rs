//! What the account is exposed to: net value, cash, drawdown, and how much lies in
//! each rule set and each stock. Figures are the snapshot's; nothing is judged here.

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use rust_decimal::Decimal;

use crate::domain::money::Money;
use crate::domain::position::Direction;
use crate::ui::format;
use crate::ui::scene::Scene;
use crate::ui::theme::Meaning;
use crate::ui::widgets::{Cell, Field, fields, sparkline_of_money};

/// Draws the figures, then a bar for each position as part of net value.
pub(super) fn draw(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let account = &scene.snapshot.account;
    let profit = |amount| Cell::new(format::signed_money(amount), format::trend(amount).1);
    let share = |ratio: Option<Decimal>| {
        Cell::plain(ratio.map_or_else(|| format::ABSENT.to_owned(), format::share))
    };
    let of_title = |title| Field::of(Cell::new(title, Meaning::Title), Cell::plain(""));
    let mut lines = vec![
        of_title("Account"),
        Field::new("net value", Cell::plain(format::money(account.nav))),
        Field::new("peak", Cell::plain(format::money(account.peak))),
        Field::new("cash", Cell::plain(format::money(account.cash))),
        Field::new("realized", profit(account.realized)),
        Field::new("unrealized", profit(account.unrealized)),
        Field::new("fees", Cell::plain(format::money(account.fees))),
        of_title("Exposure"),
        Field::new("gross", share(account.gross_ratio())).with_bar(account.gross_ratio()),
        Field::new("net", share(account.net_ratio()))
            .with_bar(account.net_ratio().map(|ratio| ratio.abs())),
        Field::new("cash", share(account.cash_ratio())).with_bar(account.cash_ratio()),
        Field::new("drawdown", share(Some(account.drawdown))).with_bar(Some(account.drawdown)),
    ];
    lines.extend(fallen(scene, area));
    lines.extend(by_rule_set(scene));
    if !scene.snapshot.positions.is_empty() {
        lines.push(of_title("By symbol"));
    }
    lines.extend(scene.snapshot.positions.iter().map(|row| {
        let value = row.last.times(row.quantity);
        let part = value.ratio_to(account.nav).map(|ratio| ratio.round_dp(4));
        let sign = match row.direction {
            Direction::Long => "+",
            Direction::Short => "-",
        };
        let words = format!("{sign}{}", format::money(value));
        Field::of(Cell::new(row.symbol.as_str(), Meaning::Accent), Cell::plain(words))
            .with_bar(part)
    }));
    fields(scene, &lines, area, buffer);
}

/// How far the net value was below its peak, minute by minute, the newest at the right.
fn fallen<'a>(scene: &Scene<'_>, area: Rect) -> Option<Field<'a>> {
    let falls = &scene.snapshot.falls;
    let deepest = falls.iter().max()?;
    let name = "below peak";
    // Nothing was lost yet: there is no line to draw.
    let has_fallen = *deepest > Money::ZERO;
    let width = usize::from(area.width).saturating_sub(name.len() + 14);
    let width = if has_fallen { width } else { 0 };
    let drawn = sparkline_of_money(falls.iter().copied(), width, scene.theme.glyphs());
    let words = format!("{drawn} {}", format::money(*deepest));
    Some(Field::new(name, Cell::new(words, Meaning::Down)))
}

/// How much of the net value each rule set has in the market, by name.
fn by_rule_set<'a>(scene: &Scene<'a>) -> Vec<Field<'a>> {
    let snapshot = scene.snapshot;
    let mut held: BTreeMap<&str, Money> = BTreeMap::new();
    for row in snapshot.positions.iter() {
        let trade = row.trade_id.as_ref().and_then(|id| snapshot.trade(id));
        let name = trade.map(|trade| &*trade.strategy).filter(|name| !name.is_empty());
        *held.entry(name.unwrap_or("no trade")).or_default() += row.last.times(row.quantity);
    }
    let mut lines = Vec::with_capacity(held.len() + 1);
    if !held.is_empty() {
        lines.push(Field::of(Cell::new("By rule set", Meaning::Title), Cell::plain("")));
    }
    lines.extend(held.into_iter().map(|(name, value)| {
        Field::of(Cell::new(name, Meaning::Dim), Cell::plain(format::money(value)))
    }));
    lines
}
