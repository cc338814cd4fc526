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

/// Counts of pages, 4,096 bytes each.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// So many that are not copied yet are worth copying.
    worth: u32,
    /// A log of so many is to begin anew.
    long: u32,
    /// The writer waits for the last so many of a long log.
    rest: u32,
    /// At so many the writer waits for whatever is left.
    most: u32,
}

/// 4 MiB are worth it: few, so that the disk is not held for long while an order waits for
/// it. A log is long at 32 MiB; the wait for half a MiB of it takes some milliseconds. It
/// never grows beyond 128 MiB and a commit, but for a reader that keeps it open.
const BOUNDS: Bounds = Bounds { worth: 1_000, long: 8_192, rest: 128, most: 32_768 };
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
    bounds: Bounds,
    /// The length of the log at which the writer waits; more than the bound while a reader
    /// holds the log open, for whom waiting again would be no use.
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
        let asks = Some(asks);
        Ok(Self { asks, failure, thread, bounds: BOUNDS, wait_pages: BOUNDS.most })
    }

    /// Looks after a commit how long the log is, and has it copied when it is worth it.
    /// Waits where the log is long and little is left, or where it is far too long.
    ///
    /// # Errors
    /// When the copying has failed; the run must then end.
    pub(in crate::journal) fn look(&mut self, writer: &Connection) -> Result<(), JournalError> {
        self.failed()?;
        let log = Log::read(writer, Pass::LookOnly)?;
        let Bounds { worth, long, rest, most } = self.bounds;
        if log.pages < most {
            self.wait_pages = most;
        }
        let is_long = log.pages >= long;
        if log.pages >= self.wait_pages || is_long && (1..=rest).contains(&log.left()) {
            self.wait()?;
            self.judge(Log::read(writer, Pass::LookOnly)?);
        } else if log.left() >= worth || is_long && log.left() > 0 {
            // A full queue is an ask that was not heard yet: it does for this one too.
            let _ = self.asks().try_send(None);
        }
        Ok(())
    }

    /// After a wait all is copied, but for what a reader still needs.
    fn judge(&mut self, log: Log) {
        if log.left() > 0 {
            let Bounds { long, most, .. } = self.bounds;
            self.wait_pages = log.pages.max(most).saturating_add(long);
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

    const SMALL: Bounds = Bounds { worth: 20, long: 60, rest: 15, most: 200 };

    /// A file, and its writer that never copies.
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

        fn checkpointer(&self) -> Checkpointer {
            let mut checkpointer = Checkpointer::start(&self.path).unwrap();
            checkpointer.bounds = SMALL;
            checkpointer.wait_pages = SMALL.most;
            checkpointer
        }

        /// Commits at least so many pages, and few more.
        fn write(&self, pages: u32) {
            let sql = "INSERT INTO pages VALUES (zeroblob(?1))";
            self.writer.execute(sql, [i64::from(pages) * 4_096]).unwrap();
        }

        /// A reader that stays where it is until it commits.
        fn reader(&self) -> Connection {
            let reader = Connection::open(&self.path).unwrap();
            reader.execute_batch("BEGIN; SELECT count(*) FROM pages").unwrap();
            reader
        }

        fn log(&self) -> Log {
            Log::read(&self.writer, Pass::LookOnly).unwrap()
        }
    }

    #[test]
    fn a_short_log_is_left_alone() {
        let place = Place::new();
        let mut checkpointer = place.checkpointer();
        place.write(SMALL.worth / 2);
        checkpointer.look(&place.writer).unwrap();
        drop(checkpointer);
        assert_eq!(place.log().copied, 0);
    }

    #[test]
    fn what_is_worth_it_is_copied_and_the_log_begins_anew() {
        let place = Place::new();
        let mut checkpointer = place.checkpointer();
        place.write(SMALL.worth);
        checkpointer.look(&place.writer).unwrap();
        drop(checkpointer);
        assert_eq!(place.log().left(), 0);
        place.write(1);
        assert!(place.log().pages < SMALL.worth, "{:?}", place.log());
    }

    #[test]
    fn the_writer_waits_for_the_rest_of_a_long_log() {
        let place = Place::new();
        let mut checkpointer = place.checkpointer();
        place.write(SMALL.long);
        // It keeps the log from beginning anew, and nothing from being copied.
        let reader = place.reader();
        checkpointer.wait().unwrap();
        place.write(1);
        let log = place.log();
        assert!(log.pages > SMALL.long && (1..=SMALL.rest).contains(&log.left()), "{log:?}");
        reader.execute_batch("COMMIT").unwrap();
        checkpointer.look(&place.writer).unwrap();
        assert_eq!(place.log().left(), 0);
        place.write(1);
        assert!(place.log().pages < SMALL.long, "{:?}", place.log());
    }

    #[test]
    fn a_log_beyond_its_bound_is_copied_before_the_writer_goes_on() {
        let place = Place::new();
        let mut checkpointer = place.checkpointer();
        place.write(SMALL.most);
        checkpointer.look(&place.writer).unwrap();
        assert_eq!(place.log().left(), 0);
    }

    #[test]
    fn a_reader_that_stays_holds_the_writer_up_once_and_not_at_every_commit() {
        let place = Place::new();
        let mut checkpointer = place.checkpointer();
        place.write(1);
        let reader = place.reader();
        place.write(SMALL.most);
        checkpointer.look(&place.writer).unwrap();
        assert!(place.log().left() > 0);
        assert!(checkpointer.wait_pages >= SMALL.most + SMALL.long);
        reader.execute_batch("COMMIT").unwrap();
        checkpointer.wait().unwrap();
        place.write(1);
        checkpointer.look(&place.writer).unwrap();
        assert_eq!(checkpointer.wait_pages, SMALL.most);
    }

    #[test]
    fn a_copying_that_fails_is_said_by_the_writer() {
        let place = Place::new();
        let mut checkpointer = place.checkpointer();
        let (says, failure) = mpsc::sync_channel(1);
        says.send(JournalError::Failed).unwrap();
        checkpointer.failure = failure;
        assert!(matches!(checkpointer.look(&place.writer), Err(JournalError::Failed)));
    }
}
