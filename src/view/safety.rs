//! What keeps the account safe, in figures: differences between journal, broker and
//! stream, orders of others, orders of which nobody knows, time without a stop.
//!
//! Plain values of the [snapshot](crate::view::Snapshot). What they follow from is the
//! business of the agents.

use serde::Serialize;

use crate::domain::ids::{BrokerOrderId, ClientOrderId, Symbol};
use crate::domain::money::Qty;
use crate::domain::order::Side;
use crate::domain::time::Timestamp;

/// Most differences that are listed.
pub(in crate::view) const DIFFERENCES_MAX: usize = 100;
/// Most orders of others, and most unknown ones, that are listed.
pub(in crate::view) const EXTERNAL_MAX: usize = 200;

/// Everything of this page.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Safety {
    /// What journal, broker and stream disagree about, the oldest first.
    pub differences: Vec<DifferenceRow>,
    /// Orders that work at the venue and are not ours, as the venue lists them.
    pub external: Vec<ExternalRow>,
    /// Orders of which nobody knows, the oldest first.
    pub unknown: Vec<UnknownRow>,
    /// How long shares had no live exit.
    pub naked: NakedFigures,
    /// By which endpoint orders that must arrive came.
    pub races: RaceFigures,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DifferenceRow {
    /// What it is about: a symbol, an order, cash.
    pub subject: Box<str>,
    /// What the journal says.
    pub journal: Box<str>,
    /// What the broker says.
    pub venue: Box<str>,
    /// What the stream of orders has said; absent where it says nothing of it.
    pub stream: Option<Box<str>>,
    /// Since when they disagree.
    pub since: Timestamp,
    /// What it comes from, as far as it can be told.
    pub cause: Option<Box<str>>,
    /// Whether a human has taken it for what it is.
    pub is_acknowledged: bool,
}

/// One order that is not ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExternalRow {
    /// The venue's name for it.
    pub broker_order_id: BrokerOrderId,
    /// Which stock.
    pub symbol: Symbol,
    /// Buy or sell.
    pub side: Side,
    /// Shares that may still be executed.
    pub left: Qty,
    /// What makes it execute, in words.
    pub kind: &'static str,
}

/// One order of which nobody knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnknownRow {
    /// Our name for it.
    pub client_order_id: ClientOrderId,
    /// Which stock: closed to entries until it is settled.
    pub symbol: Symbol,
    /// Since when.
    pub since: Timestamp,
    /// When trading halts because of it.
    pub halts_at: Timestamp,
}

/// How long shares had no live exit at the venue, spells that took no time left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct NakedFigures {
    /// How many spells have ended.
    pub spells: u64,
    /// All of them together, milliseconds.
    pub total_ms: u64,
    /// The longest, milliseconds.
    pub longest_ms: u64,
    /// The newest, milliseconds.
    pub newest_ms: u64,
    /// How many of them the venue's own list had shown first.
    pub listed: u64,
}

/// By which endpoint orders that must arrive came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct RaceFigures {
    /// By the primary one.
    pub primary: u64,
    /// By the backup.
    pub backup: u64,
    /// By neither, as far as was known at once.
    pub neither: u64,
}

impl Safety {
    /// How many differences no human has taken for what they are.
    pub fn open_differences(&self) -> usize {
        self.differences.iter().filter(|row| !row.is_acknowledged).count()
    }
}
