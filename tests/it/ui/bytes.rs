//! The bytes that a terminal is sent.

use flightdeck::ui::facts::Mode;
use flightdeck::ui::page;
use flightdeck::ui::state::{App, Moment, Weight};
use flightdeck::ui::terminal::{draw_frame, enter_bytes, leave_bytes};
use flightdeck::ui::theme::Level;
use flightdeck::ui::update::{Msg, update};
use flightdeck::view::Snapshot;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};

use super::{BEGIN, END, Glass, app, holding, scene, theme, told, waiting};
use crate::view::shown;

const WIDTH: u16 = 120;
const HEIGHT: u16 = 40;

/// Draws one frame and returns what was written.
fn drawn(snapshot: &Snapshot, app: &App, level: Level) -> Glass {
    let glass = Glass::default();
    let options = TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, WIDTH, HEIGHT)) };
    let mut terminal =
        Terminal::with_options(CrosstermBackend::new(glass.clone()), options).unwrap();
    let theme = theme(level);
    draw_frame(&mut terminal, |frame| {
        page::draw(frame, &scene(snapshot, app, &theme));
    })
    .unwrap();
    glass
}

/// Every colour of the screen, foreground and background.
fn colours(glass: &Glass) -> Vec<vt100::Color> {
    let parser = glass.seen(WIDTH, HEIGHT);
    let places = (0..HEIGHT).flat_map(|row| (0..WIDTH).map(move |column| (row, column)));
    let cells = places.filter_map(|(row, column)| parser.screen().cell(row, column));
    cells.flat_map(|cell| [cell.fgcolor(), cell.bgcolor()]).collect()
}

#[test]
fn without_colour_no_colour_is_sent_and_states_still_stand_out() {
    let snapshot = shown(&holding());
    let mut app = app();
    told(&mut app, &snapshot);
    let glass = drawn(&snapshot, &app, Level::None);
    assert!(colours(&glass).iter().all(|colour| *colour == vt100::Color::Default));
    let parser = glass.seen(WIDTH, HEIGHT);
    assert!(parser.screen().cell(0, 1).unwrap().bold(), "the mode is bold");
}

#[test]
fn sixteen_colours_are_sixteen_and_256_are_256() {
    let snapshot = shown(&waiting());
    let mut app = app();
    told(&mut app, &snapshot);
    let sixteen = colours(&drawn(&snapshot, &app, Level::Sixteen));
    let is_low = |colour: &vt100::Color| match colour {
        vt100::Color::Default => true,
        vt100::Color::Idx(index) => *index < 16,
        vt100::Color::Rgb(..) => false,
    };
    assert!(sixteen.iter().all(is_low));
    assert!(sixteen.iter().any(|colour| *colour != vt100::Color::Default));
    let indexed = colours(&drawn(&snapshot, &app, Level::Indexed));
    assert!(indexed.iter().all(|colour| !matches!(colour, vt100::Color::Rgb(..))));
    let full = colours(&drawn(&snapshot, &app, Level::TrueColour));
    assert!(full.iter().any(|colour| matches!(colour, vt100::Color::Rgb(..))));
}

#[test]
fn a_frame_is_one_synchronized_update() {
    let snapshot = shown(&holding());
    let text = drawn(&snapshot, &app(), Level::TrueColour).text();
    assert!(text.starts_with(BEGIN));
    // After the frame only the cursor is given back, when the terminal is let go.
    let (_, after) = text.split_once(END).unwrap();
    assert!(["", "\x1b[?25h"].contains(&after), "{after:?}");
    assert_eq!((text.matches(BEGIN).count(), text.matches(END).count()), (1, 1));
}

#[test]
fn foreign_escape_codes_are_not_sent() {
    let snapshot = shown(&holding());
    let mut app = app();
    told(&mut app, &snapshot);
    let hostile = "\x1b]52;c;cm0gLXJm\x07\x1b[2J\u{9b}31m\u{202e}evil\u{200b}";
    let _ = update(&mut app, Msg::Notice(Weight::Trip, hostile.into()), Moment::default());
    app.filters.insert(app.focus, hostile.into());
    let text = drawn(&snapshot, &app, Level::TrueColour).text();
    assert!(text.contains("evil"), "the words themselves are shown");
    for code in ["\x1b]", "\x1b[2J", "\x07", "\u{9b}", "\u{202e}", "\u{200b}"] {
        assert!(!text.contains(code), "{code:?}");
    }
}

#[test]
fn what_is_taken_from_the_terminal_is_given_back() {
    let mut entered = Vec::new();
    enter_bytes(&mut entered, Mode::Live).unwrap();
    let entered = String::from_utf8(entered).unwrap();
    let mut left = Vec::new();
    leave_bytes(&mut left);
    let left = String::from_utf8(left).unwrap();
    for (taken, given_back) in [
        ("\x1b[?1049h", "\x1b[?1049l"),
        ("\x1b[?25l", "\x1b[?25h"),
        ("\x1b[?2004h", "\x1b[?2004l"),
        ("\x1b[?1004h", "\x1b[?1004l"),
    ] {
        assert!(entered.contains(taken), "{taken:?}");
        assert!(left.contains(given_back), "{given_back:?}");
    }
    // In the order that leaves no trace: drawing ends first, the page goes last.
    assert!(left.starts_with(END) && left.ends_with("\x1b[?1049l"), "{left:?}");
    assert!(left.contains("\x1b[?1000l"), "the mouse is given back whether taken or not");
    assert!(entered.contains("LIVE FlightDeck"), "the title begins with the mode");
}
