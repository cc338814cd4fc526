//! One call to Schwab and its answer, or the reason why there is none.
//!
//! A request leaves once. The one exception is a 401: Schwab gives it before it looks at
//! what was asked, so that the same request, an order too, may leave once more with a new
//! token (Schwab, protocol page §1.5 of November 2026). Knows no order; bodies are bytes.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use jiff::SignedDuration;
use reqwest::{Client, Method};
use serde::de::DeserializeOwned;
use url::Url;

use crate::breakers::CallOutcome;
use crate::brokers::call::{Answer, CallError};
use crate::brokers::exchange::{self, Reach};
use crate::brokers::schwab::classify::{self, Beside};
use crate::brokers::schwab::config::{SchwabConfig, Timeouts};
use crate::brokers::schwab::token::{AccessToken, AccessTokens, TokenError};
use crate::brokers::toll;
use crate::brokers::words::cleaned;
use crate::bus::clock::Clock;
use crate::domain::time::Timestamp;

/// Which of Schwab's two families is asked; an app may have one of them only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// Accounts, orders, preferences.
    Trader,
    /// Quotes, bars, hours, instruments.
    MarketData,
}

/// One request.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    /// How it is named in logs: method and path without any number or hash.
    pub(crate) label: &'static str,
    /// The verb.
    pub(crate) method: Method,
    /// Which family.
    pub(crate) family: Family,
    /// The path, part by part; each is encoded.
    pub(crate) path: &'a [&'a str],
    /// The query, encoded as a whole.
    pub(crate) query: &'a [(&'static str, String)],
    /// The body, JSON.
    pub(crate) body: Option<Vec<u8>>,
    /// Our name of the order that it is about, for the log.
    pub(crate) about: Option<&'a str>,
}

impl<'a> Request<'a> {
    /// A request that changes nothing.
    pub(crate) const fn read(label: &'static str, family: Family, path: &'a [&'a str]) -> Self {
        Self { label, method: Method::GET, family, path, query: &[], body: None, about: None }
    }

    /// A request that sends, changes or ends something.
    pub(crate) const fn change(label: &'static str, method: Method, path: &'a [&'a str]) -> Self {
        let family = Family::Trader;
        Self { label, method, family, path, query: &[], body: None, about: None }
    }
}

/// What came back: a status, the place of what was made, and a complete body.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The `Location`, where one came.
    pub(crate) location: Option<String>,
    /// Schwab's own time of the answer, where it says.
    pub(crate) dated: Option<Timestamp>,
    status: u16,
    body: Bytes,
    request_id: Option<String>,
}

impl Reply {
    /// `None` when Schwab says that the thing does not exist. The 404 of a route that is
    /// gone, as on some Saturdays (page §6), is no evidence.
    ///
    /// # Errors
    /// When the status is neither a success nor that.
    fn found(self, beside: Beside) -> Result<Option<Self>, CallError> {
        if (200..=299).contains(&self.status) {
            return Ok(Some(self));
        }
        if classify::says_not_found(self.status, &self.body) {
            return Ok(None);
        }
        if self.status == 404 {
            let detail = "HTTP 404 that does not speak of the order".to_owned();
            return Err(CallError::Unknown { outcome: CallOutcome::Malformed, detail, rate: None });
        }
        Err(classify::failure(self.status, &self.body, beside))
    }

    /// Reads the body as JSON.
    ///
    /// # Errors
    /// When it is none of this shape: what was asked may have been done all the same.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        serde_json::from_slice(&self.body).map_err(|error| unreadable(&error))
    }

    /// Puts a value beside what the headers said.
    pub(crate) fn answer<T>(self, value: T) -> Answer<T> {
        Answer { value, rate: None, request_id: self.request_id }
    }
}

/// The failure of a success that cannot be understood.
pub(crate) fn unreadable(why: &dyn std::fmt::Display) -> CallError {
    CallError::Unknown {
        outcome: CallOutcome::Malformed,
        detail: cleaned(&format!("the answer cannot be read: {why}")),
        rate: None,
    }
}

/// The connection to one login.
#[derive(Clone)]
pub(crate) struct Rest {
    client: Client,
    trader: Url,
    market_data: Url,
    timeouts: Timeouts,
    tokens: Arc<dyn AccessTokens>,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Rest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rest").field("trader", &self.trader.as_str()).finish_non_exhaustive()
    }
}

impl Rest {
    /// Makes the client; nothing is sent.
    ///
    /// # Errors
    /// When TLS has no roots to trust.
    pub(crate) fn new(
        config: &SchwabConfig,
        tokens: Arc<dyn AccessTokens>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, reqwest::Error> {
        let hosts = &config.hosts;
        let reach = if hosts.is_simulated { Reach::ThisMachine } else { Reach::World };
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        Ok(Self {
            client: exchange::client(config.timeouts.connect, reach, headers)?,
            trader: hosts.trader.clone(),
            market_data: hosts.market_data.clone(),
            timeouts: config.timeouts,
            tokens,
            clock,
        })
    }

    /// The present instant.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Sends a request and reads the answer of a success whole.
    ///
    /// # Errors
    /// When it was not one. *Not sent* when nothing left, or when Schwab turned it away
    /// for its token and there is no other one.
    pub(crate) async fn send(&self, request: Request<'_>) -> Result<Reply, CallError> {
        let (reply, beside) = self.ask(&request).await?;
        if (200..=299).contains(&reply.status) {
            return Ok(reply);
        }
        Err(classify::failure(reply.status, &reply.body, beside))
    }

    /// As [`Rest::send`], and `None` when Schwab says that the thing does not exist.
    ///
    /// # Errors
    /// As [`Rest::send`].
    pub(crate) async fn find(&self, request: Request<'_>) -> Result<Option<Reply>, CallError> {
        let (reply, beside) = self.ask(&request).await?;
        reply.found(beside)
    }

    async fn ask(&self, request: &Request<'_>) -> Result<(Reply, Beside), CallError> {
        let (label, about) = (request.label, request.about);
        let asked = self.with_token(request).await;
        match &asked {
            Ok((reply, _)) => {
                let request_id = reply.request_id.as_deref();
                tracing::debug!(call = label, order = about, status = reply.status, request_id);
            }
            Err(error) => tracing::debug!(call = label, order = about, %error),
        }
        asked
    }

    /// One exchange, and after a 401 a second one with another token.
    async fn with_token(&self, request: &Request<'_>) -> Result<(Reply, Beside), CallError> {
        let token = self.patient(self.tokens.access()).await.map_err(|error| unarmed(&error))?;
        let first = self.exchange(request, &token).await?;
        if first.0.status != 401 {
            return Ok(first);
        }
        let renewed = self.patient(self.tokens.renew_after_401(&token)).await;
        let renewed = renewed.map_err(|error| unarmed(&error))?;
        self.exchange(request, &renewed).await
    }

    async fn patient(
        &self,
        token: impl Future<Output = Result<AccessToken, TokenError>>,
    ) -> Result<AccessToken, TokenError> {
        let late = |_| TokenError::Transient("the access token did not come in time".into());
        tokio::time::timeout(self.timeouts.token, token).await.map_err(late)?
    }

    async fn exchange(
        &self,
        request: &Request<'_>,
        token: &AccessToken,
    ) -> Result<(Reply, Beside), CallError> {
        let bearer = token.bearer().ok_or_else(|| {
            unarmed(&TokenError::Config("the access token holds what no header may".into()))
        })?;
        let mut call = self
            .client
            .request(request.method.clone(), self.address(request))
            .header(AUTHORIZATION, bearer)
            .timeout(self.patience(&request.method));
        if !request.query.is_empty() {
            call = call.query(request.query);
        }
        if let Some(body) = &request.body {
            call = call.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        toll::pay().await?;
        let response = call.send().await.map_err(|error| exchange::broken(error, None))?;
        let status = response.status().as_u16();
        let headers = response.headers();
        let beside = Beside {
            request_id: exchange::request_id(headers, "schwab-client-correlid"),
            retry_at: (status == 429).then(|| self.retry_at(headers)).flatten(),
        };
        let location = headers.get(http::header::LOCATION);
        let location = location.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (dated, request_id) = (exchange::dated(headers), beside.request_id.clone());
        let body = exchange::complete(response, None).await?;
        Ok((Reply { location, dated, status, body, request_id }, beside))
    }

    fn address(&self, request: &Request<'_>) -> Url {
        let mut url = match request.family {
            Family::Trader => self.trader.clone(),
            Family::MarketData => self.market_data.clone(),
        };
        url.path_segments_mut()
            .expect("both bases are http or https and have a path")
            .pop_if_empty()
            .extend(request.path);
        url
    }

    fn patience(&self, method: &Method) -> Duration {
        if *method == Method::GET { self.timeouts.read } else { self.timeouts.order }
    }

    /// `Retry-After`, which nobody has confirmed (page §2.2); without a date it counts
    /// from now.
    fn retry_at(&self, headers: &HeaderMap) -> Option<Timestamp> {
        let seconds: u32 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
        let from = exchange::dated(headers).unwrap_or_else(|| self.now());
        Some(from.plus(SignedDuration::from_secs(i64::from(seconds))))
    }
}

/// The failure of a call that has no token to go with. What was turned away with a 401
/// was not looked at, so nothing was done in either case.
fn unarmed(error: &TokenError) -> CallError {
    let detail = cleaned(&error.to_string());
    match error {
        TokenError::LoginNeeded { .. } => CallError::LoginNeeded { detail },
        TokenError::Config(_) | TokenError::Transient(_) => CallError::NotSent { detail },
    }
}
