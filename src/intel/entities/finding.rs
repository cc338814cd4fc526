//! A bounded list of findings in one text.
//!
//! Knows nothing of the rules that fill it.

use super::entity::{Entity, Part, Span, Value};

/// How many findings one text may have: an honest mail has some dozens, a hostile
/// one of "$1 $1 $1 …" would have thousands and costs its square.
pub(super) const FINDINGS_MAX: usize = 512;

/// An entity in a text whose part is not yet named.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finding {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) value: Value,
    pub(super) rule: &'static str,
}

impl Finding {
    pub(super) const fn new(start: usize, end: usize, value: Value, rule: &'static str) -> Self {
        Self { start, end, value, rule }
    }

    pub(super) const fn overlaps(&self, start: usize, end: usize) -> bool {
        self.start < end && start < self.end
    }

    pub(super) fn into_entity(self, part: Part) -> Entity {
        let span = Span { part, start: self.start, end: self.end };
        Entity { span, value: self.value, rule: self.rule }
    }
}

/// What the rules found so far, at most [`FINDINGS_MAX`]; the rest is dropped.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    pub(super) fn push(&mut self, finding: Finding) {
        if self.0.len() < FINDINGS_MAX {
            self.0.push(finding);
        }
    }

    pub(super) fn is_taken(&self, start: usize, end: usize) -> bool {
        self.0.iter().any(|finding| finding.overlaps(start, end))
    }

    /// Whether a company or ticker overlaps `start..end`.
    pub(super) fn names_company(&self, start: usize, end: usize) -> bool {
        self.0.iter().any(|finding| {
            matches!(finding.value, Value::Company(_) | Value::Ticker(_))
                && finding.overlaps(start, end)
        })
    }

    pub(super) fn into_entities(self, part: Part) -> impl Iterator<Item = Entity> {
        self.0.into_iter().map(move |finding| finding.into_entity(part))
    }

    #[cfg(test)]
    pub(super) fn values(&self) -> Vec<String> {
        self.0.iter().map(|finding| finding.value.to_string()).collect()
    }
}
