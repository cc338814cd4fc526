//! The broker's streams on their way to the house: complete, or with news that is lost,
//! late, doubled or swapped.
//!
//! It decides what arrives and is told when a stream breaks; it waits for nothing.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::brokers::sim::direct::mishap::Mishap;
use crate::brokers::{MarketSink, OrderUpdate, Push};
use crate::domain::market::{Interval, MarketStep};
use crate::domain::time::Timestamp;
use crate::fsm::link::LinkState;

/// The links' names, those of the broker that is imitated.
const ORDERS: &str = "alpaca.orders";
const MARKET: &str = "alpaca.iex";

/// Where the streams end in the house.
#[derive(Clone)]
pub(super) struct Ends {
    pub(super) orders: mpsc::Sender<Push>,
    pub(super) market: Arc<dyn MarketSink>,
}

/// Both streams.
#[derive(Default)]
pub(super) struct Line {
    ends: Option<Ends>,
    /// Rises with every house, so that what was meant for one reaches no other.
    house: u64,
    orders: Stream,
    market: Stream,
    /// When the last of the market came through.
    market_told: Timestamp,
    /// Faults that wait for news of an order.
    waiting: Vec<Mishap>,
    /// News that the next one overtakes.
    overtaken: Option<Push>,
    /// How long news of orders are on their way; zero is at once.
    way: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Stream {
    #[default]
    Down,
    Up,
    /// Open, and nothing comes through.
    Mute,
}

/// News that is to arrive later.
pub(super) struct Late {
    pub(super) push: Push,
    pub(super) to: mpsc::Sender<Push>,
}

impl Line {
    /// Both streams closed, news of orders so long on their way.
    pub(super) fn new(way: Duration) -> Self {
        Self { way, ..Self::default() }
    }

    /// A house listens from now on.
    pub(super) fn connect(&mut self, ends: Ends) {
        self.ends = Some(ends);
        self.house += 1;
        self.overtaken = None;
        self.market_up(None);
        self.orders_up();
    }

    /// Nobody listens any more.
    pub(super) fn disconnect(&mut self) {
        self.ends = None;
        self.house += 1;
        (self.orders, self.market) = (Stream::Down, Stream::Down);
    }

    /// Which house listens.
    pub(super) const fn house(&self) -> u64 {
        self.house
    }

    /// Lets a fault wait for the next news.
    pub(super) fn arm(&mut self, mishap: Mishap) {
        self.waiting.push(mishap);
    }

    /// Opens the order stream: what was missed must be read before the link is up, so
    /// that nobody acts on it first.
    pub(super) fn orders_up(&mut self) {
        self.orders = Stream::Up;
        self.send(Push::OrdersResumed);
        self.send(Push::Link { feed: ORDERS, state: LinkState::Up });
    }

    /// Closes the order stream.
    pub(super) fn orders_down(&mut self) {
        self.orders = Stream::Down;
        self.send(Push::Link { feed: ORDERS, state: LinkState::Down { attempts: 0 } });
    }

    /// Lets the order stream fall silent.
    pub(super) fn orders_mute(&mut self) {
        self.orders = Stream::Mute;
    }

    /// Opens the market stream, after a gap where one is told.
    pub(super) fn market_up(&mut self, since: Option<Timestamp>) {
        self.market = Stream::Up;
        if let Some(since) = since {
            self.show(Push::MarketResumed { since });
        }
        self.show(Push::Link { feed: MARKET, state: LinkState::Up });
    }

    /// Lets the market stream fall silent, or closes it; returns when its last data came.
    pub(super) fn market_stops(&mut self, is_mute: bool) -> Timestamp {
        if is_mute {
            self.market = Stream::Mute;
        } else {
            self.market = Stream::Down;
            self.show(Push::Link { feed: MARKET, state: LinkState::Down { attempts: 0 } });
        }
        self.market_told
    }

    /// Passes on what the market said.
    pub(super) fn market(&mut self, step: MarketStep) {
        if self.market != Stream::Up {
            return;
        }
        self.market_told = step.at;
        let bars = step.bars.iter().flat_map(|batch| batch.bars.iter().copied());
        for bar in bars {
            self.show(Push::Bar(Interval::Minute, bar));
        }
        for change in step.status {
            self.show(Push::Status(change));
        }
        for quote in step.quotes {
            self.show(Push::Quote(quote));
        }
        for tick in step.ticks {
            self.show(Push::Tick(tick));
        }
    }

    /// Passes on news of an order. Returns the fault that struck, and what is to arrive
    /// later.
    pub(super) fn news(&mut self, update: OrderUpdate) -> (Option<Mishap>, Option<Late>) {
        if self.orders != Stream::Up {
            return (None, None);
        }
        let push = Push::Order(Box::new(update));
        let struck = (!self.waiting.is_empty()).then(|| self.waiting.remove(0));
        let mut late = None;
        match struck {
            Some(Mishap::PushLost) => {}
            Some(Mishap::PushTwice) => {
                self.send(push.clone());
                self.send(push);
            }
            Some(Mishap::PushesSwapped) if self.overtaken.is_none() => {
                self.overtaken = Some(push);
            }
            Some(Mishap::PushLate) => {
                let to = self.ends.as_ref().map(|ends| ends.orders.clone());
                late = to.map(|to| Late { push, to });
            }
            Some(_) | None => {
                self.send(push);
                if let Some(overtaken) = self.overtaken.take() {
                    self.send(overtaken);
                }
            }
        }
        (struck, late)
    }

    fn send(&self, push: Push) {
        let Some(ends) = &self.ends else { return };
        let to = ends.orders.clone();
        // A house that has ended, or whose channel is full, hears of it by its reading.
        if self.way.is_zero() {
            let _ = to.try_send(push);
            return;
        }
        let way = self.way;
        // Equal waits end in the order in which they began.
        tokio::spawn(async move {
            tokio::time::sleep(way).await;
            let _ = to.try_send(push);
        });
    }

    /// Passes one thing on by the market stream.
    pub(super) fn show(&self, push: Push) {
        if let Some(ends) = &self.ends {
            ends.market.push(push);
        }
    }
}
