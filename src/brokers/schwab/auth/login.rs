//! One login, from the address that a browser opens to the token in its file.
//!
//! The code lives half a minute and works once (page §1.1), so it is exchanged at once
//! and never twice. Answers come from the callback and from pastes; the first good one
//! wins. Knows neither terminal nor browser.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::SecretString;
use sha2::Sha256;
use tokio::sync::mpsc;
use tokio::time::timeout;
use url::Url;

use super::callback::Callback;
use super::keys::AppKeys;
use super::redirect::{Redirect, RedirectError};
use crate::brokers::private::PrivateFileError;
use crate::brokers::schwab::hosts::SchwabHosts;
use crate::brokers::schwab::token::{ExchangeError, StoredToken, TokenEndpoint, TokenFile};
use crate::bus::clock::Clock;
use crate::domain::hex::hex;
use crate::domain::time::Timestamp;

/// How long a human has to log in, accept the terms and choose accounts.
const HUMAN: Duration = Duration::from_mins(15);

/// What a login needs to know.
#[derive(Debug, Clone)]
pub struct LoginSettings {
    /// Where Schwab is.
    pub hosts: SchwabHosts,
    /// The app's key and secret.
    pub keys: AppKeys,
    /// The callback as registered.
    pub callback: Callback,
    /// Where the token is kept.
    pub token_file: PathBuf,
}

/// What came of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedIn {
    /// When the login is expected to end, seven days from now.
    pub login_until: Timestamp,
    /// Where the token is.
    pub token_file: PathBuf,
}

/// Why there is no token. Never holds a code or a token.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The human, or Schwab, said no.
    #[error(
        "Schwab says '{0}': the login was cancelled, or the terms or accounts were not agreed to; \
         run flightdeck login schwab again"
    )]
    Denied(String),
    /// Nobody came.
    #[error("nobody logged in within {} minutes: run flightdeck login schwab again", HUMAN.as_secs() / 60)]
    NobodyCame,
    /// Neither the callback nor a paste can bring an answer any more.
    #[error("nothing was pasted, and no callback is listened for")]
    NoWay,
    /// The code was too old.
    #[error(
        "the code is older than the half minute that Schwab gives it: run flightdeck login schwab \
         again and paste at once"
    )]
    CodeExpired,
    /// Schwab cannot read the code.
    #[error(
        "Schwab cannot read the code, or the callback is not the registered one to the byte: check \
         schwab.callback, copy all of the address bar, and run flightdeck login schwab again"
    )]
    CodeUnreadable,
    /// Key or secret is wrong, or the app is not ready.
    #[error("{0}")]
    Keys(String),
    /// Schwab does not answer as it should. The code may be used up.
    #[error("{0}: run flightdeck login schwab again")]
    Unclear(String),
    /// The token cannot be kept.
    #[error("the login was successful, but its token cannot be kept: {0}")]
    File(#[from] PrivateFileError),
}

/// A login that has begun.
pub struct Login {
    settings: LoginSettings,
    endpoint: TokenEndpoint,
    clock: Arc<dyn Clock>,
    state: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Login {
    /// Begins a login; nothing is sent. Installs the TLS provider.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn begin(settings: LoginSettings, clock: Arc<dyn Clock>) -> Result<Self, LoginError> {
        let endpoint = TokenEndpoint::new(settings.hosts.token.clone(), settings.keys.clone())
            .map_err(LoginError::Unclear)?;
        let state = state(&settings.keys, clock.now());
        Ok(Self { settings, endpoint, clock, state })
    }

    /// The address that the human opens.
    pub fn address(&self) -> Url {
        let mut address = self.settings.hosts.authorize.clone();
        address
            .query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", self.settings.keys.expose_key())
            .append_pair("redirect_uri", self.settings.callback.as_str())
            .append_pair("state", &self.state);
        address
    }

    /// Waits for the first good answer and makes a token of it. A paste or a request
    /// that is not one is told to `complain`, and waiting goes on; a channel that ends
    /// is waited for no more.
    ///
    /// # Errors
    /// When there is no token: see [`LoginError`].
    pub async fn finish(
        self,
        called_back: Option<mpsc::Receiver<String>>,
        pasted: Option<mpsc::Receiver<String>>,
        complain: impl FnMut(RedirectError),
    ) -> Result<LoggedIn, LoginError> {
        let waiting = self.answer(called_back, pasted, complain);
        match timeout(HUMAN, waiting).await.map_err(|_| LoginError::NobodyCame)?? {
            Redirect::Refused(word) => Err(LoginError::Denied(word)),
            Redirect::Code(code) => self.exchange(&code).await,
        }
    }

    async fn answer(
        &self,
        mut called_back: Option<mpsc::Receiver<String>>,
        mut pasted: Option<mpsc::Receiver<String>>,
        mut complain: impl FnMut(RedirectError),
    ) -> Result<Redirect, LoginError> {
        loop {
            // The callback first: it cannot be mistyped.
            let address = tokio::select! {
                biased;
                came = next(&mut called_back), if called_back.is_some() => came,
                came = next(&mut pasted), if pasted.is_some() => came,
                else => return Err(LoginError::NoWay),
            };
            let Some(address) = address else { continue };
            match Redirect::read(&address, &self.state) {
                Ok(redirect) => return Ok(redirect),
                // An empty line is a stray key.
                Err(RedirectError::NotARedirect) if address.trim().is_empty() => {}
                Err(error) => complain(error),
            }
        }
    }

    /// Exchanges the code, once, and keeps the token.
    async fn exchange(self, code: &SecretString) -> Result<LoggedIn, LoginError> {
        let now = self.clock.now();
        let callback = self.settings.callback.as_str();
        let grant = self.endpoint.exchange(code, callback).await.map_err(|error| match error {
            ExchangeError::CodeExpired => LoginError::CodeExpired,
            ExchangeError::CodeUnreadable => LoginError::CodeUnreadable,
            ExchangeError::Keys(what) => LoginError::Keys(what),
            // There is no refresh token yet that could be refused.
            ExchangeError::LoginEnded(reason) => LoginError::Unclear(reason.to_string()),
            ExchangeError::Transient(what) => LoginError::Unclear(what),
        })?;
        let Some(token) = StoredToken::of_login(grant, now) else {
            return Err(LoginError::Unclear("Schwab's answer has no refresh token".into()));
        };
        let file = TokenFile::new(self.settings.token_file.clone());
        let lock = file.lock().await?;
        let login_until = token.login_until();
        file.write(&token)?;
        drop(lock);
        tracing::info!(%login_until, "logged in to Schwab");
        Ok(LoggedIn { login_until, token_file: self.settings.token_file })
    }
}

/// The next address; a channel that has ended is set aside.
async fn next(from: &mut Option<mpsc::Receiver<String>>) -> Option<String> {
    let came = match from {
        Some(from) => from.recv().await,
        None => None,
    };
    if came.is_none() {
        *from = None;
    }
    came
}

/// A word that only this login can know: nobody without the app's secret can guess it,
/// and no two logins have the same.
fn state(keys: &AppKeys, now: Timestamp) -> String {
    let secret = keys.expose_secret().as_bytes();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("a key may have any length");
    mac.update(b"flightdeck login schwab");
    mac.update(&now.as_nanos().to_be_bytes());
    hex(&mac.finalize().into_bytes()[..16])
}
