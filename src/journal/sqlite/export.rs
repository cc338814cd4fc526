//! The journal as JSON lines, for people and other tools.

use std::io::Write;
use std::path::Path;

use rusqlite::TransactionBehavior;

use crate::journal::JournalError;
use crate::journal::sqlite::identity::StoreIdentity;
use crate::journal::sqlite::read::{self, Step};
use crate::journal::sqlite::schema;

/// Writes every envelope as the line that was journalled, in order, with market
/// data or without; returns how many. The chain is checked on the way.
///
/// # Errors
/// When the journal cannot be read or is damaged, or the writer refuses.
pub fn export(path: &Path, out: &mut dyn Write, with_tape: bool) -> Result<u64, JournalError> {
    let mut connection = schema::open_to_read(path)?;
    let connection = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
    let identity = StoreIdentity::read(&connection)?;
    let mut lines = 0;
    let end = read::walk(&connection, &identity, with_tape, &mut |read| {
        let written = out.write_all(read.payload.as_bytes()).and_then(|()| out.write_all(b"\n"));
        written.map_err(JournalError::Output)?;
        lines += 1;
        Ok(Step::On)
    })?;
    out.flush().map_err(JournalError::Output)?;
    read::check_head(&connection, end)?;
    Ok(lines)
}
