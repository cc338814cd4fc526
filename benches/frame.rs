//! One frame of the desk beside a bare ratatui dashboard with as many tables, rows and
//! lines, drawn in turn by one program.
//!
//! Both write through the same backend into nothing, and both show one of two moments
//! of a house, so that about as much changes from frame to frame as in a busy second.
//! The bare one formats what it shows anew, as the desk does, and knows no themes, no
//! filters, no cursor and no breakers. The goal is a ratio of at most 1.3.
//!
//! `cargo bench --bench frame` prints microseconds a frame, median of the rounds, and
//! the ratio; without cargo's `--bench` each draws a few frames once.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

#[path = "../examples/screenshot/house.rs"]
mod house;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use flightdeck::bus::clock::Stopwatch;
use flightdeck::ui::facts::Facts;
use flightdeck::ui::keymap::Keymap;
use flightdeck::ui::page;
use flightdeck::ui::scene::{Cost, Scene};
use flightdeck::ui::state::{App, Moment, Pane};
use flightdeck::ui::theme::{Catalogue, GlyphSet, Level, Theme};
use flightdeck::ui::update::{Msg, update};
use flightdeck::view::Snapshot;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Constraint, Rect};
use ratatui::style::{Color, Style};
use ratatui::text::Line;
use ratatui::widgets::{Block, Paragraph, Row, Table};
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};

const ROUNDS: usize = 9;

fn main() -> Result<(), Box<dyn Error>> {
    let is_measured = std::env::args().any(|argument| argument == "--bench");
    let (rounds, frames) = if is_measured { (ROUNDS, 400) } else { (1, 4) };
    let moments = house::run()?;
    for (width, height) in [(120, 40), (200, 60)] {
        compare(&moments, Rect::new(0, 0, width, height), (rounds, frames))?;
    }
    Ok(())
}

fn compare(
    moments: &[Arc<Snapshot>; 2],
    area: Rect,
    (rounds, frames): (usize, usize),
) -> Result<(), Box<dyn Error>> {
    let mut desk = Desk::new(moments)?;
    let (mut ours, mut theirs) = (screen(area)?, screen(area)?);
    let mut pairs = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let desk = time(frames, |at| drop(ours.draw(|frame| desk.draw(at, frame))));
        let bare = time(frames, |at| {
            let snapshot = &moments[at % 2];
            drop(theirs.draw(|frame| bare(snapshot, frame)));
        });
        pairs.push((desk, bare));
    }
    let middle = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    println!(
        "{}x{}: desk {:.1} us, bare dashboard {:.1} us, ratio {:.2}",
        area.width,
        area.height,
        middle(pairs.iter().map(|(desk, _)| *desk).collect()),
        middle(pairs.iter().map(|(_, bare)| *bare).collect()),
        middle(pairs.iter().map(|(desk, bare)| desk / bare).collect())
    );
    Ok(())
}

type Screen = Terminal<CrosstermBackend<std::io::Sink>>;

fn screen(area: Rect) -> std::io::Result<Screen> {
    let options = TerminalOptions { viewport: Viewport::Fixed(area) };
    Terminal::with_options(CrosstermBackend::new(std::io::sink()), options)
}

/// Microseconds of a frame.
fn time(frames: usize, mut draw: impl FnMut(usize)) -> f64 {
    let watch = Stopwatch::start();
    (0..frames).for_each(&mut draw);
    let frames = u32::try_from(frames).expect("few");
    watch.elapsed().as_secs_f64() * 1e6 / f64::from(frames)
}

/// The real desk.
struct Desk {
    moments: [Arc<Snapshot>; 2],
    app: App,
    theme: Theme,
}

impl Desk {
    fn new(moments: &[Arc<Snapshot>; 2]) -> Result<Self, Box<dyn Error>> {
        let catalogue = Catalogue::default();
        let keymap = Arc::new(Keymap::shipped());
        let mut app = App::new(keymap, catalogue.names().into(), "dark", GlyphSet::Unicode);
        app.rows.insert(Pane::Watchlist, 7);
        let facts = Arc::new(Facts::of(&moments[0], &app));
        // Nothing has to be done for a picture.
        let _ = update(&mut app, Msg::Facts(facts), Moment::default());
        let (theme, _) = catalogue.load("dark", Level::TrueColour)?;
        Ok(Self { moments: moments.clone(), app, theme })
    }

    fn draw(&mut self, at: usize, frame: &mut Frame<'_>) {
        let cost = Cost { frame: Duration::from_micros(300), rate: 30 };
        let snapshot = &self.moments[at % 2];
        page::draw(frame, &Scene { snapshot, app: &self.app, theme: &self.theme, cost });
    }
}

fn titled(name: &str) -> Block<'_> {
    Block::bordered().title(name).border_style(Style::new().fg(Color::DarkGray))
}

fn table<const N: usize>(
    frame: &mut Frame<'_>,
    area: Rect,
    name: &str,
    (heading, widths): ([&'static str; N], [u16; N]),
    rows: impl Iterator<Item = [String; N]>,
) {
    let room = usize::from(area.height.saturating_sub(3));
    let made = rows.take(room).map(Row::new);
    let table = Table::new(made, widths.map(Constraint::Length))
        .header(Row::new(heading))
        .column_spacing(1)
        .style(Style::new().fg(Color::White))
        .block(titled(name));
    frame.render_widget(table, area);
}

/// The same tables, rows and lines without anything that makes them a cockpit.
fn bare(snapshot: &Snapshot, frame: &mut Frame<'_>) {
    let page = frame.area();
    let line = |y| Rect { y, height: 1, ..page };
    let account = &snapshot.account;
    let header = format!(
        " SIM  NAV {}  DAY {}  EXP {}  {}",
        account.nav, account.day_pnl, account.gross, snapshot.at
    );
    frame.render_widget(Paragraph::new(header), line(0));
    frame
        .render_widget(Paragraph::new("1 Desk 2 Trades 3 Orders 4 Risk 5 Chart 6 Events"), line(1));
    let foot = page.height - 2;
    frame.render_widget(Paragraph::new("ui 0ms 30fps").right_aligned(), line(foot));
    frame.render_widget(Paragraph::new("? help : cmd / filter Tab pane z zoom"), line(foot + 1));
    cards(snapshot, frame, Rect { y: 2, height: 7, ..page });
    let rest = page.height - 4 - 15;
    let (events, market) = (rest / 3, rest - rest / 3);
    let row = Rect { y: 9, height: market, ..page };
    market_row(snapshot, frame, row);
    let row = Rect { y: 9 + market, height: 8, ..page };
    holdings(snapshot, frame, row);
    let row = Rect { y: 17 + market, height: events, ..page };
    let lines = snapshot.log.iter().rev().map(|line| {
        let symbol = line.symbol.map(|symbol| symbol.to_string()).unwrap_or_default();
        [line.at.to_string(), line.name.into(), symbol, line.source.name().into(), line.text()]
    });
    let heading = ["TIME", "EVENT", "SYMBOL", "BY", ""];
    table(frame, row, "Events", (heading, [12, 26, 6, 9, 60]), lines);
}

fn cards(snapshot: &Snapshot, frame: &mut Frame<'_>, row: Rect) {
    let width = row.width / 5;
    for (at, name) in (0..).zip(["MARKET", "STRATEGY", "RISK", "ORDERS", "POSITIONS"]) {
        let area = Rect { x: at * width, width, ..row };
        let figures = [
            snapshot.watch.len(),
            snapshot.trades.len(),
            snapshot.working.len(),
            snapshot.positions.len(),
            snapshot.approvals.len(),
        ];
        let lines = figures.map(|figure| Line::from(format!("figure {figure:>13}")));
        frame.render_widget(Paragraph::new(lines.to_vec()).block(titled(name)), area);
    }
}

fn market_row(snapshot: &Snapshot, frame: &mut Frame<'_>, row: Rect) {
    let third = row.width / 3;
    let price = |price: Option<flightdeck::domain::money::Price>| {
        price.map(|price| price.to_string()).unwrap_or_default()
    };
    let rows = snapshot.watch.iter().map(|row| {
        let change = row.change_ratio().map(|ratio| ratio.to_string()).unwrap_or_default();
        [row.symbol.to_string(), price(row.last), change, row.volume.to_string()]
    });
    let heading = ["SYM", "LAST", "CHG%", "VOL"];
    let area = Rect { width: third, ..row };
    table(frame, area, "Watchlist", (heading, [6, 10, 8, 6]), rows);
    // A line of text for every line of candles.
    let area = Rect { x: third, width: third, ..row };
    let inner = usize::from(third.saturating_sub(2));
    let lines: Vec<Line<'_>> = (2..row.height)
        .map(|_| Line::styled("█".repeat(inner), Style::new().fg(Color::Green)))
        .collect();
    frame.render_widget(Paragraph::new(lines).block(titled("Chart")), area);
    let finished = snapshot.finished.iter().rev().map(|row| &**row);
    let rows = snapshot.trades.iter().rev().chain(finished).map(|row| {
        let state = row.phase.to_string();
        [row.symbol.to_string(), state, row.since.to_string(), row.reason.to_string()]
    });
    let area = Rect { x: third * 2, width: row.width - third * 2, ..row };
    table(frame, area, "Trades", (["SYM", "WAY", "FOR", "STATE"], [6, 9, 5, 10]), rows);
}

fn holdings(snapshot: &Snapshot, frame: &mut Frame<'_>, row: Rect) {
    let half = row.width / 2;
    let rows = snapshot.positions.iter().map(|row| {
        [
            row.symbol.to_string(),
            row.quantity.to_string(),
            row.unrealized.to_string(),
            row.stop.map(|stop| stop.to_string()).unwrap_or_default(),
            row.last.to_string(),
            row.r.map(|r| r.to_string()).unwrap_or_default(),
        ]
    });
    let heading = ["SYM", "QTY", "uPnL", "STOP", "LAST", "R"];
    let area = Rect { width: half, ..row };
    table(frame, area, "Positions", (heading, [6, 6, 11, 11, 9, 5]), rows);
    let done = snapshot.done.iter().rev().map(|row| &**row);
    let rows = snapshot.working.iter().chain(done).map(|row| {
        [
            row.side.name().to_uppercase(),
            row.quantity.to_string(),
            row.symbol.to_string(),
            row.phase.to_string(),
            row.sent_at.to_string(),
            row.average.map(|price| price.to_string()).unwrap_or_default(),
            row.note.to_string(),
        ]
    });
    let heading = ["SIDE", "QTY", "SYM", "STATE", "AGE", "PX", "KIND"];
    let area = Rect { x: half, width: row.width - half, ..row };
    table(frame, area, "Orders", (heading, [4, 6, 6, 10, 5, 9, 5]), rows);
}
