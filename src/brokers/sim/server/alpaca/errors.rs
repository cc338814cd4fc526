//! Error bodies as Alpaca writes them (protocol page §2.4 of October 2026).
//!
//! Texts of refused orders come from the exchange; those marked as ours have no known
//! original.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::brokers::sim::exchange::Rejection;
use crate::brokers::sim::server::WorldError;

/// What a handler answers.
pub(in crate::brokers::sim::server) type Answer = Result<Response, ApiError>;

/// A refused call.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::brokers::sim::server) struct ApiError {
    status: StatusCode,
    body: Value,
}

impl ApiError {
    /// A request that is malformed: 422 with 40010001.
    pub(super) fn malformed(message: impl Into<String>) -> Self {
        Self::coded(StatusCode::UNPROCESSABLE_ENTITY, 40_010_001, message)
    }

    /// A request that is understood but not acceptable: 422 with 42210000.
    pub(super) fn unacceptable(message: impl Into<String>) -> Self {
        Self::coded(StatusCode::UNPROCESSABLE_ENTITY, 42_210_000, message)
    }

    /// Something that is not there: 404 with 40410000.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::coded(StatusCode::NOT_FOUND, 40_410_000, message)
    }

    /// A bad parameter of a call that has no codes: 400.
    pub(super) fn bad_parameter(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, body: json!({ "message": message.into() }) }
    }

    /// Any status with a code.
    pub(super) fn coded(status: StatusCode, code: u32, message: impl Into<String>) -> Self {
        Self { status, body: json!({ "code": code, "message": message.into() }) }
    }

    /// Status and body, for answers that hold several.
    pub(super) fn parts(&self) -> (u16, &Value) {
        (self.status.as_u16(), &self.body)
    }
}

impl From<Rejection> for ApiError {
    fn from(rejection: Rejection) -> Self {
        let status = u16::try_from(rejection.http_status()).ok();
        let status = status.and_then(|status| StatusCode::from_u16(status).ok());
        let mut body = Map::new();
        body.insert("code".into(), rejection.code.into());
        body.insert("message".into(), rejection.message.into());
        for (field, value) in rejection.details {
            let value = match field {
                "related_orders" => {
                    let ids = value.split(',').filter(|id| !id.is_empty());
                    Value::Array(ids.map(Value::from).collect())
                }
                _ => Value::from(value),
            };
            body.insert(field.into(), value);
        }
        let status = status.unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
        Self { status, body: Value::Object(body) }
    }
}

impl From<WorldError> for ApiError {
    fn from(error: WorldError) -> Self {
        Self::unacceptable(error.to_string())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        json_answer(self.status, &self.body)
    }
}

/// An answer of JSON.
pub(super) fn json_answer(status: StatusCode, body: &impl serde::Serialize) -> Response {
    let text = serde_json::to_vec(body).expect("our own bodies have text keys only");
    let kind = HeaderValue::from_static("application/json; charset=UTF-8");
    (status, [(header::CONTENT_TYPE, kind)], text).into_response()
}

/// 200 with a body of JSON.
pub(super) fn ok(body: &impl serde::Serialize) -> Response {
    json_answer(StatusCode::OK, body)
}

/// A page of the proxy in front of the real broker.
pub(super) fn html(status: StatusCode, title: &'static str) -> Response {
    let page = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    );
    let kind = HeaderValue::from_static("text/html");
    (status, [(header::CONTENT_TYPE, kind)], page).into_response()
}
