//! What was asked for and cannot be had, told from what failed while it ran.
//!
//! Knows every error that can come before a run has done anything; the command line
//! gives such errors an exit code of their own.

use std::path::PathBuf;

use crate::app::resume::ResumeError;
use crate::brokers::CallError;
use crate::brokers::alpaca::OpenError;
use crate::brokers::sim::server::WorldError;
use crate::bus::redis::BusError;
use crate::control::SocketError;
use crate::control::page::PageError;
use crate::domain::calendar::{CalendarError, MarketHours, date_in_new_york, trading_day};
use crate::domain::ids::Symbol;
use crate::domain::time::Timestamp;
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
    /// The market of the data, or the embedded one, has no calendar.
    #[error(transparent)]
    OutsideCalendar(#[from] CalendarError),
    /// The simulated broker's world cannot be.
    #[error(transparent)]
    World(#[from] WorldError),
    /// The broker's client cannot be made: keys or addresses that do not fit.
    #[error(transparent)]
    Client(#[from] OpenError),
    /// The broker does not answer, or refuses the keys.
    #[error("the broker does not say who we are: {0}; check the keys and the network")]
    Broker(#[source] Box<CallError>),
    /// The account may not trade, or is another one.
    #[error("account {account} may not trade: {why}")]
    Account {
        /// The broker's name of it.
        account: String,
        /// What the broker or the configuration says.
        why: String,
    },
    /// The simulated broker's account begins anew with every run.
    #[error(
        "{} exists, and the simulated broker behind the wire begins anew: name another file, or pass --seed to go on with a seeded run",
        path.display()
    )]
    JournalOfEarlier {
        /// Which file.
        path: PathBuf,
    },
    /// The control socket cannot be had.
    #[error(transparent)]
    Socket(SocketError),
    /// The page of numbers cannot be served.
    #[error(transparent)]
    Page(PageError),
    /// The bus cannot be had as it is set up, or is not safe.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// No instance of these names has used this Redis.
    #[error(
        "no instance named {names} has used Redis at {at}; start it with --bus, or name it with --instance"
    )]
    NobodyThere {
        /// Which names.
        names: String,
        /// Where.
        at: String,
    },
    /// The file has no key that could be meant.
    #[error(
        "{} has no key {}; name the sender of one of its lines with --sender",
        path.display(),
        sender.as_ref().map_or_else(|| "of one sender alone".to_owned(), |name| format!("of '{name}'"))
    )]
    NoKey {
        /// Which file.
        path: PathBuf,
        /// Whose key.
        sender: Option<String>,
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

/// Refuses data of days for which the market's sessions are not known: nothing would
/// be traded on them, and nobody would be told why.
///
/// # Errors
/// Names the day and the remedy.
pub fn check_calendar(
    hours: MarketHours,
    span: Option<(Timestamp, Timestamp)>,
) -> Result<(), Refusal> {
    if let (MarketHours::NewYork, Some((first, last))) = (hours, span) {
        trading_day(date_in_new_york(first))?;
        trading_day(date_in_new_york(last))?;
    }
    Ok(())
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
