//! Tables, triggers and settings of the file, and the check at every opening.
//!
//! The layout's number is SQLite's `user_version`; a higher one than
//! [`LAYOUT`] is refused, so that an older program never writes to a newer
//! journal. Units are those of `domain::money`: prices and amounts in
//! hundred-millionths of a dollar, quantities in billionths of a share, times in
//! nanoseconds since 1970. The views ending in `_dollars` write them as decimals
//! for the reader of a `sqlite3` shell.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::journal::sqlite::chain::Link;
use crate::journal::sqlite::identity::StoreIdentity;
use crate::journal::sqlite::projections::Cash;
use crate::journal::sqlite::tables::{EVENTS, PROJECTIONS, VIEWS};
use crate::journal::{Corruption, JournalError};

/// "FDjl": what `file` and SQLite's `application_id` say about the file.
const APPLICATION_ID: i64 = 0x4644_6a6c;
/// The newest layout that this program reads and writes.
const LAYOUT: i64 = 1;
/// A reader of a `sqlite3` shell may hold the file for a moment.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens a journal for writing; makes file and tables when there are none.
pub(in crate::journal) fn open_to_write(
    path: &Path,
    identity: &StoreIdentity,
) -> Result<Connection, JournalError> {
    make_file(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    let is_new = is_empty(&connection)?;
    if is_new {
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    } else {
        check_layout(path, &connection)?;
    }
    configure(&connection)?;
    if is_new {
        create(&mut connection, identity)?;
    }
    check_pages(&connection, "quick_check")?;
    Ok(connection)
}

/// Opens a journal that is being written, to copy its log into the file.
pub(in crate::journal) fn open_to_checkpoint(path: &Path) -> Result<Connection, JournalError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "mmap_size", 0)?;
    Ok(connection)
}

/// Opens a journal for reading beside its writer.
pub(in crate::journal) fn open_to_read(path: &Path) -> Result<Connection, JournalError> {
    if !path.exists() {
        return Err(JournalError::Missing { path: path.to_owned() });
    }
    refuse_what_is_no_file(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    check_layout(path, &connection)?;
    Ok(connection)
}

/// Runs one of SQLite's own checks of the file's pages.
///
/// # Errors
/// What SQLite says is wrong.
pub(in crate::journal) fn check_pages(
    connection: &Connection,
    check: &str,
) -> Result<(), JournalError> {
    let said: String = connection.query_row(&format!("PRAGMA {check}(1)"), [], |row| row.get(0))?;
    if said == "ok" {
        return Ok(());
    }
    Err(Corruption::of_file(format!("SQLite's {check} says: {}", said.trim())).into())
}

/// Makes the tables of the projections, empty but for the opening cash.
pub(in crate::journal) fn create_projections(
    connection: &Connection,
    identity: &StoreIdentity,
) -> Result<(), JournalError> {
    connection.execute_batch(PROJECTIONS)?;
    Cash::open(identity.opening_cash)?.insert(connection)
}

/// Makes the folder of a journal, closed to everybody else, when there is none.
pub(in crate::journal) fn make_folder(path: &Path) -> Result<(), JournalError> {
    let folder = folder_of(path);
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|cause| JournalError::File { path: folder.to_owned(), cause })
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    }
}

/// SQLite has no clear word for a folder or a device.
fn refuse_what_is_no_file(path: &Path) -> Result<(), JournalError> {
    if path.is_file() { Ok(()) } else { Err(JournalError::Foreign { path: path.to_owned() }) }
}

fn make_file(path: &Path) -> Result<(), JournalError> {
    let refused = |path: &Path, cause| JournalError::File { path: path.to_owned(), cause };
    let folder = folder_of(path);
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        // The name itself must survive a loss of power.
        Ok(_) => File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|cause| refused(folder, cause)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => refuse_what_is_no_file(path),
        Err(cause) => Err(refused(path, cause)),
    }
}

fn is_empty(connection: &Connection) -> Result<bool, JournalError> {
    let sql = "SELECT count(*) FROM sqlite_schema";
    Ok(connection.query_row(sql, [], |row| row.get::<_, i64>(0))? == 0)
}

fn check_layout(path: &Path, connection: &Connection) -> Result<(), JournalError> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    if pragma("application_id")? != APPLICATION_ID {
        return Err(JournalError::Foreign { path: path.to_owned() });
    }
    let found = pragma("user_version")?;
    if found > LAYOUT {
        return Err(JournalError::Newer { path: path.to_owned(), found, known: LAYOUT });
    }
    Ok(())
}

fn configure(connection: &Connection) -> Result<(), JournalError> {
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(Corruption::of_file(format!(
            "the file cannot be in mode WAL, it is in '{mode}'"
        ))
        .into());
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "mmap_size", 0)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    // A commit never copies the log: `checkpoint` does, elsewhere. SQLite's own pages of
    // 4,096 bytes stay: a commit writes each page that it touches whole, and with 8 KiB one
    // of a single record writes twice the bytes, one of 1,000 about as many.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    Ok(())
}

fn create(connection: &mut Connection, identity: &StoreIdentity) -> Result<(), JournalError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(EVENTS)?;
    create_projections(&transaction, identity)?;
    transaction.execute_batch(VIEWS)?;
    identity.write(&transaction)?;
    let genesis = Link::genesis(identity);
    transaction
        .execute("INSERT INTO head(id, n, seq, hash) VALUES (1, 0, 0, ?1)", [genesis.hash])?;
    transaction.pragma_update(None, "user_version", LAYOUT)?;
    transaction.commit()?;
    Ok(())
}
