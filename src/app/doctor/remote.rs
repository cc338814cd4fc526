//! Checks of what must answer: Alpaca, Redis, the collector of traces.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

use crate::app::doctor::Check;
use crate::brokers::Broker;
use crate::brokers::alpaca::{AlpacaBroker, AlpacaConfig, ApiKeys};
use crate::bus::clock::Clock;
use crate::bus::redis::{BusConfig, BusError, Endpoint, Trust, self_test};
use crate::telemetry::settings::{Settings, SettingsError};

/// A clock further off than this is worth a look.
const SKEW_WARN: SignedDuration = SignedDuration::from_secs(2);
/// A clock further off than this makes quotes look stale.
const SKEW_MAX: SignedDuration = SignedDuration::from_secs(10);
/// How long each of the others has.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a collector has to take the connection.
const DIAL: Duration = Duration::from_secs(2);

/// Alpaca answers, takes the keys, and our clocks agree.
pub async fn alpaca(account: AlpacaConfig, keys: &ApiKeys, clock: &dyn Clock) -> Check {
    let name = "alpaca";
    let broker = match AlpacaBroker::new(account, keys) {
        Ok(broker) => broker,
        Err(error) => return Check::fail(name, error.to_string(), "see the line of the keys"),
    };
    let told = match timeout(PATIENCE, broker.clock()).await {
        Ok(Ok(told)) => told.value.now,
        Ok(Err(error)) => {
            let remedy = "check the network and the keys; see status.alpaca.markets";
            return Check::fail(name, format!("it does not answer: {error}"), remedy);
        }
        Err(_) => {
            let remedy = "check the network; see status.alpaca.markets";
            return Check::fail(name, "it does not answer in time", remedy);
        }
    };
    let skew = clock.now().since(told).abs();
    let said = format!("it answers; the clocks are {:.1} s apart", skew.as_secs_f64());
    let remedy = "set this machine's clock by NTP (timedatectl set-ntp true)";
    if skew > SKEW_MAX {
        Check::fail(name, said, remedy)
    } else if skew > SKEW_WARN {
        Check::warn(name, said, remedy)
    } else {
        Check::ok(name, said)
    }
}

/// Redis answers, and no stranger can publish there.
pub async fn redis(config: &BusConfig) -> Check {
    let name = "redis";
    if config.redis.is_empty() {
        return Check::skipped(name, "bus.redis is not set");
    }
    let endpoint = match Endpoint::new(config) {
        Ok(endpoint) => endpoint,
        Err(error) => return Check::fail(name, error.in_words(), "correct [bus]"),
    };
    let shown = endpoint.shown();
    let acl = "print access rules with flightdeck bus acl and load them into Redis";
    match timeout(PATIENCE, self_test::check(&endpoint)).await {
        Ok(Ok(())) => Check::ok(name, format!("{shown} answers, strangers cannot publish")),
        Ok(Err(error @ BusError::Unsafe(_))) => match config.trust {
            Trust::Acl => Check::fail(name, error.in_words(), acl),
            Trust::Loopback => Check::warn(name, error.in_words(), acl),
        },
        Ok(Err(error)) => {
            Check::fail(name, format!("{shown}: {}", error.in_words()), "start Redis there")
        }
        Err(_) => Check::fail(name, format!("{shown} does not answer"), "start Redis there"),
    }
}

/// The collector of traces takes a connection.
pub async fn collector(settings: Result<Settings, SettingsError>) -> Check {
    let name = "otlp";
    let settings = match settings {
        Ok(settings) => settings,
        Err(error) => return Check::fail(name, error.to_string(), "correct the variable"),
    };
    let Some(address) = settings.traces.or(settings.metrics) else {
        return Check::skipped(name, "no endpoint is set; nothing is sent");
    };
    let Ok(url) = Url::parse(&address) else {
        return Check::fail(name, format!("{address} is no address"), "correct the variable");
    };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let at = (host, url.port_or_known_default().unwrap_or(4318));
    let remedy = "start the collector (docker compose up jaeger), or unset the endpoint";
    match timeout(DIAL, TcpStream::connect(at)).await {
        Ok(Ok(_)) => Check::ok(name, format!("{host}:{} takes connections", at.1)),
        Ok(Err(error)) => Check::fail(name, format!("{host}:{}: {error}", at.1), remedy),
        Err(_) => Check::fail(name, format!("{host}:{} does not answer", at.1), remedy),
    }
}
