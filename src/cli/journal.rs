//! `flightdeck journal verify|export`.

use std::io::{self, BufWriter, Write};

use anyhow::Context;
use serde_json::json;

use crate::cli::arguments::Journal;
use crate::cli::{Failure, Outcome, output};
use crate::domain::hex::hex;
use crate::journal::{Verified, export, verify};

pub(crate) fn journal(verb: &Journal) -> Outcome {
    match verb {
        Journal::Verify { file, json } => {
            let checked =
                verify(file).with_context(|| format!("{} does not verify", file.display()))?;
            output::say(&if *json { document(&checked) } else { sentence(&checked) })?;
        }
        Journal::Export { file, no_tape } => {
            let mut out = BufWriter::new(io::stdout().lock());
            export(file, &mut out, !no_tape)
                .with_context(|| format!("cannot export {}", file.display()))?;
            out.flush().map_err(Failure::from)?;
        }
    }
    Ok(())
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
