//! Every page of the cockpit over a busy house, and what its rows say in full.

use std::fmt::Write as _;
use std::sync::Arc;

use flightdeck::ui::facts::Mode;
use flightdeck::ui::theme::{GlyphSet, Level};
use flightdeck::view::Snapshot;
use ratatui::buffer::Buffer;
use ratatui::style::{Modifier, Style};

use super::{app, busy, drawn, lines, press, text, theme, told};
use crate::view::shown;

/// The page that a key opens, and what further keys do to it.
fn seen(snapshot: &Snapshot, keys: &str, width: u16, height: u16) -> String {
    let mut app = app();
    told(&mut app, snapshot);
    press(&mut app, keys);
    text(snapshot, &app, width, height)
}

#[test]
fn every_tab_of_a_busy_house() {
    let snapshot = shown(&busy());
    for (keys, name) in [
        ("2", "trades"),
        ("3", "orders"),
        ("4", "risk"),
        ("5", "chart"),
        ("6", "events"),
        ("8", "system"),
    ] {
        let text = seen(&snapshot, keys, 120, 40);
        insta::assert_snapshot!(format!("{name}_120x40"), text);
    }
}

#[test]
fn small_terminals_show_one_pane_in_full() {
    let snapshot = shown(&busy());
    for (keys, width, height, name) in
        [("2", 80, 24, "trades_80x24"), ("5", 60, 20, "chart_60x20"), ("4", 40, 10, "risk_40x10")]
    {
        insta::assert_snapshot!(name, seen(&snapshot, keys, width, height));
    }
}

#[test]
fn enter_says_why_of_a_trade_an_order_and_an_event() {
    let snapshot = shown(&busy());
    insta::assert_snapshot!("why_trade_120x40", seen(&snapshot, "2 enter", 120, 40));
    for (keys, words) in [
        ("3 enter", "Waits for approval: NVDA"),
        ("3 j enter", "Order fd-"),
        ("6 enter", "Event #"),
        ("3 tab enter", "Position "),
    ] {
        let text = seen(&snapshot, keys, 160, 50);
        assert!(text.contains(words), "{keys}\n{text}");
    }
}

#[test]
fn a_record_that_is_longer_than_the_page_is_scrolled() {
    let snapshot = shown(&busy());
    let top = seen(&snapshot, "2 j j enter", 80, 24);
    let down = seen(&snapshot, "2 j j enter G", 80, 24);
    assert_ne!(top, down);
    assert!(down.contains("Notes") || down.contains("Known then"), "{down}");
}

#[test]
fn the_chart_has_intervals_and_looks_back() {
    let snapshot = shown(&busy());
    let now = seen(&snapshot, "5", 120, 40);
    let five = seen(&snapshot, "5 s", 120, 40);
    assert!(now.contains(" 1m ") && five.contains(" 5m "), "{five}");
    let back = seen(&snapshot, "5 j j j", 120, 40);
    assert!(back.contains("back 3"), "{back}");
    assert_ne!(now, back);
}

/// One letter for each style of some lines, and what each letter stands for.
fn styles(buffer: &Buffer, rows: std::ops::Range<u16>) -> String {
    let mut known: Vec<Style> = Vec::new();
    let mut map = String::new();
    for y in rows {
        let text: String = (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect();
        map.push_str(text.trim_end());
        map.push('\n');
        let mut letters = String::new();
        for x in 0..buffer.area.width {
            let cell = &buffer[(x, y)];
            if cell.symbol() == " " && !cell.modifier.contains(Modifier::REVERSED) {
                letters.push(' ');
                continue;
            }
            let at = known.iter().position(|style| *style == cell.style()).unwrap_or_else(|| {
                known.push(cell.style());
                known.len() - 1
            });
            letters.push(char::from(b'a' + u8::try_from(at).unwrap()));
        }
        map.push_str(letters.trim_end());
        map.push('\n');
    }
    for (at, style) in known.iter().enumerate() {
        let letter = char::from(b'a' + u8::try_from(at).unwrap());
        let (fg, bg) = (style.fg.unwrap_or_default(), style.bg.unwrap_or_default());
        let _ = writeln!(map, "{letter} {fg} on {bg} {:?}", style.add_modifier);
    }
    map
}

#[test]
fn the_styles_of_the_header_the_lights_and_the_confirmation() {
    let snapshot = shown(&busy());
    let mut app = app();
    told(&mut app, &snapshot);
    press(&mut app, "a");
    let buffer = drawn(&snapshot, &app, &theme(Level::Sixteen), 80, 24);
    insta::assert_snapshot!("styles_80x24", styles(&buffer, 0..22));
    let mut facts = (*app.facts).clone();
    facts.mode = Mode::Live;
    app.facts = Arc::new(facts);
    app.dialog = None;
    let buffer = drawn(&snapshot, &app, &theme(Level::Sixteen), 80, 24);
    insta::assert_snapshot!("styles_live_80x24", styles(&buffer, 0..2));
}

#[test]
fn the_ascii_set_and_a_screen_without_colour() {
    let snapshot = shown(&busy());
    let mut app = app();
    told(&mut app, &snapshot);
    app.glyphs = GlyphSet::Ascii;
    insta::assert_snapshot!("desk_ascii_120x40", text(&snapshot, &app, 120, 40));
    app.glyphs = GlyphSet::Unicode;
    let with = lines(&drawn(&snapshot, &app, &theme(Level::TrueColour), 120, 40));
    let without = lines(&drawn(&snapshot, &app, &theme(Level::None), 120, 40));
    // Only candles look different: a falling one is not solid without colour.
    let differs = with.chars().zip(without.chars()).filter(|(one, other)| one != other);
    for (one, other) in differs {
        assert!(['█', '▀', '▄'].contains(&one) && other == '▒', "{one} became {other}");
    }
    assert_eq!(with.chars().count(), without.chars().count());
}
