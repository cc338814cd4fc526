//! Several files in one order of time.
//!
//! Each file gives its next row; the rows of the earliest instant make a group.
//! Memory is one buffer and one row per file, however long the files are. What
//! becomes of a group is decided in `steps` (delivered) and `check` (counted).

use std::path::Path;

use crate::domain::ids::Symbol;
use crate::domain::market::{Bar, Interval};
use crate::domain::money::Price;
use crate::domain::symbols::SymbolMap;
use crate::domain::time::Timestamp;
use crate::sources::history::error::{BadRows, Fault, HistoryError, Reason, SetAside};
use crate::sources::history::interval;
use crate::sources::history::rows::{Row, Source, judge};
use crate::sources::history::schedule::{Placed, Schedule};

/// How recorded data is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Length of the bars; judged by the first rows of each file when absent.
    pub interval: Option<Interval>,
    /// What happens to a row that cannot be right.
    pub bad_rows: BadRows,
}

/// One good row in its place in time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) bar: Bar,
    pub(super) quote: Option<[(Price, u64); 2]>,
}

/// A file with its next row.
#[derive(Debug)]
struct Head {
    source: Source,
    schedule: Schedule,
    next: Option<(Placed, Row)>,
    /// The line of `next`, for messages.
    line: u64,
    /// Start of the newest bar that had a place; a row without one says nothing
    /// about the order.
    newest: Option<Timestamp>,
}

/// All files of one replay.
#[derive(Debug)]
pub(super) struct Merge {
    interval: Interval,
    policy: BadRows,
    heads: Vec<Head>,
    /// Start of the newest bar of each symbol.
    starts: SymbolMap<Option<Timestamp>>,
    aside: SetAside,
}

impl Merge {
    pub(super) fn open<P: AsRef<Path>>(
        files: &[P],
        options: Options,
    ) -> Result<Self, HistoryError> {
        if files.is_empty() {
            return Err(HistoryError::NoFiles);
        }
        let interval = interval::settle(files, options.interval)?;
        let mut merge = Self {
            interval,
            policy: options.bad_rows,
            heads: Vec::with_capacity(files.len()),
            starts: SymbolMap::default(),
            aside: SetAside::default(),
        };
        for path in files {
            let source = Source::open(path.as_ref())?;
            let schedule = Schedule::new(interval);
            let mut head = Head { source, schedule, next: None, line: 0, newest: None };
            head.advance(merge.policy, &mut merge.aside)?;
            merge.heads.push(head);
        }
        Ok(merge)
    }

    pub(super) const fn interval(&self) -> Interval {
        self.interval
    }

    pub(super) const fn set_aside(&self) -> &SetAside {
        &self.aside
    }

    pub(super) fn into_set_aside(self) -> SetAside {
        self.aside
    }

    /// Walks the symbols seen so far, in the order of their first bars.
    pub(super) fn symbols(&self) -> impl Iterator<Item = Symbol> {
        self.starts.iter().map(|(symbol, _)| symbol)
    }

    /// Replaces `group` by the rows of the next instant and returns that
    /// instant; `None` at the end.
    pub(super) fn next_group(
        &mut self,
        group: &mut Vec<Entry>,
    ) -> Result<Option<Timestamp>, HistoryError> {
        group.clear();
        // A group can come out empty when all its rows were set aside.
        while group.is_empty() {
            let nexts = self.heads.iter().filter_map(|head| head.next.as_ref());
            let Some(at) = nexts.map(|(placed, _)| placed.at).min() else { return Ok(None) };
            for index in 0..self.heads.len() {
                self.take_all(index, at, group)?;
            }
            if !group.is_empty() {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    /// Moves the rows of one file at one instant to the group.
    fn take_all(
        &mut self,
        index: usize,
        at: Timestamp,
        group: &mut Vec<Entry>,
    ) -> Result<(), HistoryError> {
        let head = &mut self.heads[index];
        while let Some((placed, row)) = &head.next {
            if placed.at != at {
                break;
            }
            let newest = self.starts.row(row.symbol, || None);
            if *newest == Some(placed.start) {
                let what = format!("a second bar of {} at the same time", row.symbol);
                let fault = Fault::new(Reason::Duplicate, what);
                judge(fault.at(head.source.path(), head.line), self.policy, &mut self.aside)?;
            } else {
                *newest = Some(placed.start);
                group.push(Entry { bar: bar_of(row, placed.start), quote: row.quote });
            }
            head.advance(self.policy, &mut self.aside)?;
        }
        Ok(())
    }
}

impl Head {
    /// Reads on to the next row that has a place in time.
    #[inline]
    fn advance(&mut self, policy: BadRows, aside: &mut SetAside) -> Result<(), HistoryError> {
        loop {
            let Some(row) = self.source.next_row(policy, aside)? else {
                self.next = None;
                return Ok(());
            };
            match self.schedule.place(row.time).and_then(|placed| self.in_order(placed, &row)) {
                Ok(placed) => {
                    self.line = self.source.line();
                    self.next = Some((placed, row));
                    return Ok(());
                }
                Err(fault) => self.source.fault(fault, policy, aside)?,
            }
        }
    }

    #[inline]
    fn in_order(&mut self, placed: Placed, row: &Row) -> Result<Placed, Fault> {
        if self.newest.is_some_and(|newest| placed.start < newest) {
            let what = format!("the time of {} is before that of the row above", row.symbol);
            return Err(Fault::new(Reason::Backwards, what));
        }
        self.newest = Some(placed.start);
        Ok(placed)
    }
}

fn bar_of(row: &Row, start: Timestamp) -> Bar {
    let [open, high, low, close] = row.prices;
    Bar { symbol: row.symbol, open, high, low, close, volume: row.volume, start }
}
