//! The keys of a request in their three forms, and the data surface's own way of
//! refusing (Alpaca, protocol page §1 and §2.4 of October 2026). Who is let through to
//! REST, and how often, is the guard's business.

use axum::Json;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::brokers::sim::server::alpaca::data_stream::Keys;
use crate::brokers::sim::server::base64;

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

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

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
