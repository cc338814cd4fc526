//! What both ends of a [`wire`](super::wire) agree on before anybody is seated, and who
//! then sits where.
//!
//! Knows no broker: each hands in its [`Side`] and says where its streams begin.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use jiff::SignedDuration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::agents::order_execution::GuardConfig;
use crate::agents::{AgentConfigs, roster};
use crate::app::Refusal;
use crate::app::entrance::DoorEntrance;
use crate::app::second::Second;
use crate::breakers::Phase;
use crate::brokers::alpaca::AlpacaConfig;
use crate::brokers::gateway::{
    Gate, Gateway, GatewayConfig, Load, MarketInlet, Port, Request, Streams,
};
use crate::brokers::{Broker, BrokerAccount, Push};
use crate::bus::clock::Clock;
use crate::bus::spine::Door;
use crate::bus::{Roster, RosterSeat};
use crate::config::Config;
use crate::domain::calendar::{date_in_new_york, previous_trading_day};
use crate::domain::ids::{AgentId, Seq};
use crate::domain::money::Money;
use crate::domain::time::Timestamp;
use crate::events::{BreakerEvent, Event};
use crate::journal::{Journal, SqliteJournal, StoreIdentity};
use crate::risk::{AccountMode, Identity};
use crate::telemetry::spans::VenueNames;

/// Minute bars before the last close that warm the indicators up.
const WARM_UP: SignedDuration = SignedDuration::from_mins(120);

/// How often everything is compared with the broker: a stop that is gone without a word
/// must be noticed within 15 s (F14).
const RECONCILE_SECONDS: u32 = 15;
/// News of orders that may wait while the gateway reads what a gap has hidden.
pub(super) const PUSHES_MAX: usize = 4_096;

/// A broker's side of the house, before anybody is seated.
pub(super) struct Side<B> {
    pub(super) mode: AccountMode,
    /// Whose journal it is.
    pub(super) identity: StoreIdentity,
    /// The account's name, as the house knows it.
    pub(super) account: String,
    pub(super) broker: Arc<B>,
    /// A second endpoint of the same account.
    pub(super) backup: Option<Arc<B>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) speed: u32,
    pub(super) names: VenueNames,
    pub(super) guard: GuardConfig,
    /// Budget, account, symbols and remedy; the rest is filled in.
    pub(super) gateway: GatewayConfig,
    pub(super) tracker: TaskTracker,
    /// Ends what is outside.
    pub(super) outside: CancellationToken,
    /// Who is read for data beside it.
    pub(super) second: Option<Second>,
}

/// What everything outside the spine is made of.
#[derive(Clone)]
pub(super) struct Outside {
    pub(super) door: Door,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) tracker: TaskTracker,
    /// Ends it.
    pub(super) stop: CancellationToken,
    /// Brokers whose login was dead when the journal ended.
    pub(super) latched: BTreeSet<String>,
}

impl Outside {
    /// Whether a broker's login was dead when the journal ended, and nobody has reset the
    /// breakers since.
    pub(super) fn is_latched(&self, broker: &str) -> bool {
        self.latched.contains(broker)
    }
}

/// Where a broker's streams go to.
pub(super) struct Line {
    pub(super) orders: mpsc::Sender<Push>,
    pub(super) market: Arc<MarketInlet>,
    pub(super) requests: mpsc::Sender<Request>,
    pub(super) outside: Outside,
}

/// Puts the gateway before a broker and lets its streams begin; returns what runs it and
/// what waits there.
pub(super) fn begin<B: Broker>(
    (broker, backup): (Arc<B>, Option<Arc<B>>),
    (gate, config): (Gate, GatewayConfig),
    (port, requests): (mpsc::Sender<Request>, mpsc::Receiver<Request>),
    outside: &Outside,
    connect: impl FnOnce(Line) -> anyhow::Result<()>,
) -> anyhow::Result<(JoinHandle<()>, Arc<Load>)> {
    let entrance = DoorEntrance(outside.door.clone());
    let gateway = Gateway::new(broker, backup, gate, outside.clock.clone(), config, entrance);
    let load = gateway.load();
    let (orders, order_pushes) = mpsc::channel(PUSHES_MAX);
    let streams = Streams { orders: order_pushes, market: Arc::default() };
    // The gateway is there first: it may hold back what the streams would ask.
    let (market, outside) = (streams.market.clone(), outside.clone());
    let stop = outside.stop.clone();
    connect(Line { orders, market, requests: port, outside })?;
    Ok((tokio::spawn(gateway.run(requests, streams, stop)), load))
}

/// The brokers whose login was dead when the journal ended, and whose breakers nobody has
/// reset since. The orders' breaker is the last to be lifted.
pub(super) fn latched(journal: &mut SqliteJournal) -> anyhow::Result<BTreeSet<String>> {
    let mut latched = BTreeSet::new();
    journal.for_each(Seq(u64::MAX), &mut |envelope| {
        if let Event::Breaker(BreakerEvent::StateChanged(changed)) = &envelope.event
            && let Some(broker) = changed.breaker.strip_suffix(".orders")
        {
            if changed.to == Phase::Latched.name() {
                latched.insert(broker.to_owned());
            } else {
                latched.remove(broker);
            }
        }
    })?;
    Ok(latched)
}

fn is_empty(journal: &mut SqliteJournal) -> anyhow::Result<bool> {
    let mut is_empty = true;
    journal.for_each(Seq(2), &mut |_| is_empty = false)?;
    Ok(is_empty)
}

/// What the agents are told. The breaker of orders is named after the broker, as the
/// gateway names its own.
pub(super) fn told(
    config: &Config,
    guard: GuardConfig,
    (broker, speed): (&str, u32),
    (mode, account, opening_cash): (AccountMode, &str, Money),
) -> AgentConfigs {
    let mut agents = config.agents();
    agents.execution.guard = guard;
    agents.execution.guard.name = format!("{broker}.orders");
    agents.risk.opening_cash = opening_cash;
    let patience = agents.risk.approval_seconds;
    agents.risk.approval_seconds = patience.saturating_mul(speed.max(1));
    agents.risk.identity = Identity { account: Arc::from(account), mode };
    agents
}

/// Seats the port and the five agents.
pub(super) fn seats(
    agents: &AgentConfigs,
    (port, second): (mpsc::Sender<Request>, Option<mpsc::Sender<Request>>),
) -> anyhow::Result<Roster> {
    let seat = RosterSeat {
        id: AgentId::Venue,
        factory: Arc::new(move || Box::new(Port::new(port.clone()).beside(second.clone()))),
    };
    roster(agents, seat).map_err(anyhow::Error::msg)
}

pub(super) const fn mode_name(mode: AccountMode) -> &'static str {
    match mode {
        AccountMode::Sim => "sim",
        AccountMode::Paper => "paper",
        AccountMode::Live => "live",
    }
}

/// How far back the bars of the last two hours of the session before begin.
pub(super) fn warm_up_minutes(now: Timestamp) -> anyhow::Result<u32> {
    let before = previous_trading_day(date_in_new_york(now)).map_err(Refusal::from)?;
    let minutes = now.since(before.close.plus(-WARM_UP)).as_mins().max(0);
    u32::try_from(minutes).context("the session before is too long ago")
}

/// Fills in what no broker's side knows.
pub(super) fn fitted(
    gateway: GatewayConfig,
    config: &Config,
    (is_latched, now, last_seen): (bool, Timestamp, Timestamp),
) -> anyhow::Result<GatewayConfig> {
    let warm_up_minutes = warm_up_minutes(now)?;
    let (hours, seed) = (config.market.hours, config.seed);
    Ok(GatewayConfig {
        is_latched,
        warm_up_minutes,
        reconcile_seconds: RECONCILE_SECONDS,
        last_seen,
        hours,
        seed,
        ..gateway
    })
}

/// Whether nothing is in the journal yet; on the simulated broker nothing may be.
pub(super) fn is_begun_anew(
    journal: &mut SqliteJournal,
    mode: AccountMode,
    path: &Path,
) -> anyhow::Result<bool> {
    let is_new = is_empty(journal)?;
    if !is_new && mode == AccountMode::Sim {
        return Err(Refusal::JournalOfEarlier { path: path.to_owned() }.into());
    }
    Ok(is_new)
}

/// The host of the broker; a client is not made without one.
pub(super) fn host_of(account: &AlpacaConfig) -> String {
    let endpoints = account.endpoints().ok();
    let host = endpoints.and_then(|found| found.trading.host_str().map(str::to_owned));
    host.unwrap_or_default()
}

/// Asks for the account: it must be the configured one and may trade.
pub(super) async fn admitted<B: Broker>(broker: &B) -> anyhow::Result<BrokerAccount> {
    let account = broker.account().await.map_err(|error| Refusal::Broker(Box::new(error)))?.value;
    if let Some(why) = account.blocked {
        return Err(Refusal::Account { account: account.account_id, why }.into());
    }
    tracing::info!(account = %account.account_id, broker = broker.name(), "the account answers");
    Ok(account)
}

/// Whose journal it is. A broker's account begins with the cash that it has when the
/// journal begins: positions held before are not the house's to count.
pub(super) fn identity(
    config: &Config,
    mode: AccountMode,
    account: &BrokerAccount,
) -> StoreIdentity {
    let (name, opening_cash) = match mode {
        AccountMode::Sim => ("SIM".to_owned(), config.account.opening_cash),
        AccountMode::Paper | AccountMode::Live => {
            (format!("alpaca-{}", account.account_id), account.cash)
        }
    };
    StoreIdentity { mode: mode_name(mode).into(), account: name, opening_cash, seed: config.seed }
}
