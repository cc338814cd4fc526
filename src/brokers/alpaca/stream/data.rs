//! The market data stream as a task.
//!
//! Start it with [`DataStream::spawn`]; what it says goes to a
//! [`MarketSink`], as a rule the gateway's.

use std::sync::Arc;

use jiff::SignedDuration;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::data_session::{DataSession, DataTerms};
use super::message::{DecodeCounts, Subscriptions};
use super::request::Encoding;
use crate::brokers::alpaca::ApiKeys;
use crate::brokers::stream::backoff::Backoff;
use crate::brokers::stream::drive::{Driver, StreamTiming};
use crate::brokers::stream::outlet::Outlet;
use crate::brokers::stream::session::StreamStatus;
use crate::brokers::stream::socket::Endpoint;
use crate::brokers::{MarketSink, install_tls_provider};
use crate::bus::clock::Clock;
use crate::domain::calendar::MarketHours;

/// Wishes that wait for the task; each is small and taken at once.
const WISHES_MAX: usize = 64;

/// What a market data stream needs to know.
#[derive(Debug, Clone)]
pub struct DataStreamConfig {
    /// The link's name in the house, such as `alpaca.iex`.
    pub feed: &'static str,
    /// The address, such as `wss://stream.data.alpaca.markets/v2/iex`.
    pub url: String,
    /// The wire form that is asked for.
    pub encoding: Encoding,
    /// What to subscribe to from the beginning.
    pub subscriptions: Subscriptions,
    /// When the market is open, and silence means something.
    pub hours: MarketHours,
    /// How long trades and quotes may be silent while the market is open, in the
    /// market's time. Doubles up to eightfold while nothing but silence comes.
    pub silence_max: SignedDuration,
    /// How long each thing may take, in wall time.
    pub timing: StreamTiming,
    /// Seed of the waits between dials.
    pub seed: u64,
}

impl DataStreamConfig {
    /// Makes a configuration with the defaults of the protocol page.
    pub fn new(feed: &'static str, url: impl Into<String>, subscriptions: Subscriptions) -> Self {
        Self {
            feed,
            url: url.into(),
            encoding: Encoding::default(),
            subscriptions,
            hours: MarketHours::NewYork,
            silence_max: SignedDuration::from_secs(10),
            timing: StreamTiming::default(),
            seed: 0,
        }
    }
}

/// A running market data stream. It runs until it is stopped, also when this is
/// dropped.
#[derive(Debug, Clone)]
pub struct DataStream {
    /// The task has the other end.
    wishes: mpsc::Sender<Subscriptions>,
    /// The task has the other end.
    status: watch::Receiver<StreamStatus<DecodeCounts>>,
}

impl DataStream {
    /// Starts the stream on a tracker; `stop` ends it.
    pub fn spawn(
        config: DataStreamConfig,
        keys: ApiKeys,
        clock: Arc<dyn Clock>,
        sink: Arc<dyn MarketSink>,
        stop: CancellationToken,
        tasks: &TaskTracker,
    ) -> Self {
        install_tls_provider();
        let (wishes, inbox) = mpsc::channel(WISHES_MAX);
        let (says, status) = watch::channel(StreamStatus::default());
        let timing = config.timing;
        let content_type = match config.encoding {
            Encoding::Json => None,
            Encoding::Msgpack => Some("application/msgpack"),
        };
        let terms = DataTerms {
            feed: config.feed,
            encoding: config.encoding,
            wanted: config.subscriptions,
            hours: config.hours,
            silence_max: config.silence_max,
        };
        let driver = Driver {
            session: DataSession::new(terms, keys),
            endpoint: Endpoint { url: config.url, content_type, is_keyed: true },
            timing,
            backoff: Backoff::new(timing.wait_first, timing.wait_max, config.seed),
            clock,
            outlet: Outlet::Market(sink),
            wishes: inbox,
            status: says,
            stop,
        };
        tasks.spawn(driver.run());
        Self { wishes, status }
    }

    /// Asks for more symbols, now and after every reconnection. Returns false when the
    /// stream has ended.
    pub async fn subscribe(&self, more: Subscriptions) -> bool {
        self.wishes.send(more).await.is_ok()
    }

    /// Watches where the stream stands.
    pub fn status(&self) -> watch::Receiver<StreamStatus<DecodeCounts>> {
        self.status.clone()
    }
}
