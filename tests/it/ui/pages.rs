//! What is seen at which size.

use flightdeck::domain::money::Money;
use flightdeck::ui::dialog::{Dialog, Question};
use flightdeck::ui::facts::Mode;
use flightdeck::ui::state::Tab;
use flightdeck::ui::theme::GlyphSet;
use flightdeck::view::{BusRow, Precautions, Projector, Setup};

use super::{app, busy, press, text, told, waiting};
use crate::view::{setup, shown};

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
fn an_unusual_approval_says_why_and_what_is_left_of_its_time_by_the_wall() {
    let max_cost = Money::from_dollars(500);
    let precautions = Precautions { max_cost, ..Precautions::default() };
    let mut projector = Projector::new(&Setup { speed: 10, precautions, ..setup() });
    for envelope in &waiting().journal() {
        projector.see(envelope);
    }
    let snapshot = projector.snapshot();
    let mut app = app();
    told(&mut app, &snapshot);
    press(&mut app, "a");
    let seen = text(&snapshot, &app, 120, 40);
    // 60 s of the market.
    for words in [
        "unusual  cost: it costs 877.50, more than 500.00",
        " 6.0s",
        "type  AAPL 5  to send",
        "10x",
    ] {
        assert!(seen.contains(words), "{words}\n{seen}");
    }
}

#[test]
fn prints_are_listed_with_who_came_to_whom_where_there_is_room() {
    let mut cockpit = waiting();
    for (at, size) in [("421.08", 40), ("421.12", 12_300), ("421.10", 100)] {
        cockpit.tick("MSFT", at, size);
    }
    let snapshot = shown(&cockpit);
    let mut app = app();
    told(&mut app, &snapshot);
    for (keys, width, height) in [("1", 160, 50), ("5", 120, 40), ("5 tab tab", 40, 10)] {
        press(&mut app, keys);
        let seen = text(&snapshot, &app, width, height);
        for row in ["421.10 ▬    100", "421.12 ▲B 12.3k", "421.08 ▼S    40"] {
            assert!(seen.contains(row), "{row}\n{seen}");
        }
    }
}

#[test]
fn a_dialog_says_all_its_keys_on_the_smallest_page() {
    let snapshot = shown(&waiting());
    let mut app = app();
    told(&mut app, &snapshot);
    press(&mut app, "a");
    for (dialog, keys) in [
        ("review", ["y send", "x reject", "Esc leave it waiting"].as_slice()),
        ("leave", &["y leave the cockpit", "Esc stay", "Esc stay"]),
    ] {
        if dialog == "leave" {
            app.dialog = Some(Dialog::new(Question::Quit, Mode::Sim, app.now));
        }
        let seen = text(&snapshot, &app, 40, 10);
        for key in keys {
            assert!(seen.contains(key), "{key}\n{seen}");
        }
        let (footer, has_send) = (seen.lines().last().unwrap(), dialog == "review");
        assert_eq!(footer.contains("y send"), has_send, "{seen}");
        assert_eq!(footer.contains("x reject"), has_send, "{seen}");
    }
}

#[test]
fn a_breaker_has_a_light_where_its_name_finds_no_room() {
    let snapshot = shown(&waiting());
    let mut app = app();
    told(&mut app, &snapshot);
    let seen = text(&snapshot, &app, 40, 10);
    assert!(seen.lines().nth(1).unwrap().contains("● DISARMED"), "{seen}");
}

#[test]
fn the_risk_page_tells_what_is_held_by_rule_set_and_how_far_below_the_peak() {
    let mut snapshot = (*shown(&busy())).clone();
    snapshot.falls = [0, 250, 125].map(Money::from_cents).into();
    snapshot.bus = Some(BusRow { is_up: false, since: snapshot.at, reason: "no answer".into() });
    let mut app = app();
    told(&mut app, &snapshot);
    press(&mut app, "4");
    let seen = text(&snapshot, &app, 120, 50);
    for words in ["By rule set", "▁█▄ 2.50", "trend_following"] {
        assert!(seen.contains(words), "{words}\n{seen}");
    }
    let light = |seen: &str| seen.lines().next().unwrap().contains("bus ✖");
    assert!(light(&seen), "{seen}");
    snapshot.bus = None;
    assert!(!light(&text(&snapshot, &app, 120, 50)), "no bus, no light");
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
