//! A link between a mail and a meeting, with what speaks for it.
//!
//! Knows nothing of how it is found; see [`correlator`](super::correlator).

use serde::Serialize;

use crate::domain::time::Timestamp;
use crate::intel::mail::MessageId;
use crate::intel::transcript::TranscriptId;

/// The four terms of a score, each in [0, 1] before its weight.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Terms {
    /// People in common.
    pub people: f64,
    /// Nearness in time.
    pub time: f64,
    /// Entities in common.
    pub entities: f64,
    /// Words in common.
    pub wording: f64,
}

/// What speaks for a link.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Evidence {
    /// `index` of the segment that shares most with the mail.
    pub segment: Option<u32>,
    /// Its offset from the beginning of the meeting, in milliseconds.
    pub offset_ms: Option<u64>,
    /// When it was said, if the meeting's beginning is known.
    #[serde(rename = "said_at")]
    pub at: Option<Timestamp>,
    /// Stems that the mail and that segment share, rarest first.
    pub words: Vec<String>,
    /// People in common, as keys in lower case, by alphabet.
    pub people: Vec<String>,
    /// Entities in common, such as `ticker:AAPL`, by alphabet.
    pub entities: Vec<String>,
}

/// A mail speaks of a meeting.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// The mail.
    pub message: MessageId,
    /// The meeting.
    pub transcript: TranscriptId,
    /// The weighted sum of the terms, in [0, 1].
    pub score: f64,
    /// The terms.
    pub terms: Terms,
    /// What speaks for it.
    pub evidence: Evidence,
}
