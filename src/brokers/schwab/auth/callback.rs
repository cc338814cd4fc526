//! The address that Schwab sends the browser back to.
//!
//! It must be the one registered with Schwab to the byte, so the text is kept as the
//! user wrote it. Schwab, protocol page §1.1 of November 2026.

use std::net::{IpAddr, SocketAddr};

use url::{Host, Url};

/// The callback as registered with Schwab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    text: String,
    url: Url,
}

/// Why an address is no callback.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    /// It is not an https address.
    #[error(
        "'{0}' is no callback: Schwab takes an https address, such as https://127.0.0.1:8182, \
         exactly as it is registered there"
    )]
    NotHttps(String),
    /// Schwab refuses this name.
    #[error("'{0}' is no callback: Schwab refuses localhost, register 127.0.0.1 instead")]
    Localhost(String),
}

impl Callback {
    /// Takes the text as it is registered.
    ///
    /// # Errors
    /// When Schwab would not take it.
    pub fn new(text: &str) -> Result<Self, CallbackError> {
        let shown = || text.chars().filter(|letter| !letter.is_control()).take(100).collect();
        let url = Url::parse(text).map_err(|_| CallbackError::NotHttps(shown()))?;
        let is_plain = url.query().is_none() && url.fragment().is_none();
        if url.scheme() != "https" || !is_plain || text.trim() != text {
            return Err(CallbackError::NotHttps(shown()));
        }
        if url.host_str() == Some("localhost") {
            return Err(CallbackError::Localhost(shown()));
        }
        Ok(Self { text: text.to_owned(), url })
    }

    /// The text, to the byte.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The path that the browser asks for.
    pub fn path(&self) -> &str {
        self.url.path()
    }

    /// Where to listen; `None` when the browser does not come back to this machine.
    pub fn address(&self) -> Option<SocketAddr> {
        let host: IpAddr = match self.url.host()? {
            Host::Ipv4(address) => address.into(),
            Host::Ipv6(address) => address.into(),
            Host::Domain(_) => return None,
        };
        let port = self.url.port_or_known_default()?;
        host.is_loopback().then(|| SocketAddr::new(host, port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, address: Option<&str>) {
        let callback = Callback::new(text).unwrap();
        assert_eq!(callback.as_str(), text);
        assert_eq!(callback.address().map(|at| at.to_string()).as_deref(), address);
    }

    #[test]
    fn a_callback_is_kept_to_the_byte_and_listened_at_only_here() {
        check("https://127.0.0.1:8182", Some("127.0.0.1:8182"));
        check("https://127.0.0.1:8182/", Some("127.0.0.1:8182"));
        check("https://127.0.0.1", Some("127.0.0.1:443"));
        check("https://[::1]:9000/back", Some("[::1]:9000"));
        check("https://desk.example.com/back", None);
        check("https://10.0.0.1:8182", None);
    }

    #[test]
    fn what_schwab_would_refuse_is_refused_here() {
        for text in ["http://127.0.0.1:8182", "127.0.0.1:8182", "", "https://127.0.0.1/?a=b"] {
            assert!(matches!(Callback::new(text), Err(CallbackError::NotHttps(_))), "{text}");
        }
        let error = Callback::new("https://localhost:8182").unwrap_err();
        assert!(error.to_string().contains("127.0.0.1"));
    }
}
