//! A pass over all files before the first trade: everything is read and checked,
//! nothing is kept.

use std::path::Path;

use crate::domain::ids::Symbol;
use crate::domain::market::Interval;
use crate::domain::time::Timestamp;
use crate::sources::history::error::{HistoryError, SetAside};
use crate::sources::history::merge::{Merge, Options};

/// What the files of one replay hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Good rows, each one bar.
    pub rows: u64,
    /// Rows that also have a quote.
    pub quotes: u64,
    /// Instants at which something becomes known.
    pub steps: u64,
    /// The symbols, in the order of their first bars.
    pub symbols: Vec<Symbol>,
    /// The first and the last instant; `None` when every row was set aside.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Length of every bar.
    pub interval: Interval,
    /// What was passed over.
    pub set_aside: SetAside,
}

/// Reads all files once, as a replay would, without keeping anything.
///
/// # Errors
/// As [`History::open`](crate::sources::history::History::open), and with
/// [`BadRows::Refuse`](crate::sources::history::BadRows::Refuse) at the first
/// row that cannot be right.
pub fn check<P: AsRef<Path>>(files: &[P], options: Options) -> Result<Summary, HistoryError> {
    let mut merge = Merge::open(files, options)?;
    let (mut rows, mut quotes, mut steps) = (0, 0, 0);
    let mut span: Option<(Timestamp, Timestamp)> = None;
    let mut group = Vec::new();
    while let Some(at) = merge.next_group(&mut group)? {
        steps += 1;
        for entry in &group {
            rows += 1;
            quotes += u64::from(entry.quote.is_some());
        }
        span = Some((span.map_or(at, |(first, _)| first), at));
    }
    let symbols = merge.symbols().collect();
    let interval = merge.interval();
    Ok(Summary { rows, quotes, steps, symbols, span, interval, set_aside: merge.into_set_aside() })
}
