//! What a request says: JSON bodies with numbers as text, and what is answered to query
//! parameters that cannot be read.
//!
//! Numbers never become binary floats. A key that is there twice is told, since Schwab
//! answers it with 500 (protocol page §6 of October 2026).

use std::fmt;
use std::str::FromStr;

use axum::http::StatusCode;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::brokers::sim::server::query::{BadParam, Wanted};
use crate::domain::time::Timestamp;

use super::answers::Refused;

pub(super) use crate::brokers::sim::server::query::Params;

impl From<BadParam> for Refused {
    fn from(BadParam { name, wanted, .. }: BadParam) -> Self {
        let what = match wanted {
            Wanted::Instant => "a date and time",
            Wanted::Date => "a date",
            Wanted::Count => "a number",
        };
        Self::order(format!("{name} is not {what}"))
    }
}

/// Returns an instant that must be there.
pub(super) fn required_instant(params: &Params, name: &str) -> Result<Timestamp, Refused> {
    let required = || Refused::order(format!("{name} is required"));
    params.instant(name)?.ok_or_else(required)
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
