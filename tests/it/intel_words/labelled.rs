//! Precision and recall of the extraction, per kind.

use std::collections::BTreeSet;

use serde::Deserialize;

use flightdeck::intel::entities::{EntityKind, Extractor};
use flightdeck::intel::mail::Message;

use super::{address, file, message};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    message: Vec<Labelled>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Labelled {
    id: String,
    #[serde(default = "tuesday")]
    at: String,
    from: Option<String>,
    #[serde(default)]
    to: Vec<String>,
    #[serde(default)]
    subject: String,
    body: String,
    /// The body is repeated so many times, then `tail` follows.
    repeat: Option<usize>,
    #[serde(default)]
    tail: String,
    #[serde(default)]
    quoted: String,
    expect: BTreeSet<String>,
}

fn tuesday() -> String {
    "2026-03-10T14:00:00Z".to_owned()
}

impl Labelled {
    fn message(&self) -> Message {
        let body = self.body.repeat(self.repeat.unwrap_or(1)) + &self.tail;
        let mut mail = message(&self.id, &self.at, &self.subject, body);
        mail.from = self.from.as_deref().map(address);
        mail.to = self.to.iter().map(|text| address(text)).collect();
        mail.quoted.clone_from(&self.quoted);
        mail
    }
}

fn set(name: &str) -> Vec<Labelled> {
    toml::from_str::<Set>(&file(&format!("labelled/{name}.toml"))).unwrap().message
}

#[derive(Default, Clone, Copy)]
struct Count {
    right: u32,
    found: u32,
    expected: u32,
}

impl Count {
    fn precision(self) -> f64 {
        share(self.right, self.found)
    }
    fn recall(self) -> f64 {
        share(self.right, self.expected)
    }
}

fn share(part: u32, whole: u32) -> f64 {
    if whole == 0 { 1.0 } else { f64::from(part) / f64::from(whole) }
}

/// Counts per kind over sets, and prints what was missed and what was too much.
#[expect(clippy::print_stdout, reason = "a table for who asks with --nocapture")]
fn measured(sets: &[&str]) -> Vec<(EntityKind, Count)> {
    let extractor = Extractor::default();
    let mut counts = EntityKind::ALL.map(|kind| (kind, Count::default()));
    for labelled in sets.iter().flat_map(|name| set(name)) {
        let found: BTreeSet<String> = extractor
            .extract(&labelled.message())
            .iter()
            .map(|entity| format!("{}:{}", entity.kind().name(), entity.value))
            .collect();
        let missed: Vec<_> = labelled.expect.difference(&found).collect();
        let extra: Vec<_> = found.difference(&labelled.expect).collect();
        if !missed.is_empty() || !extra.is_empty() {
            println!("{}: missed {missed:?}, too much {extra:?}", labelled.id);
        }
        for (kind, count) in &mut counts {
            let is_kind = |text: &&String| text.split(':').next() == Some(kind.name());
            let size = |set: &BTreeSet<String>| u32::try_from(set.iter().filter(is_kind).count());
            count.found += size(&found).unwrap();
            count.expected += size(&labelled.expect).unwrap();
            count.right += size(&found.intersection(&labelled.expect).cloned().collect()).unwrap();
        }
    }
    println!(
        "{:<9}{:>9}{:>7}{:>7}{:>11}{:>8}",
        "kind", "expected", "found", "right", "precision", "recall"
    );
    for (kind, count) in &counts {
        let Count { right, found, expected } = *count;
        let (precision, recall) = (count.precision(), count.recall());
        println!(
            "{:<9}{expected:>9}{found:>7}{right:>7}{precision:>11.3}{recall:>8.3}",
            kind.name()
        );
    }
    counts.to_vec()
}

#[track_caller]
fn check(sets: &[&str], floors: [(EntityKind, f64, f64); 8]) {
    for ((kind, count), (floor_kind, precision, recall)) in measured(sets).iter().zip(floors) {
        assert_eq!(*kind, floor_kind);
        assert!(count.precision() >= precision, "precision of {kind:?}: {}", count.precision());
        assert!(count.recall() >= recall, "recall of {kind:?}: {}", count.recall());
    }
}

#[test]
fn the_set_has_sixty_messages_and_fifteen_that_mislead() {
    let (plain, adversarial) = (set("plain"), set("adversarial"));
    assert!(plain.len() + adversarial.len() >= 60 && adversarial.len() >= 15);
    let ids: BTreeSet<&str> = plain.iter().chain(&adversarial).map(|m| m.id.as_str()).collect();
    assert_eq!(ids.len(), plain.len() + adversarial.len());
}

#[test]
fn extraction_keeps_its_floors_on_all_labelled_messages() {
    check(
        &["plain", "adversarial", "second"],
        [
            (EntityKind::Person, 1.00, 0.85),
            (EntityKind::Address, 1.00, 1.00),
            (EntityKind::Company, 1.00, 0.97),
            (EntityKind::Ticker, 1.00, 0.98),
            (EntityKind::Money, 1.00, 1.00),
            (EntityKind::Percent, 0.92, 0.92),
            (EntityKind::Date, 1.00, 0.96),
            (EntityKind::Intent, 1.00, 0.97),
        ],
    );
}

#[test]
fn extraction_keeps_its_floors_on_messages_that_no_rule_was_changed_for() {
    check(
        &["held_out"],
        [
            (EntityKind::Person, 1.00, 0.75),
            (EntityKind::Address, 1.00, 1.00),
            (EntityKind::Company, 1.00, 1.00),
            (EntityKind::Ticker, 1.00, 1.00),
            (EntityKind::Money, 1.00, 1.00),
            (EntityKind::Percent, 1.00, 0.75),
            (EntityKind::Date, 1.00, 1.00),
            (EntityKind::Intent, 1.00, 0.91),
        ],
    );
}
