//! Reading: both tables in the one order, with the chain checked on the way.
//!
//! Rows stream from two statements, one row of each in memory, however long the
//! journal is.

use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator;
use rusqlite::{Connection, Row, Rows};

use crate::domain::ids::Seq;
use crate::events::Envelope;
use crate::journal::sqlite::chain::{ChainedRow, Link, StoredRow, checksum};
use crate::journal::sqlite::identity::StoreIdentity;
use crate::journal::{Corruption, JournalError};

const EVENTS: &str = "SELECT seq, at, name, trade_id, payload, n, prev_hash, hash FROM events";
const TAPE: &str = "SELECT seq, at, name, NULL, payload, checksum FROM tape WHERE ?1 ORDER BY seq";

/// One record on its way out: what was written, and what it means.
#[derive(Debug)]
pub(in crate::journal) struct Read<'a> {
    pub(in crate::journal) is_tape: bool,
    pub(in crate::journal) payload: &'a str,
    pub(in crate::journal) envelope: Envelope,
}

/// Visits every record in order of their numbers until the visitor has enough.
/// Returns the end of the chain as far as it was read.
///
/// # Errors
/// The first record that is damaged, or what the visitor says.
pub(in crate::journal) fn walk(
    connection: &Connection,
    identity: &StoreIdentity,
    with_tape: bool,
    visit: &mut dyn FnMut(&Read<'_>) -> Result<Step, JournalError>,
) -> Result<Link, JournalError> {
    let mut select_events = connection.prepare(&format!("{EVENTS} ORDER BY n"))?;
    let mut select_tape = connection.prepare(TAPE)?;
    let mut events = Source::new(select_events.query([])?)?;
    let mut tape = Source::new(select_tape.query([with_tape])?)?;
    let mut link = Link::genesis(identity);
    let mut last = Seq(0);
    loop {
        let is_tape = match (events.seq, tape.seq) {
            (None, None) => return Ok(link),
            (Some(_), None) => false,
            (None, Some(_)) => true,
            (Some(event), Some(tape)) => tape < event,
        };
        let source = if is_tape { &mut tape } else { &mut events };
        let row = source.row()?;
        let (payload, envelope) = if is_tape {
            let row = taped(row)?;
            let refuse = |what| Corruption::of_tape(row.seq, what);
            (row.payload, row.decode().map_err(refuse)?)
        } else {
            let chained = chained(row, link)?;
            let (next, envelope) = chained.follow(link)?;
            link = next;
            (chained.row.payload, envelope)
        };
        if envelope.seq <= last {
            let what = format!("its number does not rise, {last} came before it");
            let n = (!is_tape).then_some(link.n);
            return Err(Corruption { n, seq: Some(envelope.seq), what }.into());
        }
        last = envelope.seq;
        match visit(&Read { is_tape, payload, envelope })? {
            Step::On => source.advance()?,
            Step::Enough => return Ok(link),
        }
    }
}

/// What a visitor wants next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::journal) enum Step {
    /// The next record.
    On,
    /// No more.
    Enough,
}

/// Visits every envelope with a number below `before`.
pub(in crate::journal) fn for_each(
    connection: &Connection,
    identity: &StoreIdentity,
    before: Seq,
    visit: &mut dyn FnMut(&Envelope),
) -> Result<(), JournalError> {
    let mut is_whole = true;
    let end = walk(connection, identity, true, &mut |read| {
        if read.envelope.seq >= before {
            is_whole = false;
            return Ok(Step::Enough);
        }
        visit(&read.envelope);
        Ok(Step::On)
    })?;
    if is_whole { check_head(connection, end) } else { Ok(()) }
}

/// Reads the recorded end of the chain and the last number.
pub(in crate::journal) fn head(connection: &Connection) -> Result<(Link, Seq), JournalError> {
    let sql = "SELECT n, seq, hash FROM head";
    let (n, seq, hash) = connection.query_row(sql, [], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get(2)?))
    })?;
    let broken = |_| Corruption::of_file("head: a number is negative");
    let n = u64::try_from(n).map_err(broken)?;
    Ok((Link { n, hash }, Seq(u64::try_from(seq).map_err(broken)?)))
}

/// Compares the chain as it was read with its recorded end: records cut off from
/// the end leave no gap.
pub(in crate::journal) fn check_head(
    connection: &Connection,
    end: Link,
) -> Result<(), JournalError> {
    let (head, _) = head(connection)?;
    if head == end {
        return Ok(());
    }
    let what = if head.n == end.n {
        "the recorded hash of the last record is another one".to_owned()
    } else {
        format!("the chain ends after {} records, {} were written", end.n, head.n)
    };
    Err(Corruption { n: Some(end.n), seq: None, what }.into())
}

/// Checks the last records of the chain, for every opening; the whole chain is
/// checked by whoever folds it.
pub(in crate::journal) fn check_tail(
    connection: &Connection,
    identity: &StoreIdentity,
    head: Link,
    records: u64,
) -> Result<(), JournalError> {
    let skipped = head.n.saturating_sub(records);
    let mut link = link_at(connection, identity, skipped)?;
    let mut select = connection.prepare(&format!("{EVENTS} WHERE n > ?1 ORDER BY n"))?;
    let mut rows = select.query([integer(skipped)])?;
    while let Some(row) = rows.next()? {
        (link, _) = chained(row, link)?.follow(link)?;
    }
    check_head(connection, link)
}

fn link_at(
    connection: &Connection,
    identity: &StoreIdentity,
    n: u64,
) -> Result<Link, JournalError> {
    if n == 0 {
        return Ok(Link::genesis(identity));
    }
    let sql = "SELECT hash FROM events WHERE n = ?1";
    let found = connection.query_row(sql, [integer(n)], |row| row.get(0));
    let missing = |_| Corruption { n: Some(n), seq: None, what: "cannot be read".into() };
    Ok(Link { n, hash: found.map_err(missing)? })
}

/// One of the two statements, standing on a row.
struct Source<'stmt> {
    rows: Rows<'stmt>,
    /// The number of the row it stands on; `None` at the end.
    seq: Option<i64>,
}

impl<'stmt> Source<'stmt> {
    fn new(rows: Rows<'stmt>) -> Result<Self, JournalError> {
        let mut source = Self { rows, seq: None };
        source.advance()?;
        Ok(source)
    }

    fn advance(&mut self) -> Result<(), JournalError> {
        self.rows.advance()?;
        self.seq = self.rows.get().map(|row| row.get(0)).transpose()?;
        Ok(())
    }

    fn row(&self) -> Result<&Row<'stmt>, JournalError> {
        Ok(self.rows.get().ok_or(rusqlite::Error::QueryReturnedNoRows)?)
    }
}

fn taped<'a>(row: &'a Row<'_>) -> Result<StoredRow<'a>, Corruption> {
    let number = row.get::<_, i64>(0).ok().and_then(|seq| u64::try_from(seq).ok());
    let seq = Seq(number.unwrap_or_default());
    let refuse = |what: &str| Corruption::of_tape(seq, what);
    let stored = stored(row, seq).ok_or_else(|| refuse("a column has the wrong type"))?;
    if row.get(5).ok() != Some(checksum(stored.payload.as_bytes())) {
        return Err(refuse("checksum does not match the payload"));
    }
    Ok(stored)
}

/// Reads a row of `events` that should follow `before`.
fn chained<'a>(row: &'a Row<'_>, before: Link) -> Result<ChainedRow<'a>, Corruption> {
    let number = |at| row.get::<_, i64>(at).ok().and_then(|number| u64::try_from(number).ok());
    let n = number(5).unwrap_or(before.n + 1);
    let seq = Seq(number(0).unwrap_or_default());
    let read = || {
        Some(ChainedRow {
            n,
            row: stored(row, seq)?,
            prev_hash: row.get_ref(6).ok()?.as_blob().ok()?,
            hash: row.get_ref(7).ok()?.as_blob().ok()?,
        })
    };
    read().ok_or_else(|| Corruption::of_record(n, seq, "a column has the wrong type"))
}

fn stored<'a>(row: &'a Row<'_>, seq: Seq) -> Option<StoredRow<'a>> {
    Some(StoredRow {
        seq,
        at: row.get(1).ok()?,
        name: row.get_ref(2).ok()?.as_str().ok()?,
        trade_id: row.get_ref(3).ok()?.as_str_or_null().ok()?,
        payload: row.get_ref(4).ok()?.as_str().ok()?,
    })
}

/// A sequence number as the store holds it.
pub(in crate::journal) fn number(seq: Seq) -> i64 {
    integer(seq.0)
}

/// A count as the store holds it.
pub(in crate::journal) fn integer(count: u64) -> i64 {
    i64::try_from(count).expect("no journal counts to 2^63")
}
