//! `flightdeck replay` over files made by the tests, and over real ones where they
//! are at hand.

mod files;
mod real;
mod reference;

use std::path::PathBuf;

use serde_json::Value;

use crate::support::program::Home;

/// Real daily bars that travel with the program.
fn sample() -> String {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data/daily-sample.csv").display().to_string()
}

/// Replays and returns the document.
#[track_caller]
fn document(home: &Home, arguments: &str) -> Value {
    let ended = home.run(&format!("replay --json {arguments}"));
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    assert_eq!(ended.out.lines().count(), 1, "one document");
    serde_json::from_str(&ended.out).unwrap()
}

/// Replays and returns the event log, with the document.
#[track_caller]
fn logged(home: &Home, arguments: &str) -> (String, Value) {
    let document = document(home, &format!("--events events.jsonl {arguments}"));
    (std::fs::read_to_string(home.path("events.jsonl")).unwrap(), document)
}

/// The trades of a document that have ended.
fn closed(document: &Value) -> Vec<&Value> {
    let trades = document["trades"].as_array().unwrap().iter();
    trades.filter(|trade| trade["reason"] != "OPEN").collect()
}
