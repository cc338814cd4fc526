//! From the bytes of a transcript to its segments: start with [`read()`].
//!
//! Four formats, told apart by what is in them and by the file's name: `WebVTT`, `SubRip`
//! (SRT), plain text with speakers, and JSON. It knows nothing of folders; those are
//! read in `crate::sources::intel`.

mod cues;
mod json;
mod plain;
mod reading;
#[cfg(test)]
mod tests;

pub use reading::{SEGMENT_MAX, SEGMENTS_MAX, TRANSCRIPT_MAX, TranscriptError, read};
