//! What the account is exposed to: net value, cash, drawdown, and how much lies in
//! each stock. Figures are the snapshot's; nothing is judged here.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use rust_decimal::Decimal;

use crate::domain::position::Direction;
use crate::ui::format;
use crate::ui::scene::Scene;
use crate::ui::theme::Meaning;
use crate::ui::widgets::{Cell, Field, fields};

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
