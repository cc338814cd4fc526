//! What mails and meetings gave: facts about text that others wrote.
//!
//! All texts in here were cleaned and capped where they entered; they are data to be
//! shown, never a command. Both events come in by the door. It knows nothing of how mails
//! are read; see `crate::sources::intel`.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::domain::ids::Symbol;
use crate::domain::time::Timestamp;
use crate::events::wire::family;

/// Most symbols, intents, words, people or entities that one event names.
pub const NAMED_MAX: usize = 16;

family! {
    /// What mails and meetings gave.
    IntelEvent {
        /// A mail is in the store.
        EmailStored(EmailStored) = "intel.email.stored",
        /// A mail speaks of a meeting.
        LinkFound(Box<LinkFound>) = "intel.link.found",
    }
}

impl IntelEvent {
    /// The first symbol that the event names.
    pub fn symbol(&self) -> Option<Symbol> {
        match self {
            Self::EmailStored(event) => event.symbols.first().copied(),
            Self::LinkFound(event) => event.symbols.first().copied(),
        }
    }
}

/// A mail is in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailStored {
    /// Its number in the store, from 1; what is told goes on after the last.
    pub number: u64,
    /// Its Message-ID, or the hash of its bytes.
    pub email: String,
    /// When it was written, as it says itself.
    pub written_at: Option<Timestamp>,
    /// The address that it says it comes from, in lower case; empty without one.
    pub client: String,
    /// The name beside that address; empty without one.
    pub name: String,
    /// Its subject.
    pub subject: String,
    /// Tickers that it names, at most [`NAMED_MAX`], in order of mention.
    pub symbols: Vec<Symbol>,
    /// What the writer is about to do or feels, such as `concern` or `not-sell`.
    pub intents: Vec<String>,
}

/// A mail speaks of a meeting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkFound {
    /// Its number in the store, from 1.
    pub number: u64,
    /// The mail.
    pub email: String,
    /// When it was written, as it says itself.
    pub written_at: Option<Timestamp>,
    /// The address that it says it comes from.
    pub client: String,
    /// Its subject.
    pub subject: String,
    /// Tickers that the mail names.
    pub symbols: Vec<Symbol>,
    /// The meeting.
    pub transcript: String,
    /// What that was about.
    pub title: String,
    /// How much speaks for the link, 0 to 1, four places.
    #[serde(with = "crate::domain::ratio")]
    pub score: Decimal,
    /// The segment that shares most with the mail, from 0.
    pub segment: Option<u32>,
    /// Its offset from the beginning of the meeting, milliseconds.
    pub offset_ms: Option<u64>,
    /// When it was said, where the meeting's beginning is known.
    pub said_at: Option<Timestamp>,
    /// Who said it; empty where nobody is named.
    pub speaker: String,
    /// The beginning of what was said.
    pub said: String,
    /// Stems that the mail and the segment share, rarest first.
    pub words: Vec<String>,
    /// People in common.
    pub people: Vec<String>,
    /// Entities in common, such as `ticker:AAPL`.
    pub entities: Vec<String>,
}
