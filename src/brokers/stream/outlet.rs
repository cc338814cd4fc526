//! Where a stream's news goes: to a sink that conflates, or through a channel that
//! loses nothing, or each to its own where one connection carries both.
//!
//! Knows no socket.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::session::StopReason;
use crate::brokers::{MarketSink, Push};

/// News of orders that is held while the channel is full. Beyond it the socket is not
/// read, which makes the venue wait or hang up; a hang-up is a gap like any other and
/// is told as one.
const HELD_MAX: usize = 4_096;

/// News of orders: in order, none lost.
#[derive(Debug)]
pub(in crate::brokers) struct OrderOutlet {
    /// The gateway's channel.
    to: mpsc::Sender<Push>,
    /// What did not go out yet.
    held: VecDeque<Push>,
}

/// Where news goes.
pub(in crate::brokers) enum Outlet {
    /// Market data: taken at once.
    Market(Arc<dyn MarketSink>),
    /// News of orders.
    Orders(OrderOutlet),
    /// Both, over one connection.
    Both {
        /// For market data.
        market: Arc<dyn MarketSink>,
        /// The name of the link whose changes are news of orders.
        orders_feed: &'static str,
        /// For news of orders.
        orders: OrderOutlet,
    },
}

impl Outlet {
    /// Makes an outlet for news of orders.
    pub(in crate::brokers) const fn orders(to: mpsc::Sender<Push>) -> Self {
        Self::Orders(OrderOutlet { to, held: VecDeque::new() })
    }

    /// Makes an outlet for both kinds of news.
    pub(in crate::brokers) const fn both(
        market: Arc<dyn MarketSink>,
        orders_feed: &'static str,
        to: mpsc::Sender<Push>,
    ) -> Self {
        Self::Both { market, orders_feed, orders: OrderOutlet { to, held: VecDeque::new() } }
    }

    /// Takes news.
    pub(in crate::brokers) fn offer(&mut self, push: Push) {
        match self {
            Self::Market(sink) => sink.push(push),
            Self::Orders(orders) => orders.held.push_back(push),
            Self::Both { market, orders_feed, orders } => {
                let is_of_orders = match &push {
                    Push::Link { feed, .. } => feed == orders_feed,
                    Push::Order(_) | Push::OrdersResumed => true,
                    Push::Quote(_)
                    | Push::Tick(_)
                    | Push::Bar(..)
                    | Push::Status(_)
                    | Push::Band(_)
                    | Push::Correction(_)
                    | Push::MarketResumed { .. } => false,
                };
                if is_of_orders {
                    orders.held.push_back(push);
                } else {
                    market.push(push);
                }
            }
        }
    }

    fn held(&mut self) -> Option<&mut OrderOutlet> {
        match self {
            Self::Market(_) => None,
            Self::Orders(orders) | Self::Both { orders, .. } => Some(orders),
        }
    }

    /// Tells whether more may be read. One frame is one piece of news or two, so what is
    /// held stays within a few of its bound.
    pub(in crate::brokers) fn has_room(&self) -> bool {
        match self {
            Self::Market(_) => true,
            Self::Orders(orders) | Self::Both { orders, .. } => orders.held.len() < HELD_MAX,
        }
    }

    /// Sends what has been held longest, as soon as there is something and room for it.
    /// May be dropped at any time: nothing is lost then.
    ///
    /// # Errors
    /// When nobody listens any more.
    pub(in crate::brokers) async fn send_one(&mut self) -> Result<(), StopReason> {
        let Some(orders) = self.held() else { return pending().await };
        if orders.held.is_empty() {
            // A listener that goes away ends the stream even if it is quiet.
            orders.to.closed().await;
            return Err(StopReason::ReceiverGone);
        }
        let place = orders.to.reserve().await.map_err(|_| StopReason::ReceiverGone)?;
        if let Some(push) = orders.held.pop_front() {
            place.send(push);
        }
        Ok(())
    }

    /// Sends all that is held.
    pub(in crate::brokers) async fn finish(&mut self) {
        while self.held().is_some_and(|orders| !orders.held.is_empty()) {
            if self.send_one().await.is_err() {
                return;
            }
        }
    }
}
