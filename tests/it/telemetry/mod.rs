//! What the house tells of itself: the traces of a trade (spec §9), where they arrive, and
//! that nobody who trades waits for those who look.

mod collector;
mod traces;
mod failures;
mod sending;
mod program;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use flightdeck::domain::ids::TradeId;
use flightdeck::events::{Envelope, TraceContext};
use flightdeck::telemetry::spans::{Projector, Span, VenueNames};

/// Every span of a journal.
pub(crate) fn spans_of(journal: &[Envelope]) -> Vec<Span> {
    let mut projector = Projector::new(VenueNames::alpaca("127.0.0.1"));
    let mut spans: Vec<Span> = journal.iter().flat_map(|seen| projector.see(seen)).collect();
    spans.extend(projector.finish(journal.last().unwrap().at));
    spans
}

/// The spans of a trade's own trace.
pub(crate) fn entry_of(spans: &[Span], trade_id: &TradeId) -> Vec<Span> {
    let trace = TraceContext::of(trade_id).trace_id;
    spans.iter().filter(|span| span.context.trace_id == trace).cloned().collect()
}

/// The spans of one trace as an indented list, children in the order in which they began.
pub(crate) fn tree(spans: &[Span]) -> String {
    let mut below: BTreeMap<Option<u64>, Vec<&Span>> = BTreeMap::new();
    for span in spans {
        below.entry(span.parent).or_default().push(span);
    }
    let mut text = String::new();
    list(&below, None, 0, &mut text);
    text
}

fn list(
    below: &BTreeMap<Option<u64>, Vec<&Span>>,
    of: Option<u64>,
    depth: usize,
    text: &mut String,
) {
    let began = |span: &&Span| match span.get("event.seq") {
        Some(flightdeck::telemetry::spans::Value::Whole(seq)) => *seq,
        _ => 0,
    };
    let mut children = below.get(&of).cloned().unwrap_or_default();
    children.sort_by_key(began);
    for child in children {
        writeln!(text, "{:depth$}{}", "", child.name, depth = 2 * depth).unwrap();
        list(below, Some(child.context.span_id), depth + 1, text);
    }
}

/// Indented lines without the indentation of the test around them.
pub(crate) fn outline(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let margin = lines.iter().map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    let mut text = String::new();
    for line in lines {
        text.extend(line.chars().skip(margin));
        text.push('\n');
    }
    text
}

/// An attribute as text.
#[track_caller]
pub(crate) fn attribute(span: &Span, name: &str) -> String {
    span.get(name).unwrap_or_else(|| panic!("{} has no {name}: {span:?}", span.name)).text()
}

/// The one span of a name.
#[track_caller]
pub(crate) fn one<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    let found: Vec<&Span> = spans.iter().filter(|span| span.name == name).collect();
    assert_eq!(found.len(), 1, "one {name} in {:?}", names(spans));
    found[0]
}

pub(crate) fn names(spans: &[Span]) -> Vec<&str> {
    spans.iter().map(|span| span.name.as_ref()).collect()
}

/// What holds for the spans of any journal: no name twice, every parent there and around
/// its child, every trace with one first span, every later trace of a trade linked to it.
#[track_caller]
pub(crate) fn check_sound(spans: &[Span]) {
    let ids: BTreeSet<_> = spans.iter().map(|span| span.context).collect();
    assert_eq!(ids.len(), spans.len(), "every span has a name of its own");
    let mut first: BTreeMap<u128, u32> = BTreeMap::new();
    for span in spans {
        assert!(span.start <= span.end, "{span:?}");
        match span.parent {
            Some(span_id) => {
                let around = TraceContext { span_id, ..span.context };
                let around = spans.iter().find(|other| other.context == around);
                let around = around.unwrap_or_else(|| panic!("no parent of {span:?}"));
                assert!(
                    around.start <= span.start && span.end <= around.end,
                    "{span:?} {around:?}"
                );
            }
            None => *first.entry(span.context.trace_id).or_default() += 1,
        }
        if let (None, Some(id)) = (span.parent, span.get("trade.id")) {
            let entry = TraceContext::of(&TradeId::new(id.text()));
            let is_linked = span.links == [entry] || span.context == entry;
            assert!(is_linked, "{span:?} belongs to no entry");
        }
    }
    assert!(first.values().all(|number| *number == 1), "one first span for each trace");
}
