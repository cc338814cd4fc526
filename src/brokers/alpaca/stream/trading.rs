//! The trading stream as a task.
//!
//! Start it with [`TradingStream::spawn`]; every piece of news goes through one
//! channel, in order. A full channel makes the stream wait, never forget.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::trading_session::{TradingCounts, TradingSession};
use crate::brokers::alpaca::ApiKeys;
use crate::brokers::oddity::Oddities;
use crate::brokers::stream::backoff::Backoff;
use crate::brokers::stream::drive::{Driver, StreamTiming};
use crate::brokers::stream::outlet::Outlet;
use crate::brokers::stream::redial::Redial;
use crate::brokers::stream::session::StreamStatus;
use crate::brokers::stream::socket::Endpoint;
use crate::brokers::{Push, install_tls_provider};
use crate::bus::clock::Clock;

/// What a trading stream needs to know.
#[derive(Debug, Clone)]
pub struct TradingStreamConfig {
    /// The link's name in the house, such as `alpaca.orders`.
    pub feed: &'static str,
    /// The address, such as `wss://paper-api.alpaca.markets/stream`.
    pub url: String,
    /// How long each thing may take, in wall time.
    pub timing: StreamTiming,
    /// Seed of the waits between dials.
    pub seed: u64,
    /// Where another connection is asked for.
    pub redial: Redial,
}

impl TradingStreamConfig {
    /// Makes a configuration with the defaults of the protocol page.
    pub fn new(feed: &'static str, url: impl Into<String>) -> Self {
        Self {
            feed,
            url: url.into(),
            timing: StreamTiming::default(),
            seed: 0,
            redial: Redial::default(),
        }
    }
}

/// A running trading stream. It runs until it is stopped, also when this is dropped.
#[derive(Debug, Clone)]
pub struct TradingStream {
    /// The task has the other end.
    status: watch::Receiver<StreamStatus<TradingCounts>>,
}

impl TradingStream {
    /// Starts the stream on a tracker; `stop` ends it, and so does the end of the
    /// channel. `oddities` are those of the account's calls.
    pub fn spawn(
        config: TradingStreamConfig,
        keys: ApiKeys,
        clock: Arc<dyn Clock>,
        oddities: Arc<Oddities>,
        to: mpsc::Sender<Push>,
        stop: CancellationToken,
        tasks: &TaskTracker,
    ) -> Self {
        install_tls_provider();
        // Nothing is wished for on this stream.
        let (_, wishes) = mpsc::channel(1);
        let (says, status) = watch::channel(StreamStatus::default());
        let timing = config.timing;
        let driver = Driver {
            session: TradingSession::new(config.feed, keys, oddities).redialled_by(config.redial),
            endpoint: Endpoint { url: config.url, content_type: None, is_keyed: true },
            timing,
            backoff: Backoff::new(timing.wait_first, timing.wait_max, config.seed),
            clock,
            outlet: Outlet::orders(to),
            wishes,
            status: says,
            stop,
        };
        tasks.spawn(driver.run());
        Self { status }
    }

    /// Watches where the stream stands.
    pub fn status(&self) -> watch::Receiver<StreamStatus<TradingCounts>> {
        self.status.clone()
    }
}
