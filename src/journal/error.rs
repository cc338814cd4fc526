//! What can go wrong with a journal, in words that name the remedy.

use std::fmt;
use std::io;
use std::path::PathBuf;

use rusqlite::ErrorCode;

use crate::domain::ids::Seq;

/// Why the journal cannot do what it must. After any error of a write the run
/// ends: a failed `fsync` is never tried again, because the second one may
/// succeed over pages that the first one has thrown away.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The run keeps no journal.
    #[error("this run keeps no journal")]
    NotKept,
    /// A file or folder cannot be made, opened or written.
    #[error("cannot use {}", path.display())]
    File {
        /// Which file or folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        cause: io::Error,
    },
    /// Another copy of the program writes to the same journal.
    #[error(
        "{} is held by another FlightDeck: stop that one first, or name another journal",
        lock.display()
    )]
    InUse {
        /// The lock file.
        lock: PathBuf,
    },
    /// There is no journal.
    #[error("there is no journal at {}", path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The file is a database of something else.
    #[error("{} is not a journal of FlightDeck: choose another file", path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
    },
    /// A newer program has written the journal.
    #[error(
        "{} has layout {found}, this version reads up to {known}: use the version that wrote it, \
         or a newer one",
        path.display()
    )]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Layout of the file.
        found: i64,
        /// The newest layout that this program reads.
        known: i64,
    },
    /// The journal belongs to another mode or account.
    #[error("the journal is of {field} '{recorded}', not '{asked}': choose another file")]
    OtherOwner {
        /// `mode` or `account`.
        field: &'static str,
        /// What the journal says.
        recorded: String,
        /// What was asked for.
        asked: String,
    },
    /// Envelopes must come with rising numbers.
    #[error("event {seq} comes after event {last}")]
    OutOfOrder {
        /// The number that came.
        seq: Seq,
        /// The number before it.
        last: Seq,
    },
    /// An amount is beyond what the store can hold, ± 92 thousand million dollars.
    #[error("amount of event {seq} is too large for the journal")]
    TooLarge {
        /// Which event.
        seq: Seq,
    },
    /// An earlier write has failed.
    #[error("the journal has failed before and takes nothing more: restart and verify it")]
    Failed,
    /// The journal's file was deleted or replaced while it was in use.
    #[error("{} is not the file any more that the journal writes to", path.display())]
    Gone {
        /// Which file.
        path: PathBuf,
    },
    /// The store refuses.
    #[error("the journal's store refuses")]
    Store(#[source] rusqlite::Error),
    /// What is stored is not what was written.
    #[error("the journal is damaged: {0}")]
    Damaged(Corruption),
    /// The export cannot be written.
    #[error("cannot write the export")]
    Output(#[source] io::Error),
}

impl JournalError {
    /// Tells whether the journal cannot be had as it was asked for; other errors
    /// are of a journal that is there.
    pub const fn is_refusal(&self) -> bool {
        match self {
            Self::NotKept
            | Self::File { .. }
            | Self::InUse { .. }
            | Self::Missing { .. }
            | Self::Foreign { .. }
            | Self::Newer { .. }
            | Self::OtherOwner { .. } => true,
            Self::OutOfOrder { .. }
            | Self::TooLarge { .. }
            | Self::Failed
            | Self::Gone { .. }
            | Self::Store(_)
            | Self::Damaged(_)
            | Self::Output(_) => false,
        }
    }
}

impl From<Corruption> for JournalError {
    fn from(corruption: Corruption) -> Self {
        Self::Damaged(corruption)
    }
}

impl From<rusqlite::Error> for JournalError {
    /// Tells a broken file from a store that refuses.
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Corruption::of_file(format!("SQLite says: {error}")).into()
            }
            Some(_) | None => Self::Store(error),
        }
    }
}

/// Where the journal is not what was written, and in what way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Corruption {
    /// Place of the record in the chain, counted from 1; absent for the tape, the
    /// projections and the file as a whole.
    pub n: Option<u64>,
    /// Number of the event, where it is known.
    pub seq: Option<Seq>,
    /// What is wrong, in words.
    pub what: String,
}

impl Corruption {
    pub(in crate::journal) fn of_record(n: u64, seq: Seq, what: impl Into<String>) -> Self {
        Self { n: Some(n), seq: Some(seq), what: what.into() }
    }

    pub(in crate::journal) fn of_tape(seq: Seq, what: impl Into<String>) -> Self {
        Self { n: None, seq: Some(seq), what: what.into() }
    }

    pub(in crate::journal) fn of_file(what: impl Into<String>) -> Self {
        Self { n: None, seq: None, what: what.into() }
    }
}

impl fmt::Display for Corruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.n, self.seq) {
            (Some(n), Some(seq)) => write!(f, "record {n} (event {seq}): {}", self.what),
            (Some(n), None) => write!(f, "record {n}: {}", self.what),
            (None, Some(seq)) => write!(f, "tape at event {seq}: {}", self.what),
            (None, None) => f.write_str(&self.what),
        }
    }
}
