//! The settings of the bus, `[bus]` in a configuration file.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize, Serializer};

use crate::domain::ids::AgentId;

/// Entries of the stream that are kept at least, so that a reader who was away for some
/// minutes of a busy day misses nothing.
const STREAM_MIN: u64 = 1_000;

/// Where Redis is, and who may command.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BusConfig {
    /// `redis://user:password@127.0.0.1:6379`, `rediss://…` (TLS, needed for any other
    /// machine) or `unix:///path?user=…&pass=…`; empty uses no Redis. A password is never
    /// printed.
    #[serde(serialize_with = "without_password")]
    pub redis: String,
    /// File with the password of that user, mode 0600; empty takes the address's own.
    pub password_file: PathBuf,
    /// Certificate (PEM) of the authority that vouches for a `rediss://` server; empty
    /// takes the system's.
    pub ca_file: PathBuf,
    /// File with the keys of those who may command, mode 0600, lines of
    /// `sender = hexadecimal key`; empty hears no command.
    pub key_file: PathBuf,
    /// About how many entries the stream keeps, 1 000 or more.
    pub stream_maxlen: u64,
    /// Agents that sit in other processes: `market_data`, `strategy`, `risk`, `orders`,
    /// `positions`. Each needs a line `seat.NAME = key` in the key file.
    pub seats: Vec<String>,
    /// `acl` or `loopback`: what keeps strangers from publishing.
    pub trust: Trust,
}

/// The seats that can be taken in other processes: their words and their agents.
pub const SEATS: [(&str, AgentId); 5] = [
    ("market_data", AgentId::MarketData),
    ("strategy", AgentId::Strategy),
    ("risk", AgentId::RiskManagement),
    ("orders", AgentId::OrderExecution),
    ("positions", AgentId::PositionManagement),
];

/// Finds a seat's word and its agent.
pub fn agent_of(seat: &str) -> Option<(&'static str, AgentId)> {
    SEATS.into_iter().find(|(word, _)| *word == seat)
}

/// What keeps strangers from publishing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trust {
    /// The access control list of the server; a server without one is refused.
    #[default]
    Acl,
    /// That the server listens on this machine alone: for development. Commands must be
    /// signed all the same.
    Loopback,
}

impl Default for BusConfig {
    fn default() -> Self {
        Self {
            redis: String::new(),
            password_file: PathBuf::new(),
            ca_file: PathBuf::new(),
            key_file: PathBuf::new(),
            stream_maxlen: 100_000,
            seats: Vec::new(),
            trust: Trust::Acl,
        }
    }
}

impl fmt::Debug for BusConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BusConfig")
            .field("redis", &shown(&self.redis))
            .field("password_file", &self.password_file)
            .field("ca_file", &self.ca_file)
            .field("key_file", &self.key_file)
            .field("stream_maxlen", &self.stream_maxlen)
            .field("seats", &self.seats)
            .field("trust", &self.trust)
            .finish()
    }
}

impl BusConfig {
    /// Checks every range.
    ///
    /// # Errors
    /// Names key, value and range.
    pub fn validate(&self) -> Result<(), String> {
        if self.stream_maxlen < STREAM_MIN {
            let length = self.stream_maxlen;
            return Err(format!("stream_maxlen is {length}, it must be {STREAM_MIN} or more"));
        }
        if let Some(unknown) = self.seats.iter().find(|seat| agent_of(seat).is_none()) {
            let known = SEATS.map(|(seat, _)| seat).join(", ");
            return Err(format!("seats names {unknown}, which is no seat: use {known}"));
        }
        Ok(())
    }

    /// The address without its password.
    pub fn shown(&self) -> String {
        shown(&self.redis)
    }
}

/// Hides what could be a password, also in an address that cannot be read.
fn shown(address: &str) -> String {
    if address.is_empty() {
        return String::new();
    }
    match url::Url::parse(address) {
        Ok(mut url) => {
            if url.password().is_some() && url.set_password(Some("hidden")).is_err() {
                return "(not shown)".to_owned();
            }
            if url.query().is_some_and(|query| query.contains("pass")) {
                url.set_query(Some("pass=hidden"));
            }
            url.to_string()
        }
        Err(_) => "(not an address)".to_owned(),
    }
}

fn without_password<S: Serializer>(address: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&shown(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_printed() {
        for address in [
            "redis://flightdeck:canary@127.0.0.1:6379",
            "rediss://:canary@example.org/1",
            "unix:///run/redis.sock?user=flightdeck&pass=canary",
            "canary",
        ] {
            let config = BusConfig { redis: address.into(), ..BusConfig::default() };
            let printed = format!("{config:?} {}", toml::to_string(&config).unwrap());
            assert!(!printed.contains("canary"), "{printed}");
        }
    }

    #[test]
    fn a_stream_that_keeps_nothing_is_refused() {
        let config = BusConfig { stream_maxlen: 10, ..BusConfig::default() };
        assert!(config.validate().unwrap_err().contains("1000 or more"));
        assert_eq!(BusConfig::default().validate(), Ok(()));
    }
}
