//! One WebSocket to the venue: dialling with a time-out, and what a refusal means.
//!
//! Knows nothing of what is said on it.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::UrlError;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use super::session::{Lost, StopReason};
use crate::domain::time::Timestamp;

/// The longest message that is read. The longest real ones, a burst of quotes or the
/// list of all subscriptions, are a tenth of it; the library's own limit is 64 MiB.
const MESSAGE_BYTES_MAX: usize = 1024 * 1024;
/// The wait after a refusal that may be meant: as long as the longest between dials.
const REFUSED_WAIT: Duration = Duration::from_secs(30);
/// The longest wait that a refusal may ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_mins(2);

/// An open socket.
pub(in crate::brokers) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Where to dial, and what to say while doing so.
#[derive(Debug, Clone)]
pub(in crate::brokers) struct Endpoint {
    /// The address, `ws://` or `wss://`.
    pub(in crate::brokers) url: String,
    /// The form asked for by the `Content-Type` header, where one is.
    pub(in crate::brokers) content_type: Option<&'static str>,
    /// Whether the dial itself shows the keys, so that its refusal is one of them.
    pub(in crate::brokers) is_keyed: bool,
}

/// Why there is no socket.
#[derive(Debug)]
pub(in crate::brokers) enum DialError {
    /// Dial again, after that long at least.
    Again(Lost, Duration),
    /// Dialling again cannot help.
    Never(StopReason),
}

/// Dials.
///
/// # Errors
/// When there is no socket in time.
pub(in crate::brokers) async fn dial(
    endpoint: &Endpoint,
    within: Duration,
    now: impl Fn() -> Timestamp,
) -> Result<Socket, DialError> {
    let request = request(endpoint)?;
    let limits = WebSocketConfig::default()
        .max_message_size(Some(MESSAGE_BYTES_MAX))
        .max_frame_size(Some(MESSAGE_BYTES_MAX));
    // Small frames must not wait for one another.
    let no_delay = true;
    let dialled = timeout(within, connect_async_with_config(request, Some(limits), no_delay));
    match dialled.await {
        Ok(Ok((socket, _))) => Ok(socket),
        Ok(Err(Error::Http(answer))) => {
            Err(refused(endpoint, answer.status(), answer.headers(), now()))
        }
        Ok(Err(Error::Url(UrlError::TlsFeatureNotEnabled | UrlError::UnsupportedUrlScheme))) => {
            Err(bad_address(endpoint))
        }
        Ok(Err(error)) => Err(again(error.to_string())),
        Err(_) => Err(again(format!("no connection within {within:?}"))),
    }
}

fn request(endpoint: &Endpoint) -> Result<Request, DialError> {
    let request = endpoint.url.as_str().into_client_request();
    let mut request = request.map_err(|_| bad_address(endpoint))?;
    if let Some(content_type) = endpoint.content_type {
        let value = HeaderValue::from_static(content_type);
        request.headers_mut().insert(http::header::CONTENT_TYPE, value);
    }
    Ok(request)
}

fn bad_address(endpoint: &Endpoint) -> DialError {
    DialError::Never(StopReason::BadAddress(endpoint.url.clone()))
}

fn again(detail: String) -> DialError {
    DialError::Again(Lost::because(detail), Duration::ZERO)
}

/// An HTTP answer instead of a socket (Alpaca, protocol page §6 and §7.1): keys that are
/// not taken end it; too many requests or connections take time; all else passes. A 403
/// or 404 may come from a front proxy in trouble, so it takes the long wait, no more.
fn refused(
    endpoint: &Endpoint,
    status: StatusCode,
    headers: &HeaderMap,
    now: Timestamp,
) -> DialError {
    let detail = format!("refused with HTTP {status}");
    match status {
        StatusCode::UNAUTHORIZED if endpoint.is_keyed => DialError::Never(StopReason::KeysRefused),
        StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
            DialError::Again(Lost::because(detail), REFUSED_WAIT)
        }
        StatusCode::TOO_MANY_REQUESTS => {
            let lost = Lost { detail, is_crowded: true };
            DialError::Again(lost, retry_after(headers, now))
        }
        _ => again(detail),
    }
}

/// How long a 429 asks us to stay away, zero when it does not say; header names are
/// those of Alpaca, protocol page §2.5, a second is added as the page advises.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Duration {
    let number = |name| headers.get(name)?.to_str().ok()?.trim().parse::<i64>().ok();
    let until_reset = |reset: i64| {
        let left = Timestamp::from_seconds(reset).since(now);
        left.as_secs().saturating_add(1)
    };
    let seconds = number("retry-after").or_else(|| number("x-ratelimit-reset").map(until_reset));
    let wait = Duration::from_secs(seconds.and_then(|all| all.try_into().ok()).unwrap_or(0));
    wait.min(RETRY_AFTER_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &'static str, value: &str, expected: u64) {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        let now = Timestamp::from_seconds(1_000);
        assert_eq!(retry_after(&headers, now), Duration::from_secs(expected), "{name} {value}");
    }

    /// What follows from an HTTP status: the least wait, or nothing when it is final.
    #[track_caller]
    fn check_status(status: u16, expected: Option<Duration>) {
        let endpoint = Endpoint { url: String::new(), content_type: None, is_keyed: true };
        let status = StatusCode::from_u16(status).unwrap();
        let now = Timestamp::from_seconds(1_000);
        let wait = match refused(&endpoint, status, &HeaderMap::new(), now) {
            DialError::Again(_, wait) => Some(wait),
            DialError::Never(_) => None,
        };
        assert_eq!(wait, expected, "{status}");
    }

    #[test]
    fn only_keys_that_are_not_taken_are_final() {
        check_status(401, None);
        for status in [403, 404] {
            check_status(status, Some(Duration::from_secs(30)));
        }
        for status in [429, 500, 502, 503] {
            check_status(status, Some(Duration::ZERO));
        }
    }

    #[test]
    fn a_refusal_for_too_many_requests_says_how_long() {
        check("Retry-After", "7", 7);
        check("X-RateLimit-Reset", "1030", 31);
        check("X-RateLimit-Reset", "900", 0);
        check("Retry-After", "86400", 120);
        check("Retry-After", "-5", 0);
        check("Retry-After", "soon", 0);
    }
}
