//! What a caller of Schwab needs of a token: one that is good now, and another one
//! when it turns out not to be.
//!
//! Knows neither files nor the token endpoint. [`TokenKeeper`](super::TokenKeeper) is
//! the real one, [`MemoryTokens`](super::MemoryTokens) the one for tests.

use std::fmt;

use futures_util::future::{BoxFuture, FutureExt, pending};
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

/// An access token, good for half an hour at most. It is never shown.
#[derive(Clone)]
pub struct AccessToken(SecretString);

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(not shown)")
    }
}

impl PartialEq for AccessToken {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

impl Eq for AccessToken {}

impl AccessToken {
    /// Takes the token's text.
    pub fn new(text: impl Into<SecretString>) -> Self {
        Self(text.into())
    }

    /// The token, for the login of the streamer and for nothing else.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The `Authorization` header of a call, marked so that no log shows it; `None`
    /// when the token holds what no header may.
    pub(crate) fn bearer(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.expose())).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// Why a human has to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LoginReason {
    /// The breakers are latched and wait for the operator's reset.
    #[error("Schwab is latched until the operator resets it")]
    Latched,
    /// There is no token yet.
    #[error("there is no Schwab token yet")]
    Absent,
    /// Schwab says that the refresh token is expired or revoked.
    #[error("Schwab says that the login has expired or was revoked")]
    Expired,
    /// Schwab does not know the refresh token: a newer login has taken its place, here
    /// or on another machine.
    #[error("Schwab does not know this login any more: a newer one has taken its place")]
    Replaced,
}

/// Why there is no access token. Never holds a token or a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Only a login helps. It is certain: every further call would fail alike.
    #[error("{reason}: run flightdeck login schwab")]
    LoginNeeded {
        /// Why.
        reason: LoginReason,
    },
    /// Something here is set up wrongly, such as the app's key or the token file.
    #[error("{0}")]
    Config(String),
    /// Schwab does not answer as it should; trying again later may help. Says nothing
    /// about the token.
    #[error("{0}")]
    Transient(String),
}

/// Hands out access tokens.
pub trait AccessTokens: fmt::Debug + Send + Sync {
    /// Returns a token that should be good now, after a refresh if need be.
    ///
    /// # Errors
    /// When there is none.
    fn access(&self) -> BoxFuture<'_, Result<AccessToken, TokenError>>;

    /// Returns another token after Schwab has answered 401 to this one. One refresh
    /// serves all who ask at once; who asks late gets what they got. Once a call: a
    /// second 401 on its answer is not about the token (page §1.5).
    ///
    /// # Errors
    /// When there is none.
    fn renew_after_401<'a>(
        &'a self,
        refused: &'a AccessToken,
    ) -> BoxFuture<'a, Result<AccessToken, TokenError>>;

    /// Tells whether all tokens are held back, good ones too: what is connected by one
    /// ends.
    fn are_held(&self) -> bool {
        false
    }

    /// Waits until tokens that are held back are handed out again; for ever where none
    /// are.
    fn handed_out_again(&self) -> BoxFuture<'static, ()> {
        pending().boxed()
    }
}
