//! What every request passes: keys, faults of the gateway, rate limits, and the headers
//! of every answer (Alpaca, protocol page §1, §2.4 and §2.5 of October 2026).

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use serde_json::json;

use crate::brokers::sim::server::{Fault, FaultOrder, Limit, Shared};

use super::data_stream::is_stream;
use super::errors::{html, json_answer};
use super::market_data::keys_in;

/// Which of the broker's surfaces a path belongs to; each counts its own requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Surface {
    Trading,
    Data,
    Control,
    /// A stream asks for its keys in its own way and counts no requests.
    Stream,
}

impl Surface {
    fn of(path: &str) -> Self {
        if path.starts_with("/_sim/") {
            Self::Control
        } else if path == "/stream" || is_stream(path) {
            Self::Stream
        } else if path.starts_with("/v2/stocks") || path.starts_with("/v1beta") {
            Self::Data
        } else {
            Self::Trading
        }
    }
}

/// Lets a request through to its route, or answers in its place.
pub(super) async fn guard(State(state): State<Shared>, request: Request, next: Next) -> Response {
    let request_id = state.request_id();
    // By the path alone: whoever merely says that he wants to upgrade gets no further.
    let surface = Surface::of(request.uri().path());
    if surface == Surface::Stream {
        return named(next.run(request).await, &request_id);
    }
    if surface == Surface::Control {
        let answer = next.run(request).await;
        return named(with_limit(answer, state.look_at_limit(false)), &request_id);
    }
    let is_data = surface == Surface::Data;
    if let Some(refusal) = refused_keys(&state, request.headers()) {
        return named(with_limit(refusal, state.look_at_limit(is_data)), &request_id);
    }
    let limit = if is_data { state.count_data() } else { state.count_trading() };
    let is_new_order = request.method() == Method::POST && request.uri().path() == "/v2/orders";
    if let Some(fault) = struck(&state, Fault::RateBurst, is_new_order) {
        let refusal = too_many();
        let has_headers = fault.variant.as_deref() != Some("no_headers");
        let refusal = if has_headers {
            with_limit(refusal, Limit { remaining: 0, ..limit })
        } else {
            refusal
        };
        return named(refusal, &request_id);
    }
    if !limit.is_served {
        return named(with_limit(too_many(), limit), &request_id);
    }
    let answer = if struck(&state, Fault::HtmlGateway, is_new_order).is_some() {
        html(StatusCode::BAD_GATEWAY, "502 Bad Gateway")
    } else {
        next.run(request).await
    };
    named(with_limit(answer, limit), &request_id)
}

/// Takes a fault that may strike any request, or new orders alone (variant `orders`).
fn struck(state: &Shared, fault: Fault, is_new_order: bool) -> Option<FaultOrder> {
    state.faults.take_if(fault, |armed| is_new_order || armed.variant.as_deref() != Some("orders"))
}

fn refused_keys(state: &Shared, headers: &HeaderMap) -> Option<Response> {
    match keys_in(headers) {
        Some(keys) => (!state.accepts_keys(&keys.id, &keys.secret)).then(unauthorized),
        None if headers.contains_key(header::AUTHORIZATION) => Some(unauthorized()),
        None => Some(html(StatusCode::UNAUTHORIZED, "401 Authorization Required")),
    }
}

fn unauthorized() -> Response {
    json_answer(StatusCode::UNAUTHORIZED, &json!({ "message": "unauthorized." }))
}

fn too_many() -> Response {
    let body = json!({ "code": 42_910_000, "message": "rate limit exceeded" });
    json_answer(StatusCode::TOO_MANY_REQUESTS, &body)
}

fn with_limit(mut answer: Response, limit: Limit) -> Response {
    let headers = answer.headers_mut();
    headers.insert("x-ratelimit-limit", limit.limit.into());
    headers.insert("x-ratelimit-remaining", limit.remaining.into());
    headers.insert("x-ratelimit-reset", limit.reset.into());
    answer
}

fn named(mut answer: Response, request_id: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(request_id) {
        answer.headers_mut().insert("x-request-id", value);
    }
    answer
}

/// What is not there.
pub(super) async fn no_such_path() -> Response {
    let body = json!({ "code": 40_410_000, "message": "endpoint not found." });
    json_answer(StatusCode::NOT_FOUND, &body)
}

/// What is there and cannot be done to it.
pub(super) async fn no_such_method() -> Response {
    let body = json!({ "code": 40_510_000, "message": "method not allowed." });
    json_answer(StatusCode::METHOD_NOT_ALLOWED, &body)
}
