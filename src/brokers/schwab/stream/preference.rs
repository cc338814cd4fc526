//! Where the streamer is and who we are to it, asked before each dial.
//!
//! Live answers are an object though the specification says a list (page §3.6 of
//! November 2026): both are read.

use std::fmt;
use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use reqwest::Client;
use reqwest::redirect::Policy;
use serde::Deserialize;
use url::{Host, Url};

use crate::brokers::schwab::hosts::SchwabHosts;
use crate::brokers::schwab::token::AccessToken;

/// A call from its start to the last byte.
const CALL: Duration = Duration::from_secs(10);
/// The longest answer that is read.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// What the login of the streamer needs; identifiers of the customer, which are not
/// shown.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StreamerInfo {
    /// Where to dial.
    #[serde(rename = "streamerSocketUrl")]
    pub(super) url: String,
    /// Names the customer.
    #[serde(rename = "schwabClientCustomerId")]
    pub(super) customer: String,
    /// Names the session.
    #[serde(rename = "schwabClientCorrelId")]
    pub(super) correlation: String,
    /// Such as `N9`.
    #[serde(rename = "schwabClientChannel")]
    pub(super) channel: String,
    /// Such as `APIAPP`.
    #[serde(rename = "schwabClientFunctionId")]
    pub(super) function: String,
}

impl fmt::Debug for StreamerInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamerInfo").field("url", &self.url).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Preference {
    #[serde(rename = "streamerInfo", default)]
    streamer: Vec<StreamerInfo>,
}

/// Why the streamer's address is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PreferenceError {
    /// The token is refused.
    Unauthorized,
    /// In words.
    Other(String),
}

/// Asks for the streamer's address.
#[derive(Debug, Clone)]
pub(super) struct Preferences {
    client: Client,
    url: Url,
    is_simulated: bool,
}

impl Preferences {
    /// Makes the client; nothing is sent. The TLS provider must be installed.
    pub(super) fn new(hosts: &SchwabHosts) -> Result<Self, String> {
        let mut builder = Client::builder().timeout(CALL).redirect(Policy::none());
        if hosts.is_simulated {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|_| "no HTTP client can be made".to_owned())?;
        let url = hosts.trader.join("userPreference").map_err(|error| error.to_string())?;
        Ok(Self { client, url, is_simulated: hosts.is_simulated })
    }

    /// Asks once.
    pub(super) async fn ask(&self, token: &AccessToken) -> Result<StreamerInfo, PreferenceError> {
        let other = |what: &str| PreferenceError::Other(format!("the streamer's address: {what}"));
        let Some(bearer) = token.bearer() else { return Err(PreferenceError::Unauthorized) };
        let call = self
            .client
            .get(self.url.clone())
            .header(AUTHORIZATION, bearer)
            .header(ACCEPT, HeaderValue::from_static("application/json"));
        let mut reply = call.send().await.map_err(|_| other("no answer"))?;
        match reply.status().as_u16() {
            200 => {}
            401 => return Err(PreferenceError::Unauthorized),
            status => return Err(other(&format!("HTTP {status}"))),
        }
        let mut body = Vec::new();
        while let Some(part) = reply.chunk().await.map_err(|_| other("no whole answer"))? {
            body.extend_from_slice(&part);
            if body.len() > BODY_BYTES_MAX {
                return Err(other("too long an answer"));
            }
        }
        let info = read(&body).ok_or_else(|| other("an answer without one"))?;
        if is_safe(&info.url, self.is_simulated) {
            Ok(info)
        } else {
            Err(other("not one that a token may be sent to"))
        }
    }
}

fn read(body: &[u8]) -> Option<StreamerInfo> {
    let preference: Option<Preference> = serde_json::from_slice(body).ok();
    let preference = preference.or_else(|| {
        let list: Vec<Preference> = serde_json::from_slice(body).ok()?;
        list.into_iter().next()
    });
    preference?.streamer.into_iter().next()
}

/// The token goes there: only over TLS, or to a simulated Schwab on this machine.
fn is_safe(address: &str, is_simulated: bool) -> bool {
    let Ok(url) = Url::parse(address) else { return false };
    let is_here = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(_)) | None => false,
    };
    if is_simulated { is_here && url.scheme() == "ws" } else { !is_here && url.scheme() == "wss" }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBJECT: &str = r#"{"accounts":[],"streamerInfo":[{"streamerSocketUrl":"wss://s.example/ws",
        "schwabClientCustomerId":"canary-c","schwabClientCorrelId":"canary-s",
        "schwabClientChannel":"N9","schwabClientFunctionId":"APIAPP"}],"offers":[]}"#;

    #[test]
    fn an_object_and_a_list_are_read() {
        for body in [OBJECT.to_owned(), format!("[{OBJECT}]")] {
            let info = read(body.as_bytes()).unwrap();
            assert_eq!((info.channel.as_str(), info.customer.as_str()), ("N9", "canary-c"));
            assert!(!format!("{info:?}").contains("canary"));
        }
        for body in ["", "[]", "{}", r#"{"streamerInfo":[]}"#] {
            assert!(read(body.as_bytes()).is_none(), "{body}");
        }
    }

    #[test]
    fn a_token_goes_over_tls_or_stays_on_this_machine() {
        for (address, is_simulated, expected) in [
            ("wss://streamer-api.schwab.com/ws", false, true),
            ("ws://streamer-api.schwab.com/ws", false, false),
            ("ws://127.0.0.1:4220/ws", false, false),
            ("ws://127.0.0.1:4220/ws", true, true),
            ("wss://streamer-api.schwab.com/ws", true, false),
            ("ws://localhost:4220/ws", true, false),
            ("nowhere", true, false),
        ] {
            assert_eq!(is_safe(address, is_simulated), expected, "{address}");
        }
    }
}
