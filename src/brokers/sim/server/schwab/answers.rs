//! Answers and error bodies in Schwab's five shapes (protocol page §2.1 of October
//! 2026), and how times and numbers are written.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::brokers::sim::server::frames::Field;
use crate::domain::ids::Symbol;
use crate::domain::money::{Money, Price, Qty};
use crate::domain::time::Timestamp;

/// What a handler answers.
pub(super) type Answer = Result<Response, Refused>;

/// A refused call, in the shape of its half of the API: E1 or E2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    status: StatusCode,
    is_trader: bool,
    message: String,
}

impl Refused {
    /// 400 of the trader's half.
    pub(super) fn order(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, is_trader: true, message: message.into() }
    }

    /// Any status of the trader's half.
    pub(super) fn trader(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, is_trader: true, message: message.into() }
    }

    /// Any status of the half of market data.
    pub(super) fn data(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, is_trader: false, message: message.into() }
    }

    /// Why.
    pub(super) fn message(&self) -> &str {
        &self.message
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body =
            if self.is_trader { e1(&self.message) } else { e2(self.status, &self.message, 1) };
        json_answer(self.status, &body)
    }
}

/// Shape E1: a message and perhaps more of them.
pub(super) fn e1(message: &str) -> Value {
    json!({ "message": message, "errors": [message] })
}

/// Shape E2: a list of errors with a name each; `status` is a text for 400 and a number
/// otherwise, as the page shows it.
pub(super) fn e2(status: StatusCode, detail: &str, number: u64) -> Value {
    let code = match status {
        StatusCode::BAD_REQUEST => Value::from(status.as_str()),
        _ => Value::from(status.as_u16()),
    };
    let title = status.canonical_reason().unwrap_or("Error");
    let id = format!("51a0e2e2-0000-4000-8000-{number:012x}");
    json!({ "errors": [{ "id": id, "status": code, "title": title, "detail": detail }] })
}

/// Shape E3: the gateway's.
pub(super) fn e3() -> Value {
    json!({ "fault": {
        "faultstring": "Body buffer overflow",
        "detail": { "errorcode": "protocol.http.TooBigBody" },
    }})
}

/// Shape E4: the token endpoint's.
pub(super) fn e4() -> Value {
    json!({ "error": "unsupported_token_type", "error_description": "400 Bad Request: \"\"" })
}

/// Shape E5: a page of the edge.
pub(super) fn html(status: StatusCode, url: &str) -> Response {
    let page = format!(
        "<HTML><HEAD>\n<TITLE>Access Denied</TITLE>\n</HEAD><BODY>\n<H1>Access Denied</H1>\n\
         You don't have permission to access \"{url}\" on this server.\n</BODY>\n</HTML>\n"
    );
    (status, [(header::CONTENT_TYPE, HeaderValue::from_static("text/html"))], page).into_response()
}

/// Shape E5: a route that is gone.
pub(super) fn missing_route(path: &str) -> Response {
    let text = format!("404 Not Found: Requested route ({path}) does not exist.");
    (StatusCode::NOT_FOUND, text).into_response()
}

/// Shape E5: nothing at all.
pub(super) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// An answer of JSON.
pub(super) fn json_answer(status: StatusCode, body: &impl serde::Serialize) -> Response {
    let text = serde_json::to_vec(body).expect("our own bodies have text keys only");
    let kind = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, kind)], text).into_response()
}

/// 200 with a body of JSON.
pub(super) fn ok(body: &impl serde::Serialize) -> Response {
    json_answer(StatusCode::OK, body)
}

/// A double as Schwab writes it: never without a decimal place (§3.3).
pub(super) fn double(number: Decimal) -> Field {
    let mut number = number.normalize();
    if number.scale() == 0 {
        number.rescale(1);
    }
    Field::Decimal(number)
}

/// Dollars per share.
pub(super) fn price(price: Price) -> Field {
    double(price.to_decimal())
}

/// Dollars per share, zero where there is no price.
pub(super) fn price_or_zero(known: Option<Price>) -> Field {
    known.map_or_else(|| double(Decimal::ZERO), price)
}

/// Dollars, to the cent.
pub(super) fn money(amount: Money) -> Field {
    double(amount.round_to_cents().to_decimal())
}

/// Shares.
pub(super) fn shares(qty: Qty) -> Field {
    double(qty.to_decimal())
}

/// A number that names something.
pub(super) fn number(id: u64) -> Field {
    Field::count(id)
}

/// Milliseconds since 1970.
pub(super) fn millis(at: Timestamp) -> Field {
    Field::Integer(at.as_nanos().div_euclid(1_000_000))
}

/// An instant to the second with an offset without colon (§2).
pub(super) fn time(at: Timestamp) -> Field {
    Field::text(at.to_jiff().strftime("%Y-%m-%dT%H:%M:%S+0000").to_string())
}

/// A ticker as Schwab writes it: classes of shares after a slash.
pub(super) fn ticker(symbol: Symbol) -> String {
    symbol.as_str().replace('.', "/")
}

/// Reads a ticker as Schwab writes it.
pub(super) fn symbol_of(text: &str) -> Option<Symbol> {
    Symbol::new(&text.replace('/', ".")).ok()
}

/// An object whose fields may be missing.
pub(super) fn object(fields: Vec<(&'static str, Field)>) -> Field {
    Field::Object(fields.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::brokers::sim::server::frames::json;

    #[test]
    fn numbers_have_a_decimal_place_and_times_no_colon() {
        let field = object(vec![
            ("quantity", shares("5".parse().unwrap())),
            ("price", price("10.25".parse().unwrap())),
            ("cash", money("-3.2".parse().unwrap())),
            ("time", time("2026-03-09T15:50:23.4Z".parse().unwrap())),
        ]);
        let text =
            r#"{"quantity":5.0,"price":10.25,"cash":-3.2,"time":"2026-03-09T15:50:23+0000"}"#;
        assert_eq!(json(&field), text);
    }
}
