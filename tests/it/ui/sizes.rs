//! Nothing panics, whatever the size, the page and what lies over it.

use flightdeck::ui::page;
use flightdeck::ui::panels;
use flightdeck::ui::state::{App, Overlay, Pane, Tab};
use flightdeck::ui::theme::{Level, Theme};
use flightdeck::view::Snapshot;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{app, busy, press, scene, theme, told};
use crate::view::shown;

/// All widths at a few heights, and all heights at a few widths.
fn sizes() -> impl Iterator<Item = (u16, u16)> {
    let wide = (1..=200).flat_map(|width| [1, 2, 5, 12, 33].map(|height| (width, height)));
    let high = (1..=60).flat_map(|height| [1, 3, 24, 59, 81, 131].map(|width| (width, height)));
    wide.chain(high)
}

fn draw(pane: Pane, snapshot: &Snapshot, app: &App, theme: &Theme, (width, height): (u16, u16)) {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    panels::draw(pane, &scene(snapshot, app, theme), area, &mut buffer);
}

#[test]
fn every_pane_draws_at_every_size() {
    let snapshot = shown(&busy());
    let mut app = app();
    told(&mut app, &snapshot);
    let theme = theme(Level::TrueColour);
    for pane in Pane::ALL {
        app.focus = pane;
        for size in sizes() {
            draw(pane, &snapshot, &app, &theme, size);
        }
    }
}

#[test]
fn every_pane_draws_when_there_is_nothing_to_show() {
    let snapshot = shown(&crate::support::cockpit::Cockpit::new(&crate::support::cockpit::rules()));
    let mut app = app();
    told(&mut app, &snapshot);
    let theme = theme(Level::TrueColour);
    for pane in Pane::ALL {
        for size in sizes().step_by(7) {
            draw(pane, &snapshot, &app, &theme, size);
        }
    }
}

#[test]
fn every_page_draws_with_anything_open() {
    let snapshot = shown(&busy());
    let mut base = app();
    told(&mut base, &snapshot);
    let theme = theme(Level::TrueColour);
    let opened: [&dyn Fn(&mut App); 6] = [
        &|_| {},
        &|app| press(app, "a"),
        &|app| press(app, ": t"),
        &|app| app.overlay = Some(Overlay::Help),
        &|app| press(app, "enter G"),
        &|app| press(app, "ctrl-k"),
    ];
    for (at, (width, height)) in sizes().step_by(5).enumerate() {
        for tab in Tab::ALL {
            let mut app = base.clone();
            app.tab = tab;
            app.focus = tab.panes()[at % tab.panes().len()];
            opened[at % opened.len()](&mut app);
            let area = Rect::new(0, 0, width, height);
            page::draw_into(&mut Buffer::empty(area), area, &scene(&snapshot, &app, &theme));
        }
    }
}
