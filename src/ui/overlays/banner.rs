//! The banner of a halt by hand: what was done, and what still has to be confirmed.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::ui::format;
use crate::ui::keymap::Action;
use crate::ui::overlays::popup::{Look, popup};
use crate::ui::scene::Scene;
use crate::ui::state::Moment;
use crate::ui::theme::Meaning;
use crate::ui::widgets::put;
use crate::view::TradingPhase;

/// Draws the banner.
pub(super) fn draw(scene: &Scene<'_>, since: Moment, page: Rect, buffer: &mut Buffer) {
    let style = scene.style(Meaning::Trip);
    let lines = scene.theme.glyphs().border_live();
    let look = Look { title: "K I L L", note: scene.mode().word(), lines, style };
    let inside = popup(scene, look, (60, 8), page, buffer);
    let phase = scene.snapshot.trading.phase;
    let entries = scene.app.facts.orders.iter();
    let open = entries.filter(|order| order.is_working && !order.is_protective).count();
    let state = match phase {
        TradingPhase::Halted | TradingPhase::Flatten => format!("the house is {phase}"),
        TradingPhase::Active | TradingPhase::Reducing => {
            format!("the gate is closed; the house still says {phase}")
        }
    };
    let confirmed = if open == 0 {
        "no entry order works".to_owned()
    } else {
        format!("NOT CONFIRMED: {open} entry orders")
    };
    let cards = &scene.snapshot.cards.positions;
    let back = scene.app.keymap.shown(Action::Back);
    let rows = [
        format!("pressed {} ago", format::duration(scene.app.now.since(since))),
        state,
        confirmed,
        format!("positions {}, protected {}, naked {}", cards.open, cards.protected, cards.naked),
        format!("{back} closes this; :resume trades again (armed and typed)"),
    ];
    for (line, text) in inside.rows().zip(&rows) {
        put(buffer, line, &format!(" {text}"), style);
    }
}
