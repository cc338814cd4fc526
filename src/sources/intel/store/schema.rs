//! The file: its tables, its version, opening it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

/// The version of the tables; a store of another one is refused.
pub const SCHEMA_VERSION: i64 = 2;
/// Says that a file is ours: "FDIN".
const APPLICATION_ID: i64 = 0x4644_494E;
/// How long a writer is waited for.
const BUSY: Duration = Duration::from_secs(5);
/// Kibibytes that the writer keeps in memory, as SQLite wants them: the indexes of a
/// hundred thousand mails are touched all over.
const CACHE: i64 = -32_768;
/// Pages of the log after which it is copied back. The default of 1,000 is 80 mails.
const CHECKPOINT: i64 = 8_000;

// Every entity of a mail stands in its `entities`; the table of that name has each
// different value once, for look-ups: a row for each mention cost half of the line's time.
const TABLES: &str = "
CREATE TABLE messages (
    n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, source TEXT NOT NULL, at INTEGER,
    from_name TEXT, from_address TEXT, recipients TEXT NOT NULL, subject TEXT NOT NULL,
    body TEXT NOT NULL, quoted TEXT NOT NULL, signature TEXT NOT NULL, thread TEXT NOT NULL,
    attachments TEXT NOT NULL, oddities TEXT NOT NULL, entities TEXT NOT NULL,
    linked_with INTEGER NOT NULL);
CREATE INDEX messages_by_links ON messages (linked_with, n);
CREATE INDEX messages_by_sender ON messages (from_address);
CREATE TABLE seen (hash BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE entities (
    message INTEGER NOT NULL REFERENCES messages (n), place INTEGER NOT NULL,
    kind TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (message, place)) WITHOUT ROWID;
CREATE INDEX entities_by_value ON entities (value, kind);
CREATE TABLE transcripts (
    n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, title TEXT NOT NULL, began_at INTEGER,
    people TEXT NOT NULL);
CREATE TABLE segments (
    n INTEGER PRIMARY KEY, transcript INTEGER NOT NULL REFERENCES transcripts (n),
    place INTEGER NOT NULL, speaker TEXT, offset_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL, text TEXT NOT NULL, UNIQUE (transcript, place));
CREATE TABLE links (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    message INTEGER NOT NULL REFERENCES messages (n), place INTEGER NOT NULL,
    transcript TEXT NOT NULL, segment INTEGER, score REAL NOT NULL, terms TEXT NOT NULL,
    evidence TEXT NOT NULL, UNIQUE (message, transcript));
CREATE VIRTUAL TABLE message_words USING fts5(
    subject, body, content='messages', content_rowid='n');
CREATE VIRTUAL TABLE segment_words USING fts5(
    text, content='segments', content_rowid='n');
";

/// Why the store cannot do what it is asked for.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such file.
    #[error("there is no store at {0}: 'flightdeck intel ingest' makes one")]
    Missing(PathBuf),
    /// It is a file of another version of the program.
    #[error(
        "the store {path} has version {found}, this program writes {SCHEMA_VERSION}: \
         move it away and ingest again, or name another one with --store"
    )]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
    },
    /// It is a file of another program.
    #[error("{0} is no store of mails: name another file with --store")]
    Foreign(PathBuf),
    /// The database refused; whether a retry helps, its text says.
    #[error("the store failed")]
    Database(#[from] rusqlite::Error),
    /// A value in it cannot be read, or could not be written.
    #[error("a value of the store is not what was written")]
    Value(#[from] serde_json::Error),
    /// Where it was to be exported to failed.
    #[error("it cannot be written out")]
    Output(#[from] std::io::Error),
}

/// The store.
#[derive(Debug)]
pub struct Store {
    pub(super) database: Connection,
}

impl Store {
    /// Opens a store, and makes one where there is none.
    ///
    /// # Errors
    /// A file of another program or version, or one that cannot be opened.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let mut database = Connection::open(path)?;
        database.busy_timeout(BUSY)?;
        let transaction =
            database.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let tables: i64 =
            transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if tables == 0 {
            transaction.execute_batch(TABLES)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
        }
        transaction.commit()?;
        checked(&database, path)?;
        database.pragma_update(None, "journal_mode", "WAL")?;
        // A batch that a power cut takes is read again: it is in the mailbox still.
        database.pragma_update(None, "synchronous", "NORMAL")?;
        database.pragma_update(None, "cache_size", CACHE)?;
        database.pragma_update(None, "wal_autocheckpoint", CHECKPOINT)?;
        Ok(Self { database })
    }

    /// Opens a store for questions.
    ///
    /// # Errors
    /// There is none, or it is of another program or version.
    pub fn existing(path: &Path) -> Result<Self, StoreError> {
        if !path.exists() {
            return Err(StoreError::Missing(path.to_owned()));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let database = Connection::open_with_flags(path, flags)?;
        database.busy_timeout(BUSY)?;
        checked(&database, path)?;
        Ok(Self { database })
    }
}

fn checked(database: &Connection, path: &Path) -> Result<(), StoreError> {
    let number = |name: &str| database.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let is_foreign = |error: &rusqlite::Error| {
        error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase)
    };
    match number("application_id") {
        Err(error) if is_foreign(&error) => return Err(StoreError::Foreign(path.to_owned())),
        Err(error) => return Err(error.into()),
        Ok(APPLICATION_ID) => {}
        Ok(_) => return Err(StoreError::Foreign(path.to_owned())),
    }
    match number("user_version")? {
        SCHEMA_VERSION => Ok(()),
        found => Err(StoreError::OtherVersion { path: path.to_owned(), found }),
    }
}
