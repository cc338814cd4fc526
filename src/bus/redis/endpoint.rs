//! One Redis server: its address, how to log in, how to connect.
//!
//! Connections speak RESP3, without Nagle's delay, with TLS where the address says so.
//! Knows nothing of what is sent; see [`link`](super::link).

use std::fmt;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo,
    ProtocolVersion, RedisConnectionInfo, RedisError, TlsCertificates,
};
use tokio::time::timeout;

use crate::bus::redis::config::{BusConfig, Trust};
use crate::bus::redis::keys::{KeyFileError, read_private};
use crate::journal::JournalError;

/// A server on the same machine or next door connects in milliseconds; one that does not
/// is as good as gone.
const CONNECT: Duration = Duration::from_secs(2);
/// The longest answer to a batch; a server that hangs is found by its pings before.
pub(super) const ANSWER: Duration = Duration::from_secs(2);

/// Why the bus cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The address cannot be understood.
    #[error(
        "bus.redis is not an address of Redis: write redis://user:password@127.0.0.1:6379, rediss://… or unix:///path"
    )]
    Address,
    /// Passwords and orders would travel in the clear.
    #[error("bus.redis names {0}, another machine, without TLS: use rediss://")]
    PlainText(String),
    /// Trust in loopback for a server that is elsewhere.
    #[error("bus.trust is \"loopback\", but {0} is another machine: set up users and leave it out")]
    TrustElsewhere(String),
    /// A file cannot be used.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// The certificate cannot be read.
    #[error("bus.ca_file cannot be read")]
    Certificate(#[source] std::io::Error),
    /// The server or the way to it failed.
    #[error("Redis failed")]
    Redis(#[from] RedisError),
    /// No answer in time.
    #[error("no answer from Redis in {0:?}")]
    Silent(Duration),
    /// The connection ended.
    #[error("the connection to Redis was cut")]
    Cut,
    /// What was missed cannot be read again.
    #[error("what Redis has missed cannot be read from the journal")]
    Journal(#[source] JournalError),
    /// A frame between house and seat is forged, or not the next one.
    #[error("a frame that is not the next one of this seat")]
    Frame,
    /// Nobody sits in a seat that is taken elsewhere.
    #[error("nobody has taken the seat of {0} within {1:?}: start flightdeck seat {0}")]
    Empty(&'static str, Duration),
    /// An agent has panicked in another process, or cannot bear the journal.
    #[error("the agent in another process panicked: {0}")]
    Unbearable(String),
    /// What the house says of the agent cannot be understood.
    #[error("the house speaks of the agent in another version's words: {0}")]
    Brief(String),
    /// A stranger can publish.
    #[error("{0}")]
    Unsafe(String),
}

impl BusError {
    /// The error and its causes in one line.
    pub fn in_words(&self) -> String {
        let mut words = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            words = format!("{words}: {error}");
            cause = error.source();
        }
        words
    }
}

/// One server, and as whom it is spoken to.
#[derive(Clone)]
pub struct Endpoint {
    client: Client,
    anonymous: Client,
    shown: String,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("at", &self.shown).finish_non_exhaustive()
    }
}

impl Endpoint {
    /// Reads address, password and certificate. Connects to nothing.
    ///
    /// # Errors
    /// When one of them cannot be used, or the address would send secrets in the clear.
    pub fn new(config: &BusConfig) -> Result<Self, BusError> {
        let info = config.redis.as_str().into_connection_info().map_err(|_| BusError::Address)?;
        check_safe(&info, config.trust)?;
        let tcp = TcpSettings::default().set_nodelay(true);
        let info = info.set_tcp_settings(tcp);
        let mut login = info
            .redis_settings()
            .clone()
            .set_protocol(ProtocolVersion::RESP3)
            .set_skip_set_lib_name();
        if !config.password_file.as_os_str().is_empty() {
            login = login.set_password(read_private(&config.password_file)?.trim());
        }
        // The oldest protocol: a stranger needs no greeting to publish.
        let stranger = RedisConnectionInfo::default()
            .set_protocol(ProtocolVersion::RESP2)
            .set_skip_set_lib_name();
        let authority = if config.ca_file.as_os_str().is_empty() {
            None
        } else {
            Some(std::fs::read(&config.ca_file).map_err(BusError::Certificate)?)
        };
        Ok(Self {
            client: client(info.clone().set_redis_settings(login), authority.clone())?,
            anonymous: client(info.set_redis_settings(stranger), authority)?,
            shown: config.shown(),
        })
    }

    /// Where it is, without a password.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Connects and logs in.
    ///
    /// # Errors
    /// When the server cannot be reached in time or refuses the login.
    pub async fn connect(&self) -> Result<MultiplexedConnection, BusError> {
        dial(&self.client, config()).await
    }

    /// Connects to listen: what is pushed is handed to `pushes`, which must not wait.
    pub(super) async fn listen(
        &self,
        pushes: impl Fn(redis::PushInfo) -> Result<(), ()> + Send + Sync + 'static,
    ) -> Result<MultiplexedConnection, BusError> {
        dial(&self.client, config().set_push_sender(pushes)).await
    }

    /// Connects as a stranger.
    pub(super) async fn connect_as_stranger(&self) -> Result<MultiplexedConnection, BusError> {
        dial(&self.anonymous, config()).await
    }
}

fn config() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT))
        .set_response_timeout(Some(ANSWER))
}

async fn dial(
    client: &Client,
    config: AsyncConnectionConfig,
) -> Result<MultiplexedConnection, BusError> {
    let dialled = client.get_multiplexed_async_connection_with_config(&config);
    Ok(timeout(CONNECT, dialled).await.map_err(|_| BusError::Silent(CONNECT))??)
}

fn client(info: ConnectionInfo, authority: Option<Vec<u8>>) -> Result<Client, BusError> {
    if matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
        let tls = TlsCertificates { client_tls: None, root_cert: authority };
        return Ok(Client::build_with_tls(info, tls)?);
    }
    Ok(Client::open(info)?)
}

/// Refuses what would send secrets in the clear, or trust in a loopback that is none.
fn check_safe(info: &ConnectionInfo, trust: Trust) -> Result<(), BusError> {
    let is_local = |host: &str| {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let address: Option<std::net::IpAddr> = bare.parse().ok();
        host == "localhost" || address.is_some_and(|address| address.is_loopback())
    };
    match info.addr() {
        ConnectionAddr::Tcp(host, _) if !is_local(host) => Err(BusError::PlainText(host.clone())),
        ConnectionAddr::TcpTls { host, .. } if trust == Trust::Loopback && !is_local(host) => {
            Err(BusError::TrustElsewhere(host.clone()))
        }
        ConnectionAddr::Tcp(..) | ConnectionAddr::TcpTls { .. } | ConnectionAddr::Unix(_) | _ => {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(redis: &str, trust: Trust, refused: Option<&str>) {
        let config = BusConfig { redis: redis.into(), trust, ..BusConfig::default() };
        let found = Endpoint::new(&config).err().map(|error| error.to_string());
        match (&found, refused) {
            (None, None) => {}
            (Some(found), Some(part)) => {
                assert!(found.contains(part) && !found.contains("canary"), "{found}");
            }
            _ => panic!("{redis}: {found:?}"),
        }
    }

    #[test]
    fn nothing_secret_leaves_this_machine_in_the_clear() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        check("redis://u:canary@127.0.0.1:6379", Trust::Acl, None);
        check("redis://localhost", Trust::Loopback, None);
        check("unix:///run/redis.sock", Trust::Loopback, None);
        check("redis://u:canary@10.0.0.1:6379", Trust::Acl, Some("use rediss://"));
        check("rediss://10.0.0.1:6379", Trust::Loopback, Some("is another machine"));
        check("http://localhost", Trust::Acl, Some("not an address"));
        check("canary", Trust::Acl, Some("not an address"));
    }
}
