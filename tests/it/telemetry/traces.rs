//! The traces of the golden trade (spec §9), name by name.

use flightdeck::domain::position::Direction;
use flightdeck::events::{ExitStyle, TraceContext, wire};
use flightdeck::telemetry::spans::{Kind, Span};

use super::{attribute, check_sound, entry_of, names, one, outline, spans_of, tree};
use crate::support::cockpit::{Cockpit, rules};

/// The tree of spec §9.
pub(crate) const ENTRY: &str = "
    trade
      strategy.scan_candidates
        market_data.get_quotes
        strategy.evaluate_criteria
      strategy.evaluate_setup
      risk.approve_trade
        risk.calculate_size
        risk.check_limits
      order.submit
        alpaca_api.place_order
      position.track
      position.set_stop
        alpaca_api.place_stop_order
";

fn golden(style: ExitStyle) -> Cockpit {
    let mut config = rules();
    config.position.exit_style = style;
    let mut cockpit = Cockpit::new(&config);
    cockpit.setup("AAPL", "175.50", Direction::Long);
    cockpit.wait(5).quote("AAPL", "190.00", "190.01");
    cockpit.wait(5).quote("AAPL", "201.82", "201.83");
    cockpit
}

/// The first spans of the traces after the entry's, oldest first.
fn later(spans: &[Span], cockpit: &Cockpit) -> Vec<String> {
    let entry = TraceContext::of(&cockpit.trade()).trace_id;
    let others = spans.iter().filter(|span| span.context.trace_id != entry);
    others.filter(|span| span.parent.is_none()).map(|span| span.name.to_string()).collect()
}

#[test]
fn an_entry_is_one_trace_of_the_names_and_the_nesting_of_the_specification() {
    for style in [ExitStyle::NativeOco, ExitStyle::Managed] {
        let cockpit = golden(style);
        let spans = spans_of(&cockpit.journal());
        check_sound(&spans);
        assert_eq!(tree(&entry_of(&spans, &cockpit.trade())), outline(ENTRY), "{style:?}");
    }
}

#[test]
fn the_first_span_says_what_the_trade_is() {
    let cockpit = golden(ExitStyle::NativeOco);
    let spans = entry_of(&spans_of(&cockpit.journal()), &cockpit.trade());
    let root = one(&spans, "trade");
    for (name, expected) in [
        ("trade.id", cockpit.trade().as_str()),
        ("trade.symbol", "AAPL"),
        ("trade.direction", "long"),
        ("trade.entry_price", "175.50"),
        ("trade.stop_price", "166.72"),
        ("trade.target_price", "201.82"),
        ("trade.quantity", "5"),
        ("trade.strategy", "trend_following_3_to_1"),
        ("trade.state", "HOLDING"),
    ] {
        assert_eq!(attribute(root, name), expected, "{name}");
    }
    assert!(root.failure.is_none() && root.links.is_empty());
    for span in &spans {
        assert_eq!(attribute(span, "trade.id"), cockpit.trade().as_str(), "{}", span.name);
    }
}

#[test]
fn an_order_and_its_call_say_what_was_asked_and_answered() {
    let cockpit = golden(ExitStyle::Managed);
    let spans = entry_of(&spans_of(&cockpit.journal()), &cockpit.trade());
    let submit = one(&spans, "order.submit");
    let place = one(&spans, "alpaca_api.place_order");
    for span in [submit, place] {
        assert_eq!(attribute(span, "order.status"), "ACCEPTED");
        assert_eq!(attribute(span, "order.type"), "limit");
        assert_eq!(attribute(span, "order.limit_price"), "175.50");
        assert_eq!(attribute(span, "order.quantity"), "5");
        let id = cockpit.order(flightdeck::domain::order::OrderPurpose::Entry);
        assert_eq!(attribute(span, "order.id"), id.as_str());
    }
    assert_eq!((submit.kind, place.kind), (Kind::Internal, Kind::Client));
    assert_eq!(attribute(place, "http.request.method"), "POST");
    assert_eq!(attribute(place, "url.template"), "/v2/orders");
    assert_eq!(attribute(place, "http.response.status_code"), "200");
    assert_eq!(attribute(place, "server.address"), "127.0.0.1");
    let stop = one(&spans, "alpaca_api.place_stop_order");
    assert_eq!(attribute(stop, "order.stop_price"), "166.72");
}

#[test]
fn permission_shows_every_check_and_the_setup_every_ballot() {
    let cockpit = golden(ExitStyle::NativeOco);
    let spans = entry_of(&spans_of(&cockpit.journal()), &cockpit.trade());
    let checks = one(&spans, "risk.check_limits");
    assert!(checks.moments.iter().filter(|moment| moment.name == "check").count() > 10);
    assert_eq!(attribute(one(&spans, "risk.calculate_size"), "risk.quantity"), "5");
    assert_eq!(attribute(one(&spans, "risk.approve_trade"), "risk.outcome"), "approved");
    let setup = one(&spans, "strategy.evaluate_setup");
    assert!(setup.moments.iter().any(|moment| moment.name == "ballot"));
    let criteria = one(&spans, "strategy.evaluate_criteria");
    assert!(criteria.moments.iter().any(|moment| moment.name == "criterion"));
}

#[test]
fn every_step_after_the_entry_is_a_short_trace_of_its_own_linked_to_it() {
    let cockpit = golden(ExitStyle::NativeOco);
    let spans = spans_of(&cockpit.journal());
    assert_eq!(later(&spans, &cockpit), ["order.fill", "order.fill", "position.exit"]);
    let cockpit = golden(ExitStyle::Managed);
    let spans = spans_of(&cockpit.journal());
    assert_eq!(later(&spans, &cockpit), ["order.fill", "order.fill", "position.exit"]);
    let exit = one(&spans, "position.exit");
    let of_exit: Vec<Span> = spans
        .iter()
        .filter(|span| span.context.trace_id == exit.context.trace_id)
        .cloned()
        .collect();
    let expected = "
        position.exit
          alpaca_api.cancel_order
          order.submit
            alpaca_api.place_order
    ";
    assert_eq!(tree(&of_exit), outline(expected));
    assert_eq!(exit.links, [TraceContext::of(&cockpit.trade())]);
    assert_eq!(attribute(exit, "exit.reason"), "TARGET_HIT");
    assert_eq!(attribute(exit, "trade.pnl"), "131.60");
    assert_eq!(attribute(exit, "trade.id"), cockpit.trade().as_str());
}

#[test]
fn every_change_of_a_machine_is_noted_once_on_some_span_of_its_trade() {
    for style in [ExitStyle::NativeOco, ExitStyle::Managed] {
        let cockpit = golden(style);
        let spans = spans_of(&cockpit.journal());
        for name in ["trade.state.changed", "order.state.changed"] {
            let noted = spans.iter().flat_map(|span| &span.moments);
            let noted = noted.filter(|moment| moment.name == name).count();
            assert_eq!(noted, cockpit.count(name), "{name} in {:?}", names(&spans));
        }
    }
}

#[test]
fn the_envelopes_of_a_trade_name_the_trace_of_its_entry() {
    let cockpit = golden(ExitStyle::NativeOco);
    let expected = format!(r#""traceparent":"{}""#, TraceContext::of(&cockpit.trade()));
    let spans = spans_of(&cockpit.journal());
    assert_eq!(one(&spans, "trade").context, TraceContext::of(&cockpit.trade()));
    let mut named = 0;
    for envelope in cockpit.journal() {
        let mut line = Vec::new();
        wire::write(&envelope, &mut line);
        let line = String::from_utf8(line).unwrap();
        let is_of_trade = envelope.event.trade_id().is_some();
        assert_eq!(line.contains(&expected), is_of_trade, "{line}");
        named += usize::from(is_of_trade);
    }
    assert!(named > 20);
}

#[test]
fn the_same_journal_tells_the_same_spans_and_quotes_tell_none() {
    let journal = golden(ExitStyle::Managed).journal();
    assert_eq!(spans_of(&journal), spans_of(&journal));
    let mut cockpit = Cockpit::new(&rules());
    for cents in 10..60 {
        cockpit.wait(1).quote("AAPL", &format!("175.{cents}"), "176.00");
    }
    assert_eq!(names(&spans_of(&cockpit.journal())), Vec::<&str>::new());
}

#[test]
fn a_stop_that_is_moved_is_a_trace_of_its_own() {
    let mut config = rules();
    config.strategy.trail_start_r = rust_decimal::Decimal::ONE;
    let mut cockpit = Cockpit::new(&config);
    cockpit.setup("AAPL", "175.50", Direction::Long);
    for (price, above) in [("186.00", "186.01"), ("188.00", "188.01"), ("190.00", "190.01")] {
        cockpit.wait(60).quote("AAPL", price, above).bar("AAPL", [price; 4], 1_000);
    }
    assert!(cockpit.count("position.update_stop") > 0, "{:?}", cockpit.story());
    let spans = spans_of(&cockpit.journal());
    check_sound(&spans);
    let moves = spans.iter().filter(|span| span.name == "position.update_stop").count();
    assert_eq!(moves, cockpit.count("position.update_stop"));
}
