//! Calls of the token endpoint.
//!
//! Nothing is repeated here: a code works once, and a refresh may replace the refresh
//! token. Schwab, protocol page §1.2 and §1.3 of November 2026.

use std::fmt;
use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::answer::{self, ExchangeError, Grant};
use crate::brokers::install_tls_provider;
use crate::brokers::schwab::auth::AppKeys;

/// Name, connection and TLS together.
const CONNECT: Duration = Duration::from_secs(5);
/// A call from its start to the last byte.
const CALL: Duration = Duration::from_secs(10);
/// The longest answer that is read: a real one has a few thousand bytes.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// The token endpoint and who we are to it.
#[derive(Clone)]
pub(crate) struct TokenEndpoint {
    client: Client,
    url: Url,
    keys: AppKeys,
}

impl fmt::Debug for TokenEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenEndpoint").field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}

impl TokenEndpoint {
    /// Makes the client; nothing is sent. Installs the TLS provider.
    ///
    /// # Errors
    /// In words, when no HTTP client can be made.
    pub(crate) fn new(url: Url, keys: AppKeys) -> Result<Self, String> {
        install_tls_provider();
        let mut builder = Client::builder()
            .connect_timeout(CONNECT)
            .timeout(CALL)
            .redirect(Policy::none())
            .tcp_nodelay(true)
            // Calls are half an hour apart.
            .pool_max_idle_per_host(0);
        if url.scheme() == "http" {
            // Only a simulated Schwab on this machine: no proxy is on the way there.
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|_| "no HTTP client can be made".to_owned())?;
        Ok(Self { client, url, keys })
    }

    /// Exchanges a code.
    ///
    /// # Errors
    /// When there is no token.
    pub(crate) async fn exchange(
        &self,
        code: &SecretString,
        callback: &str,
    ) -> Result<Grant, ExchangeError> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.expose_secret()),
            ("redirect_uri", callback),
        ];
        self.post(&form).await
    }

    /// Refreshes an access token.
    ///
    /// # Errors
    /// When there is no token.
    pub(super) async fn refresh(&self, refresh: &SecretString) -> Result<Grant, ExchangeError> {
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh.expose_secret())];
        self.post(&form).await
    }

    async fn post(&self, form: &[(&str, &str)]) -> Result<Grant, ExchangeError> {
        let unreached = |error: reqwest::Error| {
            let what = if error.is_timeout() {
                "does not answer in time"
            } else if error.is_connect() {
                "cannot be reached"
            } else {
                "broke the connection off"
            };
            ExchangeError::Transient(format!("Schwab's token endpoint {what}"))
        };
        let call = self
            .client
            .post(self.url.clone())
            .header(AUTHORIZATION, self.keys.basic())
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .form(form);
        let reply = call.send().await.map_err(unreached)?;
        let status = reply.status().as_u16();
        let body = body(reply).await.map_err(unreached)?;
        tracing::debug!(status, "the token endpoint has answered");
        answer::read(status, &body)
    }
}

async fn body(mut reply: Response) -> Result<Vec<u8>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(part) = reply.chunk().await? {
        let room = BODY_BYTES_MAX.saturating_sub(body.len());
        body.extend(part.iter().take(room));
        if room == 0 {
            break;
        }
    }
    Ok(body)
}
