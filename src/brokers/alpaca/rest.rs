//! One HTTP request to Alpaca and its answer, or the reason why there is none.
//!
//! Nothing is repeated, redirected or remembered here: a request leaves at most once,
//! and how it failed is told so that nobody may mistake *unknown* for *not done*.
//! Knows no order; bodies are bytes.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method};
use serde::de::DeserializeOwned;
use url::Url;

use crate::breakers::{CallOutcome, RateHeaders};
use crate::brokers::alpaca::classify::{self, Beside};
use crate::brokers::alpaca::config::{AccountKind, AlpacaConfig, Endpoints, Timeouts};
use crate::brokers::alpaca::keys::ApiKeys;
use crate::brokers::call::{Answer, CallError};
use crate::brokers::exchange::{self, Reach};
use crate::brokers::toll;
use crate::brokers::words::cleaned;
use crate::bus::clock::{Clock, SystemClock};
use crate::domain::time::Timestamp;

/// Which of Alpaca's two surfaces is asked; each counts requests for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Surface {
    /// Orders, positions, account.
    Trading,
    /// Quotes and bars.
    Data,
}

/// One request.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    /// How it is named in logs: method and path without any id.
    pub(crate) label: &'static str,
    /// The verb.
    pub(crate) method: Method,
    /// Which surface.
    pub(crate) surface: Surface,
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
    pub(crate) const fn read(label: &'static str, surface: Surface, path: &'a [&'a str]) -> Self {
        Self { label, method: Method::GET, surface, path, query: &[], body: None, about: None }
    }

    /// A request that sends, changes or ends something.
    pub(crate) const fn change(label: &'static str, method: Method, path: &'a [&'a str]) -> Self {
        let surface = Surface::Trading;
        Self { label, method, surface, path, query: &[], body: None, about: None }
    }
}

/// What came back: a status and a complete body.
#[derive(Debug)]
pub(crate) struct Reply {
    status: u16,
    body: Bytes,
    beside: Beside,
}

impl Reply {
    /// Lets a success pass.
    ///
    /// # Errors
    /// When the status is anything else.
    pub(crate) fn success(self) -> Result<Self, CallError> {
        if (200..=299).contains(&self.status) {
            return Ok(self);
        }
        Err(classify::failure(self.status, &self.body, self.beside))
    }

    /// `None` when Alpaca says that the thing does not exist, otherwise as
    /// [`Reply::success`]. A 404 from anything else on the way is no evidence.
    ///
    /// # Errors
    /// When the status is neither.
    pub(crate) fn found(self) -> Result<Result<Self, Answer<()>>, CallError> {
        if classify::says_not_found(self.status, &self.body) {
            return Ok(Err(self.answer(())));
        }
        if self.status == 404 {
            let detail = "HTTP 404 that Alpaca did not write".to_owned();
            let rate = self.beside.rate;
            return Err(CallError::Unknown { outcome: CallOutcome::Malformed, detail, rate });
        }
        self.success().map(Ok)
    }

    /// Whether nothing but a status came.
    pub(crate) fn is_empty(&self) -> bool {
        self.body.is_empty()
    }

    /// Reads the body as JSON.
    ///
    /// # Errors
    /// When it is none of this shape: what was asked may have been done all the same.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        serde_json::from_slice(&self.body).map_err(|error| self.unreadable(&error))
    }

    /// The failure of a success that cannot be understood.
    pub(crate) fn unreadable(&self, why: &dyn std::fmt::Display) -> CallError {
        CallError::Unknown {
            outcome: CallOutcome::Malformed,
            detail: cleaned(&format!("the answer cannot be read: {why}")),
            rate: self.beside.rate,
        }
    }

    /// Puts a value beside what the headers said.
    pub(crate) fn answer<T>(self, value: T) -> Answer<T> {
        Answer { value, rate: self.beside.rate, request_id: self.beside.request_id }
    }
}

/// The connection to one account.
#[derive(Debug, Clone)]
pub(crate) struct Rest {
    client: Client,
    trading: Url,
    data: Url,
    timeouts: Timeouts,
    /// Our time, where it may differ from the venue's: a simulated broker moves ours.
    wall: Option<SystemClock>,
}

impl Rest {
    /// Makes the client; nothing is sent.
    ///
    /// # Errors
    /// When the keys cannot stand in a header, or TLS has no roots to trust.
    pub(crate) fn new(
        config: &AlpacaConfig,
        endpoints: &Endpoints,
        keys: &ApiKeys,
    ) -> Result<Self, reqwest::Error> {
        let reach = match config.kind {
            AccountKind::Paper | AccountKind::Live => Reach::World,
            AccountKind::Simulated { .. } => Reach::ThisMachine,
        };
        Ok(Self {
            client: exchange::client(config.timeouts.connect, reach, headers(keys))?,
            trading: endpoints.trading.clone(),
            data: endpoints.data.clone(),
            timeouts: config.timeouts,
            wall: (reach == Reach::World).then_some(SystemClock),
        })
    }

    /// Sends a request once and reads the answer whole.
    ///
    /// # Errors
    /// When no complete answer came: *not sent* only if no connection was made.
    pub(crate) async fn send(&self, request: Request<'_>) -> Result<Reply, CallError> {
        let (label, about) = (request.label, request.about);
        let sent = self.exchange(request).await;
        match &sent {
            Ok(reply) => {
                let request_id = reply.beside.request_id.as_deref();
                tracing::debug!(call = label, order = about, status = reply.status, request_id);
            }
            Err(error) => tracing::debug!(call = label, order = about, %error),
        }
        sent
    }

    async fn exchange(&self, request: Request<'_>) -> Result<Reply, CallError> {
        let base = match request.surface {
            Surface::Trading => &self.trading,
            Surface::Data => &self.data,
        };
        let patience =
            if request.method == Method::GET { self.timeouts.read } else { self.timeouts.order };
        let mut url = base.clone();
        url.path_segments_mut()
            .expect("every base is http or https and has a path")
            .clear()
            .extend(request.path);
        let mut call = self.client.request(request.method, url).timeout(patience);
        if !request.query.is_empty() {
            call = call.query(request.query);
        }
        if let Some(body) = request.body {
            call = call.header(CONTENT_TYPE, "application/json").body(body);
        }
        toll::pay().await?;
        let response = call.send().await.map_err(|error| exchange::broken(error, None))?;
        let status = response.status().as_u16();
        let now = self.wall.map(|clock| clock.now());
        let beside = beside(status, response.headers(), now);
        let body = exchange::complete(response, beside.rate).await?;
        Ok(Reply { status, body, beside })
    }
}

/// The two keys as headers that no log shows.
fn headers(keys: &ApiKeys) -> HeaderMap {
    let named = [
        (HeaderName::from_static("apca-api-key-id"), keys.expose_id()),
        (HeaderName::from_static("apca-api-secret-key"), keys.expose_secret()),
    ];
    let mut headers = HeaderMap::new();
    for (name, key) in named {
        let mut value = HeaderValue::from_str(key).expect("keys were checked to be plain ASCII");
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers
}

/// Reads the headers of an answer; their names have no case (§2.5). Times that the venue
/// names are told by our clock, where the answer is dated: what counts is how far ahead
/// they are, and our clock may be wrong.
fn beside(status: u16, headers: &HeaderMap, now: Option<Timestamp>) -> Beside {
    let dated = exchange::dated(headers);
    let by_ours = |at: Timestamp| match (now, dated) {
        (Some(now), Some(said)) => now.plus(at.since(said)),
        (None, _) | (_, None) => at,
    };
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let number = |name: &str| text(name).and_then(|text| text.trim().parse::<i64>().ok());
    let small = |name: &str| number(name).and_then(|count| u32::try_from(count).ok());
    let reset = number("x-ratelimit-reset").map(Timestamp::from_seconds).map(by_ours);
    let rate = match (small("x-ratelimit-limit"), small("x-ratelimit-remaining"), reset) {
        (Some(limit), Some(remaining), Some(reset)) => {
            Some(RateHeaders { limit, remaining, reset })
        }
        (_, _, None) | (None, _, Some(_)) | (_, None, Some(_)) => None,
    };
    let retry_at = || reset.or_else(|| exchange::after_a_while(headers).map(by_ours));
    Beside {
        rate,
        request_id: exchange::request_id(headers, "x-request-id"),
        retry_at: (status == 429).then(retry_at).flatten(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, named: &[(&str, &str)], expected: &Beside) {
        assert_eq!(read(status, named, None), *expected, "{named:?}");
    }

    fn read(status: u16, named: &[(&str, &str)], now: Option<Timestamp>) -> Beside {
        let mut headers = HeaderMap::new();
        for (name, value) in named {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.insert(name, HeaderValue::from_str(value).unwrap());
        }
        beside(status, &headers, now)
    }

    #[test]
    fn times_of_the_venue_are_told_by_our_clock_however_wrong_it_is() {
        let named =
            [("X-RateLimit-Reset", "1791207920"), ("Date", "Mon, 05 Oct 2026 13:45:05 GMT")];
        for ours in ["2026-10-05T13:45:05Z", "2026-10-05T13:30:00Z", "2026-10-05T14:00:00Z"] {
            let now: Timestamp = ours.parse().unwrap();
            let left = read(429, &named, Some(now)).retry_at.unwrap().since(now);
            assert_eq!(left.as_secs(), 15, "{ours}");
        }
    }

    #[test]
    fn rate_headers_are_read_in_any_case_and_only_whole() {
        let reset = Timestamp::from_seconds(1_791_207_060);
        let rate = Some(RateHeaders { limit: 200, remaining: 0, reset });
        let counted = [
            ("X-Ratelimit-Limit", "200"),
            ("X-RATELIMIT-REMAINING", "0"),
            ("x-ratelimit-reset", "1791207060"),
        ];
        check(200, &counted, &Beside { rate, ..Beside::default() });
        check(429, &counted, &Beside { rate, retry_at: Some(reset), ..Beside::default() });
        check(200, &counted[..2], &Beside::default());
        check(200, &[("X-RateLimit-Limit", "-1")], &Beside::default());
    }

    #[test]
    fn a_retry_after_counts_from_the_venues_own_time() {
        let named = [("Retry-After", "3"), ("Date", "Mon, 05 Oct 2026 13:45:05 GMT")];
        let at = "2026-10-05T13:45:08Z".parse().ok();
        check(429, &named, &Beside { retry_at: at, ..Beside::default() });
        check(429, &named[..1], &Beside::default());
        check(503, &named, &Beside::default());
    }

    #[test]
    fn a_request_id_is_cleaned_and_cut() {
        let id = Some("a1b2".to_owned());
        check(200, &[("X-Request-ID", "a1b2")], &Beside { request_id: id, ..Beside::default() });
    }
}
