//! What a stream says to be let in.

use std::fmt;

use secrecy::SecretString;

/// The two keys of an account.
#[derive(Clone)]
pub struct StreamKeys {
    /// The key's id.
    pub id: SecretString,
    /// The key's secret.
    pub secret: SecretString,
}

impl fmt::Debug for StreamKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StreamKeys(not shown)")
    }
}
