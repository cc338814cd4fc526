//! What the browser brings back: a code, or the news that the human said no.
//!
//! It comes from the callback's request line or from a paste; both are read here.
//! Schwab, protocol page §1.1 of November 2026.

use std::fmt;

use secrecy::SecretString;
use url::form_urlencoded;

/// The longest address that is read: real ones have a few hundred characters.
const CHARS_MAX: usize = 8 * 1024;

/// What a redirect said.
pub enum Redirect {
    /// The human agreed.
    Code(SecretString),
    /// The human, or Schwab, said no; the word on the wire.
    Refused(String),
}

impl fmt::Debug for Redirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(_) => f.write_str("Code(not shown)"),
            Self::Refused(word) => f.debug_tuple("Refused").field(word).finish(),
        }
    }
}

/// Why an address is not the one that we wait for; waiting goes on. Never holds any of
/// it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedirectError {
    /// There is neither a code nor an error in it.
    #[error(
        "that is not the address that Schwab sent the browser to: copy all of the address bar, \
         from https:// to the end"
    )]
    NotARedirect,
    /// It belongs to another login, or somebody made it up.
    #[error(
        "that address belongs to another login: open the address printed above, and paste what \
         comes of it"
    )]
    OtherState,
}

impl Redirect {
    /// Reads an address, or what follows its question mark. The code is decoded once:
    /// it ends in `@`, which travels as `%40`.
    ///
    /// # Errors
    /// When it is not the answer to the login of this state.
    pub fn read(address: &str, state: &str) -> Result<Self, RedirectError> {
        let address = address.trim();
        if address.len() > CHARS_MAX {
            return Err(RedirectError::NotARedirect);
        }
        let query = address.split_once('?').map_or(address, |(_, query)| query);
        let query = query.split_once('#').map_or(query, |(query, _)| query);
        // A plus inside a code is a plus: only our own forms mean a blank by it.
        let query = query.replace('+', "%2B");
        let (mut code, mut error, mut given) = (None, None, None);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "code" => code = Some(value.into_owned()),
                "error" => error = Some(value.into_owned()),
                "state" => given = Some(value.into_owned()),
                _ => {}
            }
        }
        if code.is_none() && error.is_none() {
            return Err(RedirectError::NotARedirect);
        }
        if !given.is_some_and(|given| is_same(&given, state)) {
            return Err(RedirectError::OtherState);
        }
        if let Some(error) = error {
            let is_word = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '_';
            return Ok(Self::Refused(error.chars().filter(is_word).take(40).collect()));
        }
        match code.filter(|code| !code.is_empty()) {
            Some(code) => Ok(Self::Code(SecretString::from(code))),
            None => Err(RedirectError::NotARedirect),
        }
    }
}

/// Compares in a time that depends on the lengths alone.
fn is_same(left: &str, right: &str) -> bool {
    let differing = left.bytes().zip(right.bytes()).fold(0, |all, (a, b)| all | (a ^ b));
    left.len() == right.len() && differing == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[track_caller]
    fn check(address: &str, expected: Result<&str, RedirectError>) {
        let read = Redirect::read(address, "s1");
        let shown = match &read {
            Ok(Redirect::Code(code)) => Ok(code.expose_secret()),
            Ok(Redirect::Refused(word)) => Ok(word.as_str()),
            Err(error) => Err(*error),
        };
        assert_eq!(shown, expected, "{address}");
    }

    #[test]
    fn a_code_is_decoded_once() {
        let code = "C0.ab+c/d==.xyz@";
        check("https://127.0.0.1:8182/?code=C0.ab%2Bc%2Fd%3D%3D.xyz%40&state=s1", Ok(code));
        check("  https://127.0.0.1:8182/?code=C0.ab+c/d==.xyz@&session=7&state=s1\n", Ok(code));
        check("code=C0.x%2540&state=s1", Ok("C0.x%40"));
    }

    #[test]
    fn a_redirect_of_another_login_is_not_taken() {
        for address in [
            "https://127.0.0.1:8182/?code=C0.x%40",
            "https://127.0.0.1:8182/?code=C0.x%40&state=s2",
            "https://127.0.0.1:8182/?code=C0.x%40&state=s11",
            "https://127.0.0.1:8182/?code=C0.x%40&state=",
            "https://127.0.0.1:8182/?error=access_denied&state=s2",
        ] {
            check(address, Err(RedirectError::OtherState));
        }
    }

    #[test]
    fn no_is_told_and_nonsense_is_none() {
        check("https://127.0.0.1:8182/?error=access_denied&state=s1", Ok("access_denied"));
        check("?error=a%1b%5B2Jb&state=s1", Ok("a2Jb"));
        for address in ["", "hello", "https://127.0.0.1:8182/", "/favicon.ico", "?code=&state=s1"] {
            check(address, Err(RedirectError::NotARedirect));
        }
        check(&"x".repeat(10_000), Err(RedirectError::NotARedirect));
    }
}
