//! JSON, in this shape; only `segments` and their `text` are needed:
//!
//! ```json
//! {"id": "weekly-42", "title": "Weekly", "began_at": "2026-11-23T14:30:00Z",
//!  "people": ["Ann Lee"],
//!  "segments": [{"speaker": "Ann Lee", "offset_ms": 0, "until_ms": 4000, "text": "Hello."}]}
//! ```

use serde::Deserialize;

use super::reading::{Draft, Said, TranscriptError};

#[derive(Deserialize)]
struct File {
    id: Option<String>,
    title: Option<String>,
    began_at: Option<String>,
    #[serde(default)]
    people: Vec<String>,
    segments: Vec<Spoken>,
}

#[derive(Deserialize)]
struct Spoken {
    speaker: Option<String>,
    offset_ms: Option<u64>,
    until_ms: Option<u64>,
    text: String,
}

pub(super) fn read(text: &str) -> Result<Draft, TranscriptError> {
    let file: File =
        serde_json::from_str(text).map_err(|error| TranscriptError::Json(error.to_string()))?;
    let began_at = match file.began_at.as_deref().map(str::parse) {
        None => None,
        Some(Ok(at)) => Some(at),
        Some(Err(_)) => return Err(TranscriptError::Json("began_at is no instant".into())),
    };
    let segments = file.segments.into_iter().map(|said| Said {
        speaker: said.speaker,
        offset_ms: said.offset_ms,
        until_ms: said.until_ms,
        text: said.text,
    });
    let segments = segments.collect();
    Ok(Draft { id: file.id, title: file.title, began_at, people: file.people, segments })
}
