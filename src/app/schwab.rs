//! The house in front of Schwab: its login, its streamer, its latch.
//!
//! Schwab has no paper account. Without an armed live mode the house has Schwab's data
//! and no way to send it an order: [`DataOnly`] has none. What a run needs besides is in
//! [`wire`](super::wire).

use std::fmt;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::anyhow;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::agents::order_execution::GuardConfig;
use crate::app::seating::{Line, Outside, Side, admitted, mode_name};
use crate::app::second::{Second, SecondSource};
use crate::app::sent::Sent;
use crate::app::wire::{House, WireOptions};
use crate::breakers::{BudgetConfig, SchwabBreaker};
use crate::brokers::gateway::{GatewayConfig, MarketInlet, Request};
use crate::brokers::schwab::auth::AppKeys;
use crate::brokers::schwab::hosts::SchwabHosts;
use crate::brokers::schwab::stream::{Streamer, StreamerConfig};
use crate::brokers::schwab::token::{
    AccessTokens, LoginReason, TokenKeeper, TokenSettings, TokenState,
};
use crate::brokers::schwab::{SchwabBroker, SchwabConfig, SentOrder};
use crate::brokers::{Broker, DataOnly, MarketSink, Push};
use crate::bus::Tap;
use crate::bus::clock::{Clock, MEASURES};
use crate::bus::spine::Door;
use crate::config::Config;
use crate::domain::ids::{AgentId, Symbol};
use crate::domain::money::Money;
use crate::domain::time::Timestamp;
use crate::events::{Event, LoginChanged, SystemEvent};
use crate::journal::StoreIdentity;
use crate::risk::AccountMode;
use crate::telemetry::spans::VenueNames;

/// Of the requests of a minute, one in so many is kept for what reduces risk.
pub(super) const RESERVE_PART: u32 = 4;

/// What is at stake at Schwab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stake {
    /// Its data; there is no way to send an order.
    DataOnly,
    /// Orders to a simulated Schwab on this machine.
    Simulated,
    /// Real money.
    Live,
}

/// Which Schwab, which login, and what is at stake.
#[derive(Clone)]
pub struct SchwabSetting {
    /// Where it is.
    pub hosts: SchwabHosts,
    /// The app's key and secret.
    pub keys: AppKeys,
    /// Where the token is kept.
    pub token_file: PathBuf,
    /// What is at stake.
    pub stake: Stake,
    /// The time on the broker's side.
    pub clock: Arc<dyn Clock>,
}

impl fmt::Debug for SchwabSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SchwabSetting")
            .field("stake", &self.stake)
            .field("hosts", &self.hosts)
            .finish_non_exhaustive()
    }
}

impl House {
    /// Opens the journal, seats everybody, and connects to Schwab, and to a second broker
    /// that is read for its data alone. A house that was latched when its journal ended
    /// begins latched and asks Schwab for nothing.
    ///
    /// # Errors
    /// When there is no login for a first run, when the account may not trade, or when
    /// the journal cannot be had.
    pub async fn open_schwab(
        config: &Config,
        options: &WireOptions,
        setting: SchwabSetting,
        second: Option<SecondSource>,
        ways: (Box<dyn Write + Send>, Vec<Box<dyn Tap>>),
    ) -> anyhow::Result<Self> {
        let clock = setting.clock.clone();
        let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
        let stake = setting.stake;
        let sent = Sent::of_journal(&options.journal)?.into_orders();
        let (broker, feeds) =
            SchwabParts::beside(config, setting, sent, (&clock, &tracker, &stop))?.apart();
        let work = Work { config, options, clock, tracker, stop, feeds, second };
        match stake {
            Stake::DataOnly => work.open(DataOnly::new(broker), stake, ways).await,
            Stake::Simulated | Stake::Live => work.open(broker, stake, ways).await,
        }
    }
}

/// A client of Schwab and its login.
pub(super) struct SchwabParts {
    broker: SchwabBroker,
    feeds: SchwabFeeds,
}

/// The streamer and the watch over the login, before they begin.
pub(super) struct SchwabFeeds {
    hosts: SchwabHosts,
    state: watch::Receiver<TokenState>,
    tokens: Arc<dyn AccessTokens>,
}

impl SchwabParts {
    /// Makes the client and begins to keep its token alive.
    ///
    /// # Errors
    /// When the client cannot be made.
    pub(super) fn new(
        config: &Config,
        setting: SchwabSetting,
        sent: Vec<SentOrder>,
        outside: &Outside,
    ) -> anyhow::Result<Self> {
        let Outside { clock, tracker, stop, .. } = outside;
        Self::beside(config, setting, sent, (clock, tracker, stop))
    }

    fn beside(
        config: &Config,
        setting: SchwabSetting,
        sent: Vec<SentOrder>,
        (clock, tracker, stop): (&Arc<dyn Clock>, &TaskTracker, &CancellationToken),
    ) -> anyhow::Result<Self> {
        let SchwabSetting { hosts, keys, token_file, .. } = setting;
        let settings = TokenSettings { hosts: hosts.clone(), keys, token_file };
        let keeper = TokenKeeper::spawn(settings, clock.clone(), stop.clone(), tracker)?;
        let state = keeper.state();
        let mut account = SchwabConfig::new(hosts.clone());
        account.account = Some(config.schwab.account.clone()).filter(|text| !text.is_empty());
        let tokens: Arc<dyn AccessTokens> = Arc::new(keeper);
        let broker = SchwabBroker::new(account, tokens, clock.clone(), sent)?;
        let tokens = broker.stream_tokens();
        Ok(Self { broker, feeds: SchwabFeeds { hosts, state, tokens } })
    }

    pub(super) fn apart(self) -> (SchwabBroker, SchwabFeeds) {
        (self.broker, self.feeds)
    }
}

impl SchwabFeeds {
    /// Where calls go.
    fn host(&self) -> &str {
        self.hosts.trader.host_str().unwrap_or_default()
    }

    /// Begins to stream, and to tell of the login; `requests` is where the gateway hears
    /// that it is dead.
    ///
    /// # Errors
    /// When the streamer's address is none.
    pub(super) fn start(
        self,
        config: &Config,
        symbols: &[Symbol],
        (orders, market): (mpsc::Sender<Push>, Arc<MarketInlet>),
        requests: mpsc::Sender<Request>,
        outside: &Outside,
    ) -> anyhow::Result<()> {
        let Outside { door, clock, tracker, stop, .. } = outside;
        let mut streamer = StreamerConfig::new(self.hosts, symbols.iter().copied().collect::<_>());
        streamer.hours = config.market.hours;
        streamer.seed = config.seed;
        let market: Arc<dyn MarketSink> = market;
        let to = (market, orders);
        Streamer::spawn(streamer, self.tokens, clock.clone(), to, stop.clone(), tracker)
            .map_err(|what| anyhow!(what))?;
        let house = (door.clone(), clock.clone());
        tracker.spawn(watch_login(self.state, house, requests, stop.clone()));
        Ok(())
    }
}

/// What is at hand before anybody is seated.
struct Work<'a> {
    config: &'a Config,
    options: &'a WireOptions,
    clock: Arc<dyn Clock>,
    tracker: TaskTracker,
    stop: CancellationToken,
    feeds: SchwabFeeds,
    second: Option<SecondSource>,
}

impl Work<'_> {
    async fn open<B: Broker>(
        self,
        broker: B,
        stake: Stake,
        ways: (Box<dyn Write + Send>, Vec<Box<dyn Tap>>),
    ) -> anyhow::Result<House> {
        let Self { config, options, clock, tracker, stop, feeds, second } = self;
        // A journal that goes on knows what it began with, and a latched house may not ask.
        let cash =
            if options.journal.exists() { Money::ZERO } else { admitted(&broker).await?.cash };
        let (mode, account) = whose(config, stake);
        let identity = StoreIdentity {
            mode: mode_name(mode).into(),
            account: account.clone(),
            opening_cash: cash,
            seed: config.seed,
        };
        let limit = config.schwab.requests_per_minute;
        let symbols = &config.schwab.symbols;
        let side = Side {
            mode,
            identity,
            account,
            broker: Arc::new(broker),
            backup: None,
            clock,
            speed: 1,
            names: VenueNames::schwab(feeds.host()),
            guard: guard(config, stake),
            gateway: GatewayConfig {
                budget: BudgetConfig { limit, reserve: limit / RESERVE_PART },
                remedy: SchwabBreaker::REMEDY.into(),
                symbols: symbols.clone(),
                ..GatewayConfig::default()
            },
            tracker,
            outside: stop,
            second: second.map(Second::new),
        };
        House::seat(config, options, side, ways, |line| {
            let Line { orders, market, requests, outside } = line;
            feeds.start(config, symbols, (orders, market), requests, &outside)
        })
        .await
    }
}

/// The mode, and the account's name: its last three digits at most, never its number.
fn whose(config: &Config, stake: Stake) -> (AccountMode, String) {
    let number = &config.schwab.account;
    let last = number.get(number.len().saturating_sub(3)..).unwrap_or_default();
    let dash = if last.is_empty() { "" } else { "-" };
    match stake {
        Stake::DataOnly => (AccountMode::Paper, format!("schwab-data{dash}{last}")),
        Stake::Simulated => (AccountMode::Paper, format!("schwab-simulated{dash}{last}")),
        Stake::Live => (AccountMode::Live, format!("schwab{dash}{last}")),
    }
}

/// When orders to Schwab are refused before anything leaves.
fn guard(config: &Config, stake: Stake) -> GuardConfig {
    let limit = config.schwab.orders_per_minute;
    let takes_none = match (stake, limit) {
        (Stake::DataOnly, _) => "Schwab has no paper account: without --live it is data alone",
        (Stake::Simulated | Stake::Live, 0) => "schwab.orders_per_minute is 0: no order may leave",
        (Stake::Simulated | Stake::Live, _) => "",
    };
    GuardConfig {
        requests_per_minute: limit,
        requests_reserved: limit / RESERVE_PART,
        takes_none: takes_none.to_owned(),
        ..config.execution.guard.clone()
    }
}

/// Tells the house where the login stands, and the gateway when it is dead, until it is
/// stopped.
async fn watch_login(
    mut state: watch::Receiver<TokenState>,
    (door, clock): (Door, Arc<dyn Clock>),
    requests: mpsc::Sender<Request>,
    stop: CancellationToken,
) {
    loop {
        let now = *state.borrow_and_update();
        // The latch first: the screen may learn of it a moment later. A gateway that has
        // ended sends nothing any more.
        if now.is_dead() && requests.try_send(Request::LoginDied).is_err() {
            return;
        }
        measure(now, clock.now());
        let event = Event::System(SystemEvent::LoginChanged(login(now)));
        if door.send(clock.now(), AgentId::Spine, event).await.is_err() {
            return;
        }
        // The stop first: the login may not change for days.
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            changed = state.changed() => if changed.is_err() { return },
        }
    }
}

/// Says when the login is expected to end, for who measures: at once when it has.
fn measure(state: TokenState, now: Timestamp) {
    let until = match state {
        TokenState::Fresh { login_until, .. } => login_until,
        TokenState::LoginNeeded { .. } | TokenState::Absent => now,
    };
    let token_expires = until.as_nanos();
    tracing::trace!(target: MEASURES, token_expires, of = "schwab");
}

fn login(state: TokenState) -> LoginChanged {
    let (access_until, login_until, needed) = match state {
        TokenState::Fresh { access_until, login_until } => {
            (Some(access_until), Some(login_until), None)
        }
        TokenState::LoginNeeded { why } => (None, None, Some(why)),
        TokenState::Absent => (None, None, Some(LoginReason::Absent)),
    };
    let needed = needed.map(|why| why.to_string());
    LoginChanged { broker: "schwab".into(), access_until, login_until, needed }
}
