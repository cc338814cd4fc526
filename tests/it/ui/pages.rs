//! What is seen at which size.

use flightdeck::ui::page;
use flightdeck::ui::state::{App, Moment, Overlay, Pane, Tab};
use flightdeck::ui::theme::{GlyphSet, Level};
use flightdeck::ui::update::{Msg, update};
use flightdeck::view::Snapshot;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{app, holding, scene, theme, told, waiting};
use crate::view::shown;

fn text(snapshot: &Snapshot, app: &App, width: u16, height: u16) -> String {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    let theme = theme(Level::TrueColour).with_glyphs(app.glyphs);
    page::draw_into(&mut buffer, area, &scene(snapshot, app, &theme));
    let line = |row: Rect| -> String {
        let cells = row.columns().filter_map(|place| buffer.cell(place.as_position()));
        cells.map(ratatui::buffer::Cell::symbol).collect::<String>().trim_end().to_owned()
    };
    area.rows().map(line).collect::<Vec<_>>().join("\n")
}

fn press(app: &mut App, keys: &str) {
    for key in keys.split(' ') {
        let chord = key.parse().unwrap();
        let now = Moment(app.now.0 + std::time::Duration::from_millis(500));
        let _ = update(app, Msg::Key { chord, is_repeat: false }, now);
    }
}

#[test]
fn the_desk_at_every_size() {
    let snapshot = shown(&holding());
    let mut app = app();
    told(&mut app, &snapshot);
    for (width, height) in [(160, 50), (120, 40), (80, 24), (60, 20), (40, 10), (20, 5)] {
        insta::assert_snapshot!(
            format!("desk_{width}x{height}"),
            text(&snapshot, &app, width, height)
        );
    }
}

#[test]
fn the_review_of_an_approval_and_the_help() {
    let snapshot = shown(&waiting());
    let mut app = app();
    told(&mut app, &snapshot);
    press(&mut app, "a");
    insta::assert_snapshot!("review_80x24", text(&snapshot, &app, 80, 24));
    press(&mut app, "esc ?");
    insta::assert_snapshot!("help_120x40", text(&snapshot, &app, 120, 40));
    press(&mut app, "esc f12");
    insta::assert_snapshot!("kill_80x24", text(&snapshot, &app, 80, 24));
}

#[test]
fn nothing_panics_at_any_size_on_any_page_with_anything_open() {
    let snapshot = shown(&waiting());
    let mut base = app();
    told(&mut base, &snapshot);
    let theme = theme(Level::TrueColour);
    let opened: [&dyn Fn(&mut App); 5] = [
        &|_| {},
        &|app| press(app, "a"),
        &|app| press(app, ": t"),
        &|app| app.overlay = Some(Overlay::Help),
        &|app| press(app, "ctrl-k"),
    ];
    for (at, (width, height)) in (1..=200_u16)
        .step_by(9)
        .flat_map(|w| (1..=60_u16).step_by(4).map(move |h| (w, h)))
        .enumerate()
    {
        for tab in Tab::ALL {
            let mut app = base.clone();
            app.tab = tab;
            app.focus = tab.panes()[0];
            opened[at % opened.len()](&mut app);
            let area = Rect::new(0, 0, width, height);
            page::draw_into(&mut Buffer::empty(area), area, &scene(&snapshot, &app, &theme));
        }
    }
}

#[test]
fn every_pane_draws_at_every_small_size() {
    let snapshot = shown(&holding());
    let mut app = app();
    told(&mut app, &snapshot);
    let theme = theme(Level::TrueColour);
    for pane in Pane::ALL {
        for (width, height) in (1..=60_u16).flat_map(|w| (1..=12_u16).map(move |h| (w, h))) {
            let area = Rect::new(0, 0, width, height);
            let mut buffer = Buffer::empty(area);
            flightdeck::ui::panels::draw(pane, &scene(&snapshot, &app, &theme), area, &mut buffer);
        }
    }
}

#[test]
fn the_ascii_set_leaves_nothing_beyond_seven_bits() {
    let snapshot = shown(&waiting());
    let mut app = app();
    told(&mut app, &snapshot);
    app.glyphs = GlyphSet::Ascii;
    for tab in Tab::ALL {
        app.tab = tab;
        app.focus = tab.panes()[0];
        let text = text(&snapshot, &app, 120, 40);
        let foreign: String = text.chars().filter(|letter| !letter.is_ascii()).collect();
        assert_eq!(foreign, "", "{tab:?}\n{text}");
    }
}

#[test]
fn the_mode_and_the_kill_key_are_seen_at_every_size() {
    let snapshot = shown(&waiting());
    let mut app = app();
    told(&mut app, &snapshot);
    for (width, height) in [(200, 60), (120, 40), (80, 24), (60, 20), (40, 10), (39, 9), (45, 3)] {
        let text = text(&snapshot, &app, width, height);
        assert!(text.contains("SIM"), "{width}x{height}\n{text}");
        assert!(text.contains("KILL"), "{width}x{height}\n{text}");
    }
}
