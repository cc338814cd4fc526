//! What was said in a meeting: segments with a speaker and a time.
//!
//! All texts in here are clean and capped. It knows nothing of how transcripts are
//! written down.

use std::fmt;

use crate::domain::time::Timestamp;

/// What tells a transcript from all others: `sha256:` and the hash of its bytes, or the
/// `id` that it carries itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TranscriptId(pub String);

impl fmt::Display for TranscriptId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// What one speaker said in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its place in the transcript, from 0.
    pub index: u32,
    /// Who spoke.
    pub speaker: Option<String>,
    /// When it began, in milliseconds after the meeting's beginning.
    pub offset_ms: u64,
    /// When it ended, in milliseconds after the meeting's beginning; not before its
    /// beginning.
    pub until_ms: u64,
    /// What was said.
    pub text: String,
}

/// A meeting in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    /// What tells it from all others.
    pub id: TranscriptId,
    /// What it was about; the file's name unless it says so.
    pub title: String,
    /// When the meeting began, if it is known.
    pub began_at: Option<Timestamp>,
    /// What was said, in order of `index`.
    pub segments: Vec<Segment>,
    /// Who took part, each once, in order of appearance.
    pub people: Vec<String>,
}
