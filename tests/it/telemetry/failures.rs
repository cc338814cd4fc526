//! What went wrong, as whoever searches traces finds it.

use flightdeck::domain::order::OrderPurpose;
use flightdeck::domain::position::Direction;

use super::{attribute, check_sound, names, one, spans_of};
use crate::support::cockpit::{Cockpit, rules};
use crate::support::trouble::{Trouble, What};

#[test]
fn scenario_6_an_order_refused_for_buying_power_says_so_in_its_spans() {
    let mut cockpit = Cockpit::with_cash_at_venue(&rules(), "300.00");
    cockpit.setup("AAPL", "175.50", Direction::Long);
    let spans = spans_of(&cockpit.journal());
    check_sound(&spans);
    for name in ["order.submit", "alpaca_api.place_order"] {
        let span = one(&spans, name);
        for (attribute_name, expected) in [
            ("error.type", "InsufficientFunds"),
            ("order.symbol", "AAPL"),
            ("order.quantity", "5"),
            ("order.estimated_cost", "877.50"),
            ("account.buying_power", "600.00"),
            ("order.status", "REJECTED"),
        ] {
            assert_eq!(attribute(span, attribute_name), expected, "{name} {attribute_name}");
        }
        assert!(!attribute(span, "error.message").is_empty());
        assert_eq!(span.failure.as_ref().unwrap().kind, "InsufficientFunds");
    }
    let root = one(&spans, "trade");
    assert_eq!(attribute(root, "error.type"), "InsufficientFunds");
    assert_eq!(attribute(root, "trade.state"), "ABORTED");
    assert_eq!(attribute(root, "trade.reason"), "ORDER_REJECTED");

    // Next time risk prevents it, and says by which rule.
    let mark = cockpit.mark();
    cockpit.wait(61).setup("AAPL", "175.50", Direction::Long);
    cockpit.wait(61).setup("MSFT", "300.00", Direction::Long);
    let spans = spans_of(&cockpit.since(mark));
    check_sound(&spans);
    let refused: Vec<_> = spans
        .iter()
        .filter(|span| span.name == "risk.approve_trade" && span.failure.is_some())
        .collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(attribute(refused[0], "error.type"), "RiskLimitExceeded");
    assert!(refused[0].get("risk.rule").is_some());
}

#[test]
fn a_fill_that_a_trade_may_not_have_is_a_failed_transition() {
    let mut config = rules();
    config.account.approval = flightdeck::agents::risk_management::Approval::Manual;
    let mut cockpit = Cockpit::new(&config);
    cockpit.setup("AAPL", "175.50", Direction::Long);
    let trade = cockpit.trade();
    cockpit.reject(&trade);
    let spans = spans_of(&cockpit.journal());
    check_sound(&spans);
    let approval = one(&spans, "risk.approve_trade");
    assert_eq!(attribute(approval, "error.type"), "RefusedByOperator");
    assert_eq!(one(&spans, "operator.reject").links.len(), 1, "linked to the trade");
}

#[test]
fn failed_calls_and_the_breaker_that_they_open_are_told() {
    let mut cockpit = Cockpit::new(&rules());
    cockpit.trouble(Trouble { purpose: OrderPurpose::Entry, times: 3, what: What::NotSent });
    for stock in ["AAPL", "MSFT", "NVDA"] {
        cockpit.setup(stock, "175.50", Direction::Long).wait(60);
    }
    let spans = spans_of(&cockpit.journal());
    check_sound(&spans);
    let failed: Vec<_> =
        spans.iter().filter(|span| span.name == "alpaca_api.place_order").collect();
    assert_eq!(failed.len(), 3, "{:?}", names(&spans));
    for call in failed {
        assert_eq!(attribute(call, "error.type"), "NotSent");
        assert!(!attribute(call, "error.message").is_empty());
    }
    let opened = spans
        .iter()
        .filter(|span| span.name == "breaker.transition")
        .find(|span| attribute(span, "circuit_breaker.state") == "OPEN")
        .unwrap();
    assert!(attribute(opened, "circuit_breaker.name").ends_with(".orders"));
    assert_eq!(opened.links.len(), 1, "the trade whose call was the third");
    let noted = spans.iter().flat_map(|span| &span.moments);
    assert!(noted.into_iter().any(|moment| moment.name == "breaker.state.changed"));
}

#[test]
fn an_entry_that_is_taken_back_ends_its_trace() {
    let mut cockpit = Cockpit::new(&rules());
    cockpit.setup_missed("AAPL", "175.50");
    let id = cockpit.order(OrderPurpose::Entry);
    cockpit.cancel(&id);
    let spans = spans_of(&cockpit.journal());
    check_sound(&spans);
    let root = one(&spans, "trade");
    assert_eq!(attribute(root, "trade.state"), "ABORTED");
    assert!(root.get("span.unfinished").is_none());
    let cancel = one(&spans, "alpaca_api.cancel_order");
    assert_eq!(attribute(cancel, "http.request.method"), "DELETE");
    assert_eq!(attribute(cancel, "url.template"), "/v2/orders/{order_id}");
}

#[test]
fn what_is_open_at_the_end_is_told_as_unfinished() {
    let mut cockpit = Cockpit::new(&rules());
    cockpit.setup_missed("AAPL", "175.50");
    let spans = spans_of(&cockpit.journal());
    check_sound(&spans);
    assert_eq!(attribute(one(&spans, "trade"), "span.unfinished"), "true");
}
