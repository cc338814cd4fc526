//! How a dashboard elsewhere sees an instance: what has happened from the stream, then
//! what happens from Pub/Sub.
//!
//! The channels are subscribed to first and the stream is read up to its end, so nothing
//! falls between the two. Order-path events are never missed: whenever the instance or
//! this side was away, the stream is read again from the last of them on. Market data are
//! those of now. It decides nothing and keeps no journal.
//!
//! Channels bear the name of an event alone: two instances that run at once on one Redis
//! server would be seen mixed.

use std::fmt;

use bytes::Bytes;
use redis::aio::MultiplexedConnection;
use redis::{PushInfo, PushKind, Value, cmd};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::bus::redis::backoff::Backoff;
use crate::bus::redis::endpoint::{BusError, Endpoint};
use crate::bus::redis::follower::{Follower, Position, newest};
use crate::bus::redis::link::pings;
use crate::bus::redis::names::{Places, is_order_path};
use crate::domain::ids::Seq;
use crate::events::{Envelope, Event, SystemEvent, wire};

/// Messages that may wait to be read: some seconds of a busy market. Whoever is slower
/// begins again with the stream.
const WAITING_MAX: usize = 16_384;

/// What is told of an instance.
#[derive(Debug)]
pub enum News {
    /// Another journal than before: what was known is of the past.
    Anew,
    /// Something has happened.
    Event(Box<Envelope>),
    /// Everything that had happened is told; what follows happens now.
    CaughtUp,
    /// Nothing is heard any more, and why; it is tried again.
    Cut(String),
}

/// One who looks on.
pub struct Watch {
    endpoint: Endpoint,
    instance: String,
    backoff: Backoff,
    /// The last event of the order path that was told.
    at: Position,
    /// The newest event that was told.
    newest: Seq,
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("instance", &self.instance)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// Nobody listens any more.
struct Deaf;

/// How a session ended.
enum Ended {
    /// The stream has to be read again.
    Again,
    Deaf,
}

impl From<Deaf> for Ended {
    fn from(_: Deaf) -> Self {
        Self::Deaf
    }
}

impl Watch {
    /// Begins with the oldest event of the newest journal.
    pub fn new(endpoint: Endpoint, instance: &str, seed: u64) -> Self {
        Self {
            endpoint,
            instance: instance.to_owned(),
            backoff: Backoff::new(seed),
            at: Position::default(),
            newest: Seq(0),
        }
    }

    /// Tells what there is to tell until nobody listens or the token is cancelled.
    pub async fn run(mut self, news: mpsc::Sender<News>, stop: CancellationToken) {
        loop {
            // The end first: there is always another dial.
            let ended = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                ended = self.session(&news) => ended,
            };
            match ended {
                Ok(Ended::Deaf) => return,
                Ok(Ended::Again) => continue,
                Err(error) => {
                    if news.send(News::Cut(error.in_words())).await.is_err() {
                        return;
                    }
                }
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep(self.backoff.next()) => {}
            }
        }
    }

    /// From dialling until the connection is cut.
    async fn session(&mut self, news: &mpsc::Sender<News>) -> Result<Ended, BusError> {
        let cut = CancellationToken::new();
        let (take, mut heard) = inbox(cut.clone());
        let mut inward = self.endpoint.listen(take).await?;
        inward.psubscribe("*").await?;
        // It is sent and not answered: an answer to what follows says that it is heard.
        cmd("PING").exec_async(&mut inward).await?;
        let asking = self.endpoint.connect().await?;
        let pings = pings(asking.clone(), inward);
        let work = async {
            if let Err(deaf) = self.catch_up(asking, news).await? {
                return Ok(deaf.into());
            }
            self.backoff.reset();
            Ok(self.hear(&mut heard, news).await)
        };
        // What ends the session first: work would wait for an answer that never comes.
        tokio::select! {
            biased;
            () = cut.cancelled() => Err(BusError::Cut),
            error = pings => Err(error),
            ended = work => ended,
        }
    }

    /// Tells what the stream has after what was told.
    async fn catch_up(
        &mut self,
        mut asking: MultiplexedConnection,
        news: &mpsc::Sender<News>,
    ) -> Result<Result<(), Deaf>, BusError> {
        let stream = Places::of(&self.instance).stream;
        let Some(end) = newest(&mut asking, &stream).await? else {
            return Ok(news.send(News::CaughtUp).await.map_err(|_| Deaf));
        };
        if end.generation != self.at.generation {
            self.at = Position { generation: end.generation, seq: Seq(0) };
            self.newest = Seq(0);
            if news.send(News::Anew).await.is_err() {
                return Ok(Err(Deaf));
            }
        }
        let mut follower = Follower::open(&self.endpoint, &self.instance, self.at).await?;
        while self.at < end {
            for (place, envelope) in follower.read().await? {
                self.at = place;
                self.newest = self.newest.max(envelope.seq);
                if news.send(News::Event(Box::new(envelope))).await.is_err() {
                    return Ok(Err(Deaf));
                }
            }
            // Entries that are no events of ours are passed over as well.
            self.at = self.at.max(follower.position());
        }
        Ok(news.send(News::CaughtUp).await.map_err(|_| Deaf))
    }

    /// Tells what is published, as long as it goes on from what was told.
    async fn hear(
        &mut self,
        heard: &mut mpsc::Receiver<Bytes>,
        news: &mpsc::Sender<News>,
    ) -> Ended {
        while let Some(line) = heard.recv().await {
            let Ok(Ok(envelope)) = std::str::from_utf8(&line).map(wire::read) else {
                // A command, an answer, an event of a later version.
                continue;
            };
            let is_kept = is_order_path(envelope.event.name());
            if envelope.seq <= if is_kept { self.at.seq } else { self.newest } {
                if is_begin(&envelope.event) {
                    return Ended::Again;
                }
                continue;
            }
            if matches!(envelope.event, Event::System(SystemEvent::BusUp(_))) {
                // What happened while the instance had no bus is on the stream alone.
                return Ended::Again;
            }
            self.newest = self.newest.max(envelope.seq);
            if is_kept {
                self.at.seq = envelope.seq;
            }
            if news.send(News::Event(Box::new(envelope))).await.is_err() {
                return Ended::Deaf;
            }
        }
        Ended::Again
    }
}

/// An instance that begins with numbers that were there before has another journal.
const fn is_begin(event: &Event) -> bool {
    matches!(event, Event::System(SystemEvent::SessionStarted(_)))
}

/// Makes the receiver of what Redis pushes, and the end that takes it. The token is
/// cancelled when the connection is cut, or too much waits.
fn inbox(
    cut: CancellationToken,
) -> (impl Fn(PushInfo) -> Result<(), ()> + Send + Sync + 'static, mpsc::Receiver<Bytes>) {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    let take = move |push: PushInfo| {
        match (push.kind, push.data.as_slice()) {
            (PushKind::Disconnection, _) => cut.cancel(),
            (PushKind::PMessage, [_, _, Value::BulkString(line)])
                if sender.try_send(Bytes::copy_from_slice(line)).is_err() =>
            {
                cut.cancel();
            }
            _ => {}
        }
        Ok(())
    };
    (take, receiver)
}
