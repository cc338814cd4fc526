//! Recorded bars and quotes, read from CSV files in bounded memory.
//!
//! [`History`] merges one or more files by time and gives one [`MarketStep`](crate::domain::market::MarketStep) per
//! instant; [`check()`] reads everything once without keeping it, so that a bad
//! row is found before anything is traded. Nothing here knows a strategy, a
//! clock or an account.
//!
//! # The format
//!
//! The first line names the columns, in any order and case: a time (`ts`,
//! `timestamp`, `date`, `time` or `datetime`), `open`, `high`, `low`, `close`,
//! `volume`, and if there are any `symbol` (or `ticker`), `bid`, `ask`,
//! `bid_size`, `ask_size`. Other columns are ignored. Without a symbol column the
//! file name without its endings is the symbol. Fields may be quoted (a quoted
//! field holds no line break), lines may end in CR LF, a byte order mark is
//! ignored, blank lines are skipped, and a file may be compressed by gzip
//! (recognised by its first bytes, not by its name).
//!
//! Times are RFC 3339, a date and time without zone (taken as UTC), a date
//! (`2025-10-28` or `20251028`, the trading day in New York) or a count since 1970
//! in seconds, ms, µs or ns, told apart by magnitude. A bar's time is its start;
//! of daily bars only the day counts. An empty bid or ask means no quote.
//! Fractions of a share in volumes and sizes are rounded half to even.
//!
//! # Order
//!
//! Rows of the same instant make one step, whatever file they come from: in the
//! order of the files as given, within a file in the order of its rows.
//!
//! Read next: `rows` (one line becomes one row), `merge` (files become steps).

mod check;
mod error;
mod fields;
mod header;
mod instant;
mod interval;
mod lines;
mod merge;
mod rows;
mod schedule;
mod steps;
#[cfg(test)]
mod tests;
mod tickers;

pub use check::{Summary, check};
pub use error::{BadRow, BadRows, HistoryError, Reason, SetAside};
pub use merge::Options;
pub use steps::History;
