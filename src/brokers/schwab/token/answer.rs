//! What the token endpoint says, read.
//!
//! Schwab wraps the real error as JSON inside a text, under a misleading outer code;
//! the table of page §1.4 of November 2026 is [`refusal`]. Only an answer that is
//! plainly about the refresh token ends a login: all that is doubtful is tried again
//! later. Knows no HTTP beyond the status.

use secrecy::SecretString;
use serde::Deserialize;

use super::access::LoginReason;

/// The longest life of an access token that is believed, seconds: junk must never
/// replace a live token (page §1.6).
const LIFE_MAX: i64 = 7 * 24 * 3_600;

const KEYS_REFUSED: &str = "Schwab refuses the app key or secret (invalid_client): check \
                            FLIGHTDECK_SCHWAB_KEY and FLIGHTDECK_SCHWAB_SECRET or \
                            schwab.key_file; an app that was just changed is not ready for one to \
                            three days";

/// What a login or a refresh gave.
pub(crate) struct Grant {
    /// The new access token.
    pub(super) access: SecretString,
    /// The refresh token to be used from now on, where the answer has one.
    pub(super) refresh: Option<SecretString>,
    /// The identity token; kept for other programs that read the file.
    pub(super) id: Option<SecretString>,
    /// Kept likewise.
    pub(super) scope: Option<String>,
    /// How long the access token lives, seconds.
    pub(super) life: i64,
}

/// Why an exchange gave nothing. Never holds a token or a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ExchangeError {
    /// The refresh token is dead.
    LoginEnded(LoginReason),
    /// The app's key or secret is not taken.
    Keys(String),
    /// The code is too old.
    CodeExpired,
    /// The code cannot be read, or the callback is another one.
    CodeUnreadable,
    /// It says nothing about the token; later it may be otherwise.
    Transient(String),
}

#[derive(Deserialize)]
struct WireGrant {
    access_token: String,
    token_type: String,
    expires_in: i64,
    #[serde(default)]
    refresh_token: Option<String>,
    #[serde(default)]
    id_token: Option<String>,
    #[serde(default)]
    scope: Option<String>,
}

#[derive(Deserialize, Default)]
struct WireError {
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_description: String,
}

/// Reads the answer of an exchange.
///
/// # Errors
/// When it is anything but a token that can be used.
pub(super) fn read(status: u16, body: &[u8]) -> Result<Grant, ExchangeError> {
    if status == 200 { grant(body) } else { Err(refusal(status, body)) }
}

fn grant(body: &[u8]) -> Result<Grant, ExchangeError> {
    let unusable = |what: &str| {
        let words = format!("Schwab's token endpoint answered with {what}");
        Err(ExchangeError::Transient(words))
    };
    // What serde would say may quote the body.
    let Ok(wire) = serde_json::from_slice::<WireGrant>(body) else {
        return unusable("something that is no token");
    };
    let is_plain =
        |token: &String| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_plain(&wire.access_token) {
        return unusable("an access token that is none");
    }
    if !wire.token_type.eq_ignore_ascii_case("bearer") {
        return unusable("a token of a kind that is not known");
    }
    if !(1..=LIFE_MAX).contains(&wire.expires_in) {
        return unusable("a token whose life cannot be right");
    }
    Ok(Grant {
        access: wire.access_token.into(),
        refresh: wire.refresh_token.filter(is_plain).map(SecretString::from),
        id: wire.id_token.filter(is_plain).map(SecretString::from),
        scope: wire.scope,
        life: wire.expires_in,
    })
}

/// The table of page §1.4.
fn refusal(status: u16, body: &[u8]) -> ExchangeError {
    let odd = |what: String| ExchangeError::Transient(what);
    // What is neither of these is an outage or the edge: no evidence about the token.
    if !matches!(status, 400 | 401) {
        return odd(format!("Schwab's token endpoint answers HTTP {status}"));
    }
    let Ok(outer) = serde_json::from_slice::<WireError>(body) else {
        return odd(format!("Schwab's token endpoint answers HTTP {status} without a reason"));
    };
    let description = outer.error_description.as_str();
    let inner = inner(description);
    let says = |word: &str| inner.error == word || description.contains(word);
    let text = description.to_ascii_lowercase();
    if outer.error == "invalid_grant" || says("invalid_grant") {
        return ExchangeError::LoginEnded(LoginReason::Expired);
    }
    if says("refresh_token_authentication_error") {
        return ExchangeError::LoginEnded(LoginReason::Replaced);
    }
    if outer.error == "invalid_client" {
        let is_about_token = text.contains("refresh token") || text.contains("refresh_token");
        return if is_about_token {
            ExchangeError::LoginEnded(LoginReason::Expired)
        } else {
            ExchangeError::Keys(KEYS_REFUSED.to_owned())
        };
    }
    if text.contains("authorizationcode has expired") {
        return ExchangeError::CodeExpired;
    }
    if text.contains("bad authorization code") || text.contains("authorization code") {
        return ExchangeError::CodeUnreadable;
    }
    odd(format!("Schwab's token endpoint answers HTTP {status} with a reason that is not known"))
}

/// The error inside a description: its quotes are escaped once too few, so the text as
/// a whole is not JSON, but what lies between its first and last brace is.
fn inner(description: &str) -> WireError {
    let from = description.find('{');
    let to = description.rfind('}');
    let cut = from.zip(to).and_then(|(from, to)| description.get(from..=to));
    cut.and_then(|cut| serde_json::from_str(cut).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, body: &str, expected: &ExchangeError) {
        let error = read(status, body.as_bytes()).err().expect("it is no grant");
        assert_eq!(error, *expected, "{status} {body}");
    }

    fn nested(inner: &str, text: &str) -> String {
        let text = format!(
            "400 Bad Request: \"{{\"error_description\":\"{text}\",\"error\":\"{inner}\"}}\""
        );
        let body =
            serde_json::json!({"error": "unsupported_token_type", "error_description": text});
        body.to_string()
    }

    #[test]
    fn every_row_of_the_table_has_its_meaning() {
        let expired = ExchangeError::LoginEnded(LoginReason::Expired);
        let dead = nested("invalid_grant", "Refresh token is invalid, expired or revoked");
        check(400, &dead, &expired);
        check(400, r#"{"error":"invalid_grant"}"#, &expired);
        let replaced = nested(
            "refresh_token_authentication_error",
            "Exception while authenticating refresh token [tokenDigest=abc=]",
        );
        check(400, &replaced, &ExchangeError::LoginEnded(LoginReason::Replaced));
        for text in ["refresh token invalid", "refresh_token_invalid"] {
            let old = format!(r#"{{"error":"invalid_client","error_description":"{text}"}}"#);
            check(400, &old, &expired);
        }
        let keys = r#"{"error":"invalid_client","error_description":"Unauthorized"}"#;
        check(401, keys, &ExchangeError::Keys(KEYS_REFUSED.into()));
        let late = "Bad authorization code: AuthorizationCode has expired,expiration=1,now=2";
        check(400, &nested("invalid_request", late), &ExchangeError::CodeExpired);
        let odd = "Bad authorization code: Invalid authorization code header";
        check(400, &nested("invalid_request", odd), &ExchangeError::CodeUnreadable);
    }

    #[test]
    fn what_is_not_plainly_about_the_token_ends_no_login() {
        let dead = nested("invalid_grant", "expired");
        for (status, body) in [
            (500, dead.as_str()),
            (503, ""),
            (403, "<html>Access Denied</html>"),
            (400, "<html>Access Denied</html>"),
            (400, r#"{"error":"unsupported_token_type"}"#),
            (400, "{}"),
            (429, ""),
            (200, "<html>"),
        ] {
            let error = read(status, body.as_bytes()).err().unwrap();
            assert!(matches!(error, ExchangeError::Transient(_)), "{status} {body}: {error:?}");
        }
    }

    #[test]
    fn junk_is_no_token() {
        let good = r#"{"expires_in":1800,"token_type":"bearer","access_token":"canary@"}"#;
        assert!(read(200, good.as_bytes()).is_ok());
        for (from, to) in [
            ("canary@", ""),
            ("canary@", "can\\u0007ary"),
            ("bearer", "mac"),
            ("1800", "0"),
            ("1800", "604801"),
            ("1800", "\"soon\""),
            ("access_token", "token"),
        ] {
            let error = read(200, good.replace(from, to).as_bytes()).err().expect(to);
            assert!(!format!("{error:?}").contains("ary"), "{error:?}");
        }
    }
}
