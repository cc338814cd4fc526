//! One simulated house: journal, spine, agents and gateway, seated as on a wire, and dead
//! at once when its journal fails.
//!
//! Delivery is by plain calls, in the same order as the spine's ([`Inline`]); what enters
//! is dealt with when it is handed in. The gateway is a task, as everywhere.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::SignedDuration;
use tokio::sync::{Notify, mpsc};
use tokio::task::{AbortHandle, JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::app::seating::{seats, told, warm_up_minutes};
use crate::app::session_started;
use crate::app::simulate::disk::Disk;
use crate::app::simulate::setting;
use crate::brokers::Broker;
use crate::brokers::gateway::{Closed, Entrance, Gate, Gateway, GatewayConfig, Port, Streams};
use crate::brokers::sim::direct::{DirectBroker, DirectVenue};
use crate::bus::clock::Clock;
use crate::bus::inline::Inline;
use crate::bus::{SpineError, Tap};
use crate::config::Config;
use crate::domain::ids::{AgentId, Seq};
use crate::domain::time::Timestamp;
use crate::events::{Envelope, Event, SystemEvent};
use crate::risk::AccountMode;

/// News of orders that may wait.
const PUSHES_MAX: usize = 4_096;

/// The clock of the house's machine: the broker's time, and what it has jumped.
#[derive(Debug)]
pub(super) struct HouseClock {
    venue: Arc<DirectVenue>,
    jumped_nanos: AtomicI64,
}

impl HouseClock {
    pub(super) fn new(venue: Arc<DirectVenue>) -> Arc<Self> {
        Arc::new(Self { venue, jumped_nanos: AtomicI64::new(0) })
    }

    /// Jumps, forward or back.
    pub(super) fn jump(&self, by: SignedDuration) {
        let nanos = i64::try_from(by.as_nanos()).unwrap_or_default();
        self.jumped_nanos.fetch_add(nanos, Ordering::SeqCst);
    }
}

impl Clock for HouseClock {
    fn now(&self) -> Timestamp {
        let jumped = self.jumped_nanos.load(Ordering::SeqCst);
        self.venue.now().plus(SignedDuration::from_nanos(jumped))
    }
}

/// The spine and everybody in it, until it breaks.
struct Core {
    spine: Mutex<Option<Inline<Disk>>>,
    /// Why it broke.
    broken: Mutex<Option<SpineError>>,
    is_broken: Notify,
    is_alive: Arc<AtomicBool>,
    gateway: Mutex<Option<AbortHandle>>,
}

fn lock<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Core {
    /// Lets the spine do something; a spine that cannot go on takes the house with it.
    fn with(
        &self,
        act: impl FnOnce(&mut Inline<Disk>) -> Result<(), SpineError>,
    ) -> Result<(), Closed> {
        let mut spine = lock(&self.spine);
        let Some(seated) = spine.as_mut() else { return Err(Closed) };
        match act(seated) {
            Ok(()) => Ok(()),
            Err(error) => {
                *spine = None;
                drop(spine);
                self.die(error);
                Err(Closed)
            }
        }
    }

    /// Nothing leaves from here on.
    fn die(&self, error: SpineError) {
        self.is_alive.store(false, Ordering::SeqCst);
        *lock(&self.broken) = Some(error);
        if let Some(gateway) = lock(&self.gateway).take() {
            gateway.abort();
        }
        self.is_broken.notify_one();
    }
}

/// The way in.
struct Way(Arc<Core>);

impl Entrance for Way {
    async fn offer(&self, at: Timestamp, source: AgentId, event: Event) -> Result<(), Closed> {
        self.0.with(|spine| spine.input(at, source, event))
    }
}

/// Moves the gate with the state of trading, as everywhere.
struct GateKeeper(Gate);

impl Tap for GateKeeper {
    fn see(&mut self, envelope: &Envelope) {
        if let Event::System(SystemEvent::TradingChanged(changed)) = &envelope.event {
            match changed.to.as_str() {
                "HALTED" | "FLATTEN" => self.0.close(),
                "ACTIVE" => self.0.open(),
                _ => {}
            }
        }
    }
}

/// A house that runs.
pub(super) struct House {
    core: Arc<Core>,
    gate: Gate,
    clock: Arc<HouseClock>,
    gateway: JoinHandle<()>,
}

impl House {
    /// Folds the journal, seats everybody, begins, and listens to the broker. `is_shut`
    /// says that the journal ends with trading halted.
    pub(super) fn open(
        config: &Config,
        disk: &Disk,
        (venue, clock): (&Arc<DirectVenue>, &Arc<HouseClock>),
        is_shut: bool,
        taps: Vec<Box<dyn Tap>>,
    ) -> anyhow::Result<Self> {
        let is_alive = Arc::new(AtomicBool::new(true));
        let broker = Arc::new(DirectBroker::new(venue.clone(), is_alive.clone()));
        let gate = Gate::default();
        if is_shut {
            gate.close();
        }
        let (port, requests) = Port::queue();
        let guard = config.execution.guard.clone();
        let whose = (AccountMode::Paper, setting::ACCOUNT, config.account.opening_cash);
        let agents = told(config, guard, (broker.name(), 1), whose);
        let roster = seats(&agents, (port, None))?;
        let mut all: Vec<Box<dyn Tap>> = vec![Box::new(GateKeeper(gate.clone()))];
        all.extend(taps);
        let mut spine = Inline::new(roster, disk.clone(), all);
        let is_new = spine.recover()? == Seq(0);
        let now = clock.now();
        let last_seen = if is_new { now } else { spine.now() };
        spine.input(now, AgentId::Spine, session_started("paper", config, now))?;
        if is_new {
            spine.announce(now)?;
        }
        let core = Arc::new(Core {
            spine: Mutex::new(Some(spine)),
            broken: Mutex::default(),
            is_broken: Notify::new(),
            is_alive,
            gateway: Mutex::default(),
        });
        let told = GatewayConfig {
            warm_up_minutes: warm_up_minutes(now)?,
            last_seen,
            ..setting::gateway(config)
        };
        let backup = setting::has_backup(config.seed).then(|| broker.clone());
        let entrance = Way(core.clone());
        let shared: Arc<dyn Clock> = clock.clone();
        let gateway = Gateway::new(broker, backup, gate.clone(), shared, told, entrance);
        let (orders, order_pushes) = mpsc::channel(PUSHES_MAX);
        let streams = Streams { orders: order_pushes, market: Arc::default() };
        venue.connect(orders, streams.market.clone());
        let gateway = tokio::spawn(gateway.run(requests, streams, CancellationToken::new()));
        *lock(&core.gateway) = Some(gateway.abort_handle());
        Ok(Self { core, gate, clock: clock.clone(), gateway })
    }

    /// Fires what is due by now.
    pub(super) fn beat(&self) {
        let now = self.clock.now();
        // A house that breaks says so.
        let _ = self.core.with(|spine| spine.run_timers(now));
    }

    /// Takes a word of the operator. A kill closes the gate first.
    pub(super) fn hear(&self, event: impl Into<Event>) {
        let now = self.clock.now();
        let _ = self.core.with(|spine| spine.input(now, AgentId::Operator, event));
    }

    /// Closes the gate for entries.
    pub(super) fn close_gate(&self) {
        self.gate.close();
    }

    /// Waits until it breaks.
    pub(super) async fn broken(&self) {
        self.core.is_broken.notified().await;
    }

    /// Clears the ruins away; returns why it broke, unless it was its journal.
    pub(super) async fn bury(self) -> Option<String> {
        self.gateway.abort();
        let ended = self.gateway.await;
        let panicked = ended.err().filter(tokio::task::JoinError::is_panic);
        if let Some(panic) = panicked {
            return Some(format!("the gateway panicked: {panic}"));
        }
        let why = lock(&self.core.broken).take()?;
        match why {
            SpineError::Journal(_) => None,
            other @ (SpineError::EndlessCascade { .. }
            | SpineError::Unrecoverable { .. }
            | SpineError::Closed) => Some(other.to_string()),
        }
    }
}
