//! What the screen knows of itself: tab, focus, cursor, dialogs, toasts.
//!
//! One owner, no shared state: only [`update`](crate::ui::update) changes it, and
//! panels read it. It knows the house by its [`Facts`] and time by what it is given.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::domain::ids::Symbol;
use crate::ui::dialog::Dialog;
use crate::ui::entry::Entry;
use crate::ui::facts::Facts;
use crate::ui::keymap::Keymap;
use crate::ui::theme::GlyphSet;

/// Wall time since the screen was opened. The house's own time may run faster; what
/// a human waits for (arming, toasts, dead time of a dialog) does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(pub Duration);

impl Moment {
    /// The moment this much later.
    #[must_use]
    pub const fn plus(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(wait))
    }

    /// The time from an earlier moment, zero when that is later.
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// Names one request of the operator; the house takes each once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is in the journal and is being carried out.
    Accepted,
    /// It was refused, and why.
    Rejected(String),
    /// Nobody answered in time: look before asking again.
    Unknown,
}

/// A page of the cockpit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Tab {
    /// Everything at a glance.
    #[default]
    Desk,
    /// Trades with their states and reasons.
    Trades,
    /// Approvals and orders.
    Orders,
    /// Limits and breakers.
    Risk,
    /// Candles with our own marks.
    Chart,
    /// Every event.
    Events,
    /// Mail and transcripts.
    Intel,
    /// The program itself.
    System,
}

impl Tab {
    /// Every tab, in the order of their digits.
    pub const ALL: [Self; 8] = [
        Self::Desk,
        Self::Trades,
        Self::Orders,
        Self::Risk,
        Self::Chart,
        Self::Events,
        Self::Intel,
        Self::System,
    ];

    /// Its name, and three letters where there is little room.
    pub const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Desk => ("Desk", "Dsk"),
            Self::Trades => ("Trades", "Trd"),
            Self::Orders => ("Orders", "Ord"),
            Self::Risk => ("Risk", "Rsk"),
            Self::Chart => ("Chart", "Cht"),
            Self::Events => ("Events", "Evt"),
            Self::Intel => ("Intel", "Int"),
            Self::System => ("System", "Sys"),
        }
    }

    /// Its panes, in the order of the focus.
    pub const fn panes(self) -> &'static [Pane] {
        match self {
            Self::Desk => &[
                Pane::Agents,
                Pane::Watchlist,
                Pane::Chart,
                Pane::Tape,
                Pane::Trades,
                Pane::Positions,
                Pane::Orders,
                Pane::Events,
            ],
            Self::Trades => &[Pane::Trades, Pane::Decision],
            Self::Orders => &[Pane::Orders, Pane::Positions],
            Self::Risk => &[Pane::Breakers, Pane::Limits],
            Self::Chart => &[Pane::Chart, Pane::Watchlist, Pane::Tape],
            Self::Events => &[Pane::Events],
            Self::Intel => &[Pane::Intel],
            Self::System => &[Pane::System],
        }
    }
}

/// A part of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pane {
    /// The five agents.
    Agents,
    /// Symbols with their prices.
    Watchlist,
    /// Candles of one symbol.
    Chart,
    /// Prints of that symbol.
    Tape,
    /// Live trades in their nine states.
    Trades,
    /// What we hold.
    Positions,
    /// What waits for approval, and orders.
    Orders,
    /// The stream of events.
    Events,
    /// Breakers and their state.
    Breakers,
    /// Limits with their values.
    Limits,
    /// The decision record of a trade.
    Decision,
    /// Mail and transcripts.
    Intel,
    /// The program itself.
    System,
}

impl Pane {
    /// Every pane.
    pub const ALL: [Self; 13] = [
        Self::Agents,
        Self::Watchlist,
        Self::Chart,
        Self::Tape,
        Self::Trades,
        Self::Positions,
        Self::Orders,
        Self::Events,
        Self::Breakers,
        Self::Limits,
        Self::Decision,
        Self::Intel,
        Self::System,
    ];

    /// The word in its title.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agents => "Agents",
            Self::Watchlist => "Watchlist",
            Self::Chart => "Chart",
            Self::Tape => "Tape",
            Self::Trades => "Trades",
            Self::Positions => "Positions",
            Self::Orders => "Orders & approvals",
            Self::Events => "Events",
            Self::Breakers => "Breakers",
            Self::Limits => "Limits",
            Self::Decision => "Decision",
            Self::Intel => "Intel",
            Self::System => "System",
        }
    }
}

/// How a list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sort {
    /// Which column, from 0; the pane takes it modulo its columns.
    pub column: usize,
    /// From the largest to the smallest.
    pub is_reversed: bool,
}

/// How much a message matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    /// Worth knowing.
    Info,
    /// Worth a look.
    Warn,
    /// Money is at risk.
    Trip,
}

/// A message that goes by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// How much it matters.
    pub weight: Weight,
    /// In words.
    pub text: String,
    /// When it goes.
    pub until: Moment,
}

/// A request on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Its name.
    pub token: Token,
    /// What was asked, in words.
    pub what: String,
    /// Since when.
    pub since: Moment,
}

/// What lies over the page and only informs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlay {
    /// Every key.
    Help,
    /// The row under the cursor in full.
    Detail,
    /// Trading was halted by hand, since when.
    Kill(Moment),
}

/// Alerts that no person has acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Alerts {
    /// How many.
    pub count: u32,
    /// Since when the oldest of them waits.
    pub since: Option<Moment>,
    /// When the bell rang for them last.
    pub(super) rang: Option<Moment>,
}

impl Alerts {
    /// When the bell rings for them again; `None` while there are none.
    pub fn next_bell(&self) -> Option<Moment> {
        self.rang.filter(|_| self.count > 0).map(|rang| rang.plus(ALERT_AGAIN))
    }
}

/// An alert that nobody has acknowledged rings again after so long, until somebody has.
pub const ALERT_AGAIN: Duration = Duration::from_secs(30);
/// How long risky keys work once armed.
pub const ARMED_FOR: Duration = Duration::from_mins(1);
/// How long a dialog is deaf to keys after it opened: a held or doubled key runs
/// through in less.
pub const DEAD_TIME: Duration = Duration::from_millis(300);
/// How long a request may be without an answer.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How long a message stays.
pub const TOAST_FOR: Duration = Duration::from_secs(6);
/// More messages at once would cover the page; the oldest goes.
pub const TOASTS_MAX: usize = 5;
/// Requests on their way; one more is refused.
pub const PENDING_MAX: usize = 64;
/// At most one bell in this time for one kind of news.
pub const BELL_EVERY: Duration = Duration::from_secs(5);

/// The state of the screen.
#[derive(Debug, Clone)]
pub struct App {
    /// The keys in force.
    pub keymap: Arc<Keymap>,
    /// The names of all themes.
    pub themes: Arc<[String]>,
    /// The house, as last told.
    pub facts: Arc<Facts>,
    /// The house as it is drawn: older than [`App::facts`] while the picture is held
    /// still. What stands under the cursor is looked up here.
    pub picture: Arc<Facts>,
    /// The time of the last message.
    pub now: Moment,
    /// The page.
    pub tab: Tab,
    /// The pane that hears the keys of lists.
    pub focus: Pane,
    /// True when that pane fills the page.
    pub is_zoomed: bool,
    /// The row under the cursor of each pane, from 0.
    pub rows: BTreeMap<Pane, usize>,
    /// How each pane is sorted.
    pub sorts: BTreeMap<Pane, Sort>,
    /// What each pane is filtered by.
    pub filters: BTreeMap<Pane, String>,
    /// The symbol of the chart; the one under the cursor when absent.
    pub symbol: Option<Symbol>,
    /// Since when the picture is held still.
    pub paused_since: Option<Moment>,
    /// Until when risky keys work.
    pub armed_until: Option<Moment>,
    /// The dialog that is open.
    pub dialog: Option<Dialog>,
    /// The input line that is open.
    pub entry: Option<Entry>,
    /// What else lies over the page.
    pub overlay: Option<Overlay>,
    /// The first row of the help that is seen, from 0.
    pub help_row: usize,
    /// Alerts that nobody has acknowledged.
    pub alerts: Alerts,
    /// Messages, oldest first.
    pub toasts: VecDeque<Toast>,
    /// Requests on their way, oldest first.
    pub pending: Vec<Pending>,
    /// The theme in force.
    pub theme: String,
    /// The set of signs in force.
    pub glyphs: GlyphSet,
    /// True when the mouse is ours and not the terminal's.
    pub has_mouse: bool,
    /// The next request's name.
    pub(super) next_token: u64,
    /// The last bell for approvals and for breakers.
    pub(super) rang: [Option<Moment>; 2],
}

impl App {
    /// A screen as it opens: on the desk, disarmed, following.
    pub fn new(keymap: Arc<Keymap>, themes: Arc<[String]>, theme: &str, glyphs: GlyphSet) -> Self {
        Self {
            keymap,
            themes,
            facts: Arc::default(),
            picture: Arc::default(),
            now: Moment::default(),
            tab: Tab::Desk,
            focus: Pane::Watchlist,
            is_zoomed: false,
            rows: BTreeMap::new(),
            sorts: BTreeMap::new(),
            filters: BTreeMap::new(),
            symbol: None,
            paused_since: None,
            armed_until: None,
            dialog: None,
            entry: None,
            overlay: None,
            help_row: 0,
            alerts: Alerts::default(),
            toasts: VecDeque::new(),
            pending: Vec::new(),
            theme: theme.to_owned(),
            glyphs,
            has_mouse: false,
            next_token: 1,
            rang: [None; 2],
        }
    }

    /// How much longer risky keys work.
    pub fn armed_for(&self) -> Option<Duration> {
        self.armed_until.map(|until| until.since(self.now)).filter(|left| !left.is_zero())
    }

    /// The row under the cursor of a pane, from 0.
    pub fn row(&self, pane: Pane) -> usize {
        self.rows.get(&pane).copied().unwrap_or(0)
    }

    /// The symbol that the chart shows.
    pub fn shown_symbol(&self) -> Option<Symbol> {
        let under_cursor = || self.picture.listed.get(self.row(Pane::Watchlist));
        self.symbol.or_else(|| under_cursor().or_else(|| self.facts.symbols.first()).copied())
    }

    /// When the picture changes without any news: a toast goes, a countdown moves.
    /// The loop sleeps until then, or for ever.
    pub fn next_wake(&self) -> Option<Moment> {
        let toast = self.toasts.iter().map(|toast| toast.until).min();
        let answer = self.pending.iter().map(|pending| pending.since.plus(ANSWER_WITHIN)).min();
        // The countdown shows whole seconds: the next is due when the rest of this
        // one is gone.
        let armed = self.armed_for().map(|left| {
            let part = Duration::from_nanos(u64::from(left.subsec_nanos()));
            self.now.plus(if part.is_zero() { Duration::from_secs(1) } else { part })
        });
        [toast, answer, armed, self.alerts.next_bell()].into_iter().flatten().min()
    }
}
