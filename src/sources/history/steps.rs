//! What a replay is fed with: one step per instant.

use std::path::Path;
use std::sync::Arc;

use crate::domain::market::{Bar, BarBatch, Interval, MarketStep, Quote};
use crate::sources::history::error::{HistoryError, SetAside};
use crate::sources::history::merge::{Entry, Merge, Options};

/// Recorded data as an iterator of [`MarketStep`], strictly forward in time.
///
/// A step holds at least one bar and at most one per symbol, in the order of the
/// files as given, within a file in the order of its rows; and the last quotes
/// within the bars, in the same order, stamped with the step's time.
///
/// Holds one buffer of 64 KiB per file. After an error it ends.
#[derive(Debug)]
pub struct History {
    merge: Merge,
    group: Vec<Entry>,
    bars: Vec<Bar>,
    failed: bool,
}

impl History {
    /// Opens files, reads their headers and settles the length of their bars.
    ///
    /// # Errors
    /// When a file cannot be read, has no usable header or row, or the files
    /// disagree on the length of a bar.
    pub fn open<P: AsRef<Path>>(files: &[P], options: Options) -> Result<Self, HistoryError> {
        let merge = Merge::open(files, options)?;
        Ok(Self { merge, group: Vec::new(), bars: Vec::new(), failed: false })
    }

    /// Returns the length of every bar.
    pub const fn interval(&self) -> Interval {
        self.merge.interval()
    }

    /// Returns what was set aside so far.
    pub const fn set_aside(&self) -> &SetAside {
        self.merge.set_aside()
    }

    fn step(&mut self) -> Result<Option<MarketStep>, HistoryError> {
        let Some(at) = self.merge.next_group(&mut self.group)? else { return Ok(None) };
        self.bars.clear();
        self.bars.extend(self.group.iter().map(|entry| entry.bar));
        let quotes = self.group.iter().filter_map(|entry| {
            let [(bid, bid_size), (ask, ask_size)] = entry.quote?;
            // Rows with a crossed quote never come this far.
            Quote::new(entry.bar.symbol, (bid, bid_size), (ask, ask_size), at).ok()
        });
        let quotes = quotes.collect();
        let bars =
            BarBatch { interval: self.merge.interval(), bars: Arc::from(self.bars.as_slice()) };
        Ok(Some(MarketStep { at, bars: Some(bars), quotes, ..MarketStep::default() }))
    }
}

impl Iterator for History {
    type Item = Result<MarketStep, HistoryError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let step = self.step();
        self.failed = step.is_err();
        step.transpose()
    }
}
