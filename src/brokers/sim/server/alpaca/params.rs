//! What a request says: JSON bodies with numbers as text, and what is answered to query
//! parameters that cannot be read.
//!
//! Numbers never become binary floats: a body is taken apart into the texts of its
//! fields. Clients send `"10"`, `10` and `10.0` alike (protocol page §2.1 of October
//! 2026); `null` is as good as absent, unknown fields are ignored.

use std::collections::HashMap;
use std::str::FromStr;

use serde_json::value::RawValue;

use crate::brokers::sim::server::query::{BadParam, Wanted};

use super::errors::ApiError;

pub(super) use crate::brokers::sim::server::query::Params;

impl From<BadParam> for ApiError {
    fn from(BadParam { name, text, wanted }: BadParam) -> Self {
        match wanted {
            Wanted::Instant => Self::malformed(format!("invalid {name}: {text}")),
            Wanted::Date => Self::bad_parameter(format!("invalid {name}")),
            Wanted::Count => Self::malformed(format!("invalid {name}")),
        }
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
