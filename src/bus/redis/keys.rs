//! The keys of those who may command: one per sender, from a private file.
//!
//! No type here prints a key.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A file of keys or of a password is a few lines; more is some other file.
const FILE_BYTES_MAX: u64 = 64 * 1024;
/// Bytes of the shortest key: as strong as the hash.
const KEY_BYTES_MIN: usize = 32;
/// Characters of a sender's name, `a-z 0-9 . _ -`.
const SENDER_CHARS_MAX: usize = 64;

/// One sender's key.
#[derive(Clone)]
pub struct Key(Hmac<Sha256>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(not shown)")
    }
}

impl Key {
    /// Takes the bytes of a key; `None` when they are fewer than 32.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        if bytes.len() < KEY_BYTES_MIN {
            return None;
        }
        Hmac::<Sha256>::new_from_slice(bytes).ok().map(Self)
    }

    /// Returns the code of a text.
    pub(super) fn code(&self, text: &[u8]) -> [u8; 32] {
        self.0.clone().chain_update(text).finalize().into_bytes().into()
    }

    /// Compares a code in time that does not depend on where it differs.
    pub(super) fn is_code(&self, text: &[u8], code: &[u8]) -> bool {
        self.0.clone().chain_update(text).verify_slice(code).is_ok()
    }
}

/// Who may command.
#[derive(Debug, Clone, Default)]
pub struct Keys(BTreeMap<Arc<str>, Key>);

/// Why a private file cannot be used. Never holds what is in it.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file cannot be read.
    #[error("{path} cannot be read")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Others may read it, or it belongs to another user.
    #[error("{path} is not private (mode {mode:03o}): own it and run chmod 600 {path}")]
    NotPrivate {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is not a text of a few lines.
    #[error("{0} is no text of a few lines")]
    NotText(PathBuf),
    /// A line is not a key.
    #[error(
        "{path}:{line}: write sender = key, the key 64 or more hexadecimal digits, such as openssl rand -hex 32 prints"
    )]
    NotAKey {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
    },
}

impl Keys {
    /// Reads a file of `sender = key` lines that only its owner may read; `#` begins a
    /// remark.
    ///
    /// # Errors
    /// When it cannot be read, is not private, or a line is not a key.
    pub fn from_file(path: &Path) -> Result<Self, KeyFileError> {
        let text = read_private(path)?;
        let mut keys = Self::default();
        for (number, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let bad = || KeyFileError::NotAKey { path: path.to_owned(), line: number + 1 };
            let (sender, key) = line.split_once('=').ok_or_else(bad)?;
            let key = unhex(key.trim()).and_then(|bytes| Key::new(&bytes)).ok_or_else(bad)?;
            if !is_name(sender.trim()) {
                return Err(bad());
            }
            keys.0.insert(Arc::from(sender.trim()), key);
        }
        Ok(keys)
    }

    /// Adds a sender.
    #[must_use]
    pub fn with(mut self, sender: &str, key: Key) -> Self {
        self.0.insert(Arc::from(sender), key);
        self
    }

    /// Takes the key of one sender; without a name that of the only one.
    pub fn of(&self, sender: Option<&str>) -> Option<(&str, &Key)> {
        let (name, key) = match sender {
            Some(sender) => self.0.get_key_value(sender)?,
            None if self.0.len() == 1 => self.0.first_key_value()?,
            None => return None,
        };
        Some((name, key))
    }

    /// Finds a sender's key.
    pub(super) fn get(&self, sender: &str) -> Option<(&Arc<str>, &Key)> {
        self.0.get_key_value(sender)
    }

    /// Tells whether nobody may command.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whether a text is the name of a sender, a session or a nonce.
pub(super) fn is_name(text: &str) -> bool {
    let is_legal =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    !text.is_empty() && text.len() <= SENDER_CHARS_MAX && text.bytes().all(is_legal)
}

/// Reads a text, after its open handle has shown that it is this user's alone.
///
/// # Errors
/// When it cannot be read, is not private or no text.
pub(super) fn read_private(path: &Path) -> Result<String, KeyFileError> {
    let failed = |source| KeyFileError::File { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    if !about.is_file() || about.len() > FILE_BYTES_MAX {
        return Err(KeyFileError::NotText(path.to_owned()));
    }
    let mode = about.permissions().mode() & 0o777;
    if mode & 0o077 != 0 || about.uid() != rustix::process::geteuid().as_raw() {
        return Err(KeyFileError::NotPrivate { path: path.to_owned(), mode });
    }
    let mut bytes = Vec::new();
    file.by_ref().take(FILE_BYTES_MAX).read_to_end(&mut bytes).map_err(failed)?;
    String::from_utf8(bytes).map_err(|_| KeyFileError::NotText(path.to_owned()))
}

/// Reads hexadecimal digits, two a byte.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};

    #[track_caller]
    fn check(text: &str, mode: u32, expected: Result<(), &str>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bus.keys");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        match (Keys::from_file(&path), expected) {
            (Ok(keys), Ok(())) => assert!(!keys.is_empty()),
            (Err(error), Err(part)) => {
                let said = error.to_string();
                assert!(said.contains(part) && !said.contains("c0ffee"), "{said}");
            }
            (found, _) => panic!("{found:?}"),
        }
    }

    #[test]
    fn a_key_file_is_private_and_of_strong_keys() {
        let key = "c0ffee00".repeat(8);
        check(&format!("# who may\ndesk-1 = {key}\n"), 0o600, Ok(()));
        check(&format!("desk-1 = {key}\n"), 0o640, Err("chmod 600"));
        check("desk-1 = c0ffee00\n", 0o600, Err(":1: write sender = key"));
        check(&format!("\nDesk = {key}\n"), 0o600, Err(":2: write sender = key"));
        check(&format!("desk = {key}0\n"), 0o600, Err("write sender = key"));
        check("nonsense\n", 0o600, Err("write sender = key"));
    }

    #[test]
    fn a_key_does_not_show_in_print() {
        let keys = Keys::default().with("desk", Key::new(&[7; 32]).unwrap());
        assert_eq!(format!("{keys:?}"), "Keys({\"desk\": Key(not shown)})");
    }
}
