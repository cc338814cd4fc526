//! How long the bars of a file are, judged by its first rows.
//!
//! The evidence is the smallest step between two bars of the same symbol: a gap
//! makes a step longer, nothing makes it shorter.

use std::path::Path;

use jiff::SignedDuration;

use crate::domain::market::Interval;
use crate::domain::symbols::SymbolMap;
use crate::sources::history::error::{BadRow, BadRows, HistoryError, SetAside, shown_path};
use crate::sources::history::rows::Source;

/// Good rows that are looked at when they show a step.
const ROWS_MIN: u64 = 2_000;
/// Good rows that are looked at when they show none.
const ROWS_MAX: u64 = 200_000;
/// Days are 23 hours apart when clocks go forward.
const DAY_MIN: i64 = 23 * 3_600 * 1_000_000_000;

/// What the first rows of a file say about the length of its bars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Evidence {
    /// Whether all rows name days only.
    dates: bool,
    /// The smallest step in nanoseconds.
    step: Option<i64>,
    /// The first row that cannot be right.
    bad: Option<BadRow>,
}

impl Evidence {
    /// Reads the beginning of a file.
    pub(super) fn of_file(path: &Path) -> Result<Self, HistoryError> {
        let mut source = Source::open(path)?;
        let mut aside = SetAside::default();
        let mut starts = SymbolMap::<i64>::default();
        let mut found = Self { dates: true, step: None, bad: None };
        let mut rows = 0;
        while let Some(row) = source.next_row(BadRows::SetAside, &mut aside)? {
            rows += 1;
            found.dates &= row.time.is_date;
            let before = starts.row(row.symbol, || row.time.nanos);
            let step = row.time.nanos.saturating_sub(*before);
            *before = row.time.nanos;
            if step > 0 {
                found.step = Some(found.step.map_or(step, |smallest| smallest.min(step)));
            }
            if rows >= ROWS_MAX || (rows >= ROWS_MIN && found.step.is_some()) {
                break;
            }
        }
        if rows == 0 {
            let remedy = aside.examples().first().map_or_else(
                || "it ends after its header".into(),
                |row| format!("the first fault is at {row}"),
            );
            return Err(HistoryError::NoRows { path: path.into(), remedy });
        }
        found.bad = aside.examples().first().cloned();
        Ok(found)
    }

    /// The interval that the rows prove.
    fn interval(&self) -> Option<Interval> {
        let step = self.step.unwrap_or(if self.dates { DAY_MIN } else { 0 });
        if self.dates || step >= DAY_MIN {
            return Some(Interval::Day);
        }
        Interval::ALL.into_iter().find(|interval| nanos(*interval) == step)
    }

    /// Tells whether bars of this length could look like this: with gaps, and
    /// with a short first bar of the day (09:30 to 10:00 among hours).
    fn allows(&self, interval: Interval) -> bool {
        if self.dates {
            return interval == Interval::Day;
        }
        match self.step {
            Some(step) if interval == Interval::Day => step >= DAY_MIN,
            Some(step) => step.saturating_mul(2) >= nanos(interval),
            None => true,
        }
    }

    /// Tells whether bars of this length, with gaps, look like this.
    fn fits(&self, interval: Interval) -> bool {
        self.allows(interval) && self.step.is_none_or(|step| step % nanos(interval) == 0)
    }

    fn text(&self) -> String {
        match self.step {
            Some(step) => {
                let step = SignedDuration::from_nanos(step);
                format!("the closest bars of a symbol are {step:#} apart")
            }
            None => "no symbol has two bars".into(),
        }
    }
}

fn nanos(interval: Interval) -> i64 {
    i64::try_from(interval.duration().as_nanos()).unwrap_or(i64::MAX)
}

/// Settles the length of bar that all files share.
pub(super) fn settle<P: AsRef<Path>>(
    files: &[P],
    given: Option<Interval>,
) -> Result<Interval, HistoryError> {
    let mut evidence = Vec::with_capacity(files.len());
    for path in files {
        evidence.push((path.as_ref(), Evidence::of_file(path.as_ref())?));
    }
    let proven = evidence.iter().find_map(|(path, found)| Some((found.interval()?, *path)));
    let (expected, expected_by) = match (given, proven) {
        (Some(interval), _) => (interval, "--interval".to_owned()),
        (None, Some((interval, path))) => (interval, shown_path(path)),
        (None, None) => {
            let Some((path, found)) = evidence.first() else { return Err(HistoryError::NoFiles) };
            // A row that cannot be read hides a step.
            if let Some(bad) = evidence.iter().find_map(|(_, found)| found.bad.as_ref()) {
                return Err(HistoryError::BadRow(bad.clone()));
            }
            return Err(HistoryError::IntervalUnknown {
                path: path.to_path_buf(),
                evidence: found.text(),
            });
        }
    };
    for (path, found) in evidence {
        let differs = match (given, found.interval()) {
            // What the caller says is believed where it is possible at all.
            (Some(_), _) => !found.allows(expected),
            (None, None) => !found.fits(expected),
            (None, Some(interval)) => interval != expected,
        };
        if differs {
            let length = found.interval().map_or_else(|| found.text(), |i| i.to_string());
            return Err(HistoryError::IntervalsDiffer {
                path: path.into(),
                found: length,
                expected,
                expected_by,
            });
        }
    }
    Ok(expected)
}
