//! What cannot be: an order that arrives although it was said not to have, another one
//! under the name of ours, and names that a new journal would give again.

use flightdeck::domain::ids::{AgentId, BrokerOrderId, ClientOrderId, order_tag};
use flightdeck::domain::order::{OrderPurpose, Side};
use flightdeck::domain::position::Direction;
use flightdeck::domain::time::Timestamp;
use flightdeck::events::{
    OrdersReported, SessionStarted, SystemEvent, VenueAccepted, VenueEvent, VenueNotFound,
};

use crate::support::cockpit::{Cockpit, rules};
use crate::support::trouble::{Trouble, What};

fn with(purpose: OrderPurpose, what: What) -> Cockpit {
    let mut cockpit = Cockpit::new(&rules());
    cockpit.trouble(Trouble { purpose, times: 1, what });
    cockpit.setup("AAPL", "175.50", Direction::Long);
    cockpit
}

fn accepted(id: &ClientOrderId) -> VenueEvent {
    VenueEvent::Accepted(VenueAccepted {
        client_order_id: id.clone(),
        broker_order_id: BrokerOrderId::new("late-1"),
        legs: Vec::new(),
    })
}

/// A list with one working buy order of five shares.
fn list(id: &ClientOrderId, symbol: &str, filled: u64) -> VenueEvent {
    let json = format!(
        r#"{{"orders":[{{"client_order_id":"{id}","broker_order_id":"late-1",
        "symbol":"{symbol}","side":"buy","qty":"5","kind":{{"limit":{{"limit":"175.50"}}}},
        "filled":"{filled}","average_price":"175.50","status":"working"}}]}}"#
    );
    let reported: OrdersReported = serde_json::from_str(&json).unwrap();
    VenueEvent::Orders(reported)
}

impl Cockpit {
    /// How many alerts a human got at once.
    fn critical(&self, text: &str) -> usize {
        let alerts = self.all("system.alert.raised");
        let is_it = |alert: &&crate::support::cockpit::Data| {
            alert.text("severity") == "critical" && alert.text("text").contains(text)
        };
        alerts.iter().filter(is_it).count()
    }

    fn hears(&mut self, event: VenueEvent) -> &mut Self {
        self.input(AgentId::Venue, event)
    }

    /// The venue does not find an order often and late enough.
    fn is_not_found(&mut self, id: &ClientOrderId) {
        self.wait(11);
        for _ in 0..3 {
            let client_order_id = id.clone();
            self.hears(VenueEvent::NotFound(VenueNotFound { client_order_id }));
        }
    }
}

#[test]
fn an_entry_that_arrives_after_it_was_given_up_is_said_aloud_and_cancelled() {
    let mut cockpit = with(OrderPurpose::Entry, What::Lost);
    let entry = cockpit.order(OrderPurpose::Entry);
    cockpit.is_not_found(&entry);
    assert_eq!(cockpit.count("order.submit.rejected"), 1);
    let cancels = cockpit.count("order.cancel");
    cockpit.hears(accepted(&entry));
    assert_eq!(cockpit.critical("not received"), 1);
    assert_eq!(cockpit.count("order.cancel"), cancels + 1);
    // It works on: it is asked again, and said once.
    cockpit.wait(30).hears(list(&entry, "AAPL", 0));
    assert_eq!(cockpit.critical("not received"), 1);
    assert_eq!(cockpit.count("order.cancel"), cancels + 2);
}

#[test]
fn an_entry_that_arrives_late_in_a_list_or_with_a_fill_is_said_aloud_too() {
    for is_filled in [false, true] {
        let mut cockpit = with(OrderPurpose::Entry, What::NotSent);
        let entry = cockpit.order(OrderPurpose::Entry);
        if is_filled {
            cockpit.reports_fill("e-1", entry, (Side::Buy, 5, "175.50"), 5);
        } else {
            cockpit.hears(list(&entry, "AAPL", 0));
        }
        assert_eq!(cockpit.critical("not received"), 1, "{is_filled}");
    }
}

#[test]
fn a_stop_that_arrives_after_it_was_given_up_is_taken_up_when_nothing_else_protects() {
    let mut cockpit = with(OrderPurpose::Protection, What::NotSent);
    let stop = cockpit.order(OrderPurpose::Protection);
    let (submits, cancels) = (cockpit.count("order.submit"), cockpit.count("order.cancel"));
    cockpit.hears(accepted(&stop));
    assert_eq!(cockpit.critical("not received"), 1);
    let taken = cockpit.last("order.submit.success");
    assert_eq!(taken.line(&["client_order_id", "purpose"]), format!("{stop} protection"));
    cockpit.wait(10);
    assert_eq!(cockpit.count("order.submit"), submits, "nothing else is sent for its shares");
    assert_eq!(cockpit.count("order.cancel"), cancels);
}

#[test]
fn f21_a_line_of_another_stock_under_our_name_counts_nothing() {
    let mut cockpit = with(OrderPurpose::Entry, What::Lost);
    let entry = cockpit.order(OrderPurpose::Entry);
    cockpit.hears(list(&entry, "MSFT", 5));
    cockpit.wait(5).hears(list(&entry, "MSFT", 5));
    assert_eq!(cockpit.critical("should be buy AAPL"), 1);
    for event in ["order.submit.success", "order.fill.complete", "order.fill.partial"] {
        assert_eq!(cockpit.count(event), 0, "{event}");
    }
    // Its outcome stays unknown, and that ends in a halt.
    cockpit.wait(60);
    assert_eq!(cockpit.last("system.trading.changed").text("to"), "HALTED");
}

#[test]
fn f21_an_execution_of_the_other_side_under_our_name_is_no_fill_of_ours() {
    let mut cockpit = with(OrderPurpose::Entry, What::Lost);
    let entry = cockpit.order(OrderPurpose::Entry);
    cockpit.reports_fill("e-1", entry, (Side::Sell, 5, "175.50"), 5);
    assert_eq!(cockpit.critical("should be buy AAPL"), 1);
    assert_ne!(cockpit.state(), "HOLDING");
}

fn begin(cockpit: &mut Cockpit, tag: &str) {
    cockpit.input(
        AgentId::Spine,
        SystemEvent::SessionStarted(SessionStarted {
            mode: "sim".into(),
            seed: 1,
            version: "1".into(),
            config_hash: "0".into(),
            order_tag: Some(tag.into()),
        }),
    );
}

#[test]
fn every_name_has_the_tag_with_which_its_journal_began() {
    let mut cockpit = Cockpit::new(&rules());
    begin(&mut cockpit, "k3m9xq");
    // A later run of the same journal draws another one.
    begin(&mut cockpit, "zzzzzz");
    cockpit.setup("AAPL", "175.50", Direction::Long);
    let entry = cockpit.order(OrderPurpose::Entry);
    assert!(entry.as_str().ends_with("-k3m9xq-000001"), "{entry}");
}

#[test]
fn a_tag_repeats_with_seed_and_instant_and_with_nothing_else() {
    let at = |nanos: i64| Timestamp::from_nanos(1_761_661_800_000_000_000 + nanos);
    assert_eq!(order_tag(7, at(0)), order_tag(7, at(0)));
    let mut tags: Vec<String> = (0..1_000).map(|nanos| order_tag(7, at(nanos))).collect();
    tags.push(order_tag(8, at(0)));
    let is_legal = |tag: &String| {
        tag.len() == 6 && tag.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit())
    };
    assert!(tags.iter().all(is_legal), "{tags:?}");
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 1_001);
}
