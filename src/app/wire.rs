//! The house with its broker behind a wire: the simulated broker on loopback, or a
//! broker's own host. The same client, gateway and agents in both.
//!
//! The wall moves the time here, through the clock of the broker's side; nothing is
//! fed by hand. Runs that must repeat exactly are in [`headless`](super::headless) and
//! [`replay`](super::replay).

use std::fmt;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use jiff::SignedDuration;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::attendance::{Around, Attendance};
use crate::app::gauges::Measured;
use crate::app::loopback::Loopback;
use crate::app::mail::Mailroom;
use crate::app::owed::{Owed, Watch};
use crate::app::schwab::SchwabSetting;
use crate::app::seating::{
    Line, Outside, Side, admitted, begin, fitted, host_of, identity, is_begun_anew, latched,
    mode_name, seats, told,
};
use crate::app::second::{Second, SecondSource};
use crate::app::stream_news;
use crate::app::taps::{Count, Counters, Lines};
use crate::app::{People, Refusal, Summary, bus, halts, read_model, session_started};
use crate::breakers::BudgetConfig;
use crate::brokers::Broker;
use crate::brokers::alpaca::{AlpacaBroker, AlpacaConfig, ApiKeys};
use crate::brokers::gateway::{Gate, GatewayConfig, Port};
use crate::bus::clock::{Clock, StepWatch, SystemClock};
use crate::bus::spine::{Door, Spine};
use crate::bus::{SpineError, Tap};
use crate::config::Config;
use crate::domain::command::OperatorCommand;
use crate::domain::ids::{AgentId, Symbol};
use crate::events::{HaltTrigger, SessionEnded, SystemEvent};
use crate::journal::SqliteJournal;
use crate::risk::AccountMode;
use crate::telemetry::spans::VenueNames;

/// How often timers are looked at, by the wall.
const BEAT: Duration = Duration::from_millis(10);
/// How long the broker has, at the end, to say that what was cancelled is over.
const OWED: Duration = Duration::from_secs(5);

/// On which side of the wire the broker is.
#[derive(Debug)]
pub enum Venue {
    /// The simulated broker inside the process, so many times as fast as the wall.
    Simulated {
        /// How many times.
        speed: u32,
    },
    /// Alpaca's paper account.
    AlpacaPaper {
        /// The account and its hosts.
        account: Box<AlpacaConfig>,
        /// The account's keys.
        keys: ApiKeys,
    },
    /// An account at Schwab, or its data alone.
    Schwab(Box<SchwabSetting>),
    /// One of the others, with a second broker read for its data beside it.
    Beside {
        /// Who takes the orders.
        orders: Box<Self>,
        /// Who is read.
        second: Box<SecondSource>,
    },
}

/// When a run ends, and where its journal is.
#[derive(Debug, Clone, Default)]
pub struct WireOptions {
    /// Ends after so many finished trades.
    pub until_trades: Option<u64>,
    /// Ends after so much time of the market.
    pub duration: Option<SignedDuration>,
    /// The file of the journal.
    pub journal: PathBuf,
    /// Who may be around.
    pub people: People,
}

/// Where a house trades, and by whose time.
pub struct Setting {
    /// What is at stake.
    pub mode: AccountMode,
    /// The account and its hosts.
    pub account: AlpacaConfig,
    /// The account's keys.
    pub keys: ApiKeys,
    /// The time on the broker's side.
    pub clock: Arc<dyn Clock>,
    /// The stocks to follow.
    pub symbols: Vec<Symbol>,
    /// How many times as fast as the wall that time runs, 1 or more. A human reads by
    /// the wall: approvals wait so many times as long in the time of the market.
    pub speed: u32,
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setting")
            .field("mode", &self.mode)
            .field("account", &self.account)
            .field("symbols", &self.symbols)
            .finish_non_exhaustive()
    }
}

/// Runs until the token is cancelled or the options say so. Ends cleanly: working
/// entries are cancelled, stops stay, answers still owed are awaited for 5 s, the
/// journal is synced, every task has stopped.
///
/// # Errors
/// When the broker cannot be reached or its account may not trade, when the journal
/// cannot be had or written, or when an agent fails for good.
pub async fn run(
    config: &Config,
    options: &WireOptions,
    venue: Venue,
    out: Box<dyn Write + Send>,
    stop: CancellationToken,
) -> anyhow::Result<Summary> {
    let (venue, second) = match venue {
        Venue::Beside { orders, second } => (*orders, Some(*second)),
        venue @ (Venue::Simulated { .. } | Venue::AlpacaPaper { .. } | Venue::Schwab(_)) => {
            (venue, None)
        }
    };
    let ways = (out, Vec::new());
    let (setting, loopback) = match venue {
        Venue::Beside { .. } => bail!("two sources of data are the most"),
        Venue::Schwab(setting) => {
            let opening = House::open_schwab(config, options, *setting, second, ways);
            let house = Box::pin(opening).await?;
            return house.live(options, stop).await;
        }
        Venue::Simulated { speed } => {
            let loopback = Loopback::open(config, speed).await?;
            (loopback.setting(), Some(loopback))
        }
        Venue::AlpacaPaper { account, keys } => {
            let account = *account;
            let symbols = config.alpaca.symbols.clone();
            let clock: Arc<dyn Clock> = Arc::new(SystemClock);
            (Setting { mode: AccountMode::Paper, account, keys, clock, symbols, speed: 1 }, None)
        }
    };
    let ran = House::open_beside(config, options, setting, second, ways).await;
    let summary = match ran {
        Ok(house) => house.live(options, stop).await,
        Err(error) => Err(error),
    };
    if let Some(loopback) = loopback {
        loopback.close().await?;
    }
    summary
}

/// The house, seated and connected.
pub struct House {
    door: Door,
    gate: Gate,
    owed: Watch,
    counters: Arc<Counters>,
    clock: Arc<dyn Clock>,
    spine: JoinHandle<Result<(), SpineError>>,
    tracker: TaskTracker,
    /// Ends streams and gateway.
    outside: CancellationToken,
    gateway: JoinHandle<()>,
    /// Ends screen and control.
    served: CancellationToken,
    /// Cancelled by one who leaves.
    left: CancellationToken,
    around: Around,
    /// Where the kill file is looked for, where somebody looks.
    kill_file: Option<PathBuf>,
    /// Whether the clock is the machine's own, and could be set.
    has_wall_clock: bool,
}

impl fmt::Debug for House {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("House").field("gate", &self.gate).finish_non_exhaustive()
    }
}

impl House {
    /// Opens the journal, seats everybody, and connects to the broker. Event lines go
    /// to `out`; `taps` see every event as well.
    ///
    /// # Errors
    /// When the broker cannot be reached or its account may not trade, or when the
    /// journal cannot be had.
    pub async fn open(
        config: &Config,
        options: &WireOptions,
        setting: Setting,
        out: Box<dyn Write + Send>,
        taps: Vec<Box<dyn Tap>>,
    ) -> anyhow::Result<Self> {
        Self::open_beside(config, options, setting, None, (out, taps)).await
    }

    /// As [`open`](Self::open), with a second broker that is read for its data alone.
    ///
    /// # Errors
    /// As [`open`](Self::open); a second broker that does not answer is no error.
    pub async fn open_beside(
        config: &Config,
        options: &WireOptions,
        setting: Setting,
        second: Option<SecondSource>,
        ways: (Box<dyn Write + Send>, Vec<Box<dyn Tap>>),
    ) -> anyhow::Result<Self> {
        let Setting { mode, account, keys, clock, symbols, speed } = setting;
        let names = VenueNames::alpaca(host_of(&account));
        let broker = Arc::new(AlpacaBroker::new(account, &keys).map_err(Refusal::from)?);
        let backup = broker.backup(&keys).map_err(Refusal::from)?.map(Arc::new);
        let found = admitted(broker.as_ref()).await?;
        let budget = BudgetConfig {
            limit: config.alpaca.requests_per_minute,
            reserve: config.alpaca.requests_reserved,
        };
        let side = Side {
            mode,
            identity: identity(config, mode, &found),
            account: found.account_id.clone(),
            gateway: GatewayConfig {
                budget,
                data_budget: Some(BudgetConfig::ALPACA_DATA),
                account_id: Some(found.account_id),
                symbols: symbols.clone(),
                ..GatewayConfig::default()
            },
            broker: broker.clone(),
            backup,
            clock,
            speed,
            names,
            guard: config.execution.guard.clone(),
            tracker: TaskTracker::new(),
            outside: CancellationToken::new(),
            second: second.map(Second::new),
        };
        Self::seat(config, options, side, ways, |line| {
            let Outside { clock, tracker, stop, .. } = &line.outside;
            let running = broker.stream(
                (&keys, clock),
                &symbols,
                (line.orders, line.market),
                config.seed,
                (tracker, stop),
            );
            stream_news::follow(&running, &line.outside);
            Ok(())
        })
        .await
    }

    /// Seats everybody in front of a broker, and begins. `connect` starts the streams.
    pub(super) async fn seat<B: Broker>(
        config: &Config,
        options: &WireOptions,
        side: Side<B>,
        (out, mut taps): (Box<dyn Write + Send>, Vec<Box<dyn Tap>>),
        connect: impl FnOnce(Line) -> anyhow::Result<()>,
    ) -> anyhow::Result<Self> {
        let Side { mode, identity, account, broker, backup, clock, speed, .. } = side;
        let (tracker, names, second) = (side.tracker, side.names, side.second);
        let mut bus = bus::open(&options.people, &options.journal).await?;
        let mut journal = SqliteJournal::open(&options.journal, &identity)?;
        let opening_cash = journal.identity().opening_cash;
        let mut read = read_model(config, &account, opening_cash, speed);
        read.breakers = vec![format!("{}.orders", broker.name())];
        let attendance = Attendance::new(read, &mut journal, options.journal.clone())?;
        let telemetry = options.people.telemetry.as_ref();
        taps.extend(telemetry.map(|it| it.tap(names, clock.clone(), &mut journal)).transpose()?);
        let mail = Mailroom::open(config, &options.journal, &mut journal)?;
        let is_new = is_begun_anew(&mut journal, mode, &options.journal)?;
        let latched = latched(&mut journal)?;
        let (port, requests) = Port::queue();
        let ports = (port.clone(), second.as_ref().map(Second::port));
        let whose = (mode, &*account, opening_cash);
        let agents = told(config, side.guard, (broker.name(), speed), whose);
        let roster = seats(&agents, ports)?;
        let counters = Arc::new(Counters::default());
        let (owed_tap, owed) = Owed::new();
        taps.extend(listeners(out, &counters, owed_tap));
        taps.push(attendance.tap());
        taps.extend(bus.as_mut().and_then(bus::Opened::tap));
        let journal = Measured::new(journal, attendance.gauges().journal.clone());
        let (mut spine, door) = Spine::new(roster, Box::new(journal), taps, &tracker)?;
        if let Some(bus) = &bus {
            bus.bind(&attendance.gate());
            Box::pin(bus.seats().fill(&mut spine, (config, &agents))).await?;
        }
        let last_seen = if is_new { clock.now() } else { spine.now() };
        let spine = tokio::spawn(async move { spine.run().await.map(|_| ()) });
        let began = clock.now();
        let started = session_started(mode_name(mode), config, began);
        door.send_and_settle(began, AgentId::Spine, started).await?;
        let outside =
            Outside { door, clock, tracker: tracker.clone(), stop: side.outside, latched };
        let (now, is_latched) = (outside.clock.now(), outside.is_latched(broker.name()));
        let symbols = side.gateway.symbols.clone();
        let gateway = fitted(side.gateway, config, (is_latched, now, last_seen))?;
        let (gateway, ports) = ((attendance.gate(), gateway), (port, requests));
        let (gateway, load) = begin((broker, backup), gateway, ports, &outside, connect)?;
        attendance.gauges().follow(load);
        second.map_or(Ok(()), |second| second.start(config, &symbols, &outside))?;
        let Outside { door, clock, stop: outside, .. } = outside;
        let (served, left) = (CancellationToken::new(), CancellationToken::new());
        let asked = (door.clone(), clock.clone());
        let around =
            attendance.receive(&options.people, mode, asked, (&tracker, &left, &served))?;
        mail.start((door.clone(), clock.clone()), &tracker, &served);
        if let Some(bus) = bus {
            bus.start((&attendance, mode), &around, &tracker);
        }
        Ok(Self {
            door,
            gate: attendance.gate(),
            owed,
            counters,
            clock,
            spine,
            tracker,
            outside,
            gateway,
            served,
            left,
            around,
            kill_file: options.people.control.as_ref().map(|places| places.kill_file.clone()),
            has_wall_clock: mode != AccountMode::Sim,
        })
    }

    /// The way in, for who moves the time.
    pub const fn door(&self) -> &Door {
        &self.door
    }

    pub(super) const fn gate(&self) -> &Gate {
        &self.gate
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// Takes a command of the operator. A halt closes the gate for entries before the
    /// house hears of it: it must not depend on the house being well.
    ///
    /// # Errors
    /// When the house has ended.
    pub async fn command(&self, command: OperatorCommand) -> Result<(), SpineError> {
        if matches!(command, OperatorCommand::Kill(_)) {
            self.gate.close();
        }
        self.door.send_and_settle(self.clock.now(), AgentId::Operator, command).await
    }

    /// Hands the time in until there is enough, then ends everything in order.
    pub(super) async fn live(
        self,
        options: &WireOptions,
        stop: CancellationToken,
    ) -> anyhow::Result<Summary> {
        let began = self.clock.now();
        let mut steps = self.has_wall_clock.then(|| StepWatch::start(self.clock()));
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let reason = loop {
            // The stops first: there is always a next beat.
            tokio::select! {
                biased;
                () = stop.cancelled() => break "stopped",
                () = self.left.cancelled() => break "the operator left",
                _ = beat.tick() => {}
            }
            let now = self.clock.now();
            let looked = match &mut steps {
                Some(steps) => self.look_at_clock(steps).await,
                None => Ok(()),
            };
            if looked.is_err() || self.door.advance(now).await.is_err() {
                // Nothing can be recorded: what would add risk is cancelled all the same.
                self.gate.close();
                break "the spine has ended";
            }
            if self.gateway.is_finished() {
                let why = "the part that speaks with the broker has failed";
                // It is over either way; the record makes the next start halted.
                let _ = self.halt(HaltTrigger::Part, why.to_owned()).await;
                break "the gateway has ended";
            }
            if let Some(reason) = self.is_enough(options, now.since(began)) {
                break reason;
            }
        };
        self.end(reason).await
    }

    fn is_enough(&self, options: &WireOptions, market: SignedDuration) -> Option<&'static str> {
        if options.until_trades.is_some_and(|wanted| self.counters.trades() >= wanted) {
            return Some("enough trades");
        }
        if options.duration.is_some_and(|wanted| market >= wanted) {
            return Some("enough time");
        }
        self.counters.is_output_closed().then_some("nobody reads the events")
    }

    /// Ends everything in order: working entries are cancelled and their end awaited
    /// for 5 s, stops stay, the journal is synced.
    ///
    /// # Errors
    /// When the journal cannot be written or a part has panicked.
    pub async fn end(mut self, reason: &'static str) -> anyhow::Result<Summary> {
        let ended = SessionEnded { reason: reason.to_owned() };
        let event = SystemEvent::SessionEnded(ended);
        // A spine that has ended says why below.
        let _ = self.door.send_and_settle(self.clock.now(), AgentId::Spine, event).await;
        self.settle().await;
        self.outside.cancel();
        self.gateway.await.context("the gateway panicked")?;
        self.served.cancel();
        let left = self.around.leave().await;
        drop(self.door);
        let spine = self.spine.await.context("the spine panicked")?;
        if let Err(error) = &spine {
            halts::leave_mark(self.kill_file.as_deref(), error);
        }
        spine?;
        self.tracker.close();
        self.tracker.wait().await;
        left?;
        if self.counters.is_output_lost() {
            bail!("not all events could be written to standard output: is the disk full?");
        }
        Ok(Summary { events: self.counters.events(), trades: self.counters.trades(), reason })
    }
}

impl House {
    /// Lets time go on until every cancelled order has ended, at most for 5 s.
    async fn settle(&mut self) {
        let Self { door, clock, owed, .. } = self;
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let settled = async {
            loop {
                // Being done first: there is always a next beat.
                tokio::select! {
                    biased;
                    () = owed.nothing() => return,
                    _ = beat.tick() => {}
                }
                // Cancels that failed are tried again when it is time.
                if door.advance(clock.now()).await.is_err() {
                    return;
                }
            }
        };
        if tokio::time::timeout(OWED, settled).await.is_err() {
            tracing::warn!(orders = ?owed.names(), "the broker has not said that they are over");
        }
    }
}

/// Who writes the event lines, who counts, and who knows what is owed.
fn listeners(
    out: Box<dyn Write + Send>,
    counters: &Arc<Counters>,
    owed: impl Tap + 'static,
) -> [Box<dyn Tap>; 3] {
    let lines = Lines { out, counters: counters.clone(), flushes: true, line: Vec::new() };
    [Box::new(lines), Box::new(Count(counters.clone())), Box::new(owed)]
}
