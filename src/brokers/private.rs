//! Files that only their owner may read: keys and tokens.
//!
//! Knows nothing of what is in them but how a line names a value.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

/// Such a file is a few lines; more is some other file.
const BYTES_MAX: u64 = 64 * 1024;

/// Why a private file cannot be used. Never holds what is in it.
#[derive(Debug, thiserror::Error)]
pub enum PrivateFileError {
    /// It cannot be read, written or locked.
    #[error("the file {path} cannot be {done}: {cause}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What was tried.
        done: &'static str,
        /// What the system says.
        cause: io::Error,
    },
    /// Others may read or write it.
    #[error("the file {path} can be used by others (mode {mode:03o}): run chmod 600 {path}")]
    NotPrivate {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is not what it should be.
    #[error("the file {path} is not {expected}")]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// What was expected.
        expected: &'static str,
    },
    /// Another program has held its lock for too long.
    #[error("another program holds {path}.lock and does not let it go")]
    Locked {
        /// The file that the lock is for.
        path: PathBuf,
    },
}

impl PrivateFileError {
    /// Makes the mapping of a system's error on a file.
    pub(in crate::brokers) fn io(
        path: &Path,
        done: &'static str,
    ) -> impl Fn(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |cause| Self::Io { path: path.clone(), done, cause }
    }
}

/// Reads a file, after its open handle has shown that it is private. `expected` says
/// what it should be, for the error.
pub(in crate::brokers) fn read_private(
    path: &Path,
    expected: &'static str,
) -> Result<(SecretString, Metadata), PrivateFileError> {
    let failed = PrivateFileError::io(path, "read");
    let malformed = || PrivateFileError::Malformed { path: path.to_owned(), expected };
    let mut file = File::open(path).map_err(&failed)?;
    let about = file.metadata().map_err(&failed)?;
    if !about.is_file() || about.len() > BYTES_MAX {
        return Err(malformed());
    }
    let mode = about.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(PrivateFileError::NotPrivate { path: path.to_owned(), mode });
    }
    let mut text = String::new();
    file.by_ref().take(BYTES_MAX).read_to_string(&mut text).map_err(|cause| {
        if cause.kind() == io::ErrorKind::InvalidData { malformed() } else { failed(cause) }
    })?;
    Ok((SecretString::from(text), about))
}

/// Reads one line: `NAME=value`, `export NAME='value'`, `name = "value"  # so`.
pub(in crate::brokers) fn assignment(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = line.split_once('=')?;
    let value = value.trim();
    let quoted = ['"', '\''].into_iter().find_map(|quote| {
        let inside = value.strip_prefix(quote)?;
        inside.split_once(quote).map(|(inside, _)| inside)
    });
    let bare = || value.split_whitespace().next().unwrap_or_default();
    Some((name.trim(), quoted.unwrap_or_else(bare)))
}
