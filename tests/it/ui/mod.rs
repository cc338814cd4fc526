//! The screen over real runs: what it costs, which bytes a terminal is sent, what is
//! seen at which size.

mod budgets;
mod bytes;
mod hostile;
mod operating;
mod pages;
mod sizes;
mod tabs;

use std::io::{self, Write};
use std::num::NonZeroU16;
use std::sync::{Arc, Mutex};

use flightdeck::agents::risk_management::Approval;
use flightdeck::domain::ids::AgentId;
use flightdeck::domain::order::OrderPurpose;
use flightdeck::domain::position::Direction;
use flightdeck::events::{FeedEvent, FeedLinkChanged};
use flightdeck::fsm::link::LinkState;
use flightdeck::ui::facts::Facts;
use flightdeck::ui::keymap::Keymap;
use flightdeck::ui::page;
use flightdeck::ui::runtime::Setup;
use flightdeck::ui::scene::{Cost, Scene};
use flightdeck::ui::state::{App, Moment};
use flightdeck::ui::surface::Surface;
use flightdeck::ui::theme::{Catalogue, GlyphSet, Level, Theme};
use flightdeck::ui::update::{Msg, update};
use flightdeck::view::Snapshot;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::support::cockpit::{Cockpit, rules};
use crate::support::trouble::{Trouble, What};

/// The marks of a synchronized update.
pub(super) const BEGIN: &str = "\x1b[?2026h";
pub(super) const END: &str = "\x1b[?2026l";

/// A terminal that keeps every byte.
#[derive(Debug, Clone, Default)]
pub(super) struct Glass(Arc<Mutex<Vec<u8>>>);

impl Write for Glass {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Glass {
    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    pub(super) fn frames(&self) -> usize {
        self.text().matches(BEGIN).count()
    }

    /// What a terminal of this size makes of the bytes.
    pub(super) fn seen(&self, width: u16, height: u16) -> vt100::Parser {
        let size = |side| NonZeroU16::new(side).unwrap();
        let mut parser = vt100::Parser::new(size(height), size(width), 0);
        parser.process(&self.0.lock().unwrap());
        parser
    }

    pub(super) fn surface(&self, width: u16, height: u16) -> Surface<Self> {
        Surface::on_writer(self.clone(), Rect::new(0, 0, width, height)).unwrap()
    }
}

pub(super) fn setup(level: Level) -> Setup {
    Setup {
        keymap: Arc::new(Keymap::shipped()),
        catalogue: Catalogue::default(),
        theme: "classic".into(),
        level,
        glyphs: GlyphSet::Unicode,
        folder: None,
        suspend: None,
    }
}

pub(super) fn app() -> App {
    let themes = Catalogue::default().names().into();
    App::new(Arc::new(Keymap::shipped()), themes, "classic", GlyphSet::Unicode)
}

pub(super) fn theme(level: Level) -> Theme {
    Catalogue::default().load("classic", level).unwrap().0
}

/// The screen as it is after it heard of a snapshot.
pub(super) fn told(app: &mut App, snapshot: &Snapshot) {
    let facts = Arc::new(Facts::of(snapshot, app));
    let _ = update(app, Msg::Facts(facts), Moment::default());
    app.toasts.clear();
}

pub(super) const fn scene<'a>(snapshot: &'a Snapshot, app: &'a App, theme: &'a Theme) -> Scene<'a> {
    let cost = Cost { frame: std::time::Duration::from_micros(300), rate: 30 };
    Scene { snapshot, app, theme, cost }
}

/// A house in which one entry waits for a human.
pub(super) fn waiting() -> Cockpit {
    let mut config = rules();
    config.account.approval = Approval::Manual;
    let mut cockpit = Cockpit::new(&config);
    cockpit.quote("MSFT", "421.08", "421.12").setup("AAPL", "175.50", Direction::Long);
    cockpit.wait(1);
    cockpit
}

/// A house that holds a position with its stop.
pub(super) fn holding() -> Cockpit {
    let mut cockpit = Cockpit::new(&rules());
    cockpit.quote("MSFT", "421.08", "421.12").setup("AAPL", "175.50", Direction::Long);
    cockpit.wait(5).quote("AAPL", "176.82", "176.83");
    cockpit
}

/// A busy house: a winner that is over, two positions, an entry that waits for a human,
/// an order whose outcome is not known, a breaker that is open, a budget, two feeds.
pub(super) fn busy() -> Cockpit {
    let mut config = rules();
    config.account.approval = Approval::Manual;
    let mut cockpit = Cockpit::new(&config);
    for (feed, states) in [
        ("alpaca.iex", &[LinkState::Connecting { attempts: 1 }, LinkState::Up][..]),
        ("alpaca.trading", &[LinkState::Connecting { attempts: 1 }]),
    ] {
        for state in states {
            let feed = feed.to_owned();
            cockpit.input(AgentId::Feed, FeedEvent::Link(FeedLinkChanged { feed, state: *state }));
        }
    }
    enter(&mut cockpit, "AMD", "104.90", Direction::Long);
    cockpit.wait(7).quote("AMD", "120.70", "120.72");
    cockpit.quote("MSFT", "421.08", "421.12").quote("KO", "71.01", "71.03");
    enter(&mut cockpit, "AAPL", "175.50", Direction::Long);
    cockpit.wait(61).bar("AAPL", ["175.50", "176.90", "175.20", "176.80"], 4_100);
    cockpit.quote("AAPL", "176.82", "176.83");
    enter(&mut cockpit, "TSLA", "241.30", Direction::Short);
    cockpit.wait(60).quote("TSLA", "241.90", "241.95").tick("TSLA", "241.93", 300);
    cockpit.trouble(Trouble { purpose: OrderPurpose::Entry, times: 3, what: What::AnswerLost });
    enter(&mut cockpit, "META", "312.40", Direction::Long);
    cockpit.wait(3).setup("NVDA", "118.40", Direction::Long);
    cockpit.wait(8);
    cockpit
}

/// A setup, and a human who says yes to it.
fn enter(cockpit: &mut Cockpit, of: &str, at: &str, direction: Direction) {
    cockpit.setup(of, at, direction);
    let trade_id = cockpit.trade();
    cockpit.approve(&trade_id);
}

/// What is seen, without spaces at the ends of lines.
pub(super) fn text(snapshot: &Snapshot, app: &App, width: u16, height: u16) -> String {
    lines(&drawn(snapshot, app, &theme(Level::TrueColour), width, height))
}

pub(super) fn drawn(
    snapshot: &Snapshot,
    app: &App,
    theme: &Theme,
    width: u16,
    height: u16,
) -> Buffer {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    let theme = theme.clone().with_glyphs(app.glyphs);
    page::draw_into(&mut buffer, area, &scene(snapshot, app, &theme));
    buffer
}

pub(super) fn lines(buffer: &Buffer) -> String {
    let line = |row: Rect| -> String {
        let cells = row.columns().filter_map(|place| buffer.cell(place.as_position()));
        cells.map(ratatui::buffer::Cell::symbol).collect::<String>().trim_end().to_owned()
    };
    buffer.area.rows().map(line).collect::<Vec<_>>().join("\n")
}

pub(super) fn press(app: &mut App, keys: &str) {
    for key in keys.split(' ') {
        let chord = key.parse().unwrap();
        let now = Moment(app.now.0 + std::time::Duration::from_millis(500));
        let _ = update(app, Msg::Key { chord, is_repeat: false }, now);
    }
}
