//! The table of names, typed by hand from the specification.

use std::collections::BTreeSet;

use flightdeck::events::wire::{self, WireError, WireName, names};

use crate::support::examples::{self, envelope};
use crate::wire::written;

/// Names with their short spellings (spec §2, the table of agents and what
/// stands beside it).
const SPECIFIED: &[(&str, Option<&str>)] = &[
    ("market_data.get_quote", None),
    ("market_data.get_bars", None),
    ("market_data.subscribe", None),
    ("market_data.check_status", None),
    ("market_data.quote.updated", Some("quote_updated")),
    ("market_data.bars.received", Some("bars_received")),
    ("market_data.stream.tick", Some("stream_tick")),
    ("market_data.market.status", Some("market_status")),
    ("order.submit", None),
    ("order.cancel", None),
    ("order.modify", None),
    ("order.get_status", None),
    ("order.submit.success", Some("order.submitted")),
    ("order.fill.complete", Some("order.filled")),
    ("order.fill.partial", Some("order.partially_filled")),
    ("order.submit.rejected", Some("order.rejected")),
    ("order.cancel.success", Some("order.cancelled")),
    ("order.cancel.rejected", None),
    ("order.modify.success", None),
    ("order.expire.done", Some("order.expired")),
    ("order.outcome.unknown", None),
    ("order.status.reported", None),
    ("order.state.changed", None),
    ("strategy.scan_candidates", None),
    ("strategy.evaluate_setup", None),
    ("strategy.manage_position", None),
    ("strategy.should_exit", None),
    ("strategy.scan.started", None),
    ("strategy.candidate.found", Some("candidate_found")),
    ("strategy.evaluate.started", None),
    ("strategy.entry.signal", None),
    ("strategy.ensemble.signal", None),
    ("strategy.hold.signal", None),
    ("strategy.exit.signal", None),
    ("strategy.trade.logged", None),
    ("risk.calculate_size", None),
    ("risk.check_limits", None),
    ("risk.assess_portfolio", None),
    ("risk.approve_trade", None),
    ("risk.size.calculated", None),
    ("risk.limit.exceeded", None),
    ("risk.trade.approved", None),
    ("risk.drawdown.alert", None),
    ("position.track", None),
    ("position.set_stop", None),
    ("position.update_stop", None),
    ("position.calculate_pnl", None),
    ("position.check_exit", None),
    ("position.open.done", Some("position.opened")),
    ("position.stop.set", Some("stop_set")),
    ("position.stop.hit", None),
    ("position.target.hit", None),
    ("position.pnl.updated", Some("pnl_updated")),
    ("position.closed.done", Some("position.closed")),
    ("operator.approve", None),
    ("operator.reject", None),
    ("operator.cancel", None),
    ("operator.reset_breaker", None),
    ("operator.kill", None),
    ("operator.reduce", None),
    ("operator.resume", None),
    ("operator.flatten", None),
    ("intel.email.stored", None),
    ("intel.link.found", None),
    ("breaker.state.changed", None),
    ("trade.state.changed", None),
    ("trade.transition.invalid", None),
    ("system.agent.started", None),
    ("system.agent.failed", None),
    ("system.reconcile.difference", None),
    ("system.alert.raised", None),
    ("system.bus.up", None),
    ("system.bus.down", None),
    ("operator.settle", None),
    ("operator.acknowledge", None),
    ("venue.race.decided", None),
    ("position.naked.ended", None),
];

#[test]
fn every_name_of_the_specification_exists_with_its_short_spelling() {
    for &(name, alias) in SPECIFIED {
        let found = names().find(|wire| wire.name == name);
        assert_eq!(found, Some(WireName { name, alias }), "{name}");
    }
}

#[test]
fn no_other_name_has_a_short_spelling() {
    for wire in names().filter(|wire| wire.alias.is_some()) {
        assert!(SPECIFIED.contains(&(wire.name, wire.alias)), "{wire:?}");
    }
}

#[test]
fn a_name_means_one_event() {
    let mut seen = BTreeSet::new();
    for text in names().flat_map(|wire| [Some(wire.name), wire.alias]).flatten() {
        assert!(seen.insert(text), "'{text}' stands twice");
    }
}

#[test]
fn commands_have_two_segments_and_events_three() {
    for WireName { name, .. } in names() {
        let segments: Vec<&str> = name.split('.').collect();
        assert!(matches!(segments.len(), 2 | 3), "{name}");
        for segment in segments {
            let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
            assert!(!segment.is_empty() && segment.bytes().all(is_plain), "{name}");
        }
    }
}

#[test]
fn a_short_spelling_is_read_and_never_written() {
    let mut checked = BTreeSet::new();
    for event in examples::all() {
        let wire = names().find(|wire| wire.name == event.name()).expect("the example has a name");
        let line = written(&envelope(event));
        let head = |name: &str| format!(r#"{{"event":"{name}","#);
        assert!(line.starts_with(&head(wire.name)), "{line}");
        if let Some(alias) = wire.alias {
            let spelled = line.replacen(&head(wire.name), &head(alias), 1);
            assert_ne!(spelled, line);
            let read = wire::read(&spelled).expect("the short spelling is accepted");
            assert_eq!(written(&read), line);
            checked.insert(alias);
        }
    }
    assert_eq!(checked.len(), names().filter(|wire| wire.alias.is_some()).count());
}

#[test]
fn an_unknown_name_is_refused_by_name() {
    let sent = written(&envelope(examples::all().remove(0)));
    for name in ["tape.market.movedd", "Tape.Market.Moved", "", "tape", "quote.updated"] {
        let line = sent.replacen("tape.market.moved", name, 1);
        let error = wire::read(&line).unwrap_err();
        assert!(matches!(&error, WireError::UnknownName(unknown) if unknown == name), "{error:?}");
        assert!(error.to_string().contains(name));
    }
    let long = "x".repeat(100_000);
    let error = wire::read(&sent.replacen("tape.market.moved", &long, 1)).unwrap_err();
    assert!(error.to_string().len() < 100, "a long name is cut");
}
