//! What can be wrong with recorded data, said so that a human can mend it.
//!
//! A fault of a row is refused or set aside (the caller's choice); a fault of a
//! file always ends the reading. Where faults are found: `rows`, `merge`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::domain::market::Interval;

/// How many rows that were set aside are kept as examples.
const EXAMPLES_MAX: usize = 20;
/// How much of a foreign text is repeated in a message, in characters.
const SHOWN_MAX: usize = 40;

/// What happens to a row that cannot be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BadRows {
    /// The first one ends the reading with an error.
    #[default]
    Refuse,
    /// It is counted, an example is kept, and the reading goes on.
    SetAside,
}

/// The kinds of fault a row can have, in the order in which they are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The line is longer than the read buffer.
    TooLong,
    /// More or fewer fields than the header names.
    FieldCount,
    /// The time is missing, of no known form or out of range.
    Time,
    /// The symbol is missing or has an illegal character.
    Symbol,
    /// A price is missing, not a number, not above zero or too large.
    Price,
    /// A volume or size is missing, not a number, negative or too large.
    Volume,
    /// High and low do not enclose open and close.
    Bar,
    /// The bid is above the ask.
    Quote,
    /// The row is older than the one before it in the same file.
    Backwards,
    /// The symbol already has a bar at this time.
    Duplicate,
    /// A daily bar of a day without a session in New York; always set aside.
    NotATradingDay,
}

impl Reason {
    /// The name in summaries.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TooLong => "line too long",
            Self::FieldCount => "wrong number of fields",
            Self::Time => "bad time",
            Self::Symbol => "bad symbol",
            Self::Price => "bad price",
            Self::Volume => "bad volume",
            Self::Bar => "contradictory bar",
            Self::Quote => "crossed quote",
            Self::Backwards => "time goes backwards",
            Self::Duplicate => "duplicate",
            Self::NotATradingDay => "not a trading day",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What is wrong with one row, without its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) reason: Reason,
    pub(super) what: String,
}

impl Fault {
    pub(super) fn new(reason: Reason, what: impl Into<String>) -> Self {
        Self { reason, what: what.into() }
    }

    pub(super) fn at(self, path: &Path, line: u64) -> BadRow {
        BadRow { path: path.into(), line, reason: self.reason, what: self.what }
    }
}

/// One row that cannot be right, with its place.
///
/// Displayed as `prices.csv:17: low 10.00 is above close 9.00`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// The file as it was given.
    pub path: PathBuf,
    /// The line in the (uncompressed) file; the header is line 1.
    pub line: u64,
    /// The kind of fault.
    pub reason: Reason,
    /// What was found, without control characters.
    pub what: String,
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", shown_path(&self.path), self.line, self.what)
    }
}

/// Rows that were passed over: how many of each kind, and the first few.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SetAside {
    counts: BTreeMap<Reason, u64>,
    examples: Vec<BadRow>,
}

impl SetAside {
    pub(super) fn add(&mut self, row: BadRow) {
        *self.counts.entry(row.reason).or_default() += 1;
        if self.examples.len() < EXAMPLES_MAX {
            self.examples.push(row);
        }
    }

    /// Returns how many rows were set aside in all.
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Walks the kinds that occurred with their counts, in the order of
    /// [`Reason`].
    pub fn counts(&self) -> impl Iterator<Item = (Reason, u64)> {
        self.counts.iter().map(|(reason, count)| (*reason, *count))
    }

    /// Returns the first rows that were set aside, at most 20.
    pub fn examples(&self) -> &[BadRow] {
        &self.examples
    }
}

/// Why recorded data cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// No file was named.
    #[error("no file was given; name one or more CSV files")]
    NoFiles,
    /// The operating system, or gzip, refuses.
    #[error("cannot read {}; check that it is there, readable and whole", shown_path(path))]
    Unreadable {
        /// The file as it was given.
        path: PathBuf,
        /// What was refused.
        source: std::io::Error,
    },
    /// A folder, pipe or device: the reader needs to read a file twice.
    #[error("{} is not a regular file; save the data to a file first", shown_path(path))]
    NotAFile {
        /// The file as it was given.
        path: PathBuf,
    },
    /// The file does not begin with a line of text.
    #[error(
        "{}:1: this is not text in UTF-8; save the file as CSV (plain or compressed by gzip)",
        shown_path(path)
    )]
    NotText {
        /// The file as it was given.
        path: PathBuf,
    },
    /// The file has no row that can be used.
    #[error("{} has no usable row; {remedy}", shown_path(path))]
    NoRows {
        /// The file as it was given.
        path: PathBuf,
        /// What to do: the first bad row, or that the file is empty.
        remedy: String,
    },
    /// The header names no column for something that is needed.
    #[error(
        "{}:1: no column '{column}' among: {found}; the first line must name the columns, separated by commas",
        shown_path(path)
    )]
    MissingColumn {
        /// The file as it was given.
        path: PathBuf,
        /// What is missing.
        column: &'static str,
        /// The names that were found.
        found: String,
    },
    /// The header names two columns for the same thing.
    #[error(
        "{}:1: two columns for '{column}': {first} and {second}; rename or remove one",
        shown_path(path)
    )]
    TwoColumns {
        /// The file as it was given.
        path: PathBuf,
        /// What both stand for.
        column: &'static str,
        /// The first name.
        first: String,
        /// The second name.
        second: String,
    },
    /// There is neither a symbol column nor a file name that is a symbol.
    #[error(
        "{}: no column 'symbol', and '{stem}' is not a symbol; add the column or name the file like AAPL.csv",
        shown_path(path)
    )]
    NoSymbol {
        /// The file as it was given.
        path: PathBuf,
        /// Its name without endings.
        stem: String,
    },
    /// A row cannot be right, and rows are not to be set aside.
    #[error("{0}; fix the row or pass --skip-bad-rows")]
    BadRow(BadRow),
    /// The distance between bars is none of 1min, 5min, 1hour, 1day.
    #[error(
        "{}: cannot tell the length of a bar ({evidence}); pass --interval 1min, 5min, 1hour or 1day",
        shown_path(path)
    )]
    IntervalUnknown {
        /// The file as it was given.
        path: PathBuf,
        /// What the first rows show.
        evidence: String,
    },
    /// Two files, or a file and the caller, disagree on the length of a bar.
    #[error(
        "{} has bars of {found}, but {expected} comes from {expected_by}; replay bars of one length at a time, or pass --interval if bars are missing",
        shown_path(path)
    )]
    IntervalsDiffer {
        /// The file as it was given.
        path: PathBuf,
        /// Its length of bar.
        found: String,
        /// The length that was expected.
        expected: Interval,
        /// Who said so: another file, or `--interval`.
        expected_by: String,
    },
}

/// Makes foreign bytes fit for a message: no control characters, bounded.
pub(super) fn shown(bytes: &[u8]) -> String {
    // Four bytes hold any character, and one more character shows that it goes on.
    let head = bytes.get(..(SHOWN_MAX + 1) * 4).unwrap_or(bytes);
    let text = String::from_utf8_lossy(head);
    let mut clean: String = text.chars().take(SHOWN_MAX).map(printable).collect();
    if text.chars().count() > SHOWN_MAX {
        clean.push_str("...");
    }
    clean
}

fn printable(character: char) -> char {
    if character.is_control() { '\u{fffd}' } else { character }
}

pub(super) fn shown_path(path: &Path) -> String {
    path.to_string_lossy().chars().map(printable).collect()
}
