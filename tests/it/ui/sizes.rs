//! Nothing panics, whatever the size, the page and what lies over it.

use std::sync::Arc;
use std::time::Duration;

use flightdeck::ui::page;
use flightdeck::ui::panels;
use flightdeck::ui::state::{App, Overlay, Pane, Tab};
use flightdeck::ui::theme::{Level, Theme};
use flightdeck::view::{JournalFacts, Machine, QueueRow, Snapshot, Trading, TradingPhase};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{app, busy, press, scene, text, theme, told, waiting};
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

#[test]
fn what_lies_over_the_page_covers_neither_halted_nor_the_kill_key() {
    let mut snapshot = Snapshot::clone(&shown(&busy()));
    let why = Trading { phase: TradingPhase::Halted, reason: "by hand".into(), since: None };
    snapshot.trading = Arc::new(why);
    let mut base = app();
    told(&mut base, &snapshot);
    for keys in ["1", "?", "? G", "3 enter", "2 enter", "6 enter", "a", "q", "ctrl-k", ": t", "/"] {
        for (width, height) in [(40, 10), (80, 24), (120, 40), (200, 60)] {
            let mut app = base.clone();
            press(&mut app, keys);
            let seen = text(&snapshot, &app, width, height);
            let lines: Vec<&str> = seen.lines().collect();
            let place = format!("{keys} at {width}x{height}\n{seen}");
            assert!(lines[0].contains("HALTED"), "{place}");
            assert!(lines[0].contains("SIM"), "{place}");
            assert!(lines[usize::from(height) - 1].contains("^K KILL"), "{place}");
        }
    }
}

#[test]
fn the_help_shows_every_action_whole_when_it_is_scrolled() {
    let snapshot = shown(&waiting());
    let mut app = app();
    told(&mut app, &snapshot);
    press(&mut app, "?");
    for (width, height) in [(40, 10), (80, 24), (120, 40), (200, 60)] {
        app.help_row = 0;
        let mut seen = String::new();
        for _ in 0..100 {
            seen += &text(&snapshot, &app, width, height);
            press(&mut app, "j");
        }
        for action in flightdeck::ui::keymap::Action::ALL {
            for word in action.help().split(' ') {
                assert!(seen.contains(word), "{word} at {width}x{height}");
            }
        }
    }
}

#[test]
fn the_orders_pane_counts_what_waits_also_in_forty_columns() {
    let snapshot = shown(&waiting());
    let mut app = app();
    told(&mut app, &snapshot);
    press(&mut app, "3");
    let seen = text(&snapshot, &app, 40, 10);
    assert!(seen.contains("1 waiting"), "{seen}");
}

#[test]
fn the_program_itself_is_on_the_system_page_and_a_journal_that_hangs_in_the_header() {
    let mut snapshot = Snapshot::clone(&shown(&waiting()));
    let journal = JournalFacts {
        unsynced: 12,
        oldest_unsynced: Some(Duration::from_secs(7)),
        since_sync: Some(Duration::from_secs(8)),
        syncing: Some(Duration::from_secs(4)),
        ..JournalFacts::default()
    };
    let queue = QueueRow { name: "spine", waiting: 3, most: Some(1_024) };
    let machine = Machine {
        journal: Some(journal),
        memory: Some(96 << 20),
        queues: vec![queue],
        ..Machine::default()
    };
    snapshot.machine = Arc::new(machine);
    let mut app = app();
    told(&mut app, &snapshot);
    press(&mut app, "8");
    let seen = text(&snapshot, &app, 120, 40);
    for words in
        ["jnl ✖", "✖ HANGS, syncing 4.0s", "12, oldest 7.0s", "8.0s ago", "96 MiB", "3 of 1,024"]
    {
        assert!(seen.contains(words), "{words}\n{seen}");
    }
    let small = text(&snapshot, &app, 40, 10);
    assert!(small.lines().next().unwrap().contains("j✖"), "{small}");
}
