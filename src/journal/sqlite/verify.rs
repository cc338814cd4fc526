//! The proof: everything in the file is what was written, and the projections
//! are what follows from it.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, TransactionBehavior};

use crate::domain::ids::Seq;
use crate::journal::sqlite::identity::StoreIdentity;
use crate::journal::sqlite::projections::Projector;
use crate::journal::sqlite::read::{self, Step};
use crate::journal::sqlite::schema;
use crate::journal::sqlite::tables::COMPARED;
use crate::journal::{Corruption, JournalError};

/// So many records are projected between two writes of the rebuilt tables.
const REBUILD_BATCH: u64 = 1_000;

/// What was read by a verification that found nothing wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Records of the chain.
    pub events: u64,
    /// Envelopes of market data on the tape.
    pub tape: u64,
    /// The first number in the file; absent when it is empty.
    pub first: Option<Seq>,
    /// The last number in the file.
    pub last: Option<Seq>,
    /// Hash of the last record of the chain, SHA-256.
    pub hash: [u8; 32],
}

/// Reads the whole journal beside its writer: SQLite's own check of the file,
/// every link of the chain, every payload, and every projection against one made
/// anew from the events.
///
/// # Errors
/// [`JournalError::Damaged`] names the first record that is not what was written;
/// others say why the journal cannot be read.
pub fn verify(path: &Path) -> Result<Verified, JournalError> {
    let mut connection = schema::open_to_read(path)?;
    let connection = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
    let identity = StoreIdentity::read(&connection)?;
    // The chain first: it names the record, SQLite only a page.
    let verified = check_records(&connection, &identity)?;
    schema::check_pages(&connection, "integrity_check")?;
    Ok(verified)
}

fn check_records(
    connection: &Connection,
    identity: &StoreIdentity,
) -> Result<Verified, JournalError> {
    let rebuilt = rebuild_tables(identity)?;
    let mut projector = Projector::resume(&rebuilt)?;
    let (mut events, mut tape, mut first, mut last) = (0, 0, None, None);
    let end = read::walk(connection, identity, true, &mut |read| {
        first.get_or_insert(read.envelope.seq);
        last = Some(read.envelope.seq);
        if read.is_tape {
            tape += 1;
            return Ok(Step::On);
        }
        events += 1;
        projector.fold(&read.envelope);
        if events % REBUILD_BATCH == 0 {
            projector.write(&rebuilt)?;
        }
        Ok(Step::On)
    })?;
    projector.write(&rebuilt)?;
    read::check_head(connection, end)?;
    for (table, key) in COMPARED {
        compare(connection, &rebuilt, table, key)?;
    }
    Ok(Verified { events, tape, first, last, hash: end.hash })
}

/// A private database that SQLite keeps in memory while it is small.
fn rebuild_tables(identity: &StoreIdentity) -> Result<Connection, JournalError> {
    let rebuilt = Connection::open("")?;
    rebuilt.pragma_update(None, "synchronous", "OFF")?;
    schema::create_projections(&rebuilt, identity)?;
    rebuilt.execute_batch("BEGIN")?;
    Ok(rebuilt)
}

fn compare(
    stored: &Connection,
    rebuilt: &Connection,
    table: &str,
    key: &str,
) -> Result<(), JournalError> {
    if layout(stored, table)? != layout(rebuilt, table)? {
        let what = format!("table {table} is not laid out as it was made");
        return Err(Corruption::of_file(what).into());
    }
    let sql = format!("SELECT * FROM {table} ORDER BY {key}");
    let (mut stored, mut rebuilt) = (stored.prepare(&sql)?, rebuilt.prepare(&sql)?);
    // Names are asked of the tables made anew: those of a damaged file may be no text.
    let columns: Vec<String> = rebuilt.column_names().map(Into::into).collect();
    let (mut stored, mut rebuilt) = (stored.query([])?, rebuilt.query([])?);
    loop {
        let found = stored.next()?.map(|row| values(row, columns.len())).transpose()?;
        let expected = rebuilt.next()?.map(|row| values(row, columns.len())).transpose()?;
        let (Some(found), Some(expected)) = (&found, &expected) else {
            return match found.or(expected) {
                None => Ok(()),
                Some(row) => Err(difference(table, &row, "is there or in the events, not both")),
            };
        };
        let differs = columns.iter().zip(found).zip(expected).find(|((_, a), b)| a != b);
        if let Some(((column, is), follows)) = differs {
            let what = format!("{column} is {is:?}, the events say {follows:?}");
            return Err(difference(table, expected, &what));
        }
    }
}

/// The statement that made a table, as bytes: in a damaged file it may be no text.
fn layout(connection: &Connection, table: &str) -> Result<Vec<u8>, rusqlite::Error> {
    let sql = "SELECT CAST(sql AS BLOB) FROM sqlite_schema WHERE name = ?1";
    connection.query_row(sql, [table], |row| row.get(0))
}

fn values(row: &rusqlite::Row<'_>, columns: usize) -> Result<Vec<Value>, rusqlite::Error> {
    (0..columns).map(|at| row.get(at)).collect()
}

fn difference(table: &str, row: &[Value], what: &str) -> JournalError {
    let key = row.first();
    Corruption::of_file(format!("projection {table}, row {key:?}: {what}")).into()
}
