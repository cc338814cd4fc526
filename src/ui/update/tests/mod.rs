//! The rules of the screen, message by message, and what no sequence of messages
//! can do.

mod alerts;
mod properties;
mod safety;
mod table;

use std::sync::Arc;
use std::time::Duration;

use crate::domain::ids::{ClientOrderId, Symbol, TradeId};
use crate::domain::time::Timestamp;
use crate::ui::facts::{ApprovalFacts, BreakerFacts, Facts, Mode, OrderFacts};
use crate::ui::keymap::Keymap;
use crate::ui::state::{App, DEAD_TIME, Moment, Pane};
use crate::ui::theme::GlyphSet;
use crate::ui::update::{Cmd, Msg, update};

/// A screen that is fed with key texts and counts its own time.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) app: App,
    pub(super) now: Moment,
}

impl Desk {
    pub(super) fn new(mode: Mode) -> Self {
        let themes = ["classic", "dark", "light"].map(str::to_owned).to_vec();
        let keymap = Arc::new(Keymap::shipped());
        let mut app = App::new(keymap, themes.into(), "classic", GlyphSet::Unicode);
        app.facts = Arc::new(facts(mode));
        app.picture = app.facts.clone();
        Self { app, now: Moment::default() }
    }

    pub(super) fn send(&mut self, message: Msg) -> Vec<Cmd> {
        update(&mut self.app, message, self.now)
    }

    /// Waits, then presses.
    pub(super) fn press_after(&mut self, milliseconds: u64, key: &str) -> Vec<Cmd> {
        self.now = self.now.plus(Duration::from_millis(milliseconds));
        let chord = key.parse().unwrap();
        self.send(Msg::Key { chord, is_repeat: false })
    }

    /// Presses keys half a second apart, and returns what the last one did.
    pub(super) fn press(&mut self, keys: &str) -> Vec<Cmd> {
        keys.split(' ').map(|key| self.press_after(500, key)).last().unwrap_or_default()
    }

    /// Waits until a dialog listens, then types a text letter by letter.
    pub(super) fn write(&mut self, text: &str) -> Vec<Cmd> {
        self.now = self.now.plus(DEAD_TIME);
        let mut last = Vec::new();
        for letter in text.chars() {
            let key = if letter == ' ' { "space".into() } else { letter.to_string() };
            last = self.press_after(50, &key);
        }
        last
    }

    pub(super) fn tell(&mut self, change: impl FnOnce(&mut Facts)) -> Vec<Cmd> {
        let mut facts = (*self.app.facts).clone();
        change(&mut facts);
        self.send(Msg::Facts(Arc::new(facts)))
    }

    pub(super) fn last_toast(&self) -> &str {
        self.app.toasts.back().map_or("", |toast| &toast.text)
    }
}

pub(super) fn approval(symbol: &str) -> ApprovalFacts {
    ApprovalFacts {
        trade_id: TradeId::new(format!("T-{symbol}")),
        title: format!("BUY 50 {symbol}"),
        lines: vec![format!("BUY 50 {symbol} @ 128.10 LMT DAY")],
        word: format!("{symbol} 50"),
        deadline: Timestamp::from_seconds(1_030),
        caution: None,
        refusal: None,
    }
}

fn order(id: &str, is_protective: bool) -> OrderFacts {
    OrderFacts {
        id: ClientOrderId::new(id),
        title: format!("order {id}"),
        is_working: true,
        is_protective,
    }
}

pub(super) fn facts(mode: Mode) -> Facts {
    Facts {
        at: Timestamp::from_seconds(1_000),
        mode,
        takes_entries: true,
        approvals: vec![approval("NVDA"), approval("XOM")],
        orders: vec![order("E1", false), order("P1", true), order("E2", false)],
        breakers: vec![
            BreakerFacts { name: "alpaca.data".into(), is_tripped: false },
            BreakerFacts { name: "alpaca.orders".into(), is_tripped: true },
        ],
        listed: Vec::new(),
        symbols: ["AAPL", "NVDA"].map(|text| Symbol::new(text).unwrap()).to_vec(),
        rows: Pane::ALL.into_iter().map(|pane| (pane, 5)).collect(),
    }
}

/// The wire-free name of what a command asks, for tables.
pub(super) fn told(commands: &[Cmd]) -> Vec<String> {
    use crate::domain::command::OperatorCommand as Asked;
    let name = |command: &Cmd| {
        if matches!(command, Cmd::Kill(_)) {
            return "KILL".to_owned();
        }
        let Cmd::Operator(_, asked) = command else { return format!("{command:?}") };
        match asked {
            Asked::Approve(it) => format!("approve {}", it.trade_id),
            Asked::Reject(it) => format!("reject {}", it.trade_id),
            Asked::Cancel(it) => format!("cancel {}", it.client_order_id),
            Asked::ResetBreaker(it) => format!("reset {}", it.breaker),
            Asked::Kill(_) => "kill".into(),
            Asked::Reduce(_) => "reduce".into(),
            Asked::Resume(_) => "resume".into(),
            Asked::Settle(it) => format!("settle {}", it.client_order_id),
            Asked::Acknowledge(it) => format!("acknowledge {:?}", it.subject),
            Asked::Flatten(it) => match it.symbol {
                Some(symbol) => format!("flatten {symbol}"),
                None => "flatten all".into(),
            },
        }
    };
    commands.iter().map(name).collect()
}
