//! The house's side of a seat in another process.
//!
//! The house says that it waits, somebody who has the seat's key takes the seat, hears
//! what the journal holds, and from then on is an agent like any other: one envelope
//! down, one answer up. Whether it answers in time is judged by the
//! [spine](crate::bus::spine), as for every seat; a cut, a forged frame and silence are
//! the same to it.

use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use redis::aio::MultiplexedConnection;
use redis::cmd;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::bus::agent::Output;
use crate::bus::clock::Clock;
use crate::bus::redis::endpoint::{BusError, Endpoint};
use crate::bus::redis::frame::{Frames, Kind, SeatPlaces, Way, pop, unseal};
use crate::bus::redis::keys::{Key, is_name};
use crate::bus::seat::Distant;
use crate::bus::supervision::wants;
use crate::domain::ids::{AgentId, Seq};
use crate::events::{Envelope, Event, SystemEvent, TimerDue, Topics, wire};
use crate::journal::{self, JournalError};

/// How long the house's wish for somebody to sit here is seen.
const WANTED_MS: u64 = 3_000;
/// Recorded events in one frame.
const FOLD_MAX: usize = 256;
/// Frames of recorded events that may wait for Redis.
const READ_AHEAD: usize = 4;
/// How long a seat may take over one frame of recorded events.
const FOLDED_WITHIN: Duration = Duration::from_secs(30);
/// How long the last word to a seat may take.
const LEAVE: Duration = Duration::from_millis(500);
/// The mark of what is said at once, and of what is said to oneself later.
pub(super) const AT_ONCE: Seq = Seq(0);
/// See [`AT_ONCE`].
pub(super) const LATER: Seq = Seq(1);

/// A seat that is taken elsewhere, and by whom.
pub struct Offer {
    /// The server.
    pub endpoint: Endpoint,
    /// The instance.
    pub instance: String,
    /// Which agent sits there.
    pub agent: AgentId,
    /// The seat's word in addresses, such as `risk`.
    pub seat: &'static str,
    /// What it hears.
    pub topics: Topics,
    /// The key of who may sit there.
    pub key: Key,
    /// What the agent is told before anything else.
    pub brief: String,
    /// The journal of the run, which the agent hears first; `None` when it is empty.
    pub journal: Option<PathBuf>,
    /// How long somebody is waited for.
    pub wait: Duration,
}

impl fmt::Debug for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Offer")
            .field("instance", &self.instance)
            .field("agent", &self.agent)
            .finish_non_exhaustive()
    }
}

impl Offer {
    /// Waits for somebody who sits down, and lets them hear what has been.
    ///
    /// # Errors
    /// When nobody comes in time, Redis fails, or they cannot bear the journal.
    pub async fn take(self, wall: &dyn Clock) -> Result<Box<dyn Distant>, BusError> {
        let house = format!("h{}", wall.now().as_nanos());
        let places = SeatPlaces::of(&self.instance, self.seat);
        let waiting = self.welcome(&places, &house);
        let wait = self.wait;
        let guest =
            timeout(wait, waiting).await.map_err(|_| BusError::Empty(self.seat, wait))??;
        let session = (format!("{house}.{guest}"), Way::Down);
        let mut frames = Frames::open(&self.endpoint, &places, session, &self.key).await?;
        frames.send(Kind::Welcome, &self.brief).await?;
        self.fold(&mut frames).await?;
        tracing::info!(agent = %self.agent, guest, "an agent sits in another process");
        Ok(Box::new(DistantSeat { frames, is_gone: false }))
    }

    /// Says that the seat is free until somebody comes who knows the key.
    async fn welcome(&self, places: &SeatPlaces, house: &str) -> Result<String, BusError> {
        let mut connection = self.endpoint.connect().await?;
        loop {
            want(&mut connection, places, house).await?;
            let Some(frame) = pop(&mut connection, &places.door()).await? else { continue };
            match unseal(&self.key, (Way::Up, house), 1, &frame) {
                Some((Kind::Hello, guest)) if is_name(&guest) => return Ok(guest),
                Some(_) | None => {
                    // One of before, or a stranger: the next one may be right.
                    tracing::warn!(seat = self.seat, "somebody without the key would sit here");
                }
            }
        }
    }

    /// Lets the seat hear the journal.
    async fn fold(&self, frames: &mut Frames) -> Result<(), BusError> {
        let Some(path) = self.journal.clone() else { return Ok(()) };
        let (lines, mut read) = mpsc::channel(READ_AHEAD);
        let (agent, topics) = (self.agent, self.topics);
        let reading = tokio::task::spawn_blocking(move || recorded(&path, (agent, topics), lines));
        while let Some(batch) = read.recv().await {
            frames.send(Kind::Fold, &batch).await?;
            match timeout(FOLDED_WITHIN, frames.next()).await {
                Ok(Ok((Kind::Folded, _))) => {}
                Ok(Ok((_, words))) => return Err(BusError::Unbearable(words)),
                Ok(Err(error)) => return Err(error),
                Err(_) => return Err(BusError::Silent(FOLDED_WITHIN)),
            }
        }
        let read = reading.await.map_err(|error| JournalError::Output(io::Error::other(error)));
        read.and_then(|read| read).map_err(BusError::Journal)
    }
}

async fn want(
    connection: &mut MultiplexedConnection,
    places: &SeatPlaces,
    house: &str,
) -> Result<(), BusError> {
    let mut set = cmd("SET");
    set.arg(places.wanted()).arg(house).arg("PX").arg(WANTED_MS);
    Ok(set.exec_async(connection).await?)
}

/// Reads the journal's events that a seat hears, in batches of lines.
fn recorded(
    path: &Path,
    seat: (AgentId, Topics),
    batches: mpsc::Sender<String>,
) -> Result<(), JournalError> {
    let mut sieve = Sieve { line: Vec::new(), batch: String::new(), held: 0, seat, batches };
    journal::export(path, &mut sieve, true)?;
    sieve.pass().map_err(JournalError::Output)
}

/// Lets events through that the seat hears.
struct Sieve {
    line: Vec<u8>,
    batch: String,
    held: usize,
    seat: (AgentId, Topics),
    batches: mpsc::Sender<String>,
}

impl Sieve {
    fn add(&mut self) -> io::Result<()> {
        let line = std::str::from_utf8(self.line.trim_ascii_end()).map_err(io::Error::other)?;
        let envelope = wire::read(line).map_err(io::Error::other)?;
        if wants(self.seat.0, self.seat.1, &envelope) {
            self.batch.push_str(line);
            self.batch.push('\n');
            self.held += 1;
        }
        if self.held >= FOLD_MAX { self.pass() } else { Ok(()) }
    }

    fn pass(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.held) == 0 {
            return Ok(());
        }
        let gone = |_| io::Error::other("nobody waits for it any more");
        self.batches.blocking_send(std::mem::take(&mut self.batch)).map_err(gone)
    }
}

impl Write for Sieve {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if self.line.ends_with(b"\n") {
                self.add()?;
                self.line.clear();
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An agent in another process, as the spine has it.
#[derive(Debug)]
struct DistantSeat {
    frames: Frames,
    is_gone: bool,
}

impl DistantSeat {
    async fn ask(&mut self, envelope: &Envelope) -> Result<Result<Vec<Output>, String>, BusError> {
        let mut line = Vec::with_capacity(512);
        wire::write(envelope, &mut line);
        let line = String::from_utf8(line).map_err(|_| BusError::Frame)?;
        self.frames.send(Kind::Hear, &line).await?;
        match self.frames.next().await? {
            (Kind::Said, said) => said.lines().map(output).collect::<Option<_>>().map(Ok),
            (Kind::Broke, words) => Some(Err(words)),
            _ => None,
        }
        .ok_or(BusError::Frame)
    }
}

impl Distant for DistantSeat {
    fn hear(&mut self, envelope: Arc<Envelope>) -> BoxFuture<'_, Result<Vec<Output>, String>> {
        Box::pin(async move {
            if !self.is_gone {
                match self.ask(&envelope).await {
                    Ok(answer) => return answer,
                    Err(error) => {
                        let why = error.in_words();
                        tracing::error!(%why, "a seat in another process is lost");
                    }
                }
            }
            // The spine's deadline judges: it is journalled, and replay can repeat it.
            self.is_gone = true;
            std::future::pending().await
        })
    }

    fn leave(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            // A seat that does not hear it looks for another house by itself.
            let _ = timeout(LEAVE, self.frames.send(Kind::End, "")).await;
        })
    }
}

/// Writes what an agent said as lines: events, and alarms that it sets itself.
pub(super) fn lines(agent: AgentId, envelope: &Envelope, outputs: Vec<Output>) -> String {
    let mut text = Vec::new();
    for output in outputs {
        let (seq, at, event) = match output {
            Output::Publish(event) => (AT_ONCE, envelope.at, event),
            Output::WakeAt(at, timer) => {
                (LATER, at, SystemEvent::TimerDue(TimerDue { agent, timer }).into())
            }
        };
        let said = Envelope { seq, at, cause: None, root: seq, source: agent, event };
        wire::write(&said, &mut text);
        text.push(b'\n');
    }
    String::from_utf8(text).expect("JSON is text")
}

/// Reads one of [`lines`].
fn output(line: &str) -> Option<Output> {
    let said = wire::read(line).ok()?;
    match (said.seq, said.event) {
        (AT_ONCE, event) => Some(Output::Publish(event)),
        (LATER, Event::System(SystemEvent::TimerDue(due))) => {
            Some(Output::WakeAt(said.at, due.timer))
        }
        _ => None,
    }
}
