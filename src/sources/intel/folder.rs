//! Transcripts from a folder: every `.vtt`, `.srt`, `.txt` and `.json`, in order of names.
//!
//! It knows nothing of what is said in them; see [`formats`](crate::intel::formats).

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use crate::intel::formats::{TRANSCRIPT_MAX, read};
use crate::intel::transcript::Transcript;

/// Most transcripts of a folder.
pub const TRANSCRIPTS_MAX: usize = 10_000;

/// What a folder gave.
#[derive(Debug, Default)]
pub struct Transcripts {
    /// Those that could be read, in order of their files' names.
    pub read: Vec<Transcript>,
    /// File and reason of the others.
    pub failed: Vec<(String, String)>,
}

/// Reads a folder's transcripts.
///
/// # Errors
/// A folder that cannot be listed, or that has more transcripts than the bound.
pub fn transcripts(folder: &Path) -> io::Result<Transcripts> {
    let mut entries: Vec<_> = fs::read_dir(folder)?.collect::<io::Result<_>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    let mut found = Transcripts::default();
    for entry in entries {
        let path = entry.path();
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
        let is_one = matches!(ending.as_deref(), Some("vtt" | "srt" | "txt" | "json"));
        if !is_one || !entry.file_type()?.is_file() {
            continue;
        }
        if found.read.len() + found.failed.len() == TRANSCRIPTS_MAX {
            let why = format!("there are more than {TRANSCRIPTS_MAX} transcripts");
            return Err(io::Error::other(why));
        }
        let name = entry.file_name().to_string_lossy().into_owned();
        match one(&path, &name) {
            Ok(transcript) => found.read.push(transcript),
            Err(why) => found.failed.push((path.display().to_string(), why)),
        }
    }
    Ok(found)
}

fn one(path: &Path, name: &str) -> Result<Transcript, String> {
    let max = u64::try_from(TRANSCRIPT_MAX).unwrap_or(u64::MAX) + 1;
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(max).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    read(name, &bytes).map_err(|error| error.to_string())
}
