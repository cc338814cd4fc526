//! The rows of one file, each checked by itself.
//!
//! Their order, what other files hold, and when a bar becomes known is the matter
//! of `merge` and `schedule`.

use std::path::{Path, PathBuf};

use crate::domain::ids::Symbol;
use crate::domain::money::Price;
use crate::sources::history::error::{BadRow, BadRows, Fault, HistoryError, Reason, SetAside};
use crate::sources::history::fields;
use crate::sources::history::header::{Column, Header};
use crate::sources::history::instant::{RowTime, TimeReader, time};
use crate::sources::history::lines::{BUFFER, Lines, Ready};
use crate::sources::history::tickers::Tickers;

/// One line of a file, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) time: RowTime,
    pub(super) symbol: Symbol,
    /// Open, high, low and close; high and low enclose the others.
    pub(super) prices: [Price; 4],
    pub(super) volume: u64,
    /// Bid and ask with their sizes, not crossed.
    pub(super) quote: Option<[(Price, u64); 2]>,
}

/// A row as far as it has been read.
#[derive(Debug, Clone, Copy, Default)]
struct Draft {
    time: Option<RowTime>,
    symbol: Option<Symbol>,
    prices: [Option<Price>; 4],
    volume: u64,
    sides: [Option<Price>; 2],
    side_sizes: [u64; 2],
}

/// Turns lines into rows.
#[derive(Debug)]
pub(super) struct RowReader {
    header: Header,
    times: TimeReader,
    tickers: Tickers,
}

impl RowReader {
    pub(super) fn new(header: Header) -> Self {
        Self { header, times: TimeReader::empty(), tickers: Tickers::default() }
    }

    /// Reads a line in plain form at the beginning of `bytes`; returns the row
    /// and the length of the line with its line feed. `None` is no verdict.
    #[inline]
    pub(super) fn quick(&mut self, bytes: &[u8]) -> Option<(Row, usize)> {
        let mut draft = Draft { symbol: self.header.file_symbol, ..Draft::default() };
        let mut at = 0;
        let last = self.header.columns.len() - 1;
        for index in 0..=last {
            let column = self.header.columns[index];
            let mut end = self.quick_field(&mut draft, column, bytes, at)?;
            if index < last {
                (bytes.get(end) == Some(&b',')).then_some(())?;
            } else {
                end += usize::from(bytes.get(end) == Some(&b'\r'));
                (bytes.get(end) == Some(&b'\n')).then_some(())?;
            }
            at = end + 1;
        }
        Some((draft.finish().ok()?, at))
    }

    #[inline]
    fn quick_field(
        &mut self,
        draft: &mut Draft,
        column: Column,
        bytes: &[u8],
        at: usize,
    ) -> Option<usize> {
        let end;
        match column {
            Column::Price(which) => {
                let price;
                (price, end) = fields::quick_price(bytes, at)?;
                *draft.prices.get_mut(which)? = Some(price);
            }
            Column::Time => {
                let time;
                (time, end) = self.times.quick(bytes, at)?;
                draft.time = Some(time);
            }
            Column::Symbol => {
                let symbol;
                (symbol, end) = self.tickers.quick(bytes, at)?;
                draft.symbol = Some(symbol);
            }
            Column::Volume => (draft.volume, end) = fields::quick_size(bytes, at)?,
            Column::Side(_) | Column::SideSize(_) if ends_field(bytes.get(at)) => end = at,
            Column::Side(which) => {
                let price;
                (price, end) = fields::quick_price(bytes, at)?;
                *draft.sides.get_mut(which)? = Some(price);
            }
            Column::SideSize(which) => {
                let size;
                (size, end) = fields::quick_size(bytes, at)?;
                *draft.side_sizes.get_mut(which)? = size;
            }
            Column::Ignored => {
                let rest = bytes.get(at..)?;
                let length = rest.iter().position(|byte| matches!(byte, b',' | b'\r' | b'\n'))?;
                let field = rest.get(..length)?;
                if field.contains(&b'"') {
                    return None;
                }
                end = at + length;
            }
        }
        Some(end)
    }

    /// Reads any legal line (without its line feed), or says what is wrong.
    pub(super) fn careful(&self, line: &[u8]) -> Result<Row, Fault> {
        let fields = split(line)?;
        let columns = &self.header.columns;
        if fields.len() != columns.len() {
            let what = format!("{} fields where the header names {}", fields.len(), columns.len());
            return Err(Fault::new(Reason::FieldCount, what));
        }
        let mut draft = Draft { symbol: self.header.file_symbol, ..Draft::default() };
        for (column, field) in columns.iter().zip(&fields) {
            let name = column.name();
            let field = field.as_slice().trim_ascii();
            match *column {
                Column::Time => draft.time = Some(time(field)?),
                Column::Symbol => draft.symbol = Some(fields::symbol(field)?),
                Column::Price(which) => draft.prices[which] = Some(fields::price(name, field)?),
                Column::Volume => draft.volume = fields::size(name, field)?,
                Column::Side(_) | Column::SideSize(_) if field.is_empty() => {}
                Column::Side(which) => draft.sides[which] = Some(fields::price(name, field)?),
                Column::SideSize(which) => draft.side_sizes[which] = fields::size(name, field)?,
                Column::Ignored => {}
            }
        }
        draft.finish()
    }
}

/// Tells whether a byte (or the end of the bytes) ends a field.
#[inline]
const fn ends_field(byte: Option<&u8>) -> bool {
    matches!(byte, None | Some(b',' | b'\r' | b'\n'))
}

impl Draft {
    /// Checks what the fields say together.
    #[inline]
    fn finish(self) -> Result<Row, Fault> {
        let (Some(time), Some(symbol), [Some(open), Some(high), Some(low), Some(close)]) =
            (self.time, self.symbol, self.prices)
        else {
            // The header vouches for every column, so this is not reached.
            return Err(Fault::new(Reason::FieldCount, "a field is missing"));
        };
        if high < low || open > high || open < low || close > high || close < low {
            return Err(contradiction([open, high, low, close]));
        }
        let quote = match self.sides {
            [Some(bid), Some(ask)] if bid > ask => {
                let what = format!("bid {bid} is above ask {ask}");
                return Err(Fault::new(Reason::Quote, what));
            }
            [Some(bid), Some(ask)] => Some([(bid, self.side_sizes[0]), (ask, self.side_sizes[1])]),
            [None, _] | [_, None] => None,
        };
        Ok(Row { time, symbol, prices: [open, high, low, close], volume: self.volume, quote })
    }
}

/// Names the first two prices that contradict each other.
#[cold]
fn contradiction([open, high, low, close]: [Price; 4]) -> Fault {
    let what = if high < low {
        format!("low {low} is above high {high}")
    } else if low > open {
        format!("low {low} is above open {open}")
    } else if low > close {
        format!("low {low} is above close {close}")
    } else if high < open {
        format!("high {high} is below open {open}")
    } else {
        format!("high {high} is below close {close}")
    };
    Fault::new(Reason::Bar, what)
}

/// Splits a line at its commas; a field in double quotes may hold commas, and a
/// doubled quote in it is a quote (RFC 4180, section 2).
fn split(line: &[u8]) -> Result<Vec<Vec<u8>>, Fault> {
    let mut fields = vec![Vec::new()];
    let mut quoted = false;
    let mut bytes = line.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        let field = fields.last_mut().expect("there is always a field being read");
        match byte {
            b'"' if quoted && bytes.next_if_eq(&b'"').is_some() => field.push(b'"'),
            b'"' => quoted = !quoted,
            b',' if !quoted => fields.push(Vec::new()),
            _ => field.push(byte),
        }
    }
    if quoted {
        return Err(Fault::new(Reason::FieldCount, "a quoted field does not end on its line"));
    }
    Ok(fields)
}

/// One open file.
#[derive(Debug)]
pub(super) struct Source {
    path: PathBuf,
    lines: Lines,
    reader: RowReader,
    /// Number of the line last passed, 1 for the header.
    line: u64,
}

impl Source {
    /// Opens a file and reads its header.
    pub(super) fn open(path: &Path) -> Result<Self, HistoryError> {
        let unreadable = |source| HistoryError::Unreadable { path: path.into(), source };
        if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
            return Err(HistoryError::NotAFile { path: path.into() });
        }
        let mut lines = Lines::open(path).map_err(unreadable)?;
        let header = match lines.ready().map_err(unreadable)? {
            Ready::Lines => {
                let length = line_length(lines.pending());
                let header = Header::parse(path, &lines.pending()[..length])?;
                lines.consume(length + 1);
                header
            }
            Ready::TooLong => return Err(HistoryError::NotText { path: path.into() }),
            Ready::End => {
                let remedy = "it is empty".into();
                return Err(HistoryError::NoRows { path: path.into(), remedy });
            }
        };
        Ok(Self { path: path.into(), lines, reader: RowReader::new(header), line: 1 })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the number of the line last passed.
    pub(super) const fn line(&self) -> u64 {
        self.line
    }

    /// Makes of a fault of the row last read what the policy says.
    #[cold]
    pub(super) fn fault(
        &self,
        fault: Fault,
        policy: BadRows,
        aside: &mut SetAside,
    ) -> Result<(), HistoryError> {
        judge(fault.at(&self.path, self.line), policy, aside)
    }

    /// Reads the next good row; `None` at the end of the file.
    #[inline]
    pub(super) fn next_row(
        &mut self,
        policy: BadRows,
        aside: &mut SetAside,
    ) -> Result<Option<Row>, HistoryError> {
        loop {
            let unreadable = |source| HistoryError::Unreadable { path: self.path.clone(), source };
            let ready = self.lines.ready().map_err(unreadable)?;
            self.line += u64::from(ready != Ready::End);
            let read = match ready {
                Ready::End => return Ok(None),
                Ready::TooLong => {
                    let what = format!("the line is longer than {BUFFER} bytes");
                    Err(Fault::new(Reason::TooLong, what))
                }
                Ready::Lines => match self.read_line() {
                    Some(read) => read,
                    None => continue,
                },
            };
            match read {
                Ok(row) => return Ok(Some(row)),
                Err(fault) => self.fault(fault, policy, aside)?,
            }
        }
    }

    /// Reads and passes over the first pending line; `None` when it is blank.
    #[inline]
    fn read_line(&mut self) -> Option<Result<Row, Fault>> {
        let pending = self.lines.pending();
        let (read, length) = if let Some((row, length)) = self.reader.quick(pending) {
            (Some(Ok(row)), length)
        } else {
            let length = line_length(pending);
            let line = pending[..length].trim_ascii();
            ((!line.is_empty()).then(|| self.reader.careful(line)), length + 1)
        };
        self.lines.consume(length);
        read
    }
}

/// Refuses a bad row or sets it aside; a day without a session is always set
/// aside, since such rows come with honest data of other markets.
pub(super) fn judge(
    row: BadRow,
    policy: BadRows,
    aside: &mut SetAside,
) -> Result<(), HistoryError> {
    if policy == BadRows::Refuse && row.reason != Reason::NotATradingDay {
        return Err(HistoryError::BadRow(row));
    }
    aside.add(row);
    Ok(())
}

/// Length of the first line without its line feed.
fn line_length(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len())
}
