//! Entities and links, measured against the labelled sets under `tests/intel/`.
//!
//! The floors are what was measured, rounded down, so a change that finds less fails;
//! the tables are printed with `--nocapture`. The sets were written before the rules.

mod labelled;
mod pairs;
mod robustness;

use std::path::PathBuf;

use flightdeck::intel::mail::{Address, Message, MessageId, ThreadId};

fn file(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/intel").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// An address as `Name <local@domain>` or `"Surname, Name" <local@domain>`.
fn address(text: &str) -> Address {
    let (name, rest) = text.split_once('<').unwrap();
    Address {
        name: Some(name.trim().trim_matches('"').to_owned()),
        address: rest.trim_end_matches('>').to_owned(),
    }
}

fn message(id: &str, at: &str, subject: &str, body: String) -> Message {
    Message {
        id: MessageId(id.to_owned()),
        at: Some(at.parse().unwrap()),
        from: None,
        to: Vec::new(),
        cc: Vec::new(),
        subject: subject.to_owned(),
        body,
        quoted: String::new(),
        signature: String::new(),
        thread: ThreadId(id.to_owned()),
        attachments: Vec::new(),
        oddities: Vec::new(),
    }
}
