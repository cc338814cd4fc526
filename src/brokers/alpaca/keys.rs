//! The two keys of an account: where they come from, and that nobody sees them.
//!
//! They are read once, from a private file or from values that the caller looked up,
//! and leave this folder only in request headers that are marked sensitive and in the
//! login of a stream. No type here prints or serialises a value.

use std::fmt;
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use crate::brokers::alpaca::config::AccountKind;
use crate::brokers::private::{PrivateFileError, assignment, read_private};

/// The name of the key's id, in the environment and in a file.
pub const KEY_ID_NAME: &str = "APCA_API_KEY_ID";
/// The name of the key's secret, in the environment and in a file.
pub const SECRET_NAME: &str = "APCA_API_SECRET_KEY";
/// What a file of keys is, for the error of one that is not.
const EXPECTED: &str = "a key file: it holds lines such as APCA_API_KEY_ID=…";

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
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] PrivateFileError),
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
            Ok::<_, KeyError>(SecretString::from(found.trim().to_owned()))
        };
        Self::new(value(KEY_ID_NAME)?, value(SECRET_NAME)?)
    }

    /// Reads a file of `NAME=value` lines or flat TOML that only its owner may read.
    ///
    /// # Errors
    /// When it cannot be read, others may read it, or a name is missing in it.
    pub fn from_file(path: &Path) -> Result<Self, KeyError> {
        let (text, _) = read_private(path, EXPECTED)?;
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

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

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
        for (path, part) in [("/", "is not a key file"), ("/no/keys", "cannot be read")] {
            let error = ApiKeys::from_file(Path::new(path)).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
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
