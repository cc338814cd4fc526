//! The newest decision records, and how one is found.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::Serialize;

use crate::domain::ids::{Seq, Symbol, TradeId};
use crate::view::decisions::record::Record;

/// Most records that are kept; the oldest one that is over makes room.
pub const DECISIONS_MAX: usize = 1_000;

/// Which record is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// That of a trade.
    Trade(TradeId),
    /// That to which an event belongs.
    Event(Seq),
    /// The newest one of a stock.
    Newest(Symbol),
}

impl Wanted {
    /// Reads what a person types: an event's number, a ticker, or the name of a trade
    /// or of a refusal.
    pub fn of(text: &str) -> Self {
        let text = text.trim();
        if let Ok(seq) = text.trim_start_matches('#').parse() {
            return Self::Event(Seq(seq));
        }
        match Symbol::new(text) {
            // Names of trades are longer than any ticker, or are in lower case.
            Ok(symbol) if symbol.as_str() == text => Self::Newest(symbol),
            Ok(_) | Err(_) => Self::Trade(TradeId::new(text)),
        }
    }

    /// Tells whether a record is the one, or one of those, that are meant.
    pub fn is(&self, record: &Record) -> bool {
        match self {
            Self::Trade(trade_id) => *record.id == *trade_id.as_str(),
            Self::Event(seq) => record.holds(*seq),
            Self::Newest(symbol) => record.symbol == *symbol,
        }
    }
}

/// The newest records, oldest first.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(transparent)]
pub struct Decisions {
    records: VecDeque<Arc<Record>>,
}

impl Decisions {
    /// Returns the record that is meant; the newest one where several are.
    pub fn find(&self, wanted: &Wanted) -> Option<&Arc<Record>> {
        self.records.iter().rev().find(|record| wanted.is(record))
    }

    /// Walks the records, oldest first; from the newest with `rev`.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Record>> {
        self.records.iter()
    }

    /// Returns how many there are, at most [`DECISIONS_MAX`].
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Tells whether there is none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The newest record of a trade, for change.
    pub(in crate::view) fn of_trade(&mut self, trade_id: &TradeId) -> Option<&mut Record> {
        // What happens, happens to trades that are under way: they are near the end.
        let found =
            self.records.iter_mut().rev().find(|r| r.trade_id.as_ref() == Some(trade_id))?;
        Some(Arc::make_mut(found))
    }

    /// Adds a record. The oldest one that is over makes room, but for one that
    /// somebody looks for; where none is, the oldest.
    pub(in crate::view) fn add(&mut self, record: Record, pinned: Option<&Wanted>) {
        if self.records.len() >= DECISIONS_MAX {
            let may_go = |record: &Arc<Record>| {
                record.is_over() && pinned.is_none_or(|wanted| !wanted.is(record))
            };
            let place = self.records.iter().position(may_go).unwrap_or(0);
            self.records.remove(place);
        }
        self.records.push_back(Arc::new(record));
    }
}
