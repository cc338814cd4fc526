//! Agents that sit in other processes: what the house tells them, and the process in
//! which one sits.
//!
//! The house sends its settings, so that the other process needs none of its own. How
//! frames travel is [`bus::redis`](crate::bus)'s business.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::agents::order_execution::GuardConfig;
use crate::agents::{AgentConfigs, roster};
use crate::app::Refusal;
use crate::brokers::install_tls_provider;
use crate::bus::clock::{Clock, SystemClock};
use crate::bus::redis::seat_guest::Guest;
use crate::bus::redis::seat_house::Offer;
use crate::bus::redis::{BusConfig, BusError, Endpoint, Key, Keys, agent_of};
use crate::bus::spine::Spine;
use crate::bus::{Agent, Outbox, RosterSeat};
use crate::config::{Alerts, Config, Telemetry};
use crate::domain::ids::{AgentId, Seq};
use crate::domain::money::Money;
use crate::events::{Envelope, Topics};
use crate::risk::Identity;

/// How long somebody is waited for who takes a seat.
const WAIT: Duration = Duration::from_mins(1);

/// What an agent in another process is told: the settings, and what the run has made of
/// them.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Brief {
    version: String,
    /// The settings as a configuration file has them, without addresses and keys.
    settings: String,
    guard: GuardConfig,
    takes_none: String,
    opening_cash: Money,
    approval_seconds: u32,
    drawdown_alert_fraction: Decimal,
    identity: Identity,
}

impl Brief {
    fn new(config: &Config, agents: &AgentConfigs) -> Self {
        let mut config = config.clone();
        config.alerts = Alerts::default();
        config.telemetry = Telemetry::default();
        config.bus = BusConfig::default();
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            settings: config.to_table().to_string(),
            guard: agents.execution.guard.clone(),
            takes_none: agents.execution.guard.takes_none.clone(),
            opening_cash: agents.risk.opening_cash,
            approval_seconds: agents.risk.approval_seconds,
            drawdown_alert_fraction: agents.risk.drawdown_alert_fraction,
            identity: agents.risk.identity.clone(),
        }
    }

    fn agents(self) -> Result<AgentConfigs, String> {
        let ours = env!("CARGO_PKG_VERSION");
        if self.version != ours {
            return Err(format!("the house is version {}, this is {ours}", self.version));
        }
        let config: Config = toml::from_str(&self.settings).map_err(|error| error.to_string())?;
        config.validate().map_err(|error| error.to_string())?;
        let mut agents = config.agents();
        agents.execution.guard = GuardConfig { takes_none: self.takes_none, ..self.guard };
        agents.risk.opening_cash = self.opening_cash;
        agents.risk.approval_seconds = self.approval_seconds;
        agents.risk.drawdown_alert_fraction = self.drawdown_alert_fraction;
        agents.risk.identity = self.identity;
        Ok(agents)
    }
}

/// Builds the agent of a seat as the house says.
fn build(agent: AgentId, brief: &str) -> Result<Box<dyn Agent>, String> {
    let brief: Brief = serde_json::from_str(brief).map_err(|error| error.to_string())?;
    // The seat of the venue is the house's own.
    let venue = RosterSeat { id: AgentId::Venue, factory: Arc::new(|| Box::new(Nobody)) };
    let roster = roster(&brief.agents()?, venue)?;
    let seat = roster.iter().find(|seat| seat.id == agent);
    seat.map(|seat| (seat.factory)()).ok_or_else(|| format!("{agent} has no seat"))
}

/// Nobody sits in the venue's seat here.
struct Nobody;

impl Agent for Nobody {
    fn id(&self) -> AgentId {
        AgentId::Venue
    }

    fn topics(&self) -> Topics {
        Topics::of(&[])
    }

    fn handle(&mut self, _: &Envelope, _: &mut Outbox) {}
}

/// Who sits elsewhere in a run.
pub(super) struct Seats {
    endpoint: Endpoint,
    instance: String,
    taken: Vec<(&'static str, AgentId, Key)>,
    journal: PathBuf,
}

impl Seats {
    /// Reads which seats are taken elsewhere, and finds their keys.
    ///
    /// # Errors
    /// When a seat has no key.
    pub(super) fn new(
        endpoint: &Endpoint,
        (config, instance): (&BusConfig, &str),
        keys: &Keys,
        journal: &Path,
    ) -> Result<Self, Refusal> {
        let seat = |word: &String| {
            let (word, agent) = agent_of(word).expect("the settings were checked");
            let name = key_name(word);
            let Some((_, key)) = keys.of(Some(&name)) else {
                let path = config.key_file.clone();
                return Err(Refusal::NoKey { path, sender: Some(name) });
            };
            Ok((word, agent, key.clone()))
        };
        Ok(Self {
            endpoint: endpoint.clone(),
            instance: instance.to_owned(),
            taken: config.seats.iter().map(seat).collect::<Result<_, _>>()?,
            journal: journal.to_owned(),
        })
    }

    /// Waits until every seat is taken.
    ///
    /// # Errors
    /// When nobody takes one of them in time.
    pub(super) async fn fill(
        &self,
        spine: &mut Spine,
        (config, agents): (&Config, &AgentConfigs),
    ) -> Result<(), Refusal> {
        if self.taken.is_empty() {
            return Ok(());
        }
        let brief =
            serde_json::to_string(&Brief::new(config, agents)).expect("settings are plain values");
        for (seat, agent, key) in &self.taken {
            let topics = spine.topics_of(*agent).expect("the roster seats all five agents");
            tracing::info!(seat, "waiting for somebody who takes it: flightdeck seat {seat}");
            let offer = Offer {
                endpoint: self.endpoint.clone(),
                instance: self.instance.clone(),
                agent: *agent,
                seat,
                topics,
                key: key.clone(),
                brief: brief.clone(),
                journal: (spine.last_seq() > Seq(0)).then(|| self.journal.clone()),
                wait: WAIT,
            };
            spine.seat_elsewhere(*agent, offer.take(&SystemClock).await?);
        }
        Ok(())
    }
}

/// The name in the key file of who sits in a seat.
pub(super) fn key_name(seat: &str) -> String {
    format!("{SEAT_KEYS}{seat}")
}

/// How the names of those keys begin: they sit and command nothing.
pub(super) const SEAT_KEYS: &str = "seat.";

/// Where one sits, and by what right.
#[derive(Debug, Clone)]
pub struct SitOptions {
    /// Where Redis is.
    pub bus: BusConfig,
    /// The instance.
    pub instance: String,
    /// The seat's word, such as `risk`.
    pub seat: String,
    /// File with the line `seat.NAME = key`.
    pub key_file: PathBuf,
}

/// Sits in a seat of an instance until that gives the seat up or the token is cancelled.
///
/// # Errors
/// When there is no such seat or key, or the agent has panicked.
pub async fn sit(options: SitOptions, stop: CancellationToken) -> anyhow::Result<()> {
    install_tls_provider();
    let endpoint = Endpoint::new(&options.bus).map_err(Refusal::from)?;
    let (seat, agent) =
        agent_of(&options.seat).ok_or_else(|| anyhow!("'{}' is no seat", options.seat))?;
    let keys = Keys::from_file(&options.key_file).map_err(BusError::from).map_err(Refusal::from)?;
    let name = key_name(seat);
    let Some((_, key)) = keys.of(Some(&name)) else {
        return Err(Refusal::NoKey { path: options.key_file, sender: Some(name) }.into());
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let place = (&*options.instance, seat);
    let guest =
        Guest::new(endpoint, place, key.clone(), clock, Box::new(move |brief| build(agent, brief)));
    guest.sit(stop).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Purpose;
    use crate::risk::AccountMode;

    #[test]
    fn an_agent_elsewhere_is_told_what_the_house_has_made_of_its_settings() {
        let config = Config::defaults(Purpose::Paper);
        let mut agents = config.agents();
        agents.execution.guard.name = "alpaca.paper.orders".into();
        agents.execution.guard.takes_none = "read-only".into();
        agents.risk.opening_cash = Money::from_cents(1_234_567);
        agents.risk.approval_seconds = 77;
        agents.risk.identity = Identity { account: "PA3".into(), mode: AccountMode::Paper };
        let brief = serde_json::to_string(&Brief::new(&config, &agents)).unwrap();
        let read: Brief = serde_json::from_str(&brief).unwrap();
        assert_eq!(read.agents().unwrap(), agents);
        assert_eq!(build(AgentId::RiskManagement, &brief).unwrap().id(), AgentId::RiskManagement);
        let other = brief.replace(env!("CARGO_PKG_VERSION"), "0.0.0");
        assert!(build(AgentId::Strategy, &other).is_err());
    }
}
