//! The five agents in the order of a trade's way: five cards beside each other, or a
//! line each where there is little room. What a card says is in `cards`.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::ui::format;
use crate::ui::panels::cards;
use crate::ui::scene::Scene;
use crate::ui::state::Pane;
use crate::ui::theme::{Glyph, Meaning};
use crate::ui::widgets::{Cell, Column, Field, Heading, Table, fields, framed, pane};
use crate::view::{AgentHealth, AgentState};

/// Five cards of 20 columns still hold a number with its name.
const CARDS_FROM: u16 = 100;
const CARDS: u16 = 5;

const COLUMNS: [Column; 4] = [
    Column::text("AGENT", 9),
    Column::text("STATE", 10),
    Column::number("HEARD", 6),
    Column::text("", 20),
];

/// Draws the agents.
pub(super) fn draw(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    if area.width >= CARDS_FROM && area.height > 3 {
        each(scene, area, buffer);
    } else {
        lines(scene, area, buffer);
    }
}

fn each(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let is_focused = scene.app.focus == Pane::Agents;
    let chosen = scene.app.row(Pane::Agents).min(usize::from(CARDS) - 1);
    // What rounding leaves goes to the last one.
    let width = area.width / CARDS;
    let all = cards::all(scene);
    for (number, (at, card)) in (0..CARDS).zip(&all).enumerate() {
        let x = area.x + at * width;
        let width = if at + 1 == CARDS { area.right() - x } else { width };
        let place = Rect { x, width, ..area };
        let heard = heard(scene, card.health);
        let heading = Heading {
            name: card.name,
            note: &heard,
            filter: None,
            is_focused: is_focused && number == chosen,
        };
        let inside = framed(scene, heading, place, buffer);
        let (sign, meaning, word) = state(card.health);
        let note = if card.health.note.is_empty() { card.word } else { &card.health.note };
        let room = usize::from(inside.width).saturating_sub(word.len() + 4);
        let words = format::fit(note, room, scene.sign(Glyph::More));
        let first = Field::of(
            Cell::new(format!("{} {word}", scene.sign(sign)), meaning),
            Cell::new(words, Meaning::Dim),
        );
        let top = Rect { height: inside.height.min(1), ..inside };
        fields(scene, &[first], top, buffer);
        let y = inside.y.saturating_add(top.height);
        let rest = Rect { y, height: inside.height - top.height, ..inside };
        fields(scene, &card.fields, rest, buffer);
    }
}

fn lines(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let profit = format::signed_money(scene.snapshot.account.unrealized);
    let inside = pane(scene, Pane::Agents, &format!("uPnL {profit}"), area, buffer);
    let all = cards::all(scene);
    let table = Table { pane: Pane::Agents, columns: &COLUMNS, rows: all.len(), empty: "" };
    table.draw(scene, inside, buffer, |row| {
        let Some(card) = all.get(row) else { return Vec::new() };
        let (sign, meaning, word) = state(card.health);
        vec![
            Cell::new(card.name, Meaning::Accent),
            Cell::new(format!("{} {word}", scene.sign(sign)), meaning),
            Cell::new(heard(scene, card.health), Meaning::Dim),
            Cell::plain(card.line.as_str()),
        ]
    });
}

/// How long ago it said something.
fn heard(scene: &Scene<'_>, health: &AgentHealth) -> String {
    let age = health.spoke_at.map(|spoke| format::age(spoke, scene.snapshot.at));
    format!("{} {}", scene.sign(Glyph::Heart), age.as_deref().unwrap_or(format::ABSENT))
}

/// Sign, meaning and word of an agent's state. One that speaks sits in its seat, also
/// when nobody has said so.
const fn state(health: &AgentHealth) -> (Glyph, Meaning, &'static str) {
    match health.state {
        AgentState::Unknown if health.spoke_at.is_none() => (Glyph::Idle, Meaning::Dim, "idle"),
        AgentState::Unknown | AgentState::Seated => (Glyph::Ok, Meaning::Ok, "ok"),
        AgentState::Rebuilt => (Glyph::Near, Meaning::Warn, "REBUILT"),
        AgentState::Failed => (Glyph::Trip, Meaning::Trip, "FAILED"),
        AgentState::Retired => (Glyph::Trip, Meaning::Trip, "RETIRED"),
    }
}
