//! What is seen at which size.

use flightdeck::ui::state::Tab;
use flightdeck::ui::theme::GlyphSet;

use super::{app, busy, press, text, told, waiting};
use crate::view::shown;

#[test]
fn the_desk_at_every_size() {
    let snapshot = shown(&busy());
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
