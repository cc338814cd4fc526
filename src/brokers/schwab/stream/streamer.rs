//! The streamer as a task.
//!
//! Start it with [`Streamer::spawn`]. Market data goes to a [`MarketSink`], news of
//! orders through a channel that loses none; as a rule both are the gateway's.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::counts::StreamCounts;
use super::preference::Preferences;
use super::request::Detail;
use super::session::{StreamSession, Terms};
use super::wish::Wish;
use crate::brokers::schwab::hosts::SchwabHosts;
use crate::brokers::schwab::token::AccessTokens;
use crate::brokers::stream::backoff::Backoff;
use crate::brokers::stream::drive::Driver;
use crate::brokers::stream::outlet::Outlet;
use crate::brokers::stream::socket::Endpoint;
use crate::brokers::stream::{StreamStatus, StreamTiming};
use crate::brokers::{MarketSink, Push, install_tls_provider};
use crate::bus::clock::Clock;
use crate::domain::calendar::MarketHours;
use crate::domain::ids::Symbol;

/// The link of the market data.
const MARKET_FEED: &str = "schwab.stream";
/// The link of the news of orders.
const ORDERS_FEED: &str = "schwab.orders";
/// Wishes that wait for the task; each is small and taken at once.
const WISHES_MAX: usize = 64;

/// What a streamer needs to know.
#[derive(Debug, Clone)]
pub struct StreamerConfig {
    /// Where Schwab is.
    pub hosts: SchwabHosts,
    /// What to follow from the beginning; 500 is the most that is known to work.
    pub symbols: BTreeSet<Symbol>,
    /// With how much detail.
    pub detail: Detail,
    /// When the market is open, and silence means something.
    pub hours: MarketHours,
    /// How long no frame of any kind may come while the market is open, in the market's
    /// time. Doubles up to eightfold while nothing but silence comes.
    pub frame_silence_max: SignedDuration,
    /// How long no data may come although heartbeats do; likewise.
    pub data_silence_max: SignedDuration,
    /// How long each thing may take, in wall time.
    pub timing: StreamTiming,
    /// Seed of the waits between dials.
    pub seed: u64,
}

impl StreamerConfig {
    /// Makes a configuration with the defaults of the protocol page (§5.3: 30 to 45 s of
    /// silence).
    pub fn new(hosts: SchwabHosts, symbols: BTreeSet<Symbol>) -> Self {
        Self {
            hosts,
            symbols,
            detail: Detail::default(),
            hours: MarketHours::NewYork,
            frame_silence_max: SignedDuration::from_secs(40),
            data_silence_max: SignedDuration::from_secs(120),
            timing: StreamTiming { wait_max: Duration::from_mins(1), ..StreamTiming::default() },
            seed: 0,
        }
    }
}

/// A running streamer. It runs until it is stopped, also when this is dropped.
#[derive(Debug, Clone)]
pub struct Streamer {
    /// The task has the other end.
    wishes: mpsc::Sender<Wish>,
    /// The task has the other end.
    status: watch::Receiver<StreamStatus<StreamCounts>>,
}

impl Streamer {
    /// Starts the streamer on a tracker; `stop` ends it, and so does the end of the
    /// channel. Market data goes into the sink, news of orders into the channel.
    ///
    /// # Errors
    /// In words, when no HTTP client can be made.
    pub fn spawn(
        config: StreamerConfig,
        tokens: Arc<dyn AccessTokens>,
        clock: Arc<dyn Clock>,
        (market, orders): (Arc<dyn MarketSink>, mpsc::Sender<Push>),
        stop: CancellationToken,
        tasks: &TaskTracker,
    ) -> Result<Self, String> {
        install_tls_provider();
        let (wishes, inbox) = mpsc::channel(WISHES_MAX);
        let (says, status) = watch::channel(StreamStatus::default());
        let timing = config.timing;
        let preferences = Preferences::new(&config.hosts)?;
        let terms = Terms {
            market_feed: MARKET_FEED,
            orders_feed: ORDERS_FEED,
            symbols: config.symbols,
            detail: config.detail,
            hours: config.hours,
            frame_silence_max: config.frame_silence_max,
            data_silence_max: config.data_silence_max,
        };
        let driver = Driver {
            session: StreamSession::new(terms, tokens, preferences),
            // The address is asked for before each dial.
            endpoint: Endpoint { url: String::new(), content_type: None, is_keyed: false },
            timing,
            backoff: Backoff::new(timing.wait_first, timing.wait_max, config.seed),
            clock,
            outlet: Outlet::both(market, ORDERS_FEED, orders),
            wishes: inbox,
            status: says,
            stop,
        };
        tasks.spawn(driver.run());
        Ok(Self { wishes, status })
    }

    /// Asks for more or fewer stocks, or another detail, now and after every
    /// reconnection. Returns false when the streamer has ended.
    pub async fn wish(&self, wish: Wish) -> bool {
        self.wishes.send(wish).await.is_ok()
    }

    /// Watches where the streamer stands. Its link is that of the market data.
    pub fn status(&self) -> watch::Receiver<StreamStatus<StreamCounts>> {
        self.status.clone()
    }
}
