//! The journal in one SQLite file per mode and account.
//!
//! Table `events` is the authority: append-only, numbered without gaps, every
//! record chained to the one before by `chain`. Market data stand beside it in
//! `tape`, which may be pruned and has checksums instead. Orders, fills, positions, cash
//! and trades are `projections`, changed in the transaction of the events that
//! change them and nowhere else. `store` writes, `read` walks both tables in
//! the one order, `checkpoint` keeps the write-ahead log short, [`verify()`] proves that everything still is what was
//! written.
//!
//! What survives what: everything synced survives the end of the process and of
//! the machine. A write-ahead log that is cut short loses whole commits from its
//! end, never a part of one. A bit that flips in the file is found and named; one
//! that flips in the log before it is copied into the file looks to SQLite like
//! a log cut short there, and the commits after it are gone without a word: the
//! reconciliation with the venue is what shows them.

mod chain;
mod checkpoint;
mod export;
mod identity;
mod lock;
mod presence;
mod projections;
mod read;
mod schema;
mod store;
mod tables;
mod verify;

#[cfg(test)]
mod tests;

pub use export::export;
pub use identity::StoreIdentity;
pub use lock::is_in_use;
pub use store::{BATCH_RECORDS_MAX, SqliteJournal};
pub use verify::{Verified, verify};
