//! The key and secret of the user's app: where they come from, and that nobody sees
//! them.
//!
//! They leave this folder only in the authorisation of the token endpoint; the key is
//! also a part of the address that a browser is sent to, which is no secret.

use std::fmt;
use std::path::{Path, PathBuf};

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use crate::brokers::private::{PrivateFileError, assignment, read_private};

/// The name of the app key, in the environment and in a file.
pub const KEY_NAME: &str = "FLIGHTDECK_SCHWAB_KEY";
/// The name of the app secret, in the environment and in a file.
pub const SECRET_NAME: &str = "FLIGHTDECK_SCHWAB_SECRET";
/// The names in a file of JSON or TOML.
const FILE_NAMES: [(&str, &str); 2] = [(KEY_NAME, "app_key"), (SECRET_NAME, "app_secret")];

/// Key and secret of the app that the user registered with Schwab.
#[derive(Clone)]
pub struct AppKeys {
    key: SecretString,
    secret: SecretString,
}

impl fmt::Debug for AppKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppKeys(not shown)")
    }
}

/// Why there are no app keys. Never holds one.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A name is missing or empty.
    #[error(
        "{0} is not set: Schwab needs the app key and secret, in {KEY_NAME} and {SECRET_NAME} or \
         in the file that schwab.key_file names (app_key, app_secret)"
    )]
    Missing(&'static str),
    /// A value holds what no key has: blanks, quotes, control characters.
    #[error("{0} holds a character that no key has")]
    Illegal(&'static str),
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// The file is neither JSON nor lines.
    #[error("{0} is not a key file: it holds app_key and app_secret, as JSON or TOML")]
    NotAKeyFile(PathBuf),
}

impl AppKeys {
    /// Takes the two values. Blanks around them are cut off: with them Schwab refuses
    /// now and then (page §1.2).
    ///
    /// # Errors
    /// When one is empty or cannot be a key.
    pub fn new(key: &str, secret: &str) -> Result<Self, KeyError> {
        let checked = |name, value: &str| {
            let value = value.trim();
            if value.is_empty() {
                return Err(KeyError::Missing(name));
            }
            // A colon would end the key inside the authorisation.
            let is_legal = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b':');
            if !value.bytes().all(is_legal) {
                return Err(KeyError::Illegal(name));
            }
            Ok(SecretString::from(value.to_owned()))
        };
        Ok(Self { key: checked(KEY_NAME, key)?, secret: checked(SECRET_NAME, secret)? })
    }

    /// Asks the caller's look-up for the two names, as a rule the environment.
    ///
    /// # Errors
    /// When one is not found, is empty or cannot be a key.
    pub fn from_lookup(
        mut find: impl FnMut(&'static str) -> Option<String>,
    ) -> Result<Self, KeyError> {
        let mut value = |name| find(name).ok_or(KeyError::Missing(name));
        Self::new(&value(KEY_NAME)?, &value(SECRET_NAME)?)
    }

    /// Reads a file that only its owner may read: JSON or TOML with `app_key` and
    /// `app_secret`, or lines of `NAME=value` with the names of the environment.
    ///
    /// # Errors
    /// When it cannot be read, others may read it, or a name is missing in it.
    pub fn from_file(path: &Path) -> Result<Self, KeyError> {
        let (text, _) = read_private(path, "a key file: it holds app_key and app_secret")?;
        let text = text.expose_secret();
        if text.trim_start().starts_with('{') {
            let json: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(text).map_err(|_| KeyError::NotAKeyFile(path.to_owned()))?;
            return Self::from_lookup(|name| {
                let mut named = json.iter().filter(|(given, _)| is_named(given, name));
                named.next_back().and_then(|(_, value)| value.as_str().map(str::to_owned))
            });
        }
        Self::from_lookup(|name| {
            let found = text.lines().filter_map(assignment);
            let mut named = found.filter(|(given, _)| is_named(given, name));
            named.next_back().map(|(_, value)| value.to_owned())
        })
    }

    /// The app key, for the address of the login.
    pub(crate) fn expose_key(&self) -> &str {
        self.key.expose_secret()
    }

    /// The app secret, as the key of what only we can have made.
    pub(crate) fn expose_secret(&self) -> &str {
        self.secret.expose_secret()
    }

    /// The `Authorization` header of the token endpoint, marked so that no log shows it.
    pub(crate) fn basic(&self) -> HeaderValue {
        let both = format!("{}:{}", self.expose_key(), self.expose_secret());
        let text = format!("Basic {}", base64(both.as_bytes()));
        let mut value = HeaderValue::from_str(&text).expect("base64 is legal in a header");
        value.set_sensitive(true);
        value
    }
}

/// Whether a name in a file is one of the two that mean the same.
fn is_named(given: &str, name: &str) -> bool {
    let is_one = |(long, short): &(&str, &str)| {
        *long == name && (given.eq_ignore_ascii_case(long) || given.eq_ignore_ascii_case(short))
    };
    FILE_NAMES.iter().any(is_one)
}

/// The standard alphabet with padding (RFC 4648 §4).
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let part = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = part(0) << 16 | part(1) << 8 | part(2);
        for place in 0..4_usize {
            let index = usize::try_from(bits >> (18 - 6 * place) & 63).unwrap_or(0);
            let letter = if place > chunk.len() { b'=' } else { ALPHABET[index] };
            text.push(char::from(letter));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    fn in_file(text: &str, mode: u32) -> Result<AppKeys, KeyError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("schwab");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        AppKeys::from_file(&path)
    }

    #[track_caller]
    fn check_file(text: &str) {
        let keys = in_file(text, 0o600).unwrap();
        assert_eq!((keys.expose_key(), keys.expose_secret()), ("canary-k", "canary-s"), "{text}");
    }

    #[test]
    fn a_file_may_hold_json_toml_or_lines() {
        check_file(r#"{"app_key": "canary-k", "app_secret": "canary-s "}"#);
        check_file("app_key = \"canary-k\"  # mine\napp_secret = 'canary-s'\n");
        check_file("export FLIGHTDECK_SCHWAB_KEY=canary-k\nFLIGHTDECK_SCHWAB_SECRET=canary-s\n");
    }

    #[test]
    fn what_is_wrong_is_said_without_a_value() {
        for (text, mode, part) in [
            ("app_key = 'canary'", 0o600, "FLIGHTDECK_SCHWAB_SECRET is not set"),
            ("app_key = 'canary'", 0o640, "chmod 600 /"),
            ("{\"app_key\": canary}", 0o600, "is not a key file"),
            ("app_key='can ary'\napp_secret='x'", 0o600, "a character that no key has"),
            ("app_key='can:ary'\napp_secret='x'", 0o600, "a character that no key has"),
        ] {
            let error = in_file(text, mode).unwrap_err().to_string();
            assert!(error.contains(part) && !error.contains("ary"), "{error}");
        }
    }

    #[test]
    fn the_authorisation_is_base64_and_is_not_shown() {
        for (key, secret, expected) in [
            ("a", "b", "Basic YTpi"),
            ("ab", "c", "Basic YWI6Yw=="),
            ("ab", "cd", "Basic YWI6Y2Q="),
        ] {
            let header = AppKeys::new(key, secret).unwrap().basic();
            assert_eq!(header.to_str().unwrap(), expected);
            assert_eq!(format!("{header:?}"), "Sensitive");
        }
        let keys = AppKeys::new("canary", "canary").unwrap();
        assert!(!format!("{keys:?}").contains("canary"));
    }
}
