//! The first line: which column holds what.

use std::path::Path;

use crate::domain::ids::Symbol;
use crate::sources::history::error::{HistoryError, shown};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    /// When the bar began.
    Time,
    /// Which stock.
    Symbol,
    /// One of the four prices of a bar.
    Price(usize),
    /// Shares traded.
    Volume,
    /// A side of the quote: 0 the bid, 1 the ask.
    Side(usize),
    /// Shares at a side of the quote: 0 the bid, 1 the ask.
    SideSize(usize),
    /// Something that we do not need.
    Ignored,
}

impl Column {
    fn of_name(name: &str) -> Self {
        match name {
            "ts" | "timestamp" | "date" | "time" | "datetime" => Self::Time,
            "symbol" | "ticker" => Self::Symbol,
            "open" => Self::Price(0),
            "high" => Self::Price(1),
            "low" => Self::Price(2),
            "close" => Self::Price(3),
            "volume" => Self::Volume,
            "bid" => Self::Side(0),
            "ask" => Self::Side(1),
            "bid_size" => Self::SideSize(0),
            "ask_size" => Self::SideSize(1),
            _ => Self::Ignored,
        }
    }

    /// The name in messages.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Time => "timestamp",
            Self::Symbol => "symbol",
            Self::Price(0) => "open",
            Self::Price(1) => "high",
            Self::Price(2) => "low",
            Self::Price(_) => "close",
            Self::Volume => "volume",
            Self::Side(0) => "bid",
            Self::Side(_) => "ask",
            Self::SideSize(0) => "bid_size",
            Self::SideSize(_) => "ask_size",
            Self::Ignored => "other",
        }
    }
}

/// The columns in file order, and the symbol of a file that has no such column.
#[derive(Debug, Clone)]
pub(super) struct Header {
    pub(super) columns: Vec<Column>,
    pub(super) file_symbol: Option<Symbol>,
}

impl Header {
    /// Reads the header line (without its line feed).
    pub(super) fn parse(path: &Path, line: &[u8]) -> Result<Self, HistoryError> {
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        let text = std::str::from_utf8(line).ok().filter(|text| !text.contains('\0'));
        let Some(text) = text else {
            return Err(HistoryError::NotText { path: path.into() });
        };
        let names: Vec<String> = text
            .trim_end_matches('\r')
            .split(',')
            .map(|name| name.trim().trim_matches('"').trim().to_ascii_lowercase())
            .collect();
        let columns: Vec<Column> = names.iter().map(|name| Column::of_name(name)).collect();
        for (index, column) in columns.iter().enumerate() {
            let earlier = columns[..index].iter().position(|other| other == column);
            if let (Some(first), true) = (earlier, *column != Column::Ignored) {
                return Err(HistoryError::TwoColumns {
                    path: path.into(),
                    column: column.name(),
                    first: shown(names[first].as_bytes()),
                    second: shown(names[index].as_bytes()),
                });
            }
        }
        let needed = [Column::Time, Column::Volume].into_iter().chain((0..4).map(Column::Price));
        for column in needed {
            if !columns.contains(&column) {
                let found = shown(names.join(", ").as_bytes());
                return Err(HistoryError::MissingColumn {
                    path: path.into(),
                    column: column.name(),
                    found,
                });
            }
        }
        let has_symbol = columns.contains(&Column::Symbol);
        let file_symbol = if has_symbol { None } else { Some(symbol_of_file(path)?) };
        Ok(Self { columns, file_symbol })
    }
}

/// `data/aapl.csv.gz` → AAPL; `BRK.B.csv` → BRK.B.
fn symbol_of_file(path: &Path) -> Result<Symbol, HistoryError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_uppercase();
    let mut stem = name.as_str();
    for ending in [".GZ", ".CSV", ".TXT"] {
        stem = stem.strip_suffix(ending).unwrap_or(stem);
    }
    Symbol::new(stem)
        .map_err(|_| HistoryError::NoSymbol { path: path.into(), stem: shown(stem.as_bytes()) })
}
