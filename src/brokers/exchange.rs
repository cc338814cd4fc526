//! One HTTP exchange, the same for every broker: a client that repeats and follows
//! nothing, an answer read to its end, and the judgement of one that did not come.
//!
//! Knows no broker and no order; what a complete answer means is read in each broker's
//! own folder.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{DATE, HeaderMap, RETRY_AFTER};
use jiff::SignedDuration;
use reqwest::{Client, Response};

use crate::breakers::{CallOutcome, RateHeaders};
use crate::brokers::call::CallError;
use crate::brokers::words::{chained, cleaned};
use crate::domain::time::Timestamp;

/// An idle connection is dropped after this; below the time after which venues close
/// theirs, or a request would race with the close and be lost unanswered.
const POOL_IDLE: Duration = Duration::from_secs(20);
/// A peer that is gone is noticed at the latest after this.
const KEEPALIVE: Duration = Duration::from_secs(15);
/// The longest body that is read: Alpaca's list of all assets has about 6 million bytes.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The longest request id that is kept, in characters.
const REQUEST_ID_CHARS_MAX: usize = 80;

/// Where a client may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Anywhere, by TLS alone.
    World,
    /// To a simulated broker of this machine.
    ThisMachine,
}

/// Makes a client that sends each request at most once.
///
/// # Errors
/// When TLS has no roots to trust.
pub(crate) fn client(
    connect: Duration,
    reach: Reach,
    headers: HeaderMap,
) -> Result<Client, reqwest::Error> {
    let builder = Client::builder()
        .default_headers(headers)
        .user_agent(concat!("FlightDeck/", env!("CARGO_PKG_VERSION")))
        // HTTP/1.1 alone is compiled in; should somebody add HTTP/2, a dead connection
        // of it would take all calls with it.
        .http1_only()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .gzip(true)
        .connect_timeout(connect)
        .tcp_nodelay(true)
        .tcp_keepalive(KEEPALIVE)
        .pool_idle_timeout(POOL_IDLE);
    match reach {
        Reach::World => builder.https_only(true),
        // Nothing on this machine is reached through somebody's proxy.
        Reach::ThisMachine => builder.no_proxy(),
    }
    .build()
}

/// Reads an answer to its end.
///
/// # Errors
/// When a success is longer than allowed, or breaks off.
pub(crate) async fn complete(
    mut response: Response,
    rate: Option<RateHeaders>,
) -> Result<Bytes, CallError> {
    let is_success = response.status().is_success();
    let mut body = BytesMut::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= BODY_BYTES_MAX => {
                body.extend_from_slice(&chunk);
            }
            Ok(Some(_)) => {
                let detail = format!("the answer is longer than {BODY_BYTES_MAX} bytes");
                return Err(CallError::Unknown { outcome: CallOutcome::Malformed, detail, rate });
            }
            Err(error) if is_success => return Err(broken(error, rate)),
            // The status of a refusal is enough, should its words be lost.
            Ok(None) | Err(_) => return Ok(body.freeze()),
        }
    }
}

/// Judges a call without a complete answer. Only where no connection was made is it
/// certain that nothing left; a connection that broke may have carried everything.
pub(crate) fn broken(error: reqwest::Error, rate: Option<RateHeaders>) -> CallError {
    let error = error.without_url();
    let detail = chained(&error);
    if error.is_connect() || error.is_builder() {
        return CallError::NotSent { detail };
    }
    let outcome = if error.is_timeout() {
        CallOutcome::TimedOut
    } else if error.is_decode() {
        CallOutcome::Malformed
    } else {
        CallOutcome::ConnectFailed
    };
    CallError::Unknown { outcome, detail, rate }
}

/// A broker's name of a request, out of the header that it uses for it.
pub(crate) fn request_id(headers: &HeaderMap, name: &str) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?;
    let id: String = cleaned(text).chars().take(REQUEST_ID_CHARS_MAX).collect();
    (!id.is_empty()).then_some(id)
}

/// The venue's own time of an answer.
pub(crate) fn dated(headers: &HeaderMap) -> Option<Timestamp> {
    let date = headers.get(DATE)?.to_str().ok()?;
    Some(Timestamp::from_jiff(jiff::fmt::rfc2822::parse(date).ok()?.timestamp()))
}

/// `Retry-After` in seconds from the venue's own time; no broker promises it.
pub(crate) fn after_a_while(headers: &HeaderMap) -> Option<Timestamp> {
    let seconds: u32 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(dated(headers)?.plus(SignedDuration::from_secs(i64::from(seconds))))
}
