//! Texts from elsewhere that try to steer the terminal.

use std::sync::Arc;

use flightdeck::ui::page;
use flightdeck::ui::state::{App, Tab};
use flightdeck::ui::terminal::draw_frame;
use flightdeck::ui::theme::Level;
use flightdeck::view::{AlertRow, Detail, IntelRow, LinkLine, Severity, Snapshot};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use rust_decimal::dec;

use super::{Glass, app, busy, press, scene, theme, told};
use crate::view::shown;

const TEXTS: u32 = 500;

/// The hostile text of a number: escape codes, controls, directions, marks, wide
/// letters, in every order.
fn hostile(number: u32) -> String {
    const PARTS: [&str; 20] = [
        "\u{1b}[2J",
        "\u{1b}]52;c;cm0gLXJm\u{7}",
        "\u{9b}31m",
        "\u{202e}evil",
        "\u{200b}",
        "\r\n",
        "\t",
        "\u{8}\u{8}",
        "\u{1b}c",
        "\u{1b}P1$r\u{1b}\\",
        "\u{0}",
        "\u{7f}",
        "日本語",
        "e\u{301}",
        "\u{1b}[?1049l",
        "\u{1b}[999;999H",
        "👩\u{200d}👩\u{200d}👧",
        "\u{feff}",
        "\u{90}q",
        "plain",
    ];
    let mut lot = number.wrapping_mul(2_654_435_761).wrapping_add(12_345);
    let mut text = String::new();
    for _ in 0..6 {
        lot = lot.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        text.push_str(PARTS[usize::try_from(lot >> 16).unwrap() % PARTS.len()]);
    }
    text
}

/// A snapshot whose every free text is hostile, past the cleaning of the read model.
fn poisoned(clean: &Snapshot, number: u32) -> Snapshot {
    let mut snapshot = clean.clone();
    let text = |salt: u32| -> Box<str> { hostile(number * 7 + salt).into() };
    for row in Arc::make_mut(&mut snapshot.breakers) {
        row.reason = text(1);
        row.name = text(2);
    }
    for row in Arc::make_mut(&mut snapshot.trades) {
        row.strategy = text(3);
        row.reason = text(4);
    }
    for row in Arc::make_mut(&mut snapshot.working) {
        row.note = text(5);
    }
    for row in Arc::make_mut(&mut snapshot.feeds) {
        row.feed = text(6);
    }
    let (at, seq) = (snapshot.at, snapshot.seq);
    let severity = Severity::Warning;
    Arc::make_mut(&mut snapshot.alerts).push_back(AlertRow { seq, at, severity, text: text(7) });
    Arc::make_mut(&mut snapshot.intel).push_back(IntelRow {
        at,
        symbols: Arc::default(),
        client: text(11),
        text: text(8),
        link: Some(Arc::new(evidence(&text))),
    });
    Arc::make_mut(&mut snapshot.run).account = text(9);
    Arc::make_mut(&mut snapshot.cards).market.health.note = text(10);
    snapshot
}

/// A link of which every text is hostile.
fn evidence(text: &impl Fn(u32) -> Box<str>) -> LinkLine {
    LinkLine {
        email: text(12),
        written_at: None,
        subject: text(13),
        title: text(14),
        score: dec!(0.5),
        segment: Some(1),
        offset_ms: None,
        said_at: None,
        speaker: text(15),
        said: text(16),
        words: [text(17)].into(),
        people: [text(18)].into(),
        entities: [text(19)].into(),
    }
}

fn bytes(snapshot: &Snapshot, app: &App) -> String {
    let glass = Glass::default();
    let options = TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, 120, 40)) };
    let mut terminal =
        Terminal::with_options(CrosstermBackend::new(glass.clone()), options).unwrap();
    let theme = theme(Level::TrueColour);
    draw_frame(&mut terminal, |frame| {
        page::draw(frame, &scene(snapshot, app, &theme));
    })
    .unwrap();
    glass.text()
}

/// What the renderer says by itself: placing the cursor, styles, the marks of a frame,
/// the cursor itself.
fn is_own(sequence: &str) -> bool {
    let Some(body) = sequence.strip_prefix("\x1b[") else { return false };
    let Some(last) = body.chars().last() else { return false };
    let numbers = body.trim_end_matches(last);
    match last {
        'H' | 'm' => numbers.chars().all(|letter| letter.is_ascii_digit() || ";:".contains(letter)),
        'h' | 'l' => ["?2026", "?25"].contains(&numbers),
        _ => false,
    }
}

/// Escape sequences of a text, each to its final byte.
fn sequences(text: &str) -> Vec<String> {
    let parts = text.split('\x1b').skip(1);
    let ends = |part: &str| part.find(|letter: char| letter.is_ascii_alphabetic());
    parts
        .map(|part| {
            let end = ends(part).map_or(part.len(), |at| at + 1);
            format!("\x1b{}", part.get(..end).unwrap_or(part))
        })
        .collect()
}

#[test]
fn of_500_hostile_texts_nothing_but_letters_reaches_the_terminal() {
    let clean = shown(&busy());
    let mut screen = app();
    told(&mut screen, &clean);
    let hostile_texts: Vec<String> = (0..TEXTS).map(hostile).collect();
    assert!(hostile_texts.iter().filter(|text| text.contains('\x1b')).count() > 300);
    for (number, text) in (0..TEXTS).zip(&hostile_texts) {
        let snapshot = poisoned(&clean, number);
        let mut app = screen.clone();
        let tab = Tab::ALL[usize::try_from(number).unwrap() % Tab::ALL.len()];
        app.tab = tab;
        app.focus = tab.panes()[0];
        app.filters.insert(app.focus, text.clone());
        if number % 3 == 0 {
            press(&mut app, "enter");
        }
        let sent = bytes(&snapshot, &app);
        for sequence in sequences(&sent) {
            assert!(is_own(&sequence), "{sequence:?} of {text:?} on {tab:?}");
        }
        let foreign = sent.chars().find(|letter| letter.is_control() && *letter != '\x1b');
        assert_eq!(foreign, None, "{text:?} on {tab:?}");
    }
}

#[test]
fn the_judge_of_bytes_can_find_fault() {
    for (sequence, own) in [
        ("\x1b[3;7H", true),
        ("\x1b[38;2;1;2;3m", true),
        ("\x1b[?2026h", true),
        ("\x1b[2J", false),
        ("\x1b]52", false),
        ("\x1b[?1049l", false),
    ] {
        assert_eq!(is_own(sequence), own, "{sequence:?}");
    }
    assert_eq!(Detail::Nothing.to_string(), "");
}
