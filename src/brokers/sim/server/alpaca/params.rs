//! What a request says: query parameters and JSON bodies, numbers as text.
//!
//! Numbers never become binary floats: a body is taken apart into the texts of its
//! fields. Clients send `"10"`, `10` and `10.0` alike (protocol page §2.1 of October
//! 2026); `null` is as good as absent, unknown fields are ignored.

use std::collections::HashMap;
use std::convert::Infallible;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use jiff::civil::Date;
use serde_json::value::RawValue;

use crate::brokers::sim::server::midnight;
use crate::domain::time::Timestamp;

use super::errors::ApiError;

/// The query parameters of a request.
#[derive(Debug, Default)]
pub(super) struct Params(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        Ok(Self(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect()))
    }
}

impl Params {
    /// Returns a parameter that is there and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(own, value)| own == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    /// Tells whether a flag is set; Python writes `True`.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
    }

    /// Returns the parts of a list separated by commas.
    pub(super) fn list(&self, name: &str) -> Option<Vec<&str>> {
        Some(self.get(name)?.split(',').map(str::trim).filter(|part| !part.is_empty()).collect())
    }

    /// Returns an instant: RFC 3339 or a date, which begins at midnight in New York.
    pub(super) fn instant(&self, name: &str) -> Result<Option<Timestamp>, ApiError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        // A plus that was not encoded has become a space.
        let instant: Result<Timestamp, _> = text.replace(' ', "+").parse();
        let instant = instant.ok().or_else(|| text.parse().ok().map(midnight));
        instant.map(Some).ok_or_else(|| ApiError::malformed(format!("invalid {name}: {text}")))
    }

    /// Returns a date.
    pub(super) fn date(&self, name: &str) -> Result<Option<Date>, ApiError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let head: String = text.chars().take(10).collect();
        let date = head.parse().map_err(|_| ApiError::bad_parameter(format!("invalid {name}")));
        date.map(Some)
    }

    /// Returns a whole number.
    pub(super) fn count(&self, name: &str) -> Result<Option<usize>, ApiError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let count = text.parse().map_err(|_| ApiError::malformed(format!("invalid {name}")));
        count.map(Some)
    }
}

/// The fields of a JSON object, each as its text.
#[derive(Debug, Default)]
pub(super) struct Fields(HashMap<String, Box<RawValue>>);

impl Fields {
    /// Takes a body apart.
    pub(super) fn of(body: &[u8]) -> Result<Self, ApiError> {
        serde_json::from_slice(body)
            .map(Self)
            // Ours: no original of this text is known.
            .map_err(|_| ApiError::malformed("request body format is invalid"))
    }

    fn raw(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|raw| raw.get()).filter(|raw| *raw != "null")
    }

    /// Returns the fields of an object within.
    pub(super) fn object(&self, name: &str) -> Result<Option<Self>, ApiError> {
        self.raw(name).map(|raw| Self::of(raw.as_bytes())).transpose()
    }

    /// Returns a text, or the text of a number.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let raw = self.raw(name)?;
        if raw.starts_with('"') {
            serde_json::from_str(raw).ok().filter(|text: &String| !text.is_empty())
        } else {
            Some(raw.to_owned())
        }
    }

    /// Returns a number or amount, from its digits.
    pub(super) fn number<T: FromStr>(
        &self,
        name: &str,
        refusal: &str,
    ) -> Result<Option<T>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| ApiError::malformed(refusal))
    }

    /// Returns a flag, `None` where there is none.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.to_ascii_lowercase().as_str() {
            "true" => Ok(Some(true)),
            "false" => Ok(Some(false)),
            _ => Err(ApiError::malformed(format!("invalid {name}"))),
        }
    }

    /// Returns a list of texts.
    pub(super) fn texts(&self, name: &str) -> Result<Option<Vec<String>>, ApiError> {
        let Some(raw) = self.raw(name) else { return Ok(None) };
        let texts = serde_json::from_str(raw);
        texts.map(Some).map_err(|_| ApiError::malformed(format!("invalid {name}")))
    }
}
