//! The program itself: which run this is, what flows through it, its feeds and budgets,
//! and what drawing costs.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use rust_decimal::Decimal;

use crate::ui::format;
use crate::ui::panels::cards::link;
use crate::ui::panels::{machine, safety};
use crate::ui::scene::Scene;
use crate::ui::state::Pane;
use crate::ui::theme::{Glyph, Meaning};
use crate::ui::widgets::{Cell, Field, column_width, columns, fields, pane};
use crate::view::{AlertRow, Counters, Delay, Severity};

/// The least width of a column of figures.
const COLUMN: u16 = 46;
/// Alerts that are listed.
const ALERTS_MAX: usize = 20;

/// Draws the pane, scrolled by its cursor.
pub(super) fn draw(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let counters = &scene.snapshot.counters;
    let note = format!("{} events", format::decimal(Decimal::from(counters.total), 0));
    let inside = pane(scene, Pane::System, &note, area, buffer);
    if inside.is_empty() {
        return;
    }
    let columns = columns(inside.width, COLUMN);
    let width = column_width(inside.width, columns);
    // Where little fits, what may be wrong comes first.
    let mut lines = safety::lines(scene);
    lines.extend(feeds(scene));
    lines.extend(machine::lines(scene));
    lines.extend(delays(scene));
    lines.extend(run(scene));
    lines.extend(looks(scene));
    lines.extend(flow(scene));
    lines.extend(scene.snapshot.alerts.iter().rev().take(ALERTS_MAX).map(alert));
    let room = usize::from(inside.height) * usize::from(columns);
    let first = scene.app.row(Pane::System).min(lines.len().saturating_sub(room));
    let seen = lines.get(first..).unwrap_or_default();
    for (column, part) in (0..columns).zip(seen.chunks(usize::from(inside.height))) {
        let x = inside.x + column * (width + 2);
        let place = Rect { x, width, ..inside }.intersection(inside);
        fields(scene, part, place, buffer);
    }
}

fn title<'a>(words: &'static str) -> Field<'a> {
    Field::of(Cell::new(words, Meaning::Title), Cell::plain(""))
}

fn run<'a>(scene: &Scene<'a>) -> Vec<Field<'a>> {
    let (snapshot, run) = (scene.snapshot, &scene.snapshot.run);
    let started = run.started_at.map(|at| format!("{}Z", format::clock(at)));
    let running = run.started_at.map(|at| format::age(at, snapshot.at));
    let known = |text: Option<String>| Cell::plain(text.unwrap_or_else(|| format::ABSENT.into()));
    let hash: String = run.config_hash.chars().take(16).collect();
    let mut lines = vec![
        title("Run"),
        Field::new("version", Cell::plain(&*run.version)),
        Field::new("mode", Cell::plain(scene.mode().word())),
        Field::new("account", Cell::plain(&*run.account)),
        Field::new("seed", Cell::plain(run.seed.to_string())),
        Field::new("configuration", Cell::plain(hash)),
        Field::new("started", known(started)),
        Field::new("market time since", known(running)),
        Field::new("newest event", Cell::plain(format!("#{}", snapshot.seq))),
    ];
    if let Some(why) = &run.ended {
        lines.push(Field::new("ended", Cell::new(&**why, Meaning::Warn)));
    }
    let trading = &snapshot.trading;
    lines.push(Field::new("trading", Cell::plain(trading.phase.name())));
    if !trading.reason.is_empty() {
        lines.push(Field::new("because", Cell::plain(&*trading.reason)));
    }
    lines
}

fn looks<'a>(scene: &Scene<'a>) -> Vec<Field<'a>> {
    let (theme, cost) = (scene.theme, scene.cost);
    let waiting = u64::try_from(scene.app.pending.len()).unwrap_or(0);
    vec![
        title("Screen"),
        Field::new("frame", Cell::plain(format::duration(cost.frame))),
        Field::new("frames a second", Cell::plain(format!("at most {}", cost.rate))),
        Field::new("theme", Cell::plain(theme.name())),
        Field::new("colours", Cell::plain(theme.level().name())),
        Field::new("signs", Cell::plain(theme.glyphs().name())),
        Field::new("requests without an answer", Cell::plain(format::count(waiting))),
        Field::new("events kept", Cell::plain(format::count(length(scene.snapshot.log.len())))),
        Field::new("events forgotten", Cell::plain(format::count(scene.snapshot.log.first()))),
    ]
}

fn length(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn feeds<'a>(scene: &Scene<'a>) -> Vec<Field<'a>> {
    let snapshot = scene.snapshot;
    let mut lines = Vec::new();
    if !snapshot.feeds.is_empty() {
        lines.push(title("Feeds"));
    }
    lines.extend(snapshot.feeds.iter().map(|row| {
        let (sign, meaning) = link(row.phase);
        let age = format::age(row.since, snapshot.at);
        let words = format!("{} {} {age}  lost {}", scene.sign(sign), row.phase, row.lost);
        Field::of(Cell::new(&*row.feed, Meaning::Dim), Cell::new(words, meaning))
    }));
    if let Some(bus) = &snapshot.bus {
        let up = (Glyph::Ok, "UP", Meaning::Ok);
        let (sign, word, meaning) =
            if bus.is_up { up } else { (Glyph::Trip, "DOWN", Meaning::Trip) };
        let age = format::age(bus.since, snapshot.at);
        let words = format!("{} {word} {age}", scene.sign(sign));
        lines.push(Field::new("bus", Cell::new(words, meaning)));
    }
    if !snapshot.requests.is_empty() || !snapshot.budgets.is_empty() {
        lines.push(title("Budgets"));
    }
    lines.extend(snapshot.requests.iter().map(|row| {
        let part = Decimal::from(row.used).checked_div(Decimal::from(row.limit));
        let words = Cell::plain(format!("{} of {}", row.used, row.limit));
        Field::of(Cell::new(&*row.name, Meaning::Dim), words).with_bar(part)
    }));
    lines.extend(snapshot.budgets.iter().map(|row| {
        let words = Cell::plain(format!("empty {} times", row.times));
        Field::of(Cell::new(format!("{} {}", row.name, row.lane), Meaning::Dim), words)
    }));
    lines
}

/// How long things take, and what was left out on the way.
fn delays<'a>(scene: &Scene<'a>) -> Vec<Field<'a>> {
    let (latency, conflated) = (scene.snapshot.latency, scene.snapshot.conflated);
    let line = |name, delay: Delay| {
        let of = |micros| format::duration(Duration::from_micros(micros));
        let words = match delay.measured {
            0 => format::ABSENT.to_owned(),
            _ => format!("{}  p50 {}  p95 {}", of(delay.newest), of(delay.p50), of(delay.p95)),
        };
        Field::new(name, Cell::plain(words))
    };
    let lost = if conflated.lost > 0 { Meaning::Trip } else { Meaning::Dim };
    vec![
        title("Delays and losses"),
        line("order acknowledged", latency.orders),
        line("quote from the venue", latency.feed),
        Field::new("quotes overtaken", Cell::plain(format::count(conflated.quotes))),
        Field::new("prints overtaken", Cell::plain(format::count(conflated.ticks))),
        Field::new("late versions of bars", Cell::plain(format::count(conflated.bars_late))),
        Field::new("market data lost", Cell::new(format::count(conflated.lost), lost)),
    ]
}

fn flow<'a>(scene: &Scene<'a>) -> Vec<Field<'a>> {
    let counters = &scene.snapshot.counters;
    let all = (counters.total, counters.per_second);
    let families = Counters::FAMILY_NAMES.iter().zip(counters.families);
    let families = families.zip(counters.families_per_second);
    let line = |name, (total, second): (u64, u64)| {
        let words = format!("{:>7} {:>6}/s", format::count(total), format::count(second));
        Field::new(name, Cell::plain(words))
    };
    let mut lines = vec![title("Events"), line("all", all)];
    lines.extend(families.map(|((name, total), second)| line(name, (total, second))));
    if !scene.snapshot.alerts.is_empty() {
        lines.push(title("Alerts, the newest first"));
    }
    lines
}

fn alert(row: &AlertRow) -> Field<'_> {
    let meaning = match row.severity {
        Severity::Info => Meaning::Text,
        Severity::Warning => Meaning::Warn,
        Severity::Critical => Meaning::Trip,
    };
    Field::of(Cell::new(&*row.text, meaning), Cell::new(format::clock(row.at), Meaning::Dim))
}
