//! Where a stream's news goes: to a sink that conflates, or through a channel that
//! loses nothing.
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

/// Where news goes.
pub(super) enum Outlet {
    /// Market data: taken at once.
    Market(Arc<dyn MarketSink>),
    /// News of orders: in order, none lost.
    Orders {
        /// The gateway's channel.
        to: mpsc::Sender<Push>,
        /// What did not go out yet.
        held: VecDeque<Push>,
    },
}

impl Outlet {
    /// Makes an outlet for news of orders.
    pub(super) const fn orders(to: mpsc::Sender<Push>) -> Self {
        Self::Orders { to, held: VecDeque::new() }
    }

    /// Takes news.
    pub(super) fn offer(&mut self, push: Push) {
        match self {
            Self::Market(sink) => sink.push(push),
            Self::Orders { held, .. } => held.push_back(push),
        }
    }

    /// Tells whether more may be read. One frame is one piece of news or two, so what is
    /// held stays within a few of its bound.
    pub(super) fn has_room(&self) -> bool {
        match self {
            Self::Market(_) => true,
            Self::Orders { held, .. } => held.len() < HELD_MAX,
        }
    }

    /// Sends what has been held longest, as soon as there is something and room for it.
    /// May be dropped at any time: nothing is lost then.
    ///
    /// # Errors
    /// When nobody listens any more.
    pub(super) async fn send_one(&mut self) -> Result<(), StopReason> {
        match self {
            Self::Market(_) => pending().await,
            Self::Orders { to, held } => {
                if held.is_empty() {
                    // A listener that goes away ends the stream even if it is quiet.
                    to.closed().await;
                    return Err(StopReason::ReceiverGone);
                }
                let place = to.reserve().await.map_err(|_| StopReason::ReceiverGone)?;
                if let Some(push) = held.pop_front() {
                    place.send(push);
                }
                Ok(())
            }
        }
    }

    /// Sends all that is held.
    pub(super) async fn finish(&mut self) {
        let has_some = |outlet: &Self| match outlet {
            Self::Market(_) => false,
            Self::Orders { held, .. } => !held.is_empty(),
        };
        while has_some(self) && self.send_one().await.is_ok() {}
    }
}
