//! `flightdeck journal verify|export`.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde_json::json;

use crate::cli::arguments::Journal;
use crate::cli::{Failure, Outcome, output};
use crate::domain::hex::hex;
use crate::journal::{JournalError, Verified, export, verify};

pub(crate) fn journal(verb: &Journal) -> Outcome {
    match verb {
        Journal::Verify { file, json } => {
            let checked = verify(file).map_err(|error| failure(error, file, "does not verify"))?;
            output::say(&if *json { document(&checked) } else { sentence(&checked) })?;
        }
        Journal::Export { file, no_tape } => {
            let mut out = BufWriter::new(io::stdout().lock());
            export(file, &mut out, !no_tape)
                .map_err(|error| failure(error, file, "cannot be exported"))?;
            out.flush().map_err(Failure::from)?;
        }
    }
    Ok(())
}

fn failure(error: JournalError, file: &Path, what: &str) -> Failure {
    if error.is_refusal() {
        return Failure::refused(error);
    }
    Failure::Failed(anyhow::Error::new(error).context(format!("{} {what}", file.display())))
}

fn sentence(checked: &Verified) -> String {
    format!(
        "{} events and {} market records are whole; the last hash is {}",
        checked.events,
        checked.tape,
        hex(&checked.hash)
    )
}

fn document(checked: &Verified) -> String {
    json!({
        "events": checked.events,
        "tape": checked.tape,
        "first_seq": checked.first,
        "last_seq": checked.last,
        "last_hash": hex(&checked.hash),
    })
    .to_string()
}
