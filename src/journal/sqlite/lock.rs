//! One writer per journal: an advisory lock on a file beside it.
//!
//! The system drops the lock with the process, also after a kill, so a lock file
//! that is left over holds nobody up.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::journal::JournalError;

/// The lock, held as long as this lives.
#[derive(Debug)]
pub(in crate::journal) struct StoreLock(#[expect(dead_code, reason = "held, never read")] File);

impl StoreLock {
    /// Takes the lock of a journal or says who is in the way.
    pub(in crate::journal) fn take(journal: &Path) -> Result<Self, JournalError> {
        let lock = lock_path(journal);
        let refused = |cause| JournalError::File { path: lock.clone(), cause };
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&lock)
            .map_err(refused)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(JournalError::InUse { lock }),
            Err(TryLockError::Error(cause)) => Err(refused(cause)),
        }
    }
}

/// Tells whether somebody writes this journal now.
pub fn is_in_use(journal: &Path) -> bool {
    matches!(StoreLock::take(journal), Err(JournalError::InUse { .. }))
}

/// The lock file of a journal: its name with `.lock` behind it.
fn lock_path(journal: &Path) -> PathBuf {
    let mut name = journal.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}
