//! What the composition root lends to the control folder: the way in for commands,
//! and the way out for events and decision records.
//!
//! Traits, because the folder knows neither the spine nor the journal; the futures
//! are boxed, because one server speaks to one of each.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::value::RawValue;
use tokio::sync::broadcast;

use crate::domain::command::OperatorCommand;
use crate::events::Envelope;
use crate::view::Record;

/// Why a command did not reach its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SinkError {
    /// The house is closing or closed; the command was not taken.
    #[error("the house is closing and takes no command any more")]
    Closed,
    /// It may have been taken; nobody can tell what became of it.
    #[error("the outcome is unknown: {0}")]
    Unknown(String),
}

/// Takes the operator's commands.
pub trait CommandSink: Send + Sync {
    /// Hands a command in by the door and ends when its cascade is over and the read
    /// model shows what came of it.
    fn submit(&self, command: OperatorCommand) -> BoxFuture<'_, Result<(), SinkError>>;
}

/// A decision record in the two forms in which it is shown.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// For people; cleaned text.
    pub lines: Vec<String>,
    /// For programs.
    pub record: Box<RawValue>,
}

impl Explanation {
    /// Takes a record down.
    ///
    /// # Panics
    /// Never: a record is text and numbers and can be written.
    pub fn of(record: &Record) -> Self {
        let raw = serde_json::value::to_raw_value(record);
        Self { lines: record.lines(), record: raw.expect("a record can be written") }
    }
}

/// Tells what happened.
pub trait EventSource: Send + Sync {
    /// Subscribes to every event from now on. A reader that falls behind loses the
    /// oldest and is told how many; nobody waits for it.
    fn subscribe(&self) -> broadcast::Receiver<Arc<Envelope>>;

    /// Looks an old decision record up in the journal, by trade id, event number or
    /// symbol; the newest have been looked through already. `None` when there is none.
    fn why(&self, id: &str) -> BoxFuture<'_, Result<Option<Explanation>, String>>;
}
