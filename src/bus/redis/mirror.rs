//! The way out: every event on Pub/Sub, the order path on the stream too.
//!
//! [`Mirror`] hangs behind the spine, writes each event as its envelope and lines it up;
//! it never waits. [`Carrier`] takes batches to Redis. After an outage the stream is
//! completed first, from its own last id on, with what waited here and what the journal
//! has; Pub/Sub goes on with what happens from then on.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use redis::aio::MultiplexedConnection;
use redis::streams::StreamRangeReply;
use redis::{Pipeline, cmd};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use crate::bus::Tap;
use crate::bus::clock::{Clock, MEASURES};
use crate::bus::redis::endpoint::BusError;
use crate::bus::redis::guard::Approvals;
use crate::bus::redis::names::{ENVELOPE_FIELD, Places, command_name, is_order_path};
use crate::bus::redis::queue::Backlog;
use crate::domain::ids::Seq;
use crate::events::{Envelope, Event, RiskEvent, wire};
use crate::journal::{self, JournalError};

/// Events that go in one pipeline: enough for full speed, few enough for a ping behind
/// them to be answered at once.
const BATCH_MAX: usize = 256;
/// Lines of the journal that may wait for Redis while what it missed is read.
const READ_AHEAD: usize = 1_024;
/// Of our own messages on channels of commands, how many are remembered until they come
/// back to us.
const ECHOES_MAX: usize = 1_024;

/// Our own messages on channels where commands are heard: what was asked is an event
/// too, and comes back.
#[derive(Debug, Default)]
pub(super) struct Echoes(Mutex<VecDeque<[u8; 32]>>);

impl Echoes {
    fn add(&self, line: &[u8]) {
        let mut echoes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if echoes.len() >= ECHOES_MAX {
            echoes.pop_front();
        }
        echoes.push_back(Sha256::digest(line).into());
    }

    /// Whether a message is one of ours, once.
    pub(super) fn take(&self, message: &[u8]) -> bool {
        let mut echoes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if echoes.is_empty() {
            return false;
        }
        let hash: [u8; 32] = Sha256::digest(message).into();
        let place = echoes.iter().position(|echo| *echo == hash);
        place.is_some_and(|place| echoes.remove(place).is_some())
    }
}

/// Sees every event and lines it up for Redis.
pub struct Mirror {
    backlog: Arc<Backlog>,
    approvals: Arc<Approvals>,
    has_begun: bool,
}

impl fmt::Debug for Mirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mirror").finish_non_exhaustive()
    }
}

impl Mirror {
    pub(super) const fn new(backlog: Arc<Backlog>, approvals: Arc<Approvals>) -> Self {
        Self { backlog, approvals, has_begun: false }
    }
}

impl Tap for Mirror {
    fn see(&mut self, envelope: &Envelope) {
        if !self.has_begun {
            self.has_begun = true;
            self.backlog.begin(envelope.seq);
        }
        let name = envelope.event.name();
        let is_kept = is_order_path(name);
        if !is_kept && !self.backlog.takes_fleeting() {
            return;
        }
        let mut line = Vec::with_capacity(512);
        wire::write(envelope, &mut line);
        if let Event::Risk(risk) = &envelope.event {
            self.note(risk, &line);
        }
        self.backlog.push(envelope.seq, name, Bytes::from(line), is_kept);
    }
}

impl Mirror {
    /// Who approves must name the very request: see [`Approvals`].
    fn note(&self, risk: &RiskEvent, line: &[u8]) {
        match risk {
            RiskEvent::ApprovalRequested(asked) => self.approvals.ask(&asked.trade_id, line),
            RiskEvent::Approved(_) | RiskEvent::Refused(_) | RiskEvent::LimitExceeded(_) => {
                if let Some(trade_id) = risk.trade_id() {
                    self.approvals.forget(trade_id);
                }
            }
            RiskEvent::SizeCalculated(_)
            | RiskEvent::DrawdownAlert(_)
            | RiskEvent::PortfolioAssessed(_)
            | RiskEvent::StrategyDisabled(_) => {}
        }
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        self.backlog.close();
    }
}

/// Takes what waits to Redis.
pub(super) struct Carrier {
    pub(super) backlog: Arc<Backlog>,
    pub(super) echoes: Arc<Echoes>,
    pub(super) places: Places,
    pub(super) maxlen: u64,
    /// Where the run's journal is, for what Redis has missed.
    pub(super) journal: PathBuf,
    pub(super) wall: Arc<dyn Clock>,
    /// How many dropped events were told to those who count.
    pub(super) dropped_told: u64,
    /// What those who look on must know.
    pub(super) about: String,
    /// Which journal the stream's ids speak of; known from the first connection on.
    pub(super) generation: Option<u64>,
}

/// Parts of a journalled line: which event it is.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    event: std::borrow::Cow<'a, str>,
    metadata: Numbered,
}

#[derive(Deserialize)]
struct Numbered {
    seq: Seq,
}

impl Carrier {
    /// Completes the stream up to what waits here. Returns false when nothing will come.
    ///
    /// # Errors
    /// When Redis or the journal fails.
    pub(super) async fn resume(
        &mut self,
        connection: &mut MultiplexedConnection,
    ) -> Result<bool, BusError> {
        let Some(first) = self.backlog.first().await else { return Ok(false) };
        let generation = match self.generation {
            Some(generation) => generation,
            None => self.find_generation(connection, first).await?,
        };
        self.generation = Some(generation);
        if !self.about.is_empty() {
            let () =
                cmd("SET").arg(&self.places.about).arg(&self.about).query_async(connection).await?;
        }
        let mut last = match self.last_id(connection).await? {
            Some((of, seq)) if of == generation => seq,
            Some(_) | None => Seq(0),
        };
        while let Some(owed) = self.backlog.owed(last) {
            tracing::info!(after = last.0, up_to = owed.0, "reading what Redis has missed");
            self.read_again(connection, last, owed).await?;
            last = owed;
        }
        Ok(true)
    }

    /// Takes batches to Redis until nothing more comes.
    ///
    /// # Errors
    /// When Redis fails.
    pub(super) async fn carry(
        &mut self,
        connection: &mut MultiplexedConnection,
    ) -> Result<(), BusError> {
        loop {
            if self.backlog.has_gap() {
                self.resume(connection).await?;
            }
            let Some(batch) = self.backlog.batch(BATCH_MAX).await else { return Ok(()) };
            let mut pipeline = Pipeline::with_capacity(batch.len() * 2);
            for item in &batch {
                if item.is_news {
                    if command_name(item.name).is_some() {
                        self.echoes.add(&item.line);
                    }
                    pipeline.cmd("PUBLISH").arg(item.name).arg(&item.line[..]).ignore();
                }
                if item.is_kept {
                    self.add(&mut pipeline, item.seq, &item.line);
                }
            }
            if !pipeline.is_empty() {
                pipeline.exec_async(connection).await?;
            }
            self.backlog.arrived();
            let dropped = self.backlog.dropped();
            if dropped != self.dropped_told {
                self.dropped_told = dropped;
                let bus_dropped = i64::try_from(dropped).unwrap_or(i64::MAX);
                tracing::trace!(target: MEASURES, bus_dropped);
            }
        }
    }

    fn add(&self, pipeline: &mut Pipeline, seq: Seq, line: &[u8]) {
        let generation = self.generation.unwrap_or_default();
        pipeline
            .cmd("XADD")
            .arg(&self.places.stream)
            .arg("MAXLEN")
            .arg("~")
            .arg(self.maxlen)
            .arg(format!("{generation}-{seq}"))
            .arg(ENVELOPE_FIELD)
            .arg(line)
            .ignore();
    }

    /// The generation and number of the stream's last entry.
    async fn last_id(
        &self,
        connection: &mut MultiplexedConnection,
    ) -> Result<Option<(u64, Seq)>, BusError> {
        let newest: StreamRangeReply = cmd("XREVRANGE")
            .arg(&self.places.stream)
            .arg("+")
            .arg("-")
            .arg("COUNT")
            .arg(1)
            .query_async(connection)
            .await?;
        Ok(newest.ids.first().and_then(|entry| read_id(&entry.id)))
    }

    /// A journal that is gone on with keeps its generation; a new one has a later one.
    async fn find_generation(
        &self,
        connection: &mut MultiplexedConnection,
        first: Seq,
    ) -> Result<u64, BusError> {
        let path = std::path::absolute(&self.journal).unwrap_or_else(|_| self.journal.clone());
        let name = path.display().to_string();
        let recorded: Option<String> =
            cmd("GET").arg(&self.places.journal).query_async(connection).await?;
        let recorded = recorded.as_deref().and_then(|text| text.split_once(' '));
        if let Some((generation, of)) = recorded
            && of == name
            && first > Seq(1)
            && let Ok(generation) = generation.parse()
        {
            return Ok(generation);
        }
        let now = u64::try_from(self.wall.now().as_nanos() / 1_000_000).unwrap_or_default();
        let newest = self.last_id(connection).await?.map_or(0, |(of, _)| of.saturating_add(1));
        let generation = now.max(newest);
        let text = format!("{generation} {name}");
        let () = cmd("SET").arg(&self.places.journal).arg(text).query_async(connection).await?;
        Ok(generation)
    }

    /// Adds to the stream what the journal has of the order path after `last` up to
    /// `owed`.
    async fn read_again(
        &self,
        connection: &mut MultiplexedConnection,
        last: Seq,
        owed: Seq,
    ) -> Result<(), BusError> {
        let (lines, mut read) = mpsc::channel(READ_AHEAD);
        let path = self.journal.clone();
        let reading = tokio::task::spawn_blocking(move || missed(&path, last, owed, lines));
        let mut batch = Vec::with_capacity(BATCH_MAX);
        while read.recv_many(&mut batch, BATCH_MAX).await > 0 {
            let mut pipeline = Pipeline::with_capacity(batch.len());
            for (seq, line) in batch.drain(..) {
                self.add(&mut pipeline, seq, &line);
            }
            pipeline.exec_async(connection).await?;
        }
        match reading.await {
            Ok(read) => read.map_err(BusError::Journal),
            Err(error) => Err(BusError::Journal(JournalError::Output(io::Error::other(error)))),
        }
    }
}

fn read_id(id: &str) -> Option<(u64, Seq)> {
    let (generation, seq) = id.split_once('-')?;
    Some((generation.parse().ok()?, Seq(seq.parse().ok()?)))
}

/// Reads the journal's lines of the order path after `last` up to `owed`.
fn missed(
    path: &Path,
    last: Seq,
    owed: Seq,
    lines: mpsc::Sender<(Seq, Vec<u8>)>,
) -> Result<(), JournalError> {
    let mut sieve = Sieve { line: Vec::new(), last, owed, lines };
    journal::export(path, &mut sieve, false).map(drop)
}

/// Lets lines of the order path through.
struct Sieve {
    line: Vec<u8>,
    last: Seq,
    owed: Seq,
    lines: mpsc::Sender<(Seq, Vec<u8>)>,
}

impl Sieve {
    fn pass(&mut self) -> io::Result<()> {
        let line = self.line.trim_ascii_end();
        let head: Head<'_> = serde_json::from_slice(line).map_err(io::Error::other)?;
        let seq = head.metadata.seq;
        if seq > self.last && seq <= self.owed && is_order_path(&head.event) {
            let gone = |_| io::Error::other("nobody waits for it any more");
            self.lines.blocking_send((seq, line.to_vec())).map_err(gone)?;
        }
        Ok(())
    }
}

impl Write for Sieve {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if self.line.ends_with(b"\n") {
                self.pass()?;
                self.line.clear();
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_echo_is_known_once() {
        let echoes = Echoes::default();
        echoes.add(b"ours");
        assert!(!echoes.take(b"theirs") && echoes.take(b"ours") && !echoes.take(b"ours"));
    }

    #[test]
    fn an_id_names_generation_and_number() {
        assert_eq!(read_id("1761661800000-812"), Some((1_761_661_800_000, Seq(812))));
        assert_eq!(read_id("x-1"), None);
    }
}
