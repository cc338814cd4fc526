//! Whether the journal's files are still there under their names.
//!
//! A file that is deleted while it is open takes writes as before, and nobody can
//! ever open it again; so after every commit its name is looked up.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::journal::JournalError;

/// The file as it was at the opening, and the name of its write-ahead log.
#[derive(Debug)]
pub(in crate::journal) struct Presence {
    file: PathBuf,
    device: u64,
    inode: u64,
    log: PathBuf,
}

impl Presence {
    /// Remembers a file that is open.
    pub(in crate::journal) fn of(journal: &Path) -> Result<Self, JournalError> {
        let file = journal.to_owned();
        let metadata = fs::metadata(journal);
        let metadata =
            metadata.map_err(|cause| JournalError::File { path: file.clone(), cause })?;
        let mut log = journal.as_os_str().to_owned();
        log.push("-wal");
        Ok(Self { file, device: metadata.dev(), inode: metadata.ino(), log: log.into() })
    }

    /// Looks both names up, after a commit.
    pub(in crate::journal) fn check(&self) -> Result<(), JournalError> {
        let is_there = fs::metadata(&self.file)
            .is_ok_and(|found| found.dev() == self.device && found.ino() == self.inode);
        if !is_there {
            return Err(JournalError::Gone { path: self.file.clone() });
        }
        if !self.log.exists() {
            return Err(JournalError::Gone { path: self.log.clone() });
        }
        Ok(())
    }
}
