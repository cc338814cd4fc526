//! Where Schwab is.
//!
//! The one production host is written here and nowhere else; only a simulated Schwab
//! has an address of its own, and it must be one of this machine. Schwab, protocol
//! page, first table, of November 2026.

use url::{Host, Url};

/// The production host; there is no sandbox.
const PRODUCTION: &str = "https://api.schwabapi.com";

/// The addresses of Schwab or of a simulated one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchwabHosts {
    /// Where a browser asks for a code.
    pub authorize: Url,
    /// Where codes and refresh tokens are exchanged.
    pub token: Url,
    /// Base of the trader calls, with its path and a slash at the end.
    pub trader: Url,
    /// Base of the market data calls, with its path and a slash at the end.
    pub market_data: Url,
    /// Whether this is a simulated Schwab on this machine; its streamer may then be
    /// reached without TLS, and only on this machine.
    pub is_simulated: bool,
}

/// A simulated Schwab is not on this machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is not an address of this machine: a simulated Schwab is reached by \
     http://127.0.0.1:PORT or http://[::1]:PORT, without a path"
)]
pub struct NotLoopback(String);

impl SchwabHosts {
    /// Returns the addresses of the real Schwab.
    ///
    /// # Panics
    /// Never: the address is written above and is one.
    pub fn production() -> Self {
        Self::below(&Url::parse(PRODUCTION).expect("the address is written above"), false)
    }

    /// Returns the addresses of a simulated Schwab, which has the same paths.
    ///
    /// # Errors
    /// When the address is not plainly one of this machine. A name such as `localhost`
    /// is whatever the resolver says, and is refused.
    pub fn simulated(base: &str) -> Result<Self, NotLoopback> {
        let refused = |shown: &str| NotLoopback(shown.to_owned());
        // What is not an address is not shown: it may hold a password.
        let url = Url::parse(base).map_err(|_| refused("(unreadable)"))?;
        let is_here = match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(_)) | None => false,
        };
        let is_plain = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if is_here && is_plain && matches!(url.scheme(), "http" | "https") {
            return Ok(Self::below(&url, true));
        }
        // Without what may be a password in it; an address without a host may be one whole.
        match url.host_str() {
            Some(host) => Err(refused(&format!("{}://{host}{}", url.scheme(), url.path()))),
            None => Err(refused("(unreadable)")),
        }
    }

    fn below(base: &Url, is_simulated: bool) -> Self {
        let at = |path: &str| {
            let mut url = base.clone();
            url.set_path(path);
            url
        };
        Self {
            authorize: at("/v1/oauth/authorize"),
            token: at("/v1/oauth/token"),
            trader: at("/trader/v1/"),
            market_data: at("/marketdata/v1/"),
            is_simulated,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_real_schwab_has_the_addresses_of_the_page() {
        let hosts = SchwabHosts::production();
        assert_eq!(hosts.authorize.as_str(), "https://api.schwabapi.com/v1/oauth/authorize");
        assert_eq!(hosts.token.as_str(), "https://api.schwabapi.com/v1/oauth/token");
        assert_eq!(hosts.trader.as_str(), "https://api.schwabapi.com/trader/v1/");
        assert_eq!(hosts.market_data.as_str(), "https://api.schwabapi.com/marketdata/v1/");
    }

    #[test]
    fn a_simulated_schwab_is_on_this_machine() {
        let hosts = SchwabHosts::simulated("http://127.0.0.1:4220").unwrap();
        assert_eq!(hosts.token.as_str(), "http://127.0.0.1:4220/v1/oauth/token");
        assert!(SchwabHosts::simulated("http://[::1]:4220").is_ok());
        for elsewhere in [
            "http://192.168.1.5:4220",
            "https://api.schwabapi.com",
            "http://localhost:4220",
            "http://127.0.0.1.example.com/",
            "ftp://127.0.0.1/",
            "http://127.0.0.1:1/v1",
            "http://user:word@127.0.0.1:1",
            "user:word@nowhere",
        ] {
            let error = SchwabHosts::simulated(elsewhere).unwrap_err().to_string();
            assert!(error.contains("not an address of this machine"), "{elsewhere}");
            assert!(!error.contains("word"), "{error}");
        }
    }
}
