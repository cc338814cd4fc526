//! Both streams of an account, as the gateway wants them.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::brokers::alpaca::stream::{
    Channel, DataStream, DataStreamConfig, Subscriptions, TradingStream, TradingStreamConfig,
};
use crate::brokers::alpaca::{AlpacaBroker, ApiKeys, DataFeed};
use crate::brokers::{MarketSink, Push};
use crate::bus::clock::Clock;
use crate::domain::ids::Symbol;

/// What is followed of every stock. Bars come with prints and quotes for nothing.
const CHANNELS: [Channel; 5] =
    [Channel::Trades, Channel::Quotes, Channel::Bars, Channel::Statuses, Channel::Lulds];

/// The two streams of an account. They run until they are stopped, also when this is
/// dropped.
#[derive(Debug, Clone)]
pub struct AlpacaStreams {
    /// News of orders.
    pub orders: TradingStream,
    /// Market data.
    pub market: DataStream,
}

impl AlpacaBroker {
    /// Starts both streams of the account on a tracker: order news go into the channel,
    /// market data of the stocks into the sink. `seed` draws the waits between dials.
    pub fn stream(
        &self,
        (keys, clock): (&ApiKeys, &Arc<dyn Clock>),
        symbols: &[Symbol],
        (orders, market): (mpsc::Sender<Push>, Arc<dyn MarketSink>),
        seed: u64,
        (tasks, stop): (&TaskTracker, &CancellationToken),
    ) -> AlpacaStreams {
        let endpoints = self.endpoints();
        let trading = TradingStreamConfig {
            seed,
            redial: self.redial.clone(),
            ..TradingStreamConfig::new("alpaca.orders", endpoints.trading_stream.as_str())
        };
        let feed = match self.config.feed {
            DataFeed::Iex => "alpaca.iex",
            DataFeed::Sip => "alpaca.sip",
        };
        let names: BTreeSet<String> =
            symbols.iter().map(|symbol| symbol.as_str().to_owned()).collect();
        let wanted: Subscriptions =
            CHANNELS.into_iter().map(|channel| (channel, names.clone())).collect();
        let data = DataStreamConfig {
            seed: seed.wrapping_add(1),
            ..DataStreamConfig::new(feed, endpoints.data_stream.as_str(), wanted)
        };
        let (oddities, clock) = (self.oddities().clone(), clock.clone());
        AlpacaStreams {
            orders: TradingStream::spawn(
                trading,
                keys.clone(),
                clock.clone(),
                oddities,
                orders,
                stop.clone(),
                tasks,
            ),
            market: DataStream::spawn(data, keys.clone(), clock, market, stop.clone(), tasks),
        }
    }
}
