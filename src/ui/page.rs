//! One whole picture: header, tabs and breaker lights, panes, status, keys, and what
//! lies over them. Reading order is the order of danger: mode and money first.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use crate::ui::format;
use crate::ui::header::header;
use crate::ui::keymap::{Action, Context};
use crate::ui::layout::{Plan, Size, plan};
use crate::ui::panels::breakers::light;
use crate::ui::scene::Scene;
use crate::ui::state::{Tab, Weight};
use crate::ui::theme::{Glyph, GlyphSet, Meaning};
use crate::ui::widgets::{Pen, put};
use crate::ui::{overlays, panels};

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

/// Tabs at the left; breaker lights and the word about arming at the right.
fn tabs(scene: &Scene<'_>, size: Size, area: Rect, buffer: &mut Buffer) {
    let mut pen = Pen::new(buffer, area);
    let (word, meaning) = armed(scene);
    pen.write_right(&format!(" {word} "), scene.style(meaning));
    let short = size < Size::Full;
    let room = usize::from(pen.room());
    // The tab that is shown takes a column more, for its bracket.
    let names = Tab::ALL.iter().map(|tab| tab_name(*tab, short).width() + 3).sum::<usize>() + 1;
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
/// room is counted, with the sign of the worst of them.
fn lights(scene: &Scene<'_>, room: usize, pen: &mut Pen<'_>) {
    let mut rows: Vec<_> = scene.snapshot.breakers.iter().collect();
    rows.sort_by_key(|row| light(row.phase).0 == Glyph::Ok);
    let mut used = 0;
    let mut left = rows.len();
    let mut worst = None;
    for row in rows {
        let (sign, meaning) = light(row.phase);
        let since = row
            .retry_at
            .map(|at| format!(" {}", format::duration(format::between(scene.snapshot.at, at))));
        let words = format!(" {}{}{}", scene.sign(sign), row.name, since.unwrap_or_default());
        if used + words.width() + 5 > room {
            worst = Some((sign, meaning));
            break;
        }
        used += words.width();
        left -= 1;
        pen.write_right(&words, scene.style(meaning));
    }
    if let Some((sign, meaning)) = worst {
        if left > 1 {
            pen.write_right(&format!("+{left}"), scene.style(Meaning::Dim));
        }
        pen.write_right(&format!(" {}", scene.sign(sign)), scene.style(meaning));
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
    let keys = match (&app.entry, &app.dialog) {
        (Some(_), _) => app.keymap.footer(&[Context::Input]),
        (None, Some(dialog)) => overlays::dialog_footer(dialog)
            .into_iter()
            .map(|(action, label)| (app.keymap.shown(action), label))
            .filter(|(key, _)| !key.is_empty())
            .collect(),
        (None, None) => app.keymap.footer(&[Context::Global, Context::Lists, Context::Trading]),
    };
    let mut pen = Pen::new(buffer, area);
    let kill = format!(" {} {} ", app.keymap.shown(Action::Kill), Action::Kill.label());
    pen.write_right(&kill, scene.style(Meaning::Danger));
    for (key, label) in keys {
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
    let day = format!(" {}", format::signed_money(account.day_pnl));
    // A number that is cut off lies.
    if day.width() <= usize::from(pen.room()) {
        pen.write(&day, scene.style(format::trend(account.day_pnl).1));
    }
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
