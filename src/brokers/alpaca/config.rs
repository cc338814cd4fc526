//! Which account, which hosts, how long to wait.
//!
//! The hosts of real accounts are written here and nowhere else, so that no setting
//! can send a paper order to the live account; only the simulated broker has
//! addresses of its own, and those must be loopback. Knows no key: see
//! [`ApiKeys`](crate::brokers::alpaca::ApiKeys).

use std::time::Duration;

use url::{Host, Url};

/// Whose money it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountKind {
    /// Alpaca's paper account.
    Paper,
    /// Real money.
    Live,
    /// A simulated Alpaca on this machine.
    Simulated {
        /// Base of its trading calls, such as `http://127.0.0.1:4210`.
        trading: Url,
        /// Base of its market data calls.
        data: Url,
    },
}

/// Which market data the account is entitled to (§5 of the protocol page).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DataFeed {
    /// One exchange with about 2.5 % of the volume; free.
    #[default]
    Iex,
    /// All exchanges; needs a plan.
    Sip,
}

impl DataFeed {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Iex => "iex",
            Self::Sip => "sip",
        }
    }
}

/// How long a call may take. A call that is over its time is *unknown*, not refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Name, connection and TLS together.
    pub connect: Duration,
    /// A call that sends, changes or cancels an order, from its start to the last
    /// byte of the answer.
    pub order: Duration,
    /// Any other call.
    pub read: Duration,
}

impl Default for Timeouts {
    /// The figures of the faults page, §9: 2 s, 10 s, 5 s.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            order: Duration::from_secs(10),
            read: Duration::from_secs(5),
        }
    }
}

/// Orders about which Alpaca's own pages disagree (protocol page §11.11 of October
/// 2026). They are refused here until somebody who knows the account allows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DisputedOrders {
    /// Parts of shares in orders with a limit or a stop.
    pub fractional_with_price: bool,
    /// Orders for the opening and the closing auction.
    pub auctions: bool,
}

/// Everything about an Alpaca account but its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlpacaConfig {
    /// Whose money it is.
    pub kind: AccountKind,
    /// Which market data.
    pub feed: DataFeed,
    /// The account that the keys must belong to, by number or by id; any other is
    /// reported as blocked.
    pub account_id: Option<String>,
    /// How long calls may take.
    pub timeouts: Timeouts,
    /// What is allowed though the pages disagree.
    pub disputed: DisputedOrders,
    /// Base of the trading calls of a second endpoint of the same account, which orders
    /// that protect or close use besides; none when absent. The account's own host makes
    /// it a second connection of its own.
    pub backup: Option<Url>,
}

impl AlpacaConfig {
    /// A configuration with the usual figures, the free feed, and no disputed orders.
    pub fn new(kind: AccountKind) -> Self {
        Self {
            kind,
            feed: DataFeed::default(),
            account_id: None,
            timeouts: Timeouts::default(),
            disputed: DisputedOrders::default(),
            backup: None,
        }
    }

    /// The same account by its backup endpoint, where there is one. Only trading calls are
    /// made there, never a stream.
    ///
    /// # Errors
    /// When the backup is neither on this machine nor the host of this kind of account:
    /// keys and paper orders must not go elsewhere (C15).
    pub fn backup_endpoints(&self) -> Result<Option<Endpoints>, ConfigError> {
        let Some(backup) = &self.backup else { return Ok(None) };
        let own = self.endpoints()?;
        let is_own_host = *backup == own.trading;
        let trading = match loopback(backup) {
            Ok(here) => here,
            Err(_) if is_own_host => own.trading.clone(),
            Err(_) => {
                let named = backup.host_str().unwrap_or_default();
                return Err(ConfigError::BackupElsewhere {
                    backup: format!("{}://{named}", backup.scheme()),
                    own: own.trading.to_string(),
                });
            }
        };
        Ok(Some(Endpoints { trading, ..own }))
    }

    /// Works out where to call (protocol page §1 of October 2026).
    ///
    /// # Errors
    /// When a simulated broker's address is not plainly one of this machine.
    pub fn endpoints(&self) -> Result<Endpoints, ConfigError> {
        let stream = format!("/v2/{}", self.feed.name());
        Ok(match &self.kind {
            AccountKind::Paper => Endpoints {
                trading: fixed("https://paper-api.alpaca.markets"),
                trading_stream: fixed("wss://paper-api.alpaca.markets/stream"),
                data: fixed("https://data.alpaca.markets"),
                data_stream: fixed(&format!("wss://stream.data.alpaca.markets{stream}")),
            },
            AccountKind::Live => Endpoints {
                trading: fixed("https://api.alpaca.markets"),
                trading_stream: fixed("wss://api.alpaca.markets/stream"),
                data: fixed("https://data.alpaca.markets"),
                data_stream: fixed(&format!("wss://stream.data.alpaca.markets{stream}")),
            },
            AccountKind::Simulated { trading, data } => Endpoints {
                trading: loopback(trading)?,
                trading_stream: as_stream(trading, "/stream"),
                data: loopback(data)?,
                data_stream: as_stream(data, &stream),
            },
        })
    }
}

/// Where an account is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// Base of the trading calls.
    pub trading: Url,
    /// Address of the trading stream.
    pub trading_stream: Url,
    /// Base of the market data calls.
    pub data: Url,
    /// Address of the market data stream of the configured feed.
    pub data_stream: Url,
}

/// Why an account cannot be reached as configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A simulated broker is not on this machine.
    #[error(
        "'{0}' is not an address of this machine: a simulated broker is reached by \
         http://127.0.0.1:PORT or http://[::1]:PORT, without a path"
    )]
    NotLoopback(String),
    /// The backup is neither here nor the host of the account.
    #[error(
        "'{backup}' cannot be the backup of this account: it must be {own} or an address of \
         this machine such as http://127.0.0.1:PORT"
    )]
    BackupElsewhere {
        /// What was given, without what may be a password in it.
        backup: String,
        /// The account's own host.
        own: String,
    },
}

fn fixed(address: &str) -> Url {
    Url::parse(address).expect("the address is written above and is a URL")
}

/// Lets an address pass that is a literal loopback address with nothing behind it. A
/// name such as `localhost` is whatever the resolver says, and is refused.
fn loopback(base: &Url) -> Result<Url, ConfigError> {
    let is_here = match base.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(_)) | None => false,
    };
    let is_plain = base.path() == "/"
        && base.query().is_none()
        && base.fragment().is_none()
        && base.username().is_empty()
        && base.password().is_none();
    if is_here && is_plain && matches!(base.scheme(), "http" | "https") {
        return Ok(base.clone());
    }
    // Without what may be a password in it.
    let named = base.host_str().unwrap_or_default();
    Err(ConfigError::NotLoopback(format!("{}://{named}{}", base.scheme(), base.path())))
}

fn as_stream(base: &Url, path: &str) -> Url {
    let mut address = base.clone();
    let scheme = if base.scheme() == "https" { "wss" } else { "ws" };
    address.set_scheme(scheme).expect("http and ws are both schemes with a host");
    address.set_path(path);
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    fn simulated(base: &str) -> Result<Endpoints, ConfigError> {
        let base = Url::parse(base).unwrap();
        AlpacaConfig::new(AccountKind::Simulated { trading: base.clone(), data: base }).endpoints()
    }

    #[test]
    fn real_accounts_have_the_hosts_of_the_page() {
        let paper = AlpacaConfig::new(AccountKind::Paper).endpoints().unwrap();
        assert_eq!(paper.trading.as_str(), "https://paper-api.alpaca.markets/");
        assert_eq!(paper.trading_stream.as_str(), "wss://paper-api.alpaca.markets/stream");
        assert_eq!(paper.data.as_str(), "https://data.alpaca.markets/");
        let mut live = AlpacaConfig::new(AccountKind::Live);
        live.feed = DataFeed::Sip;
        let live = live.endpoints().unwrap();
        assert_eq!(live.trading.as_str(), "https://api.alpaca.markets/");
        assert_eq!(live.trading_stream.as_str(), "wss://api.alpaca.markets/stream");
        assert_eq!(live.data_stream.as_str(), "wss://stream.data.alpaca.markets/v2/sip");
    }

    #[test]
    fn a_simulated_broker_is_on_this_machine() {
        let there = simulated("http://127.0.0.1:4210").unwrap();
        assert_eq!(there.trading_stream.as_str(), "ws://127.0.0.1:4210/stream");
        assert_eq!(there.data_stream.as_str(), "ws://127.0.0.1:4210/v2/iex");
        assert!(simulated("http://[::1]:4210").is_ok());
        for elsewhere in [
            "http://192.168.1.5:4210",
            "https://api.alpaca.markets",
            "http://localhost:4210",
            "http://127.0.0.1.example.com/",
            "ftp://127.0.0.1/",
            "http://127.0.0.1:1/v2",
            "http://user:word@127.0.0.1:1",
        ] {
            let error = simulated(elsewhere).unwrap_err().to_string();
            assert!(error.contains("not an address of this machine"), "{elsewhere}");
            assert!(!error.contains("word@"), "{error}");
        }
    }

    #[test]
    fn a_backup_is_here_or_the_host_of_the_same_kind_of_account() {
        let with = |kind, backup: &str| {
            let backup = Some(Url::parse(backup).unwrap());
            let config = AlpacaConfig { backup, ..AlpacaConfig::new(kind) };
            config.backup_endpoints().map(|found| found.unwrap().trading.to_string())
        };
        let (paper, live) = ("https://paper-api.alpaca.markets/", "https://api.alpaca.markets/");
        let here = "http://127.0.0.1:4211/";
        for (kind, backup, is_taken) in [
            (AccountKind::Paper, paper, true),
            (AccountKind::Paper, here, true),
            (AccountKind::Paper, live, false),
            (AccountKind::Live, live, true),
            (AccountKind::Live, paper, false),
            (AccountKind::Paper, "https://paper-api.alpaca.markets.example.com/", false),
            (AccountKind::Paper, "http://paper-api.alpaca.markets/", false),
            (AccountKind::Live, "https://user:word@api.alpaca.markets/", false),
        ] {
            let found = with(kind.clone(), backup);
            assert_eq!(found.is_ok(), is_taken, "{kind:?} {backup}: {found:?}");
            assert!(found.map_or_else(|e| !e.to_string().contains("word"), |at| at == backup));
        }
        assert_eq!(AlpacaConfig::new(AccountKind::Paper).backup_endpoints(), Ok(None));
    }
}
