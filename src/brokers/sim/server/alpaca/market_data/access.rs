//! Who may ask for market data, and how often: the keys of a request, the surface's
//! own limit, the headers of every answer (Alpaca, protocol page §1 and §2.5 of
//! October 2026).

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::base64;
use crate::brokers::sim::server::alpaca::data_stream::Keys;
use crate::brokers::sim::server::{Limit, Shared};

/// What the front proxy says to a request without keys: HTML, not JSON.
const NO_KEYS: &str = "<html>\r\n<head><title>401 Authorization Required</title></head>\r\n\
<body>\r\n<center><h1>401 Authorization Required</h1></center>\r\n</body>\r\n</html>\r\n";

/// Returns the keys of a request: the two headers, a bearer's token as the secret of
/// `oauth`, or HTTP Basic.
pub(in crate::brokers::sim::server::alpaca) fn keys_in(headers: &HeaderMap) -> Option<Keys> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let of = |id: &str, secret: &str| Keys { id: id.to_owned(), secret: secret.to_owned() };
    if let (Some(id), Some(secret)) = (text("apca-api-key-id"), text("apca-api-secret-key")) {
        return Some(of(id, secret));
    }
    let credentials = text(header::AUTHORIZATION.as_str())?;
    if let Some(token) = credentials.strip_prefix("Bearer ") {
        return Some(of("oauth", token.trim()));
    }
    let pair = base64::decode(credentials.strip_prefix("Basic ")?.trim())?;
    let pair = String::from_utf8(pair).ok()?;
    let (id, secret) = pair.split_once(':')?;
    Some(of(id, secret))
}

/// An error of the data surface: a message without a code (§2.4).
pub(super) fn refused(status: StatusCode, message: impl Into<String>) -> Response {
    (status, Json(serde_json::json!({ "message": message.into() }))).into_response()
}

/// Lets a request through to its route, or answers in its place.
pub(super) async fn guard(State(state): State<Shared>, request: Request, next: Next) -> Response {
    let keys = keys_in(request.headers());
    let Some(keys) = keys else {
        let kind = [(header::CONTENT_TYPE, "text/html")];
        return named(&state, (StatusCode::UNAUTHORIZED, kind, NO_KEYS).into_response());
    };
    if !state.accepts_keys(&keys.id, &keys.secret) {
        return named(&state, refused(StatusCode::UNAUTHORIZED, "unauthorized."));
    }
    let limit = state.count_data();
    let mut answer = if limit.is_served {
        next.run(request).await
    } else {
        refused(StatusCode::TOO_MANY_REQUESTS, "too many requests.")
    };
    tell_limit(answer.headers_mut(), limit);
    named(&state, answer)
}

fn tell_limit(headers: &mut HeaderMap, limit: Limit) {
    let mut tell = |name, value: i64| {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
    };
    tell("x-ratelimit-limit", limit.limit.into());
    tell("x-ratelimit-remaining", limit.remaining.into());
    tell("x-ratelimit-reset", limit.reset);
}

/// Every answer has a name.
fn named(state: &Shared, mut answer: Response) -> Response {
    let id = HeaderValue::from_str(&state.request_id()).expect("hexadecimal digits are a value");
    answer.headers_mut().insert(HeaderName::from_static("x-request-id"), id);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(headers: &[(&'static str, &'static str)], expected: Option<(&str, &str)>) {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        let keys = keys_in(&headers);
        let keys = keys.as_ref().map(|keys| (keys.id.as_str(), keys.secret.as_str()));
        assert_eq!(keys, expected);
    }

    #[test]
    fn keys_come_in_three_forms() {
        let headers = [("apca-api-key-id", "PK"), ("apca-api-secret-key", "s")];
        check(&headers, Some(("PK", "s")));
        check(&headers[..1], None);
        check(&[("authorization", "Bearer t")], Some(("oauth", "t")));
        check(&[("authorization", "Basic UEs6cw==")], Some(("PK", "s")));
        check(&[("authorization", "Basic !")], None);
    }
}
