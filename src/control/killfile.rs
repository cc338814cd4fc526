//! The kill file: whoever can write into the data folder can stop the trading, with
//! nothing but `touch`.
//!
//! The file counts when it appears; one that stays does not kill again. Resuming does
//! not need it gone, but a start does: a file that is there at the start kills. Its
//! first line, if there is one, is the reason.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::control::kill::{self, Killer};
use crate::control::protocol::REASON_CHARS_MAX;
use crate::domain::command::{Actor, Way};
use crate::view::clean_text;

/// Time between two looks.
pub const PERIOD: Duration = Duration::from_millis(250);

/// Bytes of the file that are read.
const BYTES_MAX: u64 = 4_096;

/// Looks for the file every [`PERIOD`] and kills when it appears, until the token is
/// cancelled.
pub async fn watch(path: PathBuf, killer: Killer, stop: CancellationToken) {
    let mut looks = interval(PERIOD);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut was_there = false;
    loop {
        // The stop first: nothing is to be killed in a house that closes.
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            _ = looks.tick() => {}
        }
        let place = path.clone();
        // Away from the workers: a folder on a dead network disk does not answer.
        let found = tokio::task::spawn_blocking(move || look(&place)).await.unwrap_or_default();
        if let Some(reason) = &found
            && !was_there
        {
            let actor = Actor { via: Way::KillFile, uid: None, user: None };
            kill::submit(&killer, reason.clone(), actor, &stop).await;
        }
        was_there = found.is_some();
    }
}

/// Writes a kill file for an instance that does not answer. What is there is kept: it
/// kills as well.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, reason: &str) -> io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let opened = File::options().write(true).create_new(true).mode(0o600).open(path);
    match opened {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        opened => writeln!(opened?, "{reason}"),
    }
}

/// Returns the reason when the file is there. A file that is there and cannot be read
/// kills as well: the wish is plain.
fn look(path: &Path) -> Option<String> {
    if !path.symlink_metadata().is_ok_and(|found| !found.is_dir()) {
        return None;
    }
    let mut bytes = Vec::new();
    // A pipe would be waited for, so only a regular file is opened.
    if path.metadata().is_ok_and(|found| found.is_file())
        && let Ok(file) = File::open(path)
    {
        // What was read before an error still is the reason.
        let _ = file.take(BYTES_MAX).read_to_end(&mut bytes);
    }
    let text = String::from_utf8_lossy(&bytes);
    let line = clean_text(text.lines().next().unwrap_or_default(), REASON_CHARS_MAX);
    Some(if line.is_empty() { format!("{} is there", path.display()) } else { line.into() })
}
