//! The other side of a seat: the process in which the agent sits.
//!
//! It waits until a house wants somebody, proves that it has the key, builds the agent as
//! it is told, hears what has been, and answers what happens. It keeps no journal: it is
//! built anew by every house. When a house is gone without a word and another one wants
//! somebody, it goes there.

use std::fmt;
use std::sync::Arc;

use redis::aio::MultiplexedConnection;
use redis::{Pipeline, cmd};
use tokio_util::sync::CancellationToken;

use crate::bus::agent::{Agent, Outbox};
use crate::bus::clock::Clock;
use crate::bus::redis::backoff::Backoff;
use crate::bus::redis::endpoint::{BusError, Endpoint};
use crate::bus::redis::frame::{Frames, Kind, SeatPlaces, Way, push, seal};
use crate::bus::redis::keys::Key;
use crate::bus::redis::seat_house::lines;
use crate::bus::supervision::{handle_caught, wants};
use crate::events::{Topics, wire};

/// How often a welcome is looked for before the house is asked for again.
const LOOKS_MAX: u32 = 6;

/// Builds the agent from what the house says.
pub type Build = Box<dyn Fn(&str) -> Result<Box<dyn Agent>, String> + Send + Sync>;

/// One who would sit at an instance.
pub struct Guest {
    endpoint: Endpoint,
    places: SeatPlaces,
    key: Key,
    wall: Arc<dyn Clock>,
    build: Build,
}

impl fmt::Debug for Guest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guest").field("places", &self.places).finish_non_exhaustive()
    }
}

/// How a sitting ended.
enum Ended {
    /// The house has given the seat up.
    House,
    /// Another house wants somebody.
    Another,
    /// The agent panicked; the house builds a new one in its own process.
    Broken(String),
}

impl Guest {
    /// Would sit in a seat, such as `risk`, of an instance.
    pub fn new(
        endpoint: Endpoint,
        (instance, seat): (&str, &str),
        key: Key,
        wall: Arc<dyn Clock>,
        build: Build,
    ) -> Self {
        Self { endpoint, places: SeatPlaces::of(instance, seat), key, wall, build }
    }

    /// Sits until the house gives the seat up or the token is cancelled. Redis going away
    /// is the end of a sitting, not of the process.
    ///
    /// # Errors
    /// When the agent cannot be built, or has panicked.
    pub async fn sit(self, stop: CancellationToken) -> Result<(), BusError> {
        let mut backoff = Backoff::new(0);
        loop {
            // The end first: there is always another house.
            let ended = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                ended = self.sitting() => ended,
            };
            match ended {
                Ok(Ended::House) => return Ok(()),
                Ok(Ended::Another) => backoff.reset(),
                Ok(Ended::Broken(words)) => return Err(BusError::Unbearable(words)),
                Err(error @ BusError::Brief(_)) => return Err(error),
                Err(error) => {
                    tracing::warn!(why = error.in_words(), "not seated");
                    tokio::select! {
                        biased;
                        () = stop.cancelled() => return Ok(()),
                        () = tokio::time::sleep(backoff.next()) => {}
                    }
                }
            }
        }
    }

    async fn sitting(&self) -> Result<Ended, BusError> {
        let mut asking = self.endpoint.connect().await?;
        let (house, mut frames, brief) = self.sit_down(&mut asking).await?;
        let agent = (self.build)(&brief).map_err(BusError::Brief)?;
        let mut sitter = Sitter { topics: agent.topics(), agent, out: Outbox::default() };
        tracing::info!(agent = %sitter.agent.id(), house, "seated");
        loop {
            let Some((kind, body)) = frames.receive().await? else {
                // A house that died says nothing, and is missed by the next one.
                match self.wanted(&mut asking).await? {
                    Some(other) if other != house => return Ok(Ended::Another),
                    Some(_) | None => continue,
                }
            };
            let answer = match kind {
                Kind::Fold => sitter.fold(&body).map(|()| (Kind::Folded, String::new())),
                Kind::Hear => sitter.hear(&body).map(|said| (Kind::Said, said)),
                Kind::End => return Ok(Ended::House),
                Kind::Hello | Kind::Welcome | Kind::Folded | Kind::Said | Kind::Broke => {
                    return Err(BusError::Frame);
                }
            };
            match answer {
                Ok((kind, said)) => frames.send(kind, &said).await?,
                Err(words) => {
                    frames.send(Kind::Broke, &words).await?;
                    return Ok(Ended::Broken(words));
                }
            }
        }
    }

    /// Waits for a house and is welcomed there.
    async fn sit_down(
        &self,
        asking: &mut MultiplexedConnection,
    ) -> Result<(String, Frames, String), BusError> {
        let mut beat = tokio::time::interval(std::time::Duration::from_millis(100));
        loop {
            beat.tick().await;
            let Some(house) = self.wanted(asking).await? else { continue };
            let guest = format!("g{}", self.wall.now().as_nanos());
            let hello = seal(&self.key, (Way::Up, &house), (1, Kind::Hello), &guest);
            let session = (format!("{house}.{guest}"), Way::Up);
            let mut frames = Frames::open(&self.endpoint, &self.places, session, &self.key).await?;
            let mut pipeline = Pipeline::with_capacity(2);
            push(&mut pipeline, &self.places.door(), &hello);
            pipeline.exec_async(asking).await?;
            for _ in 0..LOOKS_MAX {
                match frames.receive().await? {
                    Some((Kind::Welcome, brief)) => return Ok((house, frames, brief)),
                    Some(_) => return Err(BusError::Frame),
                    None => {}
                }
            }
        }
    }

    async fn wanted(&self, asking: &mut MultiplexedConnection) -> Result<Option<String>, BusError> {
        Ok(cmd("GET").arg(self.places.wanted()).query_async(asking).await?)
    }
}

/// The agent on its seat.
struct Sitter {
    agent: Box<dyn Agent>,
    topics: Topics,
    out: Outbox,
}

impl Sitter {
    /// Hears events that have been. Last words when the agent cannot bear them.
    fn fold(&mut self, batch: &str) -> Result<(), String> {
        for line in batch.lines() {
            let envelope = wire::read(line).map_err(|error| error.to_string())?;
            if wants(self.agent.id(), self.topics, &envelope) {
                handle_caught(self.agent.as_mut(), &envelope, &mut self.out)?;
            }
            self.out.clear();
        }
        Ok(())
    }

    /// Hears one event and says what the agent says.
    fn hear(&mut self, line: &str) -> Result<String, String> {
        let envelope = wire::read(line).map_err(|error| error.to_string())?;
        handle_caught(self.agent.as_mut(), &envelope, &mut self.out)?;
        Ok(lines(self.agent.id(), &envelope, self.out.take()))
    }
}
