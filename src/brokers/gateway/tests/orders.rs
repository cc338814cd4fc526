//! Sending: an order arrives once, and what nobody knows is never sent blindly.

use std::sync::{Arc, Mutex};

use crate::brokers::OrderNews;
use crate::brokers::gateway::Request;
use crate::brokers::gateway::tests::fake::{Books, Does};
use crate::brokers::gateway::tests::house::{House, Setup, request};
use crate::domain::ids::ClientOrderId;
use crate::domain::order::{OrderPurpose, RejectReason, ReportedStatus};
use crate::events::{CallFailed, Event, VenueEvent};

const ENTRY: OrderPurpose = OrderPurpose::Entry;
const EXIT: OrderPurpose = OrderPurpose::Exit;

impl House {
    /// What the calls about orders that failed said.
    fn failures(&self) -> Vec<CallFailed> {
        let failed = |event| match event {
            Event::Venue(VenueEvent::CallFailed(failed)) => Some(failed),
            _ => None,
        };
        self.events().into_iter().filter_map(failed).collect()
    }
}

/// Sends one order to a broker that does as scripted; compares how often it was sent
/// and what was said of orders.
#[track_caller]
fn check(house: &House, sent: usize, said: &[&str]) {
    assert_eq!(house.books().count("submit"), sent, "{:?}", house.books().calls);
    let heard = house.said("venue.");
    let orders: Vec<&str> = heard
        .iter()
        .map(String::as_str)
        .filter(|name| !["venue.orders.reported", "venue.account.reported"].contains(name))
        .collect();
    assert_eq!(orders, said);
}

async fn sent(purpose: OrderPurpose, script: &[Does]) -> House {
    let house = House::open().await;
    house.script("submit", script);
    house.submit("fd-1", purpose);
    house.wait(25).await;
    house
}

#[tokio::test(start_paused = true)]
async fn an_answer_with_an_order_is_an_acceptance_with_its_legs() {
    let house = sent(OrderPurpose::Protection, &[]).await;
    check(&house, 1, &["venue.order.accepted"]);
    let accepted = house.events().into_iter().find_map(|event| match event {
        Event::Venue(VenueEvent::Accepted(accepted)) => Some(accepted),
        _ => None,
    });
    let legs = accepted.unwrap().legs;
    assert_eq!(legs.len(), 1);
    assert_eq!(legs[0].client_order_id.as_str(), "leg-of-fd-1");
    assert_eq!(legs[0].stop, Some("166.72".parse().unwrap()));
    house.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_carries_its_reason_and_amounts() {
    let refuses = Does::Refuses(403, RejectReason::InsufficientFunds);
    let house = sent(ENTRY, &[refuses]).await;
    check(&house, 1, &["venue.order.rejected"]);
    let rejected = house.events().into_iter().find_map(|event| match event {
        Event::Venue(VenueEvent::Rejected(rejected)) => Some(rejected),
        _ => None,
    });
    let rejected = rejected.unwrap();
    assert_eq!(rejected.reason, RejectReason::InsufficientFunds);
    assert_eq!(rejected.estimated_cost.unwrap().to_string(), "900.00");
    assert_eq!(rejected.buying_power.unwrap().to_string(), "12.00");
}

#[tokio::test(start_paused = true)]
async fn f01_an_accepted_order_whose_answer_is_lost_is_found_and_never_sent_again() {
    for purpose in [ENTRY, EXIT] {
        let house = sent(purpose, &[Does::AnswerLost]).await;
        check(&house, 1, &["venue.order.accepted"]);
    }
}

#[tokio::test(start_paused = true)]
async fn f01_an_entry_of_unknown_fate_is_left_to_the_agent() {
    let house = sent(ENTRY, &[Does::Lost]).await;
    check(&house, 1, &["venue.call.failed"]);
    let failed = &house.failures()[0];
    assert!(!failed.definitely_not_sent && failed.counts);
    assert_eq!(failed.breaker, "fake.paper.orders");
    // Its questions are answered: nothing is known of it.
    house.ask(Request::Status(ClientOrderId::new("fd-1")));
    house.wait(1).await;
    check(&house, 1, &["venue.call.failed", "venue.order.not_found"]);
}

#[tokio::test(start_paused = true)]
async fn f01_an_exit_of_unknown_fate_is_sent_again_under_the_same_name() {
    let house = sent(EXIT, &[Does::Lost, Does::Lost]).await;
    check(&house, 3, &["venue.order.accepted"]);
    assert_eq!(house.books().orders.len(), 1);
    // Not for ever.
    let house = sent(EXIT, &[Does::Lost, Does::Lost, Does::Lost]).await;
    check(&house, 3, &["venue.call.failed"]);
    assert!(!house.failures()[0].definitely_not_sent);
}

#[tokio::test(start_paused = true)]
async fn f01_where_the_broker_does_not_tell_doubles_apart_nothing_unknown_is_sent_again() {
    let house = House::with(Setup { deduplicates: false, ..Setup::default() });
    house.wait(1).await;
    house.script("submit", &[Does::Lost]).submit("fd-1", EXIT);
    house.wait(25).await;
    check(&house, 1, &["venue.call.failed"]);
}

#[tokio::test(start_paused = true)]
async fn f02_an_answer_that_comes_after_our_patience_is_adopted_once() {
    // Longer than any call may take; the broker has it all the same.
    let house = House::open().await;
    house.script("submit", &[Does::After(60)]).submit("fd-1", ENTRY);
    house.wait(10).await;
    let order = house.books().order("fd-1").clone();
    house.push(OrderNews::Standing, order).await;
    house.wait(60).await;
    check(&house, 1, &["venue.order.accepted"]);
}

#[tokio::test(start_paused = true)]
async fn f03_a_server_error_after_acceptance_is_not_a_failure() {
    let house = sent(EXIT, &[Does::AnswerLost]).await;
    assert_eq!(house.books().order("fd-1").report.status, ReportedStatus::Working);
    assert!(house.failures().is_empty());
}

#[tokio::test(start_paused = true)]
async fn f04_what_never_left_is_said_of_an_entry_and_repeated_for_an_exit() {
    let house = sent(ENTRY, &[Does::NotSent]).await;
    check(&house, 1, &["venue.call.failed"]);
    assert!(house.failures()[0].definitely_not_sent && house.failures()[0].counts);
    let house = sent(EXIT, &[Does::NotSent, Does::NotSent]).await;
    check(&house, 3, &["venue.order.accepted"]);
    let house = sent(EXIT, &[Does::NotSent, Does::NotSent, Does::NotSent]).await;
    check(&house, 3, &["venue.call.failed"]);
    assert!(house.failures()[0].definitely_not_sent);
    // One try of unknown fate among them: nothing is certain any more.
    let house = sent(EXIT, &[Does::Lost, Does::NotSent, Does::NotSent]).await;
    check(&house, 3, &["venue.call.failed"]);
    assert!(!house.failures()[0].definitely_not_sent);
}

#[tokio::test(start_paused = true)]
async fn f05_a_name_that_is_in_use_proves_the_acceptance() {
    // The look-up after the lost answer fails as well, so the order is sent again.
    let house = House::open().await;
    house.script("submit", &[Does::AnswerLost]);
    house.script("find", &[Does::Lost, Does::Lost, Does::Lost]);
    house.submit("fd-1", EXIT);
    house.wait(25).await;
    check(&house, 2, &["venue.order.accepted"]);
    assert_eq!(house.books().orders.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn f06_what_the_stream_has_accepted_no_answer_refuses() {
    let house = House::open().await;
    house.script("submit", &[Does::Refuses(403, RejectReason::Other)]);
    let order = house.books().receive(&request("fd-1", ENTRY)).clone();
    house.submit("fd-1", ENTRY);
    house.push(OrderNews::Standing, order).await;
    house.wait(5).await;
    check(&house, 1, &["venue.order.accepted"]);
    assert_eq!(house.count("system.alert.raised"), 1);
}

#[tokio::test(start_paused = true)]
async fn f43_an_order_that_was_never_sent_is_not_found_and_f44_one_that_was_is_adopted() {
    // The process before has ended between writing and sending, or before the answer.
    let books: Arc<Mutex<Books>> = Arc::default();
    books.lock().unwrap().receive(&request("fd-2", ENTRY));
    let house = House::on(Setup::default(), books);
    house.wait(1).await;
    for id in ["fd-1", "fd-2"] {
        house.ask(Request::Status(ClientOrderId::new(id)));
    }
    house.wait(1).await;
    assert_eq!(house.count("venue.order.not_found"), 1);
    assert!(house.count("venue.order.accepted") >= 1);
    assert_eq!(house.books().count("submit"), 0);
}
