//! Draws the cockpit of a short seeded run as a picture:
//! `cargo run --example screenshot docs/cockpit.svg`.
//!
//! The run is the real house on the embedded market, by plain calls on one thread, and
//! the picture is the real desk: the same seed gives the same file to the byte. A last
//! argument of three letters or more names another page, such as `trades`.

#![expect(clippy::print_stderr, reason = "an example says what it did")]

mod house;
mod picture;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use flightdeck::ui::facts::Facts;
use flightdeck::ui::keymap::Keymap;
use flightdeck::ui::page;
use flightdeck::ui::scene::{Cost, Scene};
use flightdeck::ui::state::{App, Moment, Pane, Tab};
use flightdeck::ui::theme::{Catalogue, GlyphSet, Level};
use flightdeck::ui::update::{Msg, update};
use flightdeck::view::Snapshot;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const SIZE: Rect = Rect::new(0, 0, 120, 40);

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: screenshot FILE.svg [PAGE]")?;
    let tab = arguments.next().and_then(|name| {
        Tab::ALL.into_iter().find(|tab| tab.names().0.eq_ignore_ascii_case(&name))
    });
    let [_, snapshot] = house::run()?;
    let buffer = drawn(&snapshot, tab.unwrap_or_default())?;
    std::fs::write(&path, picture::svg(&buffer))?;
    eprintln!("{path}: event {} of seed {}", snapshot.seq, house::SEED);
    Ok(())
}

fn drawn(snapshot: &Snapshot, tab: Tab) -> Result<Buffer, Box<dyn Error>> {
    let catalogue = Catalogue::default();
    let keymap = Arc::new(Keymap::shipped());
    let themes = catalogue.names().into();
    let mut app = App::new(keymap, themes, "dark", GlyphSet::Unicode);
    let (theme, _) = catalogue.load("dark", Level::TrueColour)?;
    app.tab = tab;
    app.focus = tab.panes().first().copied().unwrap_or(Pane::Watchlist);
    if tab == Tab::Desk {
        app.focus = Pane::Watchlist;
        let held = snapshot.positions.first().map(|row| row.symbol);
        let row = snapshot.watch.iter().position(|row| Some(row.symbol) == held);
        app.rows.insert(Pane::Watchlist, row.unwrap_or(0));
    }
    let facts = Arc::new(Facts::of(snapshot, &app));
    // Nothing has to be done for a picture.
    let _ = update(&mut app, Msg::Facts(facts), Moment::default());
    let cost = Cost { frame: Duration::from_micros(300), rate: 30 };
    let mut buffer = Buffer::empty(SIZE);
    page::draw_into(&mut buffer, SIZE, &Scene { snapshot, app: &app, theme: &theme, cost });
    Ok(buffer)
}
