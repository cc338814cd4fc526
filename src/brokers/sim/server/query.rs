//! The query parameters of a request, as clients of either protocol write them.
//!
//! What is said of one that cannot be read is known to the folder of each protocol: it
//! turns [`BadParam`] into an answer.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use jiff::civil::Date;

use crate::brokers::sim::server::midnight;
use crate::domain::time::Timestamp;

/// The query parameters of a request.
#[derive(Debug, Default)]
pub(super) struct Params(Vec<(String, String)>);

/// What a parameter was to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// An instant.
    Instant,
    /// A date.
    Date,
    /// A whole number.
    Count,
}

/// A parameter that is not what it was to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadParam {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) wanted: Wanted,
}

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts.uri.query().unwrap_or_default()))
    }
}

impl Params {
    fn of(query: &str) -> Self {
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        Self(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    /// Returns a parameter that is there and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(own, value)| own == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    /// Tells whether a flag is set; Python writes `True`.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
    }

    /// Returns the parts of a list separated by commas; `None` without the parameter.
    pub(super) fn list(&self, name: &str) -> Option<Vec<&str>> {
        Some(self.get(name)?.split(',').map(str::trim).filter(|part| !part.is_empty()).collect())
    }

    /// Returns an instant, with or without milliseconds.
    pub(super) fn instant(&self, name: &str) -> Result<Option<Timestamp>, BadParam> {
        // A plus that was not encoded has become a space.
        self.read(name, Wanted::Instant, |text| text.replace(' ', "+").parse().ok())
    }

    /// Returns an instant, or a date, which begins at midnight in New York.
    pub(super) fn instant_or_date(&self, name: &str) -> Result<Option<Timestamp>, BadParam> {
        self.read(name, Wanted::Instant, |text| {
            let instant = text.replace(' ', "+").parse().ok();
            instant.or_else(|| text.parse().ok().map(midnight))
        })
    }

    /// Returns a date, the first ten characters of what may be more.
    pub(super) fn date(&self, name: &str) -> Result<Option<Date>, BadParam> {
        self.read(name, Wanted::Date, |text| text.chars().take(10).collect::<String>().parse().ok())
    }

    /// Returns a whole number.
    pub(super) fn count(&self, name: &str) -> Result<Option<usize>, BadParam> {
        self.read(name, Wanted::Count, |text| text.parse().ok())
    }

    fn read<T>(
        &self,
        name: &str,
        wanted: Wanted,
        parsed: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, BadParam> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let bad = || BadParam { name: name.to_owned(), text: text.to_owned(), wanted };
        parsed(text).map(Some).ok_or_else(bad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_as_clients_write_them() {
        let params =
            Params::of("a=&b=True&c=1&l=A,,+B&n=7&t=2026-03-09T15:50:23+00:00&d=2026-03-09");
        assert_eq!((params.get("a"), params.get("z")), (None, None));
        assert!(params.is_set("b") && params.is_set("c") && !params.is_set("n"));
        assert_eq!(params.list("l"), Some(vec!["A", "B"]));
        assert_eq!(params.count("n"), Ok(Some(7)));
        let at: Timestamp = "2026-03-09T15:50:23Z".parse().unwrap();
        assert_eq!(params.instant("t"), Ok(Some(at)));
        assert!(params.instant_or_date("d").unwrap().unwrap() < at);
        let bad = params.instant("d").unwrap_err();
        assert_eq!((bad.name.as_str(), bad.wanted), ("d", Wanted::Instant));
        assert!(params.count("d").is_err() && params.date("n").is_err());
    }
}
