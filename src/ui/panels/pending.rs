//! Panes in their first, plain form: lines of text. Each becomes a file of its own
//! once it is more than that.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::ui::format;
use crate::ui::scene::Scene;
use crate::ui::state::Pane;
use crate::ui::theme::{GlyphSet, Meaning};
use crate::ui::widgets::{Cell, Column, Table, gauge, pane, put, sparkline, window};
use crate::view::AgentHealth;
use rust_decimal::Decimal;

/// Writes lines, scrolled by the pane's cursor.
fn text(scene: &Scene<'_>, which: Pane, lines: &[String], area: Rect, buffer: &mut Buffer) {
    let height = usize::from(area.height);
    let cursor = scene.app.row(which).min(lines.len().saturating_sub(1));
    let bottom = cursor.saturating_add(height.saturating_sub(1));
    for (at, number) in window(lines.len(), bottom, height).enumerate() {
        let Ok(at) = u16::try_from(at) else { return };
        let line = Rect { y: area.y + at, height: 1, ..area };
        if let Some(text) = lines.get(number) {
            put(buffer, line, text, scene.style(Meaning::Text));
        }
    }
}

/// The five agents, a line each.
pub(super) fn agents(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let cards = &scene.snapshot.cards;
    let inside = pane(scene, Pane::Agents, "", area, buffer);
    let rows: [(&str, &AgentHealth, String); 5] = [
        (
            "MARKET",
            &cards.market.health,
            format!("{} symbols, {} doubtful", cards.market.symbols, cards.market.doubtful),
        ),
        (
            "STRATEGY",
            &cards.strategy.health,
            format!("{} setups, {} proposed", cards.strategy.candidates, cards.strategy.proposed),
        ),
        (
            "RISK",
            &cards.risk.health,
            format!("{} approved, {} refused", cards.risk.approved, cards.risk.refused),
        ),
        (
            "ORDERS",
            &cards.orders.health,
            format!("{} working, {} unknown", cards.orders.working, cards.orders.unknown),
        ),
        (
            "POSITIONS",
            &cards.positions.health,
            format!("{} open, {} naked", cards.positions.open, cards.positions.naked),
        ),
    ];
    let at = scene.snapshot.at;
    let columns = [
        Column::text("AGENT", 9),
        Column::text("STATE", 8),
        Column::number("HEARD", 5),
        Column::text("", 20),
    ];
    let table = Table { pane: Pane::Agents, columns: &columns, rows: 5, empty: "" };
    table.draw(scene, inside, buffer, |number| {
        let Some((name, health, words)) = rows.get(number) else { return Vec::new() };
        let heard = health.spoke_at.map(|spoke| format::age(spoke, at));
        vec![
            Cell::new(*name, Meaning::Accent),
            Cell::plain(health.state.name()),
            Cell::new(heard.unwrap_or_else(|| format::ABSENT.to_owned()), Meaning::Dim),
            Cell::plain(words.clone()),
        ]
    });
}

/// The shown symbol's price and its last hour.
pub(super) fn chart(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let symbol = scene.app.shown_symbol();
    let title = symbol.map(|symbol| symbol.to_string()).unwrap_or_default();
    let inside = pane(scene, Pane::Chart, &title, area, buffer);
    let Some(row) = symbol.and_then(|symbol| scene.snapshot.quote(symbol)) else {
        return;
    };
    let last = format::maybe_price(row.last);
    let levels = symbol.and_then(|symbol| scene.snapshot.chart(symbol)?.levels);
    let levels = levels.map(|levels| {
        let [entry, stop, target] = [levels.entry, levels.stop, levels.target].map(format::price);
        format!("entry {entry}  stop {stop}  target {target}")
    });
    let set: GlyphSet = scene.theme.glyphs();
    let spark = sparkline(row.spark.iter(), usize::from(inside.width), set);
    let lines = [format!("{title} {last}"), spark, levels.unwrap_or_default()];
    text(scene, Pane::Chart, &lines, Rect { height: inside.height.min(3), ..inside }, buffer);
}

/// Every rule of the newest judgement, with its value against its limit.
pub(super) fn limits(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let risk = &scene.snapshot.cards.risk;
    let note = risk.judged.map(|symbol| format!("newest judgement: {symbol}")).unwrap_or_default();
    let inside = pane(scene, Pane::Limits, &note, area, buffer);
    let columns = [
        Column::text("RULE", 28),
        Column::number("VALUE", 14),
        Column::number("LIMIT", 14),
        Column::text("USED", 12),
    ];
    let empty = "nothing was judged yet";
    let table = Table { pane: Pane::Limits, columns: &columns, rows: risk.limits.len(), empty };
    table.draw(scene, inside, buffer, |number| {
        let Some(check) = risk.limits.get(number) else { return Vec::new() };
        let meaning = if check.passed { Meaning::Ok } else { Meaning::Trip };
        let used = check.used().map(|used| format::percent(used, 0));
        vec![
            Cell::new(check.rule, meaning),
            Cell::plain(check.value_text()),
            Cell::plain(check.limit_text()),
            Cell::new(used.unwrap_or_default(), meaning),
        ]
    });
    // Exposure stands at the foot, where it is looked for.
    if let (Some(ratio), true) = (scene.snapshot.account.gross_ratio(), inside.height > 4) {
        let foot = Rect { y: inside.bottom() - 1, height: 1, ..inside };
        let words = format!("gross {} ", format::percent(ratio, 0));
        let used = put(buffer, foot, &words, scene.style(Meaning::Dim));
        let bar = Rect { x: foot.x + used, width: (foot.width - used).min(24), ..foot };
        gauge(scene, ratio.max(Decimal::ZERO), bar, buffer);
    }
}

/// The decision record of the trade under the cursor.
pub(super) fn decision(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let inside = pane(scene, Pane::Decision, "", area, buffer);
    let snapshot = scene.snapshot;
    let finished = snapshot.finished.iter().rev().map(|row| &**row);
    let trade = snapshot.trades.iter().rev().chain(finished).nth(scene.app.row(Pane::Trades));
    let record =
        trade.and_then(|trade| snapshot.why(&crate::view::Wanted::Trade(trade.trade_id.clone())));
    let lines = record.map(|record| record.lines()).unwrap_or_default();
    text(scene, Pane::Decision, &lines, inside, buffer);
}

/// The program itself.
pub(super) fn system(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let inside = pane(scene, Pane::System, "", area, buffer);
    let (run, counters) = (&scene.snapshot.run, &scene.snapshot.counters);
    let theme = scene.theme;
    let lines = [
        format!("version      {}", run.version),
        format!("mode         {}  account {}", scene.mode().word(), run.account),
        format!("seed         {}", run.seed),
        format!("config       {}", run.config_hash),
        format!("events       {} of {}/s", counters.total, counters.per_second),
        format!(
            "frame        {} at most {} fps",
            format::duration(scene.cost.frame),
            scene.cost.rate
        ),
        format!(
            "looks        {} at {} colours, {} signs",
            theme.name(),
            theme.level().name(),
            theme.glyphs().name()
        ),
    ];
    text(scene, Pane::System, &lines, inside, buffer);
}
