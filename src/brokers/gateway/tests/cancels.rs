//! Cancelling and replacing: the outcome is what the broker shows.

use crate::brokers::OrderNews;
use crate::brokers::gateway::tests::fake::Does;
use crate::brokers::gateway::tests::house::House;
use crate::domain::order::{OrderPurpose, RejectReason, ReportedStatus};
use crate::events::{Event, VenueEvent};

const ENTRY: OrderPurpose = OrderPurpose::Entry;
const EXIT: OrderPurpose = OrderPurpose::Exit;

/// A gateway with one order at work.
async fn working(purpose: OrderPurpose) -> House {
    let house = House::open().await;
    house.submit("fd-1", purpose);
    house.wait(1).await;
    assert_eq!(house.count("venue.order.accepted"), 1);
    house
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_before_the_end_is_still_done() {
    let house = working(ENTRY).await;
    // The stop comes before anybody has looked at the request.
    house.cancel("fd-1");
    let books = house.close().await;
    let status = books.lock().unwrap().order("fd-1").report.status;
    assert_eq!(status, ReportedStatus::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn f19_a_cancel_is_tried_three_times_and_then_the_order_is_read() {
    // All three are lost, and the broker still works the order.
    let house = working(ENTRY).await;
    house.script("cancel", &[Does::Lost; 3]).cancel("fd-1");
    house.wait(10).await;
    assert_eq!(house.books().count("cancel"), 3);
    assert_eq!(house.count("venue.call.failed"), 1);
    // One has arrived although its answer was lost: the next says so.
    let house = working(ENTRY).await;
    house.script("cancel", &[Does::AnswerLost]).cancel("fd-1");
    house.wait(10).await;
    assert_eq!(house.count("venue.order.cancelled"), 1);
    assert_eq!(house.count("venue.call.failed"), 0);
}

#[tokio::test(start_paused = true)]
async fn f19_a_fill_that_wins_the_race_is_told_and_the_cancel_is_refused() {
    let house = working(ENTRY).await;
    house.books().fill("fd-1", 5, "175.50");
    house.cancel("fd-1");
    house.wait(5).await;
    assert_eq!(house.count("venue.cancel.refused"), 1);
    let listed = house.events().into_iter().rev().find_map(|event| match event {
        Event::Venue(VenueEvent::Orders(listed)) => Some(listed.orders),
        _ => None,
    });
    assert_eq!(listed.unwrap()[0].status, ReportedStatus::Filled);
}

#[tokio::test(start_paused = true)]
async fn a_cancel_whose_news_do_not_come_is_confirmed_by_reading() {
    let house = working(ENTRY).await;
    house.cancel("fd-1");
    house.wait(10).await;
    assert_eq!(house.books().count("cancel"), 1);
    assert_eq!(house.count("venue.order.cancelled"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_cancel_waits_until_its_submit_has_been_answered() {
    let house = House::open().await;
    house.script("submit", &[Does::After(5)]).submit("fd-1", ENTRY).cancel("fd-1");
    // Another order is not held up by it.
    house.submit("fd-2", ENTRY).cancel("fd-2");
    house.wait(3).await;
    assert_eq!(house.books().count("cancel"), 1);
    house.wait(10).await;
    assert_eq!(house.books().count("cancel"), 2);
    assert_eq!(house.books().order("fd-1").report.status, ReportedStatus::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn a_cancel_of_an_order_that_the_broker_does_not_know_says_so() {
    let house = House::open().await;
    house.cancel("fd-9");
    house.wait(5).await;
    assert_eq!(house.count("venue.order.not_found"), 1);
    assert_eq!(house.count("venue.cancel.refused"), 1);
    assert_eq!(house.books().count("cancel"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_replacement_is_told_when_the_broker_shows_it() {
    let house = working(EXIT).await;
    house.modify("fd-1", "fd-2", "170.00");
    house.settle().await;
    assert_eq!(house.count("venue.order.replaced"), 0, "a promise is no replacement");
    house.wait(5).await;
    assert_eq!(house.count("venue.order.replaced"), 1);
    // Its old name still finds it.
    house.cancel("fd-1");
    house.wait(5).await;
    assert_eq!(house.books().order("fd-2").report.status, ReportedStatus::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn f18_a_replacement_of_unknown_fate_is_followed_and_never_repeated() {
    let house = working(EXIT).await;
    house.script("replace", &[Does::AnswerLost]).modify("fd-1", "fd-2", "170.00");
    house.wait(20).await;
    assert_eq!(house.books().count("replace"), 1);
    assert_eq!(house.count("venue.order.replaced"), 1);
    // Nothing of it anywhere: refused, so that the stop can be moved again.
    let house = working(EXIT).await;
    house.script("replace", &[Does::Lost]).modify("fd-1", "fd-2", "170.00");
    house.wait(20).await;
    assert_eq!(house.books().count("replace"), 1);
    assert_eq!(house.count("venue.replace.refused"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_replacement_refused_since_the_order_has_filled_tells_the_fill_first() {
    let house = working(EXIT).await;
    house.books().fill("fd-1", 5, "201.82");
    house.script("replace", &[Does::Refuses(422, RejectReason::NotWorking)]);
    house.modify("fd-1", "fd-2", "170.00");
    house.wait(5).await;
    let said = house.said("venue.");
    let refused = said.iter().position(|name| name == "venue.replace.refused").unwrap();
    assert!(said[..refused].contains(&"venue.orders.reported".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn an_order_replaced_by_somebody_else_is_followed() {
    let house = working(EXIT).await;
    let order = {
        let mut books = house.books();
        let mut child = books.order("fd-1").clone();
        child.report.broker_order_id = crate::domain::ids::BrokerOrderId::new("b-99");
        child.report.client_order_id = Some(crate::domain::ids::ClientOrderId::new("by-hand"));
        let old = books.order_mut("fd-1");
        old.report.status = ReportedStatus::Replaced;
        old.replaced_by = Some(child.report.broker_order_id.clone());
        let old = old.clone();
        books.orders.insert(crate::domain::ids::ClientOrderId::new("by-hand"), child);
        old
    };
    house.push(OrderNews::Standing, order).await;
    house.wait(1).await;
    let replaced = house.events().into_iter().find_map(|event| match event {
        Event::Venue(VenueEvent::Replaced(replaced)) => Some(replaced),
        _ => None,
    });
    assert_eq!(replaced.unwrap().new_client_order_id.as_str(), "by-hand");
}

#[tokio::test(start_paused = true)]
async fn f48_a_gate_that_closes_as_the_house_ends_is_followed_all_the_same() {
    let house = House::open().await;
    house.submit("fd-1", ENTRY).submit("fd-2", OrderPurpose::Protection);
    house.wait(1).await;
    house.gate.close();
    // Not a moment between: the stop is heard first.
    let books = house.close().await;
    let books = books.lock().unwrap();
    let status = |id: &str| books.order(id).report.status;
    assert_eq!(status("fd-1"), ReportedStatus::Cancelled);
    assert_eq!(status("fd-2"), ReportedStatus::Working, "protection is kept");
}
