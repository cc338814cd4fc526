//! The writer: collects envelopes, and puts them on disk in one transaction.
//!
//! It knows no clock and no agent. One envelope costs its line, its hash and its
//! place in a batch; SQLite hears of them at [`Journal::sync`] (or when the batch
//! is full), so a commit is shared by everything since the last one. Only a sync waits
//! for the disk.

use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::domain::ids::{Seq, TradeId};
use crate::events::{Envelope, Event, wire};
use crate::journal::sqlite::chain::{Hash, Link, checksum};
use crate::journal::sqlite::checkpoint::Checkpointer;
use crate::journal::sqlite::identity::StoreIdentity;
use crate::journal::sqlite::lock::StoreLock;
use crate::journal::sqlite::presence::Presence;
use crate::journal::sqlite::projections::Projector;
use crate::journal::sqlite::read;
use crate::journal::sqlite::schema;
use crate::journal::{Journal, JournalError};

/// So many envelopes are committed without being asked; bounds what a crash of the
/// process can take of the tape, and the memory. Such a commit does not wait for the disk:
/// nobody has asked, and an order behind it would wait too. A crash of the machine can
/// take what was appended since the last [`Journal::sync`].
pub const BATCH_RECORDS_MAX: usize = 1_000;
/// The same bound in bytes, for long lists of bars.
const BATCH_BYTES_MAX: usize = 4 * 1024 * 1024;
/// So many records at the end of the chain are read at every opening.
const TAIL_RECORDS: u64 = 1_000;

/// The journal of one mode and account in one SQLite file.
///
/// It holds the file's lock as long as it lives. What was appended and not synced
/// is lost when it is dropped, as in a crash.
#[derive(Debug)]
pub struct SqliteJournal {
    /// Before the connection: what is dropped last tidies up.
    checkpointer: Checkpointer,
    connection: Connection,
    durability: Durability,
    identity: StoreIdentity,
    projector: Projector,
    batch: Batch,
    head: Link,
    last: Seq,
    presence: Presence,
    has_failed: bool,
    _lock: StoreLock,
}

/// Whether a commit waits for the disk, and whether one before it did not.
#[derive(Debug)]
struct Durability {
    /// What the connection is set to; nothing when a test has set it for good.
    level: Option<Level>,
    /// A commit is in the write-ahead log and perhaps not on the disk.
    is_owed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    /// Survives the end of the process, and that of the machine with the next sync.
    Process,
    /// Survives the end of the machine.
    Machine,
}

/// Envelopes that SQLite has not heard of: their lines, end to end, and a record
/// for each.
#[derive(Debug, Default)]
struct Batch {
    lines: Vec<u8>,
    records: Vec<Record>,
}

#[derive(Debug)]
struct Record {
    seq: Seq,
    at: i64,
    name: &'static str,
    trade_id: Option<TradeId>,
    /// Where its line ends in the batch's lines.
    end: usize,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// On the tape, with a checksum.
    Tape(i64),
    /// In the chain, with the hash of the record before.
    Chain(Link, Hash),
}

impl SqliteJournal {
    /// Opens a journal, or makes one: the file readable by its owner alone, in a
    /// folder that nobody else may enter when the folder is new too.
    ///
    /// # Errors
    /// When another copy holds it, when it is of another mode or account, when a
    /// newer program has written it, or when file or chain are damaged.
    pub fn open(path: &Path, identity: &StoreIdentity) -> Result<Self, JournalError> {
        schema::make_folder(path)?;
        let lock = StoreLock::take(path)?;
        let connection = schema::open_to_write(path, identity)?;
        let recorded = StoreIdentity::read(&connection)?;
        recorded.admit(identity)?;
        let (head, last) = read::head(&connection)?;
        read::check_tail(&connection, &recorded, head, TAIL_RECORDS)?;
        let projector = Projector::resume(&connection)?;
        connection.set_prepared_statement_cache_capacity(32);
        Ok(Self {
            checkpointer: Checkpointer::start(path)?,
            connection,
            durability: Durability::default(),
            identity: recorded,
            projector,
            batch: Batch::default(),
            head,
            last,
            presence: Presence::of(path)?,
            has_failed: false,
            _lock: lock,
        })
    }

    /// Returns whose journal it is, as its first opening recorded it.
    pub const fn identity(&self) -> &StoreIdentity {
        &self.identity
    }

    /// Returns the number of the last envelope taken, synced or not; zero when
    /// there is none.
    pub const fn last_seq(&self) -> Seq {
        self.last
    }

    /// Forgets market data before an event; the chain is not touched. Returns how
    /// many envelopes are gone.
    ///
    /// # Errors
    /// When the store refuses; the run must then end.
    pub fn prune_tape(&mut self, before: Seq) -> Result<usize, JournalError> {
        self.sync()?;
        let sql = "DELETE FROM tape WHERE seq < ?1";
        let pruned = self.connection.execute(sql, [read::number(before)]);
        self.has_failed = pruned.is_err();
        Ok(pruned?)
    }

    /// Changes a setting of the connection, for tests: `synchronous` to leave out
    /// the waiting for the disk, `max_page_count` to fill it.
    #[cfg(test)]
    pub(in crate::journal) fn with_setting(self, name: &str, value: &str) -> Self {
        let set = self.connection.pragma_update_and_check(None, name, value, |_| Ok(()));
        assert!(matches!(set, Ok(()) | Err(rusqlite::Error::QueryReturnedNoRows)), "{set:?}");
        let level = self.durability.level.filter(|_| name != "synchronous");
        Self { durability: Durability { level, ..self.durability }, ..self }
    }

    fn commit(&mut self, level: Level) -> Result<(), JournalError> {
        let is_on_disk = level == Level::Process || !self.durability.is_owed;
        if self.batch.records.is_empty() && is_on_disk {
            return Ok(());
        }
        self.durability.set(&self.connection, level)?;
        let begun = self.connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let transaction = begun?;
        self.batch.insert(&transaction)?;
        self.projector.write(&transaction)?;
        let sql = "UPDATE head SET n = ?1, seq = ?2, hash = ?3";
        let n = read::integer(self.head.n);
        transaction.prepare_cached(sql)?.execute((n, read::number(self.last), self.head.hash))?;
        transaction.commit()?;
        self.durability.is_owed = level == Level::Process;
        self.presence.check()?;
        self.checkpointer.look(&self.connection)?;
        self.batch.lines.clear();
        self.batch.records.clear();
        Ok(())
    }

    /// Remembers a failure: what is in memory is then ahead of what is stored.
    fn guarded(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        if self.has_failed {
            return Err(JournalError::Failed);
        }
        let done = work(self);
        self.has_failed = done.is_err();
        done
    }

    fn take(&mut self, envelope: &Envelope) -> Result<(), JournalError> {
        if envelope.seq <= self.last {
            return Err(JournalError::OutOfOrder { seq: envelope.seq, last: self.last });
        }
        self.last = envelope.seq;
        let start = self.batch.lines.len();
        wire::write(envelope, &mut self.batch.lines);
        let payload = &self.batch.lines[start..];
        let place = if is_tape(&envelope.event) {
            Place::Tape(checksum(payload))
        } else {
            let before = self.head.hash;
            self.head = self.head.next(payload);
            self.projector.fold(envelope);
            Place::Chain(self.head, before)
        };
        self.batch.records.push(Record {
            seq: envelope.seq,
            at: envelope.at.as_nanos(),
            name: envelope.event.name(),
            trade_id: envelope.event.trade_id().cloned(),
            end: self.batch.lines.len(),
            place,
        });
        if self.batch.is_full() { self.commit(Level::Process) } else { Ok(()) }
    }
}

impl Journal for SqliteJournal {
    fn append(&mut self, envelope: &Envelope) -> Result<(), JournalError> {
        self.guarded(|journal| journal.take(envelope))
    }

    fn sync(&mut self) -> Result<(), JournalError> {
        self.guarded(|journal| journal.commit(Level::Machine))
    }

    /// Visits every envelope before a number, and refuses at the first record
    /// that does not fit the chain: a start that folds the journal has also
    /// proved it.
    fn for_each(
        &mut self,
        before: Seq,
        visit: &mut dyn FnMut(&Envelope),
    ) -> Result<(), JournalError> {
        self.sync()?;
        read::for_each(&self.connection, &self.identity, before, visit)
    }
}

impl Default for Durability {
    /// As the connection is opened.
    fn default() -> Self {
        Self { level: Some(Level::Machine), is_owed: false }
    }
}

impl Durability {
    /// Sets the connection for the next commit. In the write-ahead log NORMAL leaves out
    /// nothing but the waiting at the commit: the log is on the disk before any of it is
    /// copied, and a later commit with FULL puts all before it there too.
    fn set(&mut self, connection: &Connection, level: Level) -> Result<(), rusqlite::Error> {
        if self.level.is_none_or(|present| present == level) {
            return Ok(());
        }
        let value = match level {
            Level::Process => "NORMAL",
            Level::Machine => "FULL",
        };
        connection.pragma_update(None, "synchronous", value)?;
        self.level = Some(level);
        Ok(())
    }
}

impl Batch {
    fn is_full(&self) -> bool {
        self.records.len() >= BATCH_RECORDS_MAX || self.lines.len() >= BATCH_BYTES_MAX
    }

    fn insert(&self, transaction: &Transaction<'_>) -> Result<(), JournalError> {
        let mut event = transaction.prepare_cached(
            "INSERT INTO events(n, seq, at, name, trade_id, payload, prev_hash, hash) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        let mut tape = transaction.prepare_cached(
            "INSERT INTO tape(seq, at, name, payload, checksum) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        let lines = str::from_utf8(&self.lines).expect("`wire::write` writes JSON");
        let mut start = 0;
        for record in &self.records {
            let payload = lines.get(start..record.end).expect("a line ends where the next begins");
            start = record.end;
            let seq = read::number(record.seq);
            match &record.place {
                Place::Tape(checksum) => {
                    tape.execute((seq, record.at, record.name, payload, checksum))?
                }
                Place::Chain(link, before) => event.execute((
                    read::integer(link.n),
                    seq,
                    record.at,
                    record.name,
                    record.trade_id.as_ref().map(TradeId::as_str),
                    payload,
                    before,
                    &link.hash,
                ))?,
            };
        }
        Ok(())
    }
}

/// Market data are taped, everything else is chained.
const fn is_tape(event: &Event) -> bool {
    match event {
        Event::Tape(_) | Event::Feed(_) | Event::Market(_) => true,
        Event::Signal(_)
        | Event::Risk(_)
        | Event::Order(_)
        | Event::Venue(_)
        | Event::Position(_)
        | Event::Trade(_)
        | Event::Intel(_)
        | Event::Breaker(_)
        | Event::Operator(_)
        | Event::Request(_)
        | Event::System(_) => false,
    }
}
