//! What every request passes: faults of the edge, the bearer's token, throttles, faults
//! of the API, and what is put around every answer (Schwab, protocol page §1.5 and §2
//! of October 2026).

use std::io::Write;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::brokers::sim::server::DropConnection;

use super::answers::{e1, e2, e3, e4, empty, html, json_answer, missing_route};
use super::config::{ErrorShape, Family};
use super::faults::{Armed, Fault, Target};
use super::state::SchwabShared;

const CORRELATION: HeaderName = HeaderName::from_static("schwab-client-correlid");
/// How long a delayed answer waits unless told.
const DELAY: Duration = Duration::from_secs(1);
/// The largest body that is compressed.
const BODY_MAX: usize = 64 * 1024 * 1024;

/// What a path belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Call {
    family: Family,
    is_order: bool,
}

impl Call {
    /// `None` for login, streamer and control, which have their own rules.
    fn of(method: &Method, path: &str) -> Option<Self> {
        if path.starts_with("/marketdata/") {
            return Some(Self { family: Family::MarketData, is_order: false });
        }
        let is_trader = path.starts_with("/trader/");
        let changes = [Method::POST, Method::PUT, Method::DELETE].contains(method);
        let is_order = changes && path.contains("/orders");
        is_trader.then_some(Self { family: Family::Trader, is_order })
    }

    fn is_hit(self, target: Target) -> bool {
        match target {
            Target::Orders => self.is_order,
            Target::Trader => self.family == Family::Trader,
            Target::MarketData => self.family == Family::MarketData,
        }
    }
}

/// Lets a request through to its route, or answers in its place.
pub(super) async fn guard(
    State(state): State<SchwabShared>,
    request: Request,
    next: Next,
) -> Response {
    let Some(call) = Call::of(request.method(), request.uri().path()) else {
        return next.run(request).await;
    };
    let accepts_gzip = request
        .headers()
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("gzip"));
    let correlation = request.headers().get(CORRELATION).cloned();
    if let Some(armed) = state.faults.take_at(Fault::Delay, |target| call.is_hit(target)) {
        tokio::time::sleep(armed.ms.map_or(DELAY, Duration::from_millis)).await;
    }
    let refusal = at_the_edge(&state, call, request.uri().path())
        .or_else(|| unauthorized(&state, call, request.headers()))
        .or_else(|| throttled(&state, call))
        .or_else(|| by_the_api(&state, call));
    let mut answer = match refusal {
        Some(refusal) => refusal,
        None => next.run(request).await,
    };
    if state.config().gzip && accepts_gzip {
        answer = compressed(answer).await;
    }
    let own = || HeaderValue::from_str(&state.new_uuid()).ok();
    if let Some(correlation) = correlation.or_else(own) {
        answer.headers_mut().insert(CORRELATION, correlation);
    }
    answer
}

fn status(armed: Armed, default: StatusCode) -> StatusCode {
    armed.status.and_then(|code| StatusCode::from_u16(code).ok()).unwrap_or(default)
}

fn at_the_edge(state: &SchwabShared, call: Call, path: &str) -> Option<Response> {
    let take = |fault| state.faults.take_at(fault, |target| call.is_hit(target));
    if take(Fault::DropBefore).is_some() {
        return Some(dropped());
    }
    if take(Fault::MissingRoute).is_some() {
        return Some(missing_route(path));
    }
    if let Some(armed) = take(Fault::HtmlPage) {
        let url = format!("https://api.schwabapi.com{path}");
        return Some(html(status(armed, StatusCode::BAD_GATEWAY), &url));
    }
    let armed = take(Fault::EmptyError)?;
    Some(empty(status(armed, StatusCode::SERVICE_UNAVAILABLE)))
}

/// An answer in whose place the connection is cut.
pub(super) fn dropped() -> Response {
    let mut response = StatusCode::OK.into_response();
    response.extensions_mut().insert(DropConnection);
    response
}

fn unauthorized(state: &SchwabShared, call: Call, headers: &HeaderMap) -> Option<Response> {
    let config = state.config();
    let text = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = text.and_then(|text| text.strip_prefix("Bearer ")).unwrap_or_default();
    let now = state.now();
    let is_admitted = state.with_auth(|auth| auth.admits(token.trim(), now))
        && config.lacks != Some(call.family)
        && state.faults.take_at(Fault::Unauthorized, |target| call.is_hit(target)).is_none();
    if is_admitted {
        return None;
    }
    let status = StatusCode::UNAUTHORIZED;
    let text = "Client not authorized";
    Some(shaped(state, config.unauthorized_body, status, text))
}

fn shaped(state: &SchwabShared, shape: ErrorShape, status: StatusCode, text: &str) -> Response {
    let body = match shape {
        ErrorShape::Errors => e2(status, text, state.next_number()),
        ErrorShape::Message => e1(text),
    };
    json_answer(status, &body)
}

fn throttled(state: &SchwabShared, call: Call) -> Option<Response> {
    let limit = state.count(call.is_order);
    let struck = state.faults.take_at(Fault::TooMany, |target| call.is_hit(target));
    if limit.is_served && struck.is_none() {
        return None;
    }
    let config = state.config();
    let status = StatusCode::TOO_MANY_REQUESTS;
    let mut answer = shaped(state, config.throttle_body, status, "Too many requests");
    if let Some(seconds) = config.retry_after {
        answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    Some(answer)
}

fn by_the_api(state: &SchwabShared, call: Call) -> Option<Response> {
    let take = |fault| state.faults.take_at(fault, |target| call.is_hit(target));
    let text = "The server has a problem on purpose";
    if let Some(armed) = take(Fault::E1) {
        return Some(json_answer(status(armed, StatusCode::INTERNAL_SERVER_ERROR), &e1(text)));
    }
    if let Some(armed) = take(Fault::E2) {
        let status = status(armed, StatusCode::BAD_REQUEST);
        return Some(json_answer(status, &e2(status, text, state.next_number())));
    }
    if let Some(armed) = take(Fault::E3) {
        return Some(json_answer(status(armed, StatusCode::BAD_REQUEST), &e3()));
    }
    let armed = take(Fault::E4)?;
    Some(json_answer(status(armed, StatusCode::BAD_REQUEST), &e4()))
}

async fn compressed(answer: Response) -> Response {
    let (mut parts, body) = answer.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, BODY_MAX).await else {
        return empty(StatusCode::INTERNAL_SERVER_ERROR);
    };
    if bytes.is_empty() {
        return Response::from_parts(parts, Body::empty());
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let packed = encoder.write_all(&bytes).and_then(|()| encoder.finish());
    let packed = packed.expect("memory takes every byte");
    parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(packed))
}

/// What is not there.
pub(super) async fn no_such_path(request: Request) -> Response {
    missing_route(request.uri().path())
}
