//! What a judge has found, what it is told, and how a journal comes before it.

use std::path::Path;

use anyhow::Context;
use jiff::SignedDuration;
use serde::Serialize;

use crate::domain::ids::Seq;
use crate::domain::money::Money;
use crate::events::{Envelope, wire};
use crate::journal::export;
use crate::risk::Limits;

/// Faults that a verdict quotes; the others are counted.
const QUOTED_MAX: usize = 20;

/// What the house was told.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Trades that had to be closed.
    pub trades: u64,
    /// The limits in force.
    pub limits: Limits,
    /// Cash before the first event, unless the venue has told it before the first fill.
    pub opening_cash: Money,
    /// How long a position may be bare, in the time of the market.
    pub stop_within: SignedDuration,
}

/// What a judge has found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Finding {
    judged: u64,
    faults: u64,
    quoted: Vec<String>,
}

impl Finding {
    /// Judges one thing; `what` says what is wrong with it.
    pub(super) fn check(&mut self, is_right: bool, seq: Seq, what: impl FnOnce() -> String) {
        self.judged += 1;
        if is_right {
            return;
        }
        self.faults += 1;
        if self.quoted.len() < QUOTED_MAX {
            self.quoted.push(format!("event {}: {}", seq.0, what()));
        }
    }
}

/// The verdict of one judge; a row of the table and of `--json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The judge.
    pub name: &'static str,
    /// What the journal is held to.
    pub about: &'static str,
    /// Whether nothing was wrong.
    pub passed: bool,
    /// How many things were looked at.
    pub judged: u64,
    /// How many of them are wrong.
    pub faults: u64,
    /// The first of the faults, each with the number of its event; 20 at most.
    pub quoted: Vec<String>,
}

impl Verdict {
    pub(super) fn new(name: &'static str, about: &'static str, found: Finding) -> Self {
        let Finding { judged, faults, quoted } = found;
        Self { name, about, passed: faults == 0, judged, faults, quoted }
    }
}

/// Reads a journal without its market data.
///
/// # Errors
/// When it cannot be read, or a record is not what was written.
pub fn read(path: &Path) -> anyhow::Result<Vec<Envelope>> {
    let mut lines = Vec::new();
    export(path, &mut lines, false).with_context(|| path.display().to_string())?;
    let lines = std::str::from_utf8(&lines).context("the journal is no text")?;
    lines
        .lines()
        .map(|line| wire::read(line).with_context(|| "the journal holds an unknown event"))
        .collect()
}
