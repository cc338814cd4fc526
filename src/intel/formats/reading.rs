//! What all formats have in common: caps, cleaning, numbering, people, the beginning.

use sha2::{Digest, Sha256};

use crate::domain::hex::hex;
use crate::domain::time::Timestamp;
use crate::intel::formats::{cues, json, plain};
use crate::intel::text::{LINE_MAX, clean_line, clean_token};
use crate::intel::transcript::{Segment, Transcript, TranscriptId};

/// Most bytes of a transcript: a day of talk has less than one.
pub const TRANSCRIPT_MAX: usize = 10 * 1024 * 1024;
/// Most segments of a transcript: one each two seconds for a day.
pub const SEGMENTS_MAX: usize = 50_000;
/// Most bytes of what is said in one segment.
pub const SEGMENT_MAX: usize = 10_000;
/// Most people of a transcript.
pub(super) const PEOPLE_MAX: usize = 500;

/// Why a file is no transcript.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TranscriptError {
    /// Too long to be looked at.
    #[error("it has {0} bytes, at most {TRANSCRIPT_MAX} are read")]
    TooLong(usize),
    /// It looks like JSON and is not the shape that is documented.
    #[error("its JSON is not a transcript's: {0}")]
    Json(String),
    /// Nobody says anything in it.
    #[error("there is no segment in it")]
    Empty,
}

/// What a format finds, before cleaning.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) id: Option<String>,
    pub(super) title: Option<String>,
    pub(super) began_at: Option<Timestamp>,
    pub(super) people: Vec<String>,
    pub(super) segments: Vec<Said>,
}

/// A segment before cleaning.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) speaker: Option<String>,
    pub(super) offset_ms: Option<u64>,
    pub(super) until_ms: Option<u64>,
    pub(super) text: String,
}

/// Reads a transcript; `name` is that of its file, without folders. A file without a
/// beginning of its own that is named `2026-11-23…` or `2026-11-23T1430…` began then
/// (UTC).
///
/// # Errors
/// A file that is too long, JSON of another shape, or a file without a segment.
pub fn read(name: &str, bytes: &[u8]) -> Result<Transcript, TranscriptError> {
    if bytes.len() > TRANSCRIPT_MAX {
        return Err(TranscriptError::TooLong(bytes.len()));
    }
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
    let draft = if text.trim_start().starts_with('{') {
        json::read(&text)?
    } else if text.starts_with("WEBVTT") || text.contains("-->") {
        cues::read(&text)
    } else {
        plain::read(&text)
    };
    let (stem, _) = name.rsplit_once('.').unwrap_or((name, ""));
    let line = |text: &str| clean_line(text, LINE_MAX).text;
    let id = draft.id.as_deref().map(|id| clean_token(id, LINE_MAX)).filter(|id| !id.is_empty());
    let segments = segments(draft.segments);
    if segments.is_empty() {
        return Err(TranscriptError::Empty);
    }
    Ok(Transcript {
        id: TranscriptId(id.unwrap_or_else(|| format!("sha256:{}", hex(&Sha256::digest(bytes))))),
        title: draft
            .title
            .as_deref()
            .map(line)
            .filter(|t| !t.is_empty())
            .unwrap_or_else(|| line(stem)),
        began_at: draft.began_at.or_else(|| named_time(stem)),
        people: people(&draft.people, &segments),
        segments,
    })
}

/// Cleans and numbers; a segment without a time begins where the one before it ended.
fn segments(said: Vec<Said>) -> Vec<Segment> {
    let mut found: Vec<Segment> = Vec::new();
    let mut last = 0;
    for one in said.into_iter().take(SEGMENTS_MAX) {
        let text = clean_line(&one.text, SEGMENT_MAX).text;
        let Ok(index) = u32::try_from(found.len()) else { break };
        if text.is_empty() {
            continue;
        }
        let offset_ms = one.offset_ms.unwrap_or(last);
        let until_ms = one.until_ms.unwrap_or(offset_ms).max(offset_ms);
        last = until_ms;
        let speaker = one.speaker.map(|name| clean_line(&name, LINE_MAX).text);
        let speaker = speaker.filter(|name| !name.is_empty());
        found.push(Segment { index, speaker, offset_ms, until_ms, text });
    }
    found
}

fn people(named: &[String], segments: &[Segment]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let named = named.iter().map(|name| clean_line(name, LINE_MAX).text);
    for name in named.chain(segments.iter().filter_map(|segment| segment.speaker.clone())) {
        if found.len() < PEOPLE_MAX && !name.is_empty() && !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// The instant that a name begins with: `2026-11-23` or `2026-11-23T1430`.
fn named_time(stem: &str) -> Option<Timestamp> {
    let day = stem.get(..10)?;
    let clock = stem.get(10..15).and_then(|clock| {
        let (hour, minute) = clock.strip_prefix('T')?.split_at_checked(2)?;
        Some(format!("{hour}:{minute}"))
    });
    let at = |clock: &str| format!("{day}T{clock}:00Z").parse().ok();
    clock.and_then(|clock| at(&clock)).or_else(|| at("00:00"))
}

/// Reads `hh:mm:ss.mmm`, `mm:ss,mmm`, `hh:mm:ss` as milliseconds.
pub(super) fn clock_ms(text: &str) -> Option<u64> {
    let (whole, part) = text.trim().split_once(['.', ',']).unwrap_or((text.trim(), ""));
    let mut seconds = 0_u64;
    let fields: Vec<&str> = whole.split(':').collect();
    if !(2..=3).contains(&fields.len()) {
        return None;
    }
    for field in fields {
        let is_number = !field.is_empty() && field.len() <= 4;
        let number: u64 = is_number.then(|| field.parse().ok())??;
        seconds = seconds * 60 + number;
    }
    let millis = match part.len() {
        0 => 0,
        1..=3 => part.parse::<u64>().ok()? * 10_u64.pow(3 - u32::try_from(part.len()).ok()?),
        _ => return None,
    };
    Some(seconds * 1_000 + millis)
}
