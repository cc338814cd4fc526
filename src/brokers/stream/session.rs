//! What a socket task asks of a session, and what a session answers.
//!
//! A session is the pure half of a stream: it is told what happened on the wire, and
//! says what to send, what to hand on, and whether to go on. Each broker's streams have
//! their own; they know no socket and no task.

use std::future::{Future, pending, ready};

use super::socket::{DialError, Endpoint};
use crate::brokers::Push;
use crate::domain::time::Timestamp;
use crate::fsm::link::LinkState;

/// A frame as it came.
#[derive(Debug, Clone, Copy)]
pub(in crate::brokers) enum Frame<'a> {
    /// A text frame.
    Text(&'a str),
    /// A binary frame.
    Binary(&'a [u8]),
}

/// A frame to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::brokers) enum Outgoing {
    /// A text frame.
    Text(String),
    /// A binary frame.
    Binary(Vec<u8>),
}

/// What follows from one thing that happened: frames to send, then news to hand on.
#[derive(Debug, Default)]
pub(in crate::brokers) struct Output {
    /// To be sent, in order.
    pub(in crate::brokers) frames: Vec<Outgoing>,
    /// To be handed on, in order.
    pub(in crate::brokers) pushes: Vec<Push>,
}

/// Whether to go on with a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::brokers) enum Verdict {
    /// Go on.
    Continue,
    /// Give it up and dial again.
    Reconnect(Lost),
    /// Give it up for good: a human has to do something.
    Stop(StopReason),
}

/// Why a connection was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::brokers) struct Lost {
    /// In words.
    pub(in crate::brokers) detail: String,
    /// Whether the venue said that there are too many of us, which takes longer.
    pub(in crate::brokers) is_crowded: bool,
}

impl Lost {
    /// A connection that broke or misbehaved.
    pub(in crate::brokers) fn because(detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), is_crowded: false }
    }
}

/// Why a stream has stopped for good; nothing dials again until it is started anew.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StopReason {
    /// The venue does not take the keys: wrong, revoked, or those of the other
    /// environment.
    #[error("the keys are refused: check them, paper and live have different ones")]
    KeysRefused,
    /// The plan does not include this feed.
    #[error("the plan does not include this feed: choose another one")]
    PlanTooSmall,
    /// The token may not read market data.
    #[error("the token lacks the right to read market data")]
    ScopeTooSmall,
    /// The venue does not serve this endpoint to the account.
    #[error("the venue does not serve this stream: {0}")]
    NotServed(String),
    /// The address is none.
    #[error("'{0}' is no address of a stream")]
    BadAddress(String),
    /// Nobody listens to what the stream hands on.
    #[error("nobody listens any more")]
    ReceiverGone,
    /// Another program has taken the one connection that the venue allows.
    #[error(
        "another program has taken the one stream that the venue allows a user: close it, then \
         start this one again"
    )]
    TakenOver,
    /// We were asked to stop.
    #[error("asked to stop")]
    Asked,
}

/// Where a stream stands, for the screen and for whoever must not act on a gap.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StreamStatus<C> {
    /// The connection.
    pub link: LinkState,
    /// Why it has stopped for good, if it has.
    pub stopped: Option<StopReason>,
    /// What was asked for and is not confirmed, such as `quotes of AAPL`.
    pub unconfirmed: Vec<String>,
    /// The last thing that went wrong, in words.
    pub trouble: Option<String>,
    /// What was counted since the start.
    pub counts: C,
}

/// The pure half of a stream.
pub(in crate::brokers) trait Session: Send + 'static {
    /// What it counts.
    type Counts: Clone + Default + PartialEq + Send + Sync;
    /// What may be wished for while it runs.
    type Wish: Send;

    /// Finds out what must be known before the dial, such as the address. Each wait in
    /// it has a bound of its own.
    ///
    /// # Errors
    /// When there is nothing to dial now, or ever.
    fn prepare(
        &mut self,
        _endpoint: &mut Endpoint,
    ) -> impl Future<Output = Result<(), DialError>> + Send {
        ready(Ok(()))
    }

    /// Ends when it is worth dialling before the wait is over; for ever as a rule.
    fn worth_dialling(&self) -> impl Future<Output = ()> + Send + 'static {
        pending()
    }

    /// We dial.
    fn dialling(&mut self, output: &mut Output);

    /// The socket is open.
    fn connected(&mut self, output: &mut Output);

    /// A frame came.
    fn frame(&mut self, frame: Frame<'_>, now: Timestamp, output: &mut Output) -> Verdict;

    /// Time has passed.
    fn check(&mut self, now: Timestamp, output: &mut Output) -> Verdict;

    /// Something is wished for.
    fn want(&mut self, wish: &Self::Wish, output: &mut Output);

    /// We end the connection because we were asked to stop.
    fn leaving(&mut self, _output: &mut Output) {}

    /// The socket is gone.
    fn lost(&mut self, output: &mut Output);

    /// Whether an answer of the venue is owed.
    fn is_waiting(&self) -> bool;

    /// Where the connection stands.
    fn link(&self) -> LinkState;

    /// What was asked for and is not confirmed.
    fn unconfirmed(&self) -> Vec<String>;

    /// What was counted.
    fn counts(&self) -> Self::Counts;
}
