//! One whole picture: header, tabs and breaker lights, panes, status, keys, and what
//! lies over them. Reading order is the order of danger: mode and money first.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use crate::ui::facts::Mode;
use crate::ui::format;
use crate::ui::keymap::{Action, Context};
use crate::ui::layout::{Plan, Size, plan};
use crate::ui::panels::breakers::light;
use crate::ui::panels::cards::link;
use crate::ui::scene::Scene;
use crate::ui::state::{Tab, Weight};
use crate::ui::theme::{Glyph, GlyphSet, Meaning};
use crate::ui::widgets::{Pen, put};
use crate::ui::{overlays, panels};
use crate::view::{BreakerPhase, LinkPhase, TradingPhase};

/// Draws everything into a frame, and returns where the panes lie.
pub fn draw(frame: &mut Frame<'_>, scene: &Scene<'_>) -> Plan {
    let area = frame.area();
    draw_into(frame.buffer_mut(), area, scene)
}

/// Draws everything into a buffer.
pub fn draw_into(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) -> Plan {
    buffer.set_style(area, scene.style(Meaning::Text));
    let plan = plan(area, scene.app);
    if plan.size == Size::Tiny {
        tiny(scene, &plan, area, buffer);
        to_ascii(scene, area, buffer);
        return plan;
    }
    header(scene, plan.header, buffer);
    tabs(scene, plan.size, plan.tabs, buffer);
    for (pane, lies) in &plan.panes {
        panels::draw(*pane, scene, *lies, buffer);
    }
    status(scene, plan.status, buffer);
    footer(scene, plan.footer, buffer);
    overlays::draw(scene, area, buffer);
    to_ascii(scene, area, buffer);
    plan
}

/// Texts from elsewhere may hold letters that the terminal cannot show; what is drawn
/// with the ASCII set holds none.
fn to_ascii(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    if scene.theme.glyphs() != GlyphSet::Ascii {
        return;
    }
    for place in area.positions() {
        let Some(cell) = buffer.cell_mut(place) else { continue };
        if cell.symbol().is_ascii() {
            continue;
        }
        let letter = match cell.symbol() {
            "×" => 'x',
            "→" => '>',
            "–" | "—" | "−" => '-',
            _ => '?',
        };
        cell.set_char(letter);
    }
}

/// Mode, account and money at the left; trading state, clock and feeds at the right.
/// With real money the whole line says so.
fn header(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let snapshot = scene.snapshot;
    let is_live = scene.mode() == Mode::Live;
    let mode = scene.mode_style();
    let style = |meaning| if is_live { mode } else { scene.style(meaning) };
    let (plain, dim) = (style(Meaning::Text), style(Meaning::Dim));
    if is_live {
        buffer.set_style(area, mode);
    }
    let mut pen = Pen::new(buffer, area);
    pen.write(&format!(" {} ", scene.mode().word()), mode).write(" ", plain);
    // What is at the right is written first: a clock that is cut off lies.
    let is_short = area.width < 100;
    let (sign, meaning) = order_light(scene);
    let word = if is_short { "o" } else { "ord " };
    pen.write_right(&format!("{} ", scene.sign(sign)), style(meaning));
    pen.write_right(&format!(" {word}"), dim);
    let (sign, meaning, name, age) = feed_light(scene);
    let word = if is_short && sign == Glyph::Ok { "f".to_owned() } else { format!("{name} ") };
    pen.write_right(&format!("{}{age}", scene.sign(sign)), style(meaning));
    pen.write_right(&format!(" {word}"), dim);
    pen.write_right(&format!(" {}Z", format::clock(snapshot.at)), plain);
    pen.write_right(&format!(" {}", session(scene)), dim);
    if snapshot.trading.phase != TradingPhase::Active {
        let words = format!(" {} ", snapshot.trading.phase.name());
        pen.write_right(&words, scene.style(Meaning::Trip));
    }
    if let Some(since) = scene.app.paused_since {
        let words = format!(" PAUSED {} ", format::duration(scene.app.now.since(since)));
        pen.write_right(&words, scene.style(Meaning::Warn));
    }
    let account = &snapshot.account;
    if !is_short && !snapshot.run.account.is_empty() {
        pen.write(&snapshot.run.account, dim).write("  ", dim);
    }
    let (arrow, meaning) = format::trend(account.day_pnl);
    let nav = format::money(account.nav);
    let (nav, day) = match is_short {
        true => (whole(&nav).to_owned(), whole(&format::signed_money(account.day_pnl)).to_owned()),
        false => (nav, format::signed_money(account.day_pnl)),
    };
    pen.write("NAV ", dim).write(&nav, plain);
    let change = account.day_ratio().map(|ratio| format::percent(ratio.abs(), 2));
    let change = change.unwrap_or_default();
    let change = change.trim_start_matches('+');
    pen.write("  DAY ", dim).write(&format!("{day} {}{change}", scene.sign(arrow)), style(meaning));
    if let Some(ratio) = account.gross_ratio() {
        pen.write("  EXP ", dim).write(&format::share(ratio), plain);
    }
}

/// An amount without its cents, where there is little room.
fn whole(amount: &str) -> &str {
    amount.split_once('.').map_or(amount, |(whole, _)| whole)
}

/// The worst feed, by its name when it is not well, so that a dead one is never
/// hidden; else how old the newest data are.
fn feed_light(scene: &Scene<'_>) -> (Glyph, Meaning, String, String) {
    let snapshot = scene.snapshot;
    let worth = |phase: LinkPhase| match phase {
        LinkPhase::Down => 0,
        LinkPhase::Stale => 1,
        LinkPhase::Connecting => 2,
        LinkPhase::Syncing => 3,
        LinkPhase::Up => 4,
    };
    let heard = snapshot.cards.market.heard_at;
    let age = heard.map(|at| format!(" {}", format::age(at, snapshot.at))).unwrap_or_default();
    match snapshot.feeds.iter().min_by_key(|row| worth(row.phase)) {
        Some(row) if row.phase != LinkPhase::Up => {
            let (sign, meaning) = link(row.phase);
            let since = format!(" {}", format::age(row.since, snapshot.at));
            (sign, meaning, format::fit(&row.feed, 12, ".").into_owned(), since)
        }
        // The embedded market has no connection that could be lost.
        Some(_) | None if heard.is_some() => (Glyph::Ok, Meaning::Ok, "feed".into(), age),
        Some(_) | None => (Glyph::Unknown, Meaning::Dim, "feed".into(), age),
    }
}

/// The worst breaker of orders; an order whose outcome is not known is worse.
fn order_light(scene: &Scene<'_>) -> (Glyph, Meaning) {
    if scene.snapshot.has_unknown_orders() {
        return (Glyph::Unknown, Meaning::Trip);
    }
    let lights = scene.snapshot.breakers.iter().filter(|row| row.name.ends_with("orders"));
    let worst = lights.map(|row| row.phase).max_by_key(|phase| match phase {
        BreakerPhase::Closed => 0,
        BreakerPhase::HalfOpen => 1,
        BreakerPhase::Open => 2,
        BreakerPhase::Latched => 3,
    });
    worst.map_or((Glyph::Idle, Meaning::Dim), light)
}

fn session(scene: &Scene<'_>) -> String {
    let clock = &scene.snapshot.session;
    let left = |at| format::duration(format::between(scene.snapshot.at, at));
    match (clock.is_open(), clock.next_close, clock.next_open) {
        (true, Some(close), _) => format!("OPEN {}", left(close)),
        (true, None, _) => "OPEN".into(),
        (false, _, Some(open)) => format!("CLOSED {}", left(open)),
        (false, _, None) => "CLOSED".into(),
    }
}

/// Tabs at the left; breaker lights and the word about arming at the right.
fn tabs(scene: &Scene<'_>, size: Size, area: Rect, buffer: &mut Buffer) {
    let mut pen = Pen::new(buffer, area);
    let (word, meaning) = armed(scene);
    pen.write_right(&format!(" {word} "), scene.style(meaning));
    let short = size < Size::Full;
    let room = usize::from(pen.room());
    let names: usize = Tab::ALL.iter().map(|tab| tab_name(*tab, short).width() + 3).sum();
    lights(scene, room.saturating_sub(names), &mut pen);
    // Where not all names find room, the digits alone still tell where one can go.
    let is_named = names <= usize::from(pen.room());
    for (at, tab) in Tab::ALL.into_iter().enumerate() {
        let is_shown = is_named || tab == scene.app.tab;
        let (digit, name) = (at + 1, if is_shown { tab_name(tab, short) } else { "" });
        if scene.app.tab == tab {
            pen.write(&format!("[{digit}]{name} "), scene.style(Meaning::Title));
        } else {
            pen.write(&format!(" {digit} {name}"), scene.style(Meaning::Dim));
        }
    }
}

const fn tab_name(tab: Tab, short: bool) -> &'static str {
    let (long, three) = tab.names();
    if short { three } else { long }
}

fn armed(scene: &Scene<'_>) -> (String, Meaning) {
    if scene.app.keymap.is_read_only() {
        return ("READ ONLY".into(), Meaning::Disarmed);
    }
    match scene.app.armed_for() {
        // A part of a second that is left is shown as a second.
        Some(left) => {
            let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
            (format!("ARMED {}:{:02}", seconds / 60, seconds % 60), Meaning::Armed)
        }
        None => ("DISARMED".into(), Meaning::Disarmed),
    }
}

/// One sign and one name per breaker, those that are not well first; what finds no
/// room is counted.
fn lights(scene: &Scene<'_>, room: usize, pen: &mut Pen<'_>) {
    let mut rows: Vec<_> = scene.snapshot.breakers.iter().collect();
    rows.sort_by_key(|row| light(row.phase).0 == Glyph::Ok);
    let mut used = 0;
    let mut left = rows.len();
    for row in rows {
        let (sign, meaning) = light(row.phase);
        let since = row
            .retry_at
            .map(|at| format!(" {}", format::duration(format::between(scene.snapshot.at, at))));
        let words = format!(" {}{}{}", scene.sign(sign), row.name, since.unwrap_or_default());
        if used + words.width() + 5 > room {
            break;
        }
        used += words.width();
        left -= 1;
        pen.write_right(&words, scene.style(meaning));
    }
    if left > 0 {
        pen.write_right(&format!(" +{left}"), scene.style(Meaning::Dim));
    }
}

/// The newest message at the left, what drawing costs at the right.
fn status(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let mut pen = Pen::new(buffer, area);
    let cost = &scene.cost;
    let words = format!(" ui {} {}fps ", format::duration(cost.frame), cost.rate);
    pen.write_right(&words, scene.style(Meaning::Dim));
    if let Some(toast) = scene.app.toasts.back() {
        let (sign, meaning) = weight(toast.weight);
        let style = scene.style(meaning);
        pen.write(" ", style).write(scene.sign(sign), style).write(" ", style);
        pen.write(&toast.text, style);
    }
}

/// Sign and meaning of a message.
pub(super) const fn weight(weight: Weight) -> (Glyph, Meaning) {
    match weight {
        Weight::Info => (Glyph::Done, Meaning::ToastInfo),
        Weight::Warn => (Glyph::Stale, Meaning::ToastWarn),
        Weight::Trip => (Glyph::Trip, Meaning::ToastTrip),
    }
}

/// Keys of what lies on top; the kill key always, and first.
fn footer(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let app = scene.app;
    let contexts: &[Context] = if app.entry.is_some() {
        &[Context::Input]
    } else if app.dialog.is_some() {
        &[Context::Dialog]
    } else {
        &[Context::Global, Context::Lists, Context::Trading]
    };
    let mut pen = Pen::new(buffer, area);
    let kill = format!(" {} {} ", app.keymap.shown(Action::Kill), Action::Kill.label());
    pen.write_right(&kill, scene.style(Meaning::Danger));
    for (key, label) in app.keymap.footer(contexts) {
        let width = key.width() + label.width() + 3;
        if usize::from(pen.room()) < width {
            break;
        }
        pen.write(" ", scene.style(Meaning::Dim)).write(&key, scene.style(Meaning::Key));
        pen.write(" ", scene.style(Meaning::Dim)).write(label, scene.style(Meaning::Dim));
        pen.write(" ", scene.style(Meaning::Dim));
    }
}

/// Too small for panes: three lines that still say what matters.
fn tiny(scene: &Scene<'_>, plan: &Plan, area: Rect, buffer: &mut Buffer) {
    let account = &scene.snapshot.account;
    let mut pen = Pen::new(buffer, plan.header);
    pen.write(scene.mode().word(), scene.mode_style());
    pen.write(&format!(" {}", format::money(account.nav)), scene.style(Meaning::Text));
    let day = format::signed_money(account.day_pnl);
    pen.write(&format!(" {day}"), scene.style(format::trend(account.day_pnl).1));
    let mut pen = Pen::new(buffer, plan.tabs);
    for row in scene.snapshot.breakers.iter() {
        let (sign, meaning) = light(row.phase);
        let letter = row.name.chars().next().unwrap_or('?').to_ascii_uppercase();
        pen.write(&format!("{letter}{} ", scene.sign(sign)), scene.style(meaning));
    }
    let key = scene.app.keymap.shown(Action::Kill);
    let words = format!("{key} KILL  need 40x10, have {}x{}", area.width, area.height);
    put(buffer, plan.footer, &words, scene.style(Meaning::Danger));
}
