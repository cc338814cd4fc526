//! Judges of decisions: every entry has its record, every closed trade its trace.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::validate::{Finding, Rules};
use crate::domain::ids::{Seq, TradeId};
use crate::domain::order::{OrderPurpose, Side};
use crate::events::{Envelope, Event, OrderEvent, PositionEvent, RiskEvent, SignalEvent};
use crate::strategies::Action;

/// Steps that a chain of causes may have.
const CHAIN_MAX: usize = 64;

/// The steps before an entry, by name, in any order.
const BEFORE: [&str; 6] = [
    "strategy.candidate.found",
    "strategy.evaluate.started",
    "strategy.ensemble.signal",
    "strategy.entry.signal",
    "risk.size.calculated",
    "risk.trade.approved",
];

/// From a step of a closed trade to the step that must be among its causes.
const CHAIN: [(&str, &str); 6] = [
    ("risk.trade.approved", "strategy.entry.signal"),
    ("order.submit", "risk.trade.approved"),
    ("position.open.done", "order.fill"),
    ("position.stop.set", "position.set_stop"),
    ("position.closed.done", "order.fill"),
    ("strategy.trade.logged", "position.closed.done"),
];

/// Every entry comes after its candidate, evaluation, ballots, size and approval; the
/// ballots carry the side that was taken, and every check has passed.
pub(super) fn records(told: &[Envelope], _: &Rules) -> Finding {
    let mut found = Finding::default();
    let mut steps: BTreeMap<&TradeId, BTreeSet<&str>> = BTreeMap::new();
    for Envelope { seq, event, .. } in told {
        if let Some(id) = event.trade_id() {
            steps.entry(id).or_default().insert(event.name());
        }
        if let Event::Signal(SignalEvent::Ensemble(signal)) = event {
            let action = match signal.action {
                Side::Buy => Action::Buy,
                Side::Sell => Action::Sell,
            };
            let votes = signal.ballots.iter().filter_map(|ballot| Some((ballot, ballot.vote?)));
            let winners = votes.clone().filter(|(_, vote)| vote.action() == action).count();
            let actionable = votes.clone().filter(|(_, vote)| vote.action() != Action::Hold);
            let others = actionable.count() - winners;
            let has_spoken = votes
                .filter(|(_, vote)| vote.action() == action)
                .any(|(ballot, _)| ballot.member == signal.speaker);
            let id = &signal.trade_id;
            found.check(winners >= others && has_spoken, *seq, || {
                format!(
                    "trade {id}: {winners} ballots for {action:?}, {others} against, {} speaks",
                    signal.speaker
                )
            });
        } else if let Event::Risk(RiskEvent::Approved(approved)) = event {
            let checks = approved.order.checks();
            let is_right = !checks.is_empty() && checks.iter().all(|check| check.passed);
            found.check(is_right, *seq, || {
                let failed: Vec<&str> =
                    checks.iter().filter(|c| !c.passed).map(|c| c.rule.name()).collect();
                format!(
                    "trade {} was approved on {} checks, not passed: {failed:?}",
                    approved.trade_id,
                    checks.len()
                )
            });
        } else if let Event::Order(OrderEvent::Submit(submit)) = event
            && submit.order.purpose() == OrderPurpose::Entry
        {
            let id = submit.order.trade_id();
            let known = steps.get(id);
            let missing: Vec<&&str> = BEFORE
                .iter()
                .filter(|name| known.is_none_or(|known| !known.contains(**name)))
                .collect();
            found.check(missing.is_empty(), *seq, || {
                format!("the entry of trade {id} left without {missing:?}")
            });
        }
    }
    found
}

/// Causes come before what they cause, and the steps of every closed trade are there and
/// hang together.
pub(super) fn traces(told: &[Envelope], _: &Rules) -> Finding {
    let mut found = Finding::default();
    let all: BTreeMap<Seq, &Envelope> = told.iter().map(|told| (told.seq, told)).collect();
    let mut of_trade: BTreeMap<&TradeId, Vec<&Envelope>> = BTreeMap::new();
    for envelope in told {
        let is_later = envelope.cause.is_none_or(|cause| cause < envelope.seq);
        found.check(is_later, envelope.seq, || "its cause comes after it".to_owned());
        if let Some(id) = envelope.event.trade_id() {
            of_trade.entry(id).or_default().push(envelope);
        }
    }
    for Envelope { seq, event, .. } in told {
        let Event::Position(PositionEvent::Closed(closed)) = event else { continue };
        let id = &closed.trade_id;
        let steps = of_trade.get(id).map_or(&[] as &[&Envelope], Vec::as_slice);
        for (step, cause) in CHAIN {
            let mut named = steps.iter().filter(|told| told.event.name() == step);
            // The exit and the stop are submitted for reasons of their own: the entry is first.
            let hangs = named.next().is_some_and(|told| reaches(&all, told, cause, id));
            // A position that is sold at once never has a stop.
            let is_excused =
                step == "position.stop.set" && !steps.iter().any(|told| told.event.name() == step);
            found.check(hangs || is_excused, *seq, || {
                format!("trade {id}: no {step} that comes of {cause}")
            });
        }
    }
    found
}

/// Whether one of the causes has a name that begins so, and is of this trade.
fn reaches(all: &BTreeMap<Seq, &Envelope>, from: &Envelope, name: &str, id: &TradeId) -> bool {
    let mut at = from.cause;
    for _ in 0..CHAIN_MAX {
        let Some(told) = at.and_then(|seq| all.get(&seq)) else { return false };
        if told.event.name().starts_with(name) && told.event.trade_id() == Some(id) {
            return true;
        }
        at = told.cause;
    }
    false
}
