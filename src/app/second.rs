//! A second broker in the house, read for its data alone: a second source of quotes
//! beside the broker that takes the orders.
//!
//! It has a client, a gateway, breakers and a budget of its own, and no way to send an
//! order: [`DataOnly`] has none. What is made of two sources is decided by the market
//! data agent; orders never move from one broker to the other.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::app::Refusal;
use crate::app::entrance::DoorEntrance;
use crate::app::schwab::{RESERVE_PART, SchwabParts, SchwabSetting};
use crate::app::seating::{Outside, PUSHES_MAX};
use crate::app::stream_news;
use crate::breakers::{BudgetConfig, SchwabBreaker};
use crate::brokers::alpaca::{AlpacaBroker, AlpacaConfig, ApiKeys};
use crate::brokers::gateway::{
    Gate, Gateway, GatewayConfig, Port, Request, SecondEntrance, Streams,
};
use crate::brokers::{Broker, DataOnly};

use crate::config::Config;
use crate::domain::ids::Symbol;

/// Orders, positions and cash of a broker that takes no order are of no interest; they
/// are read so seldom that the budget is for data.
const RECONCILE_SECONDS: u32 = 600;
/// Stocks that Alpaca's free plan follows: 30 over trades and quotes, and each has both.
const ALPACA_SYMBOLS_MAX: usize = 15;

/// Which broker is read beside the one that takes the orders.
#[derive(Debug)]
pub enum SecondSource {
    /// Schwab, with its login.
    Schwab(Box<SchwabSetting>),
    /// Alpaca.
    Alpaca {
        /// The account and its hosts.
        account: Box<AlpacaConfig>,
        /// The account's keys.
        keys: ApiKeys,
    },
}

/// A second source before it begins.
pub(super) struct Second {
    source: SecondSource,
    port: mpsc::Sender<Request>,
    requests: mpsc::Receiver<Request>,
}

impl Second {
    pub(super) fn new(source: SecondSource) -> Self {
        let (port, requests) = Port::queue();
        Self { source, port, requests }
    }

    /// Where its gateway hears resets.
    pub(super) fn port(&self) -> mpsc::Sender<Request> {
        self.port.clone()
    }

    /// Begins to read. A broker that does not answer is a feed that is down, and no
    /// reason to trade nothing on the other.
    ///
    /// # Errors
    /// When its client cannot be made.
    pub(super) fn start(
        self,
        config: &Config,
        symbols: &[Symbol],
        outside: &Outside,
    ) -> anyhow::Result<()> {
        let Self { source, port, requests } = self;
        match source {
            SecondSource::Schwab(setting) => {
                schwab(config, symbols, *setting, (port, requests), outside)
            }
            SecondSource::Alpaca { account, keys } => {
                alpaca(config, symbols, (*account, &keys), requests, outside)
            }
        }
    }
}

fn schwab(
    config: &Config,
    symbols: &[Symbol],
    setting: SchwabSetting,
    (port, requests): (mpsc::Sender<Request>, mpsc::Receiver<Request>),
    outside: &Outside,
) -> anyhow::Result<()> {
    let (broker, feeds) = SchwabParts::new(config, setting, Vec::new(), outside)?.apart();
    let limit = config.schwab.requests_per_minute;
    let budget = BudgetConfig { limit, reserve: limit / RESERVE_PART };
    let gateway = GatewayConfig {
        budget,
        remedy: SchwabBreaker::REMEDY.into(),
        is_latched: outside.is_latched(broker.name()),
        ..settings(config, outside)
    };
    let gateway = reading("schwab", broker, gateway, outside);
    let (orders, pushes) = mpsc::channel(PUSHES_MAX);
    let streams = Streams { orders: pushes, market: Arc::default() };
    // The gateway is there first: it may hold back what the streams would ask.
    feeds.start(config, symbols, (orders, streams.market.clone()), port, outside)?;
    outside.tracker.spawn(gateway.run(requests, streams, outside.stop.clone()));
    Ok(())
}

fn alpaca(
    config: &Config,
    symbols: &[Symbol],
    (account, keys): (AlpacaConfig, &ApiKeys),
    requests: mpsc::Receiver<Request>,
    outside: &Outside,
) -> anyhow::Result<()> {
    let broker = AlpacaBroker::new(account, keys).map_err(Refusal::from)?;
    let (orders, pushes) = mpsc::channel(PUSHES_MAX);
    let streams = Streams { orders: pushes, market: Arc::default() };
    let symbols = symbols.get(..ALPACA_SYMBOLS_MAX).unwrap_or(symbols);
    let running = broker.stream(
        (keys, &outside.clock),
        symbols,
        (orders, streams.market.clone()),
        config.seed,
        (&outside.tracker, &outside.stop),
    );
    stream_news::follow(&running, outside);
    let budget = BudgetConfig {
        limit: config.alpaca.requests_per_minute,
        reserve: config.alpaca.requests_reserved,
    };
    let gateway = GatewayConfig { budget, ..settings(config, outside) };
    let gateway = reading("alpaca", broker, gateway, outside);
    outside.tracker.spawn(gateway.run(requests, streams, outside.stop.clone()));
    Ok(())
}

fn settings(config: &Config, outside: &Outside) -> GatewayConfig {
    GatewayConfig {
        reconcile_seconds: RECONCILE_SECONDS,
        last_seen: outside.clock.now(),
        hours: config.market.hours,
        seed: config.seed,
        ..GatewayConfig::default()
    }
}

/// A gateway that only reads. Its gate is its own: what it finds wrong with its account
/// is no reason to hold back the orders of the other.
fn reading<B: Broker>(
    source: &str,
    broker: B,
    config: GatewayConfig,
    outside: &Outside,
) -> Gateway<DataOnly<B>, SecondEntrance<DoorEntrance>> {
    let broker = Arc::new(DataOnly::new(broker));
    let entrance = SecondEntrance::new(DoorEntrance(outside.door.clone()), source);
    Gateway::new(broker, None, Gate::default(), outside.clock.clone(), config, entrance)
}
