//! The conversation on the trading stream, without its socket.
//!
//! We speak first: keys, then `listen`; the echo of the latter opens the stream. From
//! then on every frame is news of an order and none may be lost. The venue replays
//! nothing and numbers nothing, so each opening says that what happened before must
//! be read, and so does each frame that cannot be understood. A quiet stream is
//! normal; life is proved by pings, and that it tells what happens by the gateway, which
//! reads orders of which it hears nothing and asks for another connection. Alpaca, protocol page §6 of October 2026.

use std::sync::Arc;

use super::message::Subscriptions;
use super::request;
use super::update::{self, TradingMessage};
use crate::brokers::Push;
use crate::brokers::alpaca::ApiKeys;
use crate::brokers::oddity::Oddities;
use crate::brokers::stream::link::Link;
use crate::brokers::stream::redial::Redial;
use crate::brokers::stream::session::{Frame, Lost, Output, Session, StopReason, Verdict};
use crate::domain::time::Timestamp;
use crate::fsm::link::{LinkInput, LinkState};

/// What was counted on the trading stream since its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TradingCounts {
    /// News of orders handed on.
    pub updates: u64,
    /// Of these, events that are not on the protocol page or lack what they should
    /// tell; each asked for a reading of the orders.
    pub doubtful: u64,
    /// Frames that could not be understood; each asked for a reading of the orders.
    pub unreadable: u64,
    /// Frames without content, or about what we do not trade.
    pub empty: u64,
}

/// The pure half of the trading stream.
#[derive(Debug)]
pub(super) struct TradingSession {
    keys: ApiKeys,
    link: Link,
    oddities: Arc<Oddities>,
    /// Whether this connection listens.
    is_open: bool,
    counts: TradingCounts,
    redial: Redial,
}

impl TradingSession {
    /// Makes a session that has not been dialled.
    pub(super) fn new(feed: &'static str, keys: ApiKeys, oddities: Arc<Oddities>) -> Self {
        let link = Link::new(feed);
        let (counts, redial) = (TradingCounts::default(), Redial::default());
        Self { keys, link, oddities, is_open: false, counts, redial }
    }

    /// Connects anew when it is asked to.
    pub(super) fn redialled_by(self, redial: Redial) -> Self {
        Self { redial, ..self }
    }

    fn message(&mut self, message: TradingMessage, output: &mut Output) -> Verdict {
        match message {
            TradingMessage::Authorization { is_granted: true } => {
                output.frames.push(request::listen());
            }
            TradingMessage::Authorization { is_granted: false } => {
                return Verdict::Stop(StopReason::KeysRefused);
            }
            TradingMessage::Listening { is_ours: true } => {
                if !self.is_open {
                    self.is_open = true;
                    // Also the first time: what happened while we were not running was
                    // not seen either. Before the link is up, so that nobody acts on it
                    // first.
                    output.pushes.push(Push::OrdersResumed);
                    self.link.tell(LinkInput::Synced, &mut output.pushes);
                }
            }
            TradingMessage::Listening { is_ours: false } => {
                return Verdict::Reconnect(Lost::because("the venue does not listen to us"));
            }
            TradingMessage::Update(reading) => {
                self.counts.updates += 1;
                output.pushes.push(Push::Order(Box::new(reading.update)));
                if reading.is_doubtful {
                    self.counts.doubtful += 1;
                    output.pushes.push(Push::OrdersResumed);
                }
            }
            TradingMessage::Failed(words) => {
                let lost = Lost::because(format!("the venue says: {words}"));
                return Verdict::Reconnect(lost);
            }
            TradingMessage::Nothing => self.counts.empty += 1,
        }
        Verdict::Continue
    }
}

impl Session for TradingSession {
    type Counts = TradingCounts;
    type Wish = Subscriptions;

    fn dialling(&mut self, output: &mut Output) {
        self.link.tell(LinkInput::Dial, &mut output.pushes);
    }

    fn connected(&mut self, output: &mut Output) {
        self.is_open = false;
        self.link.tell(LinkInput::Connected, &mut output.pushes);
        let (id, secret) = (self.keys.expose_id(), self.keys.expose_secret());
        output.frames.push(request::authenticate(id, secret));
    }

    fn frame(&mut self, frame: Frame<'_>, _now: Timestamp, output: &mut Output) -> Verdict {
        let bytes = match frame {
            Frame::Text(text) => text.as_bytes(),
            Frame::Binary(bytes) => bytes,
        };
        match update::read(bytes, &self.oddities) {
            Ok(message) => self.message(message, output),
            Err(error) => {
                tracing::warn!(%error, "a frame of the trading stream cannot be understood");
                self.counts.unreadable += 1;
                output.pushes.push(Push::OrdersResumed);
                Verdict::Continue
            }
        }
    }

    fn check(&mut self, _now: Timestamp, _output: &mut Output) -> Verdict {
        // Taken also while it is not open: another connection is on its way then.
        if self.redial.take() && self.is_open {
            return Verdict::Reconnect(Lost::because("it is open and silent"));
        }
        Verdict::Continue
    }

    fn want(&mut self, _more: &Subscriptions, _output: &mut Output) {}

    fn lost(&mut self, output: &mut Output) {
        self.is_open = false;
        self.link.tell(LinkInput::Lost, &mut output.pushes);
    }

    fn is_waiting(&self) -> bool {
        !self.is_open
    }

    fn link(&self) -> LinkState {
        self.link.state()
    }

    fn unconfirmed(&self) -> Vec<String> {
        if self.is_open { Vec::new() } else { vec![request::TRADE_UPDATES.to_owned()] }
    }

    fn counts(&self) -> TradingCounts {
        self.counts
    }
}
