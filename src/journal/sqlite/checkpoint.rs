//! Copies the write-ahead log into the file, on a thread of its own.
//!
//! The copying costs as long as many commits, and an order that waits for its commit
//! must not wait for it. A second connection does it in SQLite's passive way, which
//! holds up neither the writer nor a reader. The writer begins the log anew by itself
//! once all of it is copied; while it never rests, something is always left over, so a
//! log that has grown long is ended by a short wait of the writer: see
//! [`Checkpointer::look`].
//!
//! It knows pages, and nothing of what is on them. `store` asks after every commit;
//! what is left at the end SQLite copies when the writer closes.

use std::path::Path;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;

use crate::journal::JournalError;
use crate::journal::sqlite::schema;

/// So many pages that are not copied yet are worth copying: 4 MiB of 4,096 bytes each.
/// Few, so that the disk is not held for long while an order waits for it.
const WORTH_PAGES: u32 = 1_000;
/// A log of so many pages, 32 MiB, is to begin anew.
const LONG_PAGES: u32 = 8_192;
/// The writer waits for the last so many pages of a long log: some milliseconds.
const REST_PAGES: u32 = 128;
/// At so many pages, 128 MiB, the writer waits for whatever is left.
const LOG_PAGES_MAX: u32 = 32_768;
/// Copying again what came during the copying, so often at most.
const PASSES_MAX: usize = 3;

/// Somebody to tell when it is done, or nobody.
type Ask = Option<SyncSender<()>>;

/// The thread, and what the writer knows of it. Dropping it ends the thread and waits for
/// what it is at.
#[derive(Debug)]
pub(in crate::journal) struct Checkpointer {
    /// Absent once it is dropped.
    asks: Option<SyncSender<Ask>>,
    /// What the thread ended with.
    failure: Receiver<JournalError>,
    thread: Option<JoinHandle<()>>,
    /// The length of the log at which the writer waits; more than the constant while a
    /// reader holds the log open, for whom waiting again would be no use.
    wait_pages: u32,
}

/// How long the log is, and how much of it is in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Log {
    pages: u32,
    copied: u32,
}

impl Checkpointer {
    /// Opens the file a second time, and starts the thread.
    pub(in crate::journal) fn start(path: &Path) -> Result<Self, JournalError> {
        let connection = schema::open_to_checkpoint(path)?;
        let (asks, asked) = mpsc::sync_channel(1);
        let (says, failure) = mpsc::sync_channel(1);
        let thread = thread::Builder::new()
            .name("journal-copies".into())
            .spawn(move || serve(&connection, &asked, &says))
            .map_err(|cause| JournalError::File { path: path.to_owned(), cause })?;
        let thread = Some(thread);
        Ok(Self { asks: Some(asks), failure, thread, wait_pages: LOG_PAGES_MAX })
    }

    /// Looks after a commit how long the log is, and has it copied when it is worth it.
    /// Waits where the log is long and little is left, or where it is far too long.
    ///
    /// # Errors
    /// When the copying has failed; the run must then end.
    pub(in crate::journal) fn look(&mut self, writer: &Connection) -> Result<(), JournalError> {
        self.failed()?;
        let log = Log::read(writer, Pass::LookOnly)?;
        if log.pages < LOG_PAGES_MAX {
            self.wait_pages = LOG_PAGES_MAX;
        }
        let is_long = log.pages >= LONG_PAGES;
        if log.pages >= self.wait_pages || is_long && (1..=REST_PAGES).contains(&log.left()) {
            self.wait()?;
            self.judge(Log::read(writer, Pass::LookOnly)?);
        } else if log.left() >= WORTH_PAGES || is_long && log.left() > 0 {
            // A full queue is an ask that was not heard yet: it does for this one too.
            let _ = self.asks().try_send(None);
        }
        Ok(())
    }

    /// After a wait all is copied, but for what a reader still needs.
    fn judge(&mut self, log: Log) {
        if log.left() > 0 {
            self.wait_pages = log.pages.max(LOG_PAGES_MAX).saturating_add(LONG_PAGES);
            tracing::warn!(
                pages = log.pages,
                "a reader of the journal keeps its write-ahead log from beginning anew"
            );
        }
    }

    fn wait(&self) -> Result<(), JournalError> {
        let (done, is_done) = mpsc::sync_channel(1);
        // It ends with an error alone, and that is said below.
        if self.asks().send(Some(done)).is_ok() && is_done.recv().is_ok() {
            return Ok(());
        }
        self.failed()?;
        Err(JournalError::Failed)
    }

    fn failed(&self) -> Result<(), JournalError> {
        self.failure.try_recv().map_or(Ok(()), Err)
    }

    fn asks(&self) -> &SyncSender<Ask> {
        self.asks.as_ref().expect("it goes when this is dropped")
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.asks = None;
        // Its connection closes before the writer's, which then tidies up as the last one.
        let ended = self.thread.take().map(JoinHandle::join);
        if let Some(Err(_)) = ended {
            tracing::error!("the thread that copies the journal's log has panicked");
        } else if let Err(error) = self.failed() {
            tracing::error!(%error, "the journal's log was not copied");
        }
    }
}

fn serve(connection: &Connection, asked: &Receiver<Ask>, says: &SyncSender<JournalError>) {
    for ask in asked {
        if let Err(error) = copy(connection) {
            // Room for one is enough: this is the end.
            let _ = says.try_send(error);
            return;
        }
        if let Some(done) = ask {
            // A writer that waits is there.
            let _ = done.try_send(());
        }
    }
}

/// Copies until nothing is left, or a reader is in the way.
fn copy(connection: &Connection) -> Result<(), JournalError> {
    for _ in 0..PASSES_MAX {
        let copied = Log::read(connection, Pass::Passive)?;
        let log = Log::read(connection, Pass::LookOnly)?;
        if log.left() == 0 || copied.left() > 0 {
            return Ok(());
        }
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    LookOnly,
    Passive,
}

impl Log {
    fn read(connection: &Connection, pass: Pass) -> Result<Self, JournalError> {
        let sql = match pass {
            Pass::LookOnly => "PRAGMA main.wal_checkpoint(NOOP)",
            Pass::Passive => "PRAGMA main.wal_checkpoint(PASSIVE)",
        };
        let mut statement = connection.prepare_cached(sql)?;
        let read = |row: &rusqlite::Row<'_>| {
            // Minus one where there is no log.
            let count = |at| row.get::<_, i64>(at).map(|pages| u32::try_from(pages).unwrap_or(0));
            Ok(Self { pages: count(1)?, copied: count(2)? })
        };
        Ok(statement.query_row([], read)?)
    }

    /// Pages that are in the log alone.
    const fn left(self) -> u32 {
        self.pages.saturating_sub(self.copied)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file, its writer that never copies, and a row of so many pages to write.
    struct Place {
        _folder: tempfile::TempDir,
        path: std::path::PathBuf,
        writer: Connection,
    }

    impl Place {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("main.db");
            let writer = Connection::open(&path).unwrap();
            writer
                .execute_batch(
                    "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; \
                     PRAGMA wal_autocheckpoint = 0; CREATE TABLE pages(bytes BLOB)",
                )
                .unwrap();
            Self { _folder: folder, path, writer }
        }

        fn write(&self, pages: u32) {
            let sql = "INSERT INTO pages VALUES (zeroblob(?1))";
            self.writer.execute(sql, [i64::from(pages) * 4_090]).unwrap();
        }

        fn log(&self) -> Log {
            Log::read(&self.writer, Pass::LookOnly).unwrap()
        }
    }

    #[test]
    fn a_short_log_is_left_alone() {
        let place = Place::new();
        let mut checkpointer = Checkpointer::start(&place.path).unwrap();
        place.write(100);
        checkpointer.look(&place.writer).unwrap();
        // The queue is empty: nothing was asked for.
        checkpointer.wait_pages = 0;
        assert!(place.log().left() > 100 && place.log().copied == 0);
    }

    #[test]
    fn what_is_worth_it_is_copied_and_the_log_begins_anew() {
        let place = Place::new();
        let mut checkpointer = Checkpointer::start(&place.path).unwrap();
        place.write(WORTH_PAGES + 10);
        checkpointer.look(&place.writer).unwrap();
        drop(checkpointer);
        assert_eq!(place.log().left(), 0);
        place.write(10);
        assert!(place.log().pages < 20, "{:?}", place.log());
    }

    #[test]
    fn the_writer_waits_for_the_rest_of_a_long_log() {
        let place = Place::new();
        let mut checkpointer = Checkpointer::start(&place.path).unwrap();
        place.write(LONG_PAGES);
        checkpointer.wait().unwrap();
        // Committed before the log could begin anew: a reader has it open.
        let reader = Connection::open(&place.path).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM pages").unwrap();
        place.write(10);
        assert!(place.log().pages >= 10);
        reader.execute_batch("COMMIT").unwrap();
        checkpointer.look(&place.writer).unwrap();
        place.write(1);
        assert!(place.log().pages < LONG_PAGES, "{:?}", place.log());
    }

    #[test]
    fn a_log_beyond_its_bound_is_copied_before_the_writer_goes_on() {
        let place = Place::new();
        let mut checkpointer = Checkpointer::start(&place.path).unwrap();
        place.write(LOG_PAGES_MAX);
        checkpointer.look(&place.writer).unwrap();
        assert_eq!(place.log().left(), 0);
    }

    #[test]
    fn a_reader_that_stays_holds_the_writer_up_once_and_not_at_every_commit() {
        let place = Place::new();
        let mut checkpointer = Checkpointer::start(&place.path).unwrap();
        place.write(1);
        let reader = Connection::open(&place.path).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM pages").unwrap();
        place.write(LOG_PAGES_MAX);
        checkpointer.look(&place.writer).unwrap();
        assert!(place.log().left() > 0);
        assert!(checkpointer.wait_pages >= LOG_PAGES_MAX + LONG_PAGES);
        reader.execute_batch("COMMIT").unwrap();
        checkpointer.wait().unwrap();
        place.write(1);
        checkpointer.look(&place.writer).unwrap();
        assert_eq!(checkpointer.wait_pages, LOG_PAGES_MAX);
    }

    #[test]
    fn a_copying_that_fails_is_said_by_the_writer() {
        let place = Place::new();
        let mut checkpointer = Checkpointer::start(&place.path).unwrap();
        let (says, failure) = mpsc::sync_channel(1);
        says.send(JournalError::Failed).unwrap();
        checkpointer.failure = failure;
        assert!(matches!(checkpointer.look(&place.writer), Err(JournalError::Failed)));
    }
}
