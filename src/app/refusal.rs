//! What was asked for and cannot be had, told from what failed while it ran.
//!
//! Knows every error that can come before a run has done anything; the command line
//! gives such errors an exit code of their own.

use std::path::PathBuf;

use crate::app::resume::ResumeError;
use crate::domain::ids::Symbol;
use crate::journal::JournalError;
use crate::sources::history::HistoryError;

/// Why a run cannot be begun as it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The file for events cannot be made.
    #[error(
        "cannot write the events to {}; name a file in a folder that you may write to",
        path.display()
    )]
    Events {
        /// Which file.
        path: PathBuf,
    },
    /// A file that is written would take the place of one that is read.
    #[error("{} is one of the files to be replayed: write to another one", path.display())]
    OverInput {
        /// Which file.
        path: PathBuf,
    },
    /// The embedded market has no such stock.
    #[error(
        "sim.symbols names {unknown}, which the embedded market does not list; it lists {known}"
    )]
    UnknownSymbol {
        /// What was asked for.
        unknown: Symbol,
        /// What there is.
        known: String,
    },
    /// The journal is there already.
    #[error(
        "{} exists; a replay writes a new journal: name another file or remove it",
        path.display()
    )]
    JournalExists {
        /// Which file.
        path: PathBuf,
    },
}

/// Tells whether an error of a run came before it did anything. A journal that
/// cannot be had is one, a damaged one is not; an error of a journal in use comes
/// as the spine's.
pub fn is_refusal(error: &anyhow::Error) -> bool {
    error.is::<Refusal>()
        || error.is::<ResumeError>()
        || error.is::<HistoryError>()
        || error.downcast_ref::<JournalError>().is_some_and(JournalError::is_refusal)
}
