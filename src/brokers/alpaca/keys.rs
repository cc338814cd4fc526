//! The two keys of an account: where they come from, and that nobody sees them.
//!
//! They are read once, from a private file or from values that the caller looked up,
//! and leave this folder only in request headers that are marked sensitive and in the
//! login of a stream. No type here prints or serialises a value.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use crate::brokers::alpaca::config::AccountKind;

/// The name of the key's id, in the environment and in a file.
pub const KEY_ID_NAME: &str = "APCA_API_KEY_ID";
/// The name of the key's secret, in the environment and in a file.
pub const SECRET_NAME: &str = "APCA_API_SECRET_KEY";
/// A file of keys is a few lines; more is some other file.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// The keys of one account.
#[derive(Clone)]
pub struct ApiKeys {
    id: SecretString,
    secret: SecretString,
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeys(not shown)")
    }
}

/// Why there are no keys, or not the right ones. Never holds a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A name is missing or empty.
    #[error("{0} is not set: Alpaca needs {KEY_ID_NAME} and {SECRET_NAME}")]
    Missing(&'static str),
    /// A key holds a character that no key has: blanks, quotes, control characters.
    #[error("{0} holds a character that no key has")]
    Illegal(&'static str),
    /// The file cannot be read.
    #[error("the key file {path} cannot be read")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Others may read the file.
    #[error("the key file {path} can be read by others (mode {mode:03o}): run chmod 600 {path}")]
    NotPrivate {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is not a file of a few lines of text.
    #[error("{0} is not a key file: it holds lines such as {KEY_ID_NAME}=…")]
    NotAKeyFile(PathBuf),
    /// Keys of one kind of account for the other.
    #[error(
        "these are keys of a {keys} account (they begin with {prefix}), not of a {account} one"
    )]
    WrongAccount {
        /// What the keys are for.
        keys: &'static str,
        /// How such keys begin.
        prefix: &'static str,
        /// What was asked for.
        account: &'static str,
    },
}

impl ApiKeys {
    /// Takes the two values.
    ///
    /// # Errors
    /// When one is empty or cannot be a key.
    pub fn new(id: SecretString, secret: SecretString) -> Result<Self, KeyError> {
        for (name, value) in [(KEY_ID_NAME, &id), (SECRET_NAME, &secret)] {
            let value = value.expose_secret();
            if value.is_empty() {
                return Err(KeyError::Missing(name));
            }
            if !value.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"') {
                return Err(KeyError::Illegal(name));
            }
        }
        Ok(Self { id, secret })
    }

    /// Asks the caller's look-up for the two names, as a rule the environment.
    ///
    /// # Errors
    /// When one is not found, is empty or cannot be a key.
    pub fn from_lookup(
        mut find: impl FnMut(&'static str) -> Option<String>,
    ) -> Result<Self, KeyError> {
        let mut value = |name| {
            let found = find(name).ok_or(KeyError::Missing(name))?;
            Ok(SecretString::from(found.trim().to_owned()))
        };
        Self::new(value(KEY_ID_NAME)?, value(SECRET_NAME)?)
    }

    /// Reads a file of `NAME=value` lines or flat TOML that only its owner may read.
    ///
    /// # Errors
    /// When it cannot be read, others may read it, or a name is missing in it.
    pub fn from_file(path: &Path) -> Result<Self, KeyError> {
        let text = read_private(path)?;
        Self::from_lookup(|name| {
            let found = text.expose_secret().lines().filter_map(assignment);
            let mut named = found.filter(|(given, _)| given.eq_ignore_ascii_case(name));
            named.next_back().map(|(_, value)| value.to_owned())
        })
    }

    /// Refuses keys that belong to the other kind of account: paper keys begin with
    /// `PK`, live ones with `AK`.
    ///
    /// # Errors
    /// When paper keys are given for the live account, or the reverse.
    pub fn check_for(&self, kind: &AccountKind) -> Result<(), KeyError> {
        let id = self.id.expose_secret();
        let wrong = |keys, prefix, account| Err(KeyError::WrongAccount { keys, prefix, account });
        match kind {
            AccountKind::Live if id.starts_with("PK") => wrong("paper", "PK", "live"),
            AccountKind::Paper if id.starts_with("AK") => wrong("live", "AK", "paper"),
            // Real money stays off the wire of whatever listens on a loopback port.
            AccountKind::Simulated { .. } if id.starts_with("AK") => {
                wrong("live", "AK", "simulated")
            }
            AccountKind::Live | AccountKind::Paper | AccountKind::Simulated { .. } => Ok(()),
        }
    }

    /// The key's id, for a header or a login and for nothing else.
    pub(crate) fn expose_id(&self) -> &str {
        self.id.expose_secret()
    }

    /// The key's secret, for a header or a login and for nothing else.
    pub(crate) fn expose_secret(&self) -> &str {
        self.secret.expose_secret()
    }
}

/// Reads a file, after its open handle has shown that it is private.
fn read_private(path: &Path) -> Result<SecretString, KeyError> {
    let failed = |source| KeyError::File { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    if !about.is_file() || about.len() > FILE_BYTES_MAX {
        return Err(KeyError::NotAKeyFile(path.to_owned()));
    }
    let mode = about.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyError::NotPrivate { path: path.to_owned(), mode });
    }
    let mut text = String::new();
    let read = file.by_ref().take(FILE_BYTES_MAX).read_to_string(&mut text);
    read.map_err(|source| {
        if source.kind() == io::ErrorKind::InvalidData {
            return KeyError::NotAKeyFile(path.to_owned());
        }
        failed(source)
    })?;
    Ok(SecretString::from(text))
}

/// Reads one line: `NAME=value`, `export NAME='value'`, `name = "value"  # so`.
fn assignment(line: &str) -> Option<(&str, &str)> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};

    fn keys(id: &str) -> ApiKeys {
        ApiKeys::new(id.to_owned().into(), "canary-secret".to_owned().into()).unwrap()
    }

    fn in_file(text: &str, mode: u32) -> Result<ApiKeys, KeyError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        ApiKeys::from_file(&path)
    }

    #[track_caller]
    fn check_file(text: &str) {
        let keys = in_file(text, 0o600).unwrap();
        assert_eq!((keys.expose_id(), keys.expose_secret()), ("PKcanary", "s3/+cret"), "{text}");
    }

    #[test]
    fn a_file_may_hold_lines_or_toml() {
        check_file("APCA_API_KEY_ID=PKcanary\nAPCA_API_SECRET_KEY=s3/+cret\n");
        check_file(
            "# mine\nexport APCA_API_KEY_ID='PKcanary'\nexport APCA_API_SECRET_KEY=s3/+cret",
        );
        check_file(
            "[alpaca]\napca_api_key_id = \"PKcanary\"  # paper\napca_api_secret_key = \"s3/+cret\"",
        );
    }

    #[test]
    fn a_file_that_others_may_read_is_refused_with_the_remedy() {
        for mode in [0o640, 0o604, 0o620, 0o666] {
            let error = in_file("APCA_API_KEY_ID=PKcanary", mode).unwrap_err().to_string();
            assert!(error.contains("chmod 600 /"), "{error}");
            assert!(!error.contains("canary"), "{error}");
        }
    }

    #[test]
    fn what_is_missing_is_named_and_no_value_is_shown() {
        let error = in_file("APCA_API_KEY_ID=PKcanary\n", 0o600).unwrap_err().to_string();
        assert!(error.starts_with("APCA_API_SECRET_KEY is not set"), "{error}");
        let error = ApiKeys::from_lookup(|_| Some("can\u{7}ary".into())).unwrap_err().to_string();
        assert!(!error.contains("ary"), "{error}");
        assert!(matches!(in_file("\u{0}", 0o600), Err(KeyError::Missing(KEY_ID_NAME))));
        assert!(matches!(ApiKeys::from_file(Path::new("/")), Err(KeyError::NotAKeyFile(_))));
        assert!(matches!(ApiKeys::from_file(Path::new("/no/keys")), Err(KeyError::File { .. })));
    }

    #[test]
    fn keys_of_the_other_account_are_refused() {
        assert!(keys("PKcanary").check_for(&AccountKind::Paper).is_ok());
        assert!(keys("AKcanary").check_for(&AccountKind::Live).is_ok());
        for (id, kind) in [("PKcanary", AccountKind::Live), ("AKcanary", AccountKind::Paper)] {
            let error = keys(id).check_for(&kind).unwrap_err().to_string();
            assert!(error.contains("account") && !error.contains("canary"), "{error}");
        }
        let base = url::Url::parse("http://127.0.0.1:1").unwrap();
        let simulated = AccountKind::Simulated { trading: base.clone(), data: base };
        assert!(keys("anything").check_for(&simulated).is_ok());
        assert!(keys("AKcanary").check_for(&simulated).is_err());
    }

    #[test]
    fn keys_are_not_shown() {
        let shown = format!("{:?}", keys("PKcanary"));
        assert!(!shown.contains("canary"), "{shown}");
    }
}
