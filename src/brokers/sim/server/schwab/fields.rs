//! What a request says: query parameters, and JSON bodies with numbers as text.
//!
//! Numbers never become binary floats. A key that is there twice is told, since Schwab
//! answers it with 500 (protocol page §6 of October 2026).

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::domain::time::Timestamp;

use super::answers::Refused;

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

    /// Tells whether a flag is set; Python writes `True` (§2).
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Returns the parts of a list separated by commas.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        let text = self.get(name).unwrap_or_default();
        text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect()
    }

    /// Returns an instant, with or without milliseconds.
    pub(super) fn instant(&self, name: &str) -> Result<Option<Timestamp>, Refused> {
        let Some(text) = self.get(name) else { return Ok(None) };
        // A plus that was not encoded has become a space.
        let instant = text.replace(' ', "+").parse();
        instant.map(Some).map_err(|_| Refused::order(format!("{name} is not a date and time")))
    }

    /// Returns an instant that must be there.
    pub(super) fn required_instant(&self, name: &str) -> Result<Timestamp, Refused> {
        let required = || Refused::order(format!("{name} is required"));
        self.instant(name)?.ok_or_else(required)
    }
}

/// The fields of a JSON object, each as its text.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<(String, Box<RawValue>)>);

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Fields(fields))
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

impl Fields {
    /// Takes a body apart.
    pub(super) fn of(body: &[u8]) -> Result<Self, Refused> {
        let fields: Self = serde_json::from_slice(body)
            .map_err(|_| Refused::order("The request body is not a JSON object"))?;
        let is_double = |(at, (name, _)): (usize, &(String, _))| {
            fields.0.iter().take(at).any(|(other, _)| other == name)
        };
        if fields.0.iter().enumerate().any(is_double) {
            let text = "Internal server error";
            return Err(Refused::trader(StatusCode::INTERNAL_SERVER_ERROR, text));
        }
        Ok(fields)
    }

    fn raw(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(own, _)| own == name);
        found.map(|(_, raw)| raw.get()).filter(|raw| *raw != "null")
    }

    /// Returns the fields of an object within.
    pub(super) fn object(&self, name: &str) -> Result<Option<Self>, Refused> {
        self.raw(name).map(|raw| Self::of(raw.as_bytes())).transpose()
    }

    /// Returns the objects of a list within; none when there is no list.
    pub(super) fn objects(&self, name: &str) -> Result<Vec<Self>, Refused> {
        let Some(raw) = self.raw(name) else { return Ok(Vec::new()) };
        let items: Vec<Box<RawValue>> = serde_json::from_str(raw)
            .map_err(|_| Refused::order(format!("{name} is not a list")))?;
        items.iter().map(|item| Self::of(item.get().as_bytes())).collect()
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
    pub(super) fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>, Refused> {
        let Some(text) = self.text(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| Refused::order(format!("{name} is not valid: {text}")))
    }
}
