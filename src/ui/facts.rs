//! What the rules of the screen must know of the house: little, and none of it
//! drawn. Panels draw the whole snapshot; [`update`](crate::ui::update) decides by
//! these facts alone, and so can be tested without a market.

use std::collections::BTreeMap;

use crate::domain::ids::{ClientOrderId, Symbol, TradeId};
use crate::domain::order::OrderPurpose;
use crate::domain::time::Timestamp;
use crate::ui::format;
use crate::ui::panels::watchlist;
use crate::ui::state::{App, Pane};
use crate::view::{
    ApprovalRow, BARS_MAX, BreakerPhase, BreakerRow, OrderRow, PRINTS_MAX, Snapshot, TradingPhase,
};

/// Whose money moves. Decided at start; no key changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Mode {
    /// Nobody's: a simulated market.
    #[default]
    Sim,
    /// Nobody's: the broker's paper account.
    Paper,
    /// Ours.
    Live,
}

impl Mode {
    /// The mode of a run by its name. Whatever is neither simulated nor on paper is
    /// treated as real money: a new name must not make a screen careless.
    pub fn of(name: &str) -> Self {
        match name {
            "" | "sim" | "replay" => Self::Sim,
            "paper" => Self::Paper,
            _ => Self::Live,
        }
    }

    /// The word on the screen; it means the mode and nothing else.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sim => "SIM",
            Self::Paper => "PAPER",
            Self::Live => "LIVE",
        }
    }
}

/// A trade that waits for a human.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalFacts {
    /// Which trade.
    pub trade_id: TradeId,
    /// The order in one line.
    pub title: String,
    /// What the dialog shows: order, reasons, checks.
    pub lines: Vec<String>,
    /// What is typed to send it with real money: symbol and quantity.
    pub word: String,
    /// When it expires, which rejects it.
    pub deadline: Timestamp,
    /// What makes it unusual, in words: it must be typed, also on paper.
    pub caution: Option<String>,
    /// Why it cannot be sent just now, such as a market that moved away.
    pub refusal: Option<String>,
}

/// An order that the venue may know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderFacts {
    /// Our own name of it.
    pub id: ClientOrderId,
    /// The order in one line.
    pub title: String,
    /// True when it still may be filled.
    pub is_working: bool,
    /// True when it protects or closes a position: cancelling it adds risk.
    pub is_protective: bool,
}

/// A breaker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakerFacts {
    /// Its name, such as `alpaca.paper.orders`.
    pub name: String,
    /// True when nothing passes: open, or latched until a human resets it.
    pub is_tripped: bool,
}

/// What the rules of the screen know of the house.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// The house's time of the snapshot.
    pub at: Timestamp,
    /// Whose money moves.
    pub mode: Mode,
    /// True while entries are let through: nothing is paused or halted.
    pub takes_entries: bool,
    /// What waits for a human, the most urgent first; these are also the first rows
    /// of the orders pane.
    pub approvals: Vec<ApprovalFacts>,
    /// Orders in the order of the orders pane, after the approvals.
    pub orders: Vec<OrderFacts>,
    /// Breakers in the order of the risk pane.
    pub breakers: Vec<BreakerFacts>,
    /// Symbols that can be shown.
    pub symbols: Vec<Symbol>,
    /// Those that the watchlist lists, in its order.
    pub listed: Vec<Symbol>,
    /// How many rows each pane has.
    pub rows: BTreeMap<Pane, usize>,
}

impl Facts {
    /// Picks the facts out of a snapshot, for a screen that lists it its own way.
    pub fn of(snapshot: &Snapshot, app: &App) -> Self {
        let listed = watchlist::order(snapshot, app);
        let approvals: Vec<_> =
            snapshot.approvals.iter().map(|row| waiting(snapshot, row)).collect();
        let done = snapshot.done.iter().rev().map(|row| &**row);
        let orders: Vec<_> = snapshot.working.iter().chain(done).map(order).collect();
        let breakers: Vec<_> = snapshot.breakers.iter().map(breaker).collect();
        let rows = Pane::ALL.into_iter().map(|pane| {
            let rows = match pane {
                Pane::Watchlist => listed.len(),
                Pane::Trades => snapshot.trades.len() + snapshot.finished.len(),
                Pane::Positions => snapshot.positions.len(),
                Pane::Orders => approvals.len() + orders.len(),
                Pane::Events => snapshot.log.len(),
                Pane::Breakers => breakers.len(),
                Pane::Limits => snapshot.cards.risk.limits.len(),
                Pane::Intel => snapshot.intel.len(),
                // Text that is scrolled, and panes without rows.
                Pane::Decision | Pane::System => 500,
                Pane::Agents => 5,
                // How far one looks back.
                Pane::Chart => BARS_MAX,
                Pane::Tape => PRINTS_MAX,
            };
            (pane, rows)
        });
        let rows = rows.collect();
        Self {
            at: snapshot.at,
            mode: Mode::of(&snapshot.run.mode),
            takes_entries: snapshot.trading.phase == TradingPhase::Active,
            approvals,
            orders,
            breakers,
            listed: listed.iter().filter_map(|at| Some(snapshot.watch.get(*at)?.symbol)).collect(),
            symbols: snapshot.watch.iter().map(|row| row.symbol).collect(),
            rows,
        }
    }

    /// The trade of this name, while it waits.
    pub fn approval(&self, trade_id: &TradeId) -> Option<&ApprovalFacts> {
        self.approvals.iter().find(|approval| approval.trade_id == *trade_id)
    }

    /// The name of what stands in a row of the orders pane, trade or order.
    pub fn name_at(&self, row: usize) -> Option<&str> {
        let approval = self.approvals.get(row).map(|approval| approval.trade_id.as_str());
        let order = || self.orders.get(row.checked_sub(self.approvals.len())?);
        approval.or_else(|| order().map(|order| order.id.as_str()))
    }

    /// The row of the orders pane in which something of this name stands.
    pub fn row_of(&self, name: &str) -> Option<usize> {
        (0..self.approvals.len() + self.orders.len()).find(|row| self.name_at(*row) == Some(name))
    }

    /// How many orders may still be filled.
    pub fn working(&self) -> usize {
        self.orders.iter().filter(|order| order.is_working).count()
    }
}

/// A waiting trade with everything that the dialog shows. Whether it may still be
/// sent is judged by the risk agent once more; the screen only refuses what it can
/// see at a glance, a halted stock.
fn waiting(snapshot: &Snapshot, row: &ApprovalRow) -> ApprovalFacts {
    let ApprovalRow { symbol, side, quantity, .. } = row;
    let shares = format::quantity(*quantity);
    let mut lines = Vec::with_capacity(8);
    if let Some(levels) = row.levels {
        let [entry, stop, target] = [levels.entry, levels.stop, levels.target].map(format::price);
        lines.push(format!("entry {entry}  stop {stop}  target {target}"));
    }
    let (cost, loss) = (format::money(row.cost), format::money(row.worst_loss));
    lines.push(format!("cost {cost}  at risk {loss}  by {}", row.strategy));
    let failed = row.checks.iter().filter(|check| !check.passed).count();
    lines.push(format!("{} rules passed, {failed} failed", row.checks.len() - failed));
    let is_halted = snapshot.quote(*symbol).is_some_and(crate::view::WatchRow::is_halted);
    ApprovalFacts {
        trade_id: row.trade_id.clone(),
        title: format!("{} {shares} {symbol}", side.name().to_uppercase()),
        lines,
        word: format!("{symbol} {}", quantity.to_decimal().normalize()),
        deadline: row.deadline,
        caution: caution(row),
        refusal: is_halted.then(|| format!("{symbol} is halted")),
    }
}

/// Everything unusual about it in one line; each names its precaution.
fn caution(row: &ApprovalRow) -> Option<String> {
    let words = row.cautions.iter().map(|caution| format!("{}: {}", caution.rule, caution.words));
    let words: Vec<String> = words.collect();
    (!words.is_empty()).then(|| words.join("; "))
}

fn order(row: &OrderRow) -> OrderFacts {
    OrderFacts {
        id: row.client_order_id.clone(),
        title: format!(
            "{} {} {}",
            row.side.name().to_uppercase(),
            format::quantity(row.quantity),
            row.symbol
        ),
        is_working: !row.phase.is_over(),
        is_protective: !matches!(row.purpose, OrderPurpose::Entry),
    }
}

fn breaker(row: &BreakerRow) -> BreakerFacts {
    let is_tripped = match row.phase {
        BreakerPhase::Open | BreakerPhase::Latched => true,
        BreakerPhase::Closed | BreakerPhase::HalfOpen => false,
    };
    BreakerFacts { name: row.name.to_string(), is_tripped }
}
