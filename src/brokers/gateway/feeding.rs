//! Market data from a broker's stream to the door, as fast as the house takes it.
//!
//! [`MarketInlet`] takes everything off the stream at once, the other half offers what
//! waits; in between stands the [buffer](crate::brokers::gateway::market). A gap is filled with
//! bars of the past before anything that came after it is passed on (F28).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::SignedDuration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::brokers::gateway::desk::Desk;
use crate::brokers::gateway::entrance::Entrance;
use crate::brokers::gateway::market::{MarketBuffer, MarketItem};
use crate::brokers::{Broker, MarketSink, Push};
use crate::domain::ids::AgentId;
use crate::domain::market::Interval;
use crate::domain::time::Timestamp;
use crate::events::FeedEvent;

/// The way in for market data: takes everything at once.
#[derive(Debug, Default)]
pub struct MarketInlet {
    buffer: Mutex<MarketBuffer>,
    arrived: Notify,
}

impl MarketInlet {
    fn buffer(&self) -> MutexGuard<'_, MarketBuffer> {
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MarketSink for MarketInlet {
    fn push(&self, push: Push) {
        let other = self.buffer().push(push);
        self.arrived.notify_one();
        if let Some(other) = other {
            tracing::error!(?other, "news of an order came by the market stream");
        }
    }
}

/// Who empties the inlet.
pub(super) struct Feeding<B, E> {
    desk: Arc<Desk<B, E>>,
    inlet: Arc<MarketInlet>,
}

impl<B: Broker, E: Entrance> Feeding<B, E> {
    /// Begins with a gap as long as the warm-up.
    pub(super) fn new(desk: Arc<Desk<B, E>>, inlet: Arc<MarketInlet>) -> Self {
        let warm_up = SignedDuration::from_mins(desk.config.warm_up_minutes.into());
        if !warm_up.is_zero() {
            inlet.push(Push::MarketResumed { since: desk.clock.now().plus(-warm_up) });
        }
        Self { desk, inlet }
    }

    /// Takes one push.
    pub(super) fn push(&self, push: Push) {
        self.inlet.push(push);
    }

    /// Offers what waits until it is stopped.
    pub(super) async fn deliver(&self, stop: CancellationToken) {
        // The stop first: the door may be full for as long as the house lives.
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = self.deliver_for_ever() => {}
        }
        let buffer = self.buffer();
        tracing::info!(
            quotes_conflated = buffer.quotes_conflated(),
            ticks_conflated = buffer.ticks_conflated(),
            bars_late = buffer.bars_late(),
            overflowed = buffer.overflowed(),
            "market data ends"
        );
    }

    async fn deliver_for_ever(&self) {
        loop {
            while let Some(item) = self.take() {
                match item {
                    MarketItem::Step(step) => self.say(FeedEvent::Step(Arc::new(step))).await,
                    MarketItem::Link(changed) => self.say(FeedEvent::Link(changed)).await,
                    MarketItem::Missing(since) => self.fill(since).await,
                }
            }
            self.inlet.arrived.notified().await;
        }
    }

    fn take(&self) -> Option<MarketItem> {
        let now = self.desk.clock.now();
        self.buffer().take(now)
    }

    async fn say(&self, event: FeedEvent) {
        self.desk.say_as(AgentId::Feed, event).await;
    }

    /// Reads the bars since an instant and tells those that nobody has heard.
    async fn fill(&self, since: Timestamp) {
        let symbols = &self.desk.config.symbols;
        if symbols.is_empty() {
            return;
        }
        let span = (since, self.desk.clock.now());
        let Some(bars) = self.desk.read_bars(symbols, Interval::Minute, span).await else { return };
        let bars = self.buffer().fresh(Interval::Minute, bars);
        if !bars.is_empty() {
            self.desk.say_history(Interval::Minute, bars).await;
        }
    }

    fn buffer(&self) -> MutexGuard<'_, MarketBuffer> {
        self.inlet.buffer()
    }
}
