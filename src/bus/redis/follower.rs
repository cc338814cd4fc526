//! How another process follows the order path without loss: from the stream, from any
//! place on.
//!
//! Whoever was away goes on after the last place that it has dealt with; nothing between
//! is lost as long as the stream still keeps it, and [`Follower::has_lost`] says when it
//! does not. It knows no journal and makes no decision.

use std::fmt;

use redis::aio::MultiplexedConnection;
use redis::streams::{StreamRangeReply, StreamReadReply};
use redis::{Value, cmd};

use crate::bus::redis::endpoint::{BusError, Endpoint};
use crate::bus::redis::names::{ENVELOPE_FIELD, Places};
use crate::domain::ids::Seq;
use crate::events::{Envelope, wire};

/// Entries that are read at once.
const READ_MAX: usize = 256;
/// How long a read waits for something new, below the longest answer.
const WAIT_MS: u64 = 1_000;

/// A place on the stream. The default is its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Position {
    /// Which journal; later ones are larger.
    pub generation: u64,
    /// The event in it.
    pub seq: Seq,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.generation, self.seq)
    }
}

impl Position {
    fn read(id: &str) -> Option<Self> {
        let (generation, seq) = id.split_once('-')?;
        Some(Self { generation: generation.parse().ok()?, seq: Seq(seq.parse().ok()?) })
    }
}

/// Finds the place of a stream's last entry; `None` while it has none.
///
/// # Errors
/// When Redis cannot be had.
pub(super) async fn newest(
    connection: &mut MultiplexedConnection,
    stream: &str,
) -> Result<Option<Position>, BusError> {
    let mut ask = cmd("XREVRANGE");
    ask.arg(stream).arg("+").arg("-").arg("COUNT").arg(1);
    let newest: StreamRangeReply = ask.query_async(connection).await?;
    Ok(newest.ids.first().and_then(|entry| Position::read(&entry.id)))
}

/// Reads what an instance says of itself; `None` when no such instance has used this
/// server.
///
/// # Errors
/// When Redis cannot be had.
pub async fn about(endpoint: &Endpoint, instance: &str) -> Result<Option<String>, BusError> {
    let mut connection = endpoint.connect().await?;
    let mut get = cmd("GET");
    get.arg(Places::of(instance).about);
    Ok(get.query_async(&mut connection).await?)
}

/// One reader of one stream.
pub struct Follower {
    connection: MultiplexedConnection,
    stream: String,
    at: Position,
    has_lost: bool,
}

impl fmt::Debug for Follower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follower")
            .field("stream", &self.stream)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

impl Follower {
    /// Goes on after a place on an instance's stream.
    ///
    /// # Errors
    /// When Redis cannot be had.
    pub async fn open(
        endpoint: &Endpoint,
        instance: &str,
        after: Position,
    ) -> Result<Self, BusError> {
        let mut connection = endpoint.connect().await?;
        let stream = Places::of(instance).stream;
        let oldest: StreamRangeReply = cmd("XRANGE")
            .arg(&stream)
            .arg("-")
            .arg("+")
            .arg("COUNT")
            .arg(1)
            .query_async(&mut connection)
            .await?;
        let oldest = oldest.ids.first().and_then(|entry| Position::read(&entry.id));
        let is_resumed = after != Position::default();
        let has_lost = is_resumed && oldest.is_some_and(|oldest| oldest > after);
        Ok(Self { connection, stream, at: after, has_lost })
    }

    /// The place of the last event that was returned.
    pub const fn position(&self) -> Position {
        self.at
    }

    /// Whether the stream no longer had what came next when it was opened.
    pub const fn has_lost(&self) -> bool {
        self.has_lost
    }

    /// Returns what comes next, oldest first, each with its place; nothing when nothing
    /// came for a second. Events of a later version are passed over.
    ///
    /// # Errors
    /// When Redis fails; another follower goes on at [`position`](Self::position).
    pub async fn read(&mut self) -> Result<Vec<(Position, Envelope)>, BusError> {
        let reply: Option<StreamReadReply> = cmd("XREAD")
            .arg("COUNT")
            .arg(READ_MAX)
            .arg("BLOCK")
            .arg(WAIT_MS)
            .arg("STREAMS")
            .arg(&self.stream)
            .arg(self.at.to_string())
            .query_async(&mut self.connection)
            .await?;
        let entries = reply.into_iter().flat_map(|reply| reply.keys).flat_map(|key| key.ids);
        let mut found = Vec::new();
        for entry in entries {
            let Some(place) = Position::read(&entry.id) else { continue };
            self.at = place;
            let Some(Value::BulkString(line)) = entry.map.get(ENVELOPE_FIELD) else { continue };
            if let Ok(Ok(envelope)) = std::str::from_utf8(line).map(wire::read) {
                found.push((place, envelope));
            } else {
                tracing::debug!(%place, "an entry that is no event of ours");
            }
        }
        Ok(found)
    }
}
