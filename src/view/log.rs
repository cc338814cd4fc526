//! The stream of events as the screen lists it.
//!
//! A record is small and of fixed size; numbers become text when a row is visible.
//! Market data come by the thousand, so a run of them is one record with a count.
//! The ring is kept in blocks that readers share: a snapshot copies at most one
//! block, whatever the ring holds.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::domain::ids::{AgentId, Seq, Symbol};
use crate::domain::money::{Price, Qty};
use crate::domain::order::Side;
use crate::domain::time::Timestamp;

/// Most records of the ring, rounded up to whole blocks.
pub const LOG_MAX: usize = 50_000;
/// Records of one block.
pub(in crate::view) const BLOCK: usize = 500;

/// How much a record matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The flood of prices, timers, answers that were asked for.
    Debug,
    /// What happens on a normal day.
    Info,
    /// Worth a look.
    Warning,
    /// Money is at risk.
    Critical,
}

/// What a record is, for shedding, filtering and counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Prices. Shed first.
    Market,
    /// Timers, questions and answers. Shed next.
    Debug,
    /// Opinions, permissions, orders, positions, trades. Shed last.
    Normal,
    /// Fills, refusals, breakers, alerts, the operator, the trading state. Never shed.
    Vital,
}

impl Class {
    /// All of them, in the order in which they are shed.
    pub const ALL: [Self; 4] = [Self::Market, Self::Debug, Self::Normal, Self::Vital];
}

/// What a record says beyond its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detail {
    /// Nothing.
    Nothing,
    /// A run of equal events.
    Times(u64),
    /// An execution.
    Fill {
        /// Buy or sell.
        side: Side,
        /// Shares.
        qty: Qty,
        /// Dollars per share.
        price: Price,
    },
    /// A machine moved.
    Moved {
        /// From this state …
        from: &'static str,
        /// … to this one.
        to: &'static str,
    },
    /// Words, clean.
    Text(Arc<str>),
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => Ok(()),
            Self::Times(times) => write!(f, "×{times}"),
            Self::Fill { side, qty, price } => write!(f, "{side} {qty} @ {price}"),
            Self::Moved { from, to } => write!(f, "{from} → {to}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// One event of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventLine {
    /// Its place in the journal; of a run, that of the newest one.
    pub seq: Seq,
    /// When.
    pub at: Timestamp,
    /// Its name on the wire.
    pub name: &'static str,
    /// Which stock; of a run, that of the newest one.
    pub symbol: Option<Symbol>,
    /// Who said it.
    pub source: AgentId,
    /// How much it matters.
    pub level: Level,
    /// What it is.
    pub class: Class,
    /// What it says.
    pub detail: Detail,
}

impl EventLine {
    /// Writes what it says as one line of text.
    pub fn text(&self) -> String {
        self.detail.to_string()
    }
}

impl Serialize for EventLine {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut line = serializer.serialize_struct("EventLine", 8)?;
        line.serialize_field("seq", &self.seq)?;
        line.serialize_field("at", &self.at)?;
        line.serialize_field("event", self.name)?;
        line.serialize_field("symbol", &self.symbol)?;
        line.serialize_field("source", self.source.name())?;
        line.serialize_field("level", &self.level)?;
        line.serialize_field("class", &self.class)?;
        line.serialize_field("text", &self.text())?;
        line.end()
    }
}

/// The newest records, oldest first. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Log {
    /// Full blocks, oldest first.
    full: std::collections::VecDeque<Arc<[EventLine]>>,
    /// The block that is being filled.
    open: Vec<EventLine>,
    /// Records that have gone.
    gone: u64,
    /// Where the present run of each name of the flood is in the open block.
    runs: [Option<usize>; 3],
}

impl Log {
    /// Adds a record and ends the runs.
    pub(in crate::view) fn push(&mut self, line: EventLine) {
        self.runs = [None; 3];
        self.add(line);
    }

    /// Adds one event to the run of its kind (0 to 2), or begins one.
    pub(in crate::view) fn push_run(&mut self, kind: usize, line: &EventLine) {
        if let Some(run) = self.runs[kind].and_then(|at| self.open.get_mut(at)) {
            run.seq = line.seq;
            run.at = line.at;
            run.symbol = line.symbol;
            if let Detail::Times(times) = &mut run.detail {
                *times += 1;
            }
            return;
        }
        self.add(EventLine { detail: Detail::Times(1), ..line.clone() });
        self.runs[kind] = self.open.len().checked_sub(1);
    }

    fn add(&mut self, line: EventLine) {
        if self.open.capacity() == 0 {
            self.open.reserve_exact(BLOCK);
        }
        self.open.push(line);
        if self.open.len() < BLOCK {
            return;
        }
        self.runs = [None; 3];
        self.full.push_back(self.open.drain(..).collect());
        if self.full.len() > LOG_MAX / BLOCK
            && let Some(oldest) = self.full.pop_front()
        {
            self.gone += u64::try_from(oldest.len()).unwrap_or(0);
        }
    }

    /// Returns how many records there are, at most [`LOG_MAX`] and one block.
    pub fn len(&self) -> usize {
        self.full.len() * BLOCK + self.open.len()
    }

    /// Tells whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number of the oldest record that is still there; the first one of
    /// a run of the program is 0. With [`Log::len`] it tells a reader that keeps
    /// places which of them are gone.
    pub const fn first(&self) -> u64 {
        self.gone
    }

    /// Returns a record by its place, 0 for the oldest one that is still there.
    pub fn get(&self, place: usize) -> Option<&EventLine> {
        match self.full.get(place / BLOCK) {
            Some(block) => block.get(place % BLOCK),
            None => self.open.get(place - self.full.len() * BLOCK),
        }
    }

    /// Walks the records, oldest first; from the newest with `rev`.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &EventLine> {
        self.full.iter().flat_map(|block| block.iter()).chain(&self.open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(seq: u64, name: &'static str) -> EventLine {
        EventLine {
            seq: Seq(seq),
            at: Timestamp::from_seconds(0),
            name,
            symbol: None,
            source: AgentId::Spine,
            level: Level::Info,
            class: Class::Normal,
            detail: Detail::Nothing,
        }
    }

    #[test]
    fn the_ring_keeps_the_newest_and_says_how_many_are_gone() {
        let mut log = Log::default();
        for seq in 0..60_123 {
            log.push(line(seq, "x"));
        }
        assert!(log.len() <= LOG_MAX + BLOCK && log.len() >= LOG_MAX);
        let oldest = log.get(0).unwrap().seq.0;
        assert_eq!(oldest, log.first());
        let all: Vec<u64> = log.iter().map(|line| line.seq.0).collect();
        assert_eq!(all, (oldest..60_123).collect::<Vec<_>>());
        for place in [0, 499, 500, log.len() - 1] {
            assert_eq!(log.get(place).unwrap().seq.0, all[place]);
        }
        assert_eq!(log.get(log.len()), None);
    }

    #[test]
    fn a_run_of_prices_is_one_record_until_something_else_happens() {
        let mut log = Log::default();
        for seq in 1..=5 {
            log.push_run(0, &line(seq, "quote"));
            log.push_run(1, &line(seq, "tick"));
        }
        log.push(line(6, "fill"));
        log.push_run(0, &line(7, "quote"));
        let shown: Vec<String> = log.iter().map(|l| format!("{} {}", l.name, l.text())).collect();
        assert_eq!(shown, ["quote ×5", "tick ×5", "fill ", "quote ×1"]);
        assert_eq!(log.get(0).unwrap().seq, Seq(5));
    }

    #[test]
    fn a_record_is_small() {
        assert!(size_of::<EventLine>() <= 96, "{}", size_of::<EventLine>());
    }
}
