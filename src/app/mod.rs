//! The composition root: the one folder that knows every part.
//!
//! [`replay`] runs the house over recorded data, [`headless`] on the embedded
//! market with the venue inside, [`wire`] with the broker behind a wire. All build the same roster from the same configuration;
//! they differ in the clock, the feed and the way of delivery.

pub mod doctor;
pub mod headless;
pub mod replay;
pub mod simulate;
pub mod validate;
pub mod wire;
mod alerts;
pub mod attach;
mod about;
mod attendance;
mod ballots;
mod bus;
mod entrance;
mod gauges;
mod loopback;
mod halts;
mod mail;
mod owed;
pub mod schwab;
pub mod seats;
mod seating;
mod sent;
pub mod second;
pub mod standby;
mod screen;
mod refusal;
mod resume;
mod stream_news;
mod taps;
mod terminal_signals;

pub use attendance::ControlPlaces;
pub use bus::BusOptions;
pub use refusal::{Refusal, check_calendar, is_refusal};
pub use resume::ResumeError;
pub use screen::ScreenOptions;
pub use taps::Counters;

use std::net::SocketAddr;
use std::sync::Arc;

use crate::agents::roster;
use crate::brokers::sim::venue::SimVenue;
use crate::brokers::sim::venue::VenueConfig;
use crate::bus::{Roster, RosterSeat};
use crate::config::Config;
use crate::control::webhook::Webhook;
use crate::domain::ids::AgentId;
use crate::domain::ids::order_tag;
use crate::domain::money::Money;
use crate::domain::time::Timestamp;
use crate::events::{SessionStarted, SystemEvent};
use crate::telemetry::Telemetry;
use crate::view::Setup;

/// By which ways people may be around a run.
#[derive(Debug, Clone, Default)]
pub struct People {
    /// The control socket and the kill file.
    pub control: Option<ControlPlaces>,
    /// The cockpit.
    pub screen: Option<ScreenOptions>,
    /// Where notices are posted to.
    pub webhook: Option<Webhook>,
    /// Who counts, times and traces.
    pub telemetry: Option<Arc<Telemetry>>,
    /// Where the numbers of telemetry are served, on this machine.
    pub page: Option<SocketAddr>,
    /// The bus to other processes.
    pub bus: Option<BusOptions>,
}

impl People {
    /// Whether anybody can look on.
    const fn is_there(&self) -> bool {
        self.control.is_some()
            || self.screen.is_some()
            || self.webhook.is_some()
            || self.bus.is_some()
    }
}

/// What a run came to.
#[derive(Debug)]
pub struct Summary {
    /// Events of the run.
    pub events: u64,
    /// Finished trades.
    pub trades: u64,
    /// Why it ended.
    pub reason: &'static str,
}

/// Seats the simulated venue and the five agents.
///
/// # Errors
/// When a configuration is not legal.
pub fn simulated_roster(config: &Config, venue: VenueConfig) -> anyhow::Result<Roster> {
    let seat = RosterSeat {
        id: AgentId::Venue,
        factory: Arc::new(move || Box::new(SimVenue::new(venue.clone()))),
    };
    roster(&config.agents(), seat).map_err(anyhow::Error::msg)
}

/// The first event of a run, said at an instant.
fn session_started(mode: &str, config: &Config, at: Timestamp) -> SystemEvent {
    SystemEvent::SessionStarted(SessionStarted {
        order_tag: Some(order_tag(config.seed, at)),
        mode: mode.to_owned(),
        seed: config.seed,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        config_hash: config.hash().to_string(),
    })
}

/// What the read model needs to know before the first event.
fn read_model(config: &Config, account: &str, opening_cash: Money, speed: u32) -> Setup {
    Setup {
        account: account.to_owned(),
        opening_cash,
        hours: config.market.hours,
        breakers: vec![config.execution.guard.name.clone()],
        speed,
        precautions: config.precautions.read_model(),
    }
}
