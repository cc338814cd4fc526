//! What the order stream pushes, and the comparisons that fill its gaps.

use crate::brokers::gateway::tests::fake::Does;
use crate::brokers::gateway::tests::house::{House, Setup, executed, request};
use crate::brokers::gateway::{GatewayConfig, Request};
use crate::brokers::{BrokerOrder, OrderNews, Push};
use crate::domain::ids::BrokerOrderId;
use crate::domain::order::{Fill, OrderPurpose, RejectReason, ReportedStatus};
use crate::events::{Event, VenueEvent};

const ENTRY: OrderPurpose = OrderPurpose::Entry;

impl House {
    fn fills(&self) -> Vec<Fill> {
        let fill = |event| match event {
            Event::Venue(VenueEvent::Filled(filled)) => Some(filled.fill),
            _ => None,
        };
        self.events().into_iter().filter_map(fill).collect()
    }
}

async fn working() -> House {
    let house = House::open().await;
    house.submit("fd-1", ENTRY);
    house.wait(1).await;
    house
}

#[tokio::test(start_paused = true)]
async fn f07_an_execution_keeps_its_name_however_often_it_is_told() {
    let house = working().await;
    let order = house.books().fill("fd-1", 2, "175.50");
    for _ in 0..2 {
        house.push(executed(Some("e-1"), 2, "175.50"), order.clone()).await;
    }
    let fills = house.fills();
    assert_eq!(fills.len(), 2, "the order's machine counts it once, by its name");
    assert_eq!(fills[0], fills[1]);
    assert_eq!(fills[0].execution_id.as_str(), "e-1");
}

#[tokio::test(start_paused = true)]
async fn f08_an_execution_without_a_name_is_named_by_what_the_order_has_reached() {
    let house = working().await;
    let order = house.books().fill("fd-1", 2, "175.50");
    house.push(executed(None, 2, "175.50"), order).await;
    let order = house.books().fill("fd-1", 5, "175.50");
    house.push(executed(None, 3, "175.50"), order).await;
    let fills = house.fills();
    let names: Vec<&str> = fills.iter().map(|fill| fill.execution_id.as_str()).collect();
    assert_eq!(names, ["b-1-2", "b-1-5"]);
    assert_eq!(fills[1].cumulative.to_string(), "5");
}

#[tokio::test(start_paused = true)]
async fn f09_a_fill_after_a_confirmed_cancel_is_told() {
    let house = working().await;
    let order = house.books().end("fd-1", ReportedStatus::Cancelled);
    house.push(OrderNews::Standing, order).await;
    let order = house.books().fill("fd-1", 1, "175.50");
    house.push(executed(Some("e-1"), 1, "175.50"), order).await;
    assert_eq!(house.count("venue.order.cancelled"), 1);
    assert_eq!(house.fills().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn f10_a_cancel_that_comes_before_its_fill_carries_the_shares() {
    let house = working().await;
    house.books().fill("fd-1", 2, "175.50");
    let order = house.books().end("fd-1", ReportedStatus::Cancelled);
    house.push(OrderNews::Standing, order.clone()).await;
    house.push(executed(Some("e-1"), 2, "175.50"), order).await;
    let said = house.said("venue.order");
    let expected = [
        "venue.orders.reported",
        "venue.order.accepted",
        "venue.orders.reported",
        "venue.order.cancelled",
        "venue.order.filled",
    ];
    assert_eq!(said, expected, "the first list is the comparison at the start");
}

#[tokio::test(start_paused = true)]
async fn f11_a_refusal_after_acceptance_is_no_answer_to_the_submit() {
    let house = working().await;
    let order = house.books().end("fd-1", ReportedStatus::Rejected);
    house.push(OrderNews::Rejected { reason: RejectReason::Halted }, order).await;
    assert_eq!(house.count("venue.order.rejected"), 0);
    assert_eq!(house.count("venue.orders.reported"), 2);
}

#[tokio::test(start_paused = true)]
async fn f15_the_end_of_one_exit_is_told_after_the_execution_that_has_ended_it() {
    let house = House::open().await;
    house.submit("fd-1", OrderPurpose::Protection);
    house.wait(1).await;
    // The stop has executed, and news of that are lost: all that comes is the target's end.
    let target = {
        let mut books = house.books();
        let order = books.order_mut("fd-1");
        let stop = &mut order.legs[0].report;
        (stop.filled, stop.status) = (stop.qty, ReportedStatus::Filled);
        stop.average_price = Some("166.72".parse().unwrap());
        order.report.status = ReportedStatus::Cancelled;
        order.clone()
    };
    house.push(OrderNews::Standing, BrokerOrder { legs: Vec::new(), ..target }).await;
    house.wait(1).await;
    let events = house.events();
    let place = |wanted: &dyn Fn(&Event) -> bool| events.iter().position(wanted).unwrap();
    let executed = place(&|event| match event {
        Event::Venue(VenueEvent::Orders(listed)) => {
            listed.orders.iter().any(|order| !order.filled.is_zero())
        }
        _ => false,
    });
    let ended = place(&|event| matches!(event, Event::Venue(VenueEvent::Cancelled(_))));
    assert!(executed < ended, "the shares are known to be gone before their protection is");
}

#[tokio::test(start_paused = true)]
async fn news_of_an_attached_exit_wait_until_it_has_a_name() {
    let house = House::open().await;
    house.script("submit", &[Does::After(3)]).submit("fd-1", OrderPurpose::Protection);
    house.settle().await;
    // The broker has it, and its stop fills before the answer comes.
    let mut leg = house.books().receive(&request("x", OrderPurpose::Protection)).legs[0].clone();
    leg.report.client_order_id = Some(crate::domain::ids::ClientOrderId::new("leg-of-fd-1"));
    leg.report.broker_order_id = BrokerOrderId::new("b-7");
    leg.report.filled = leg.report.qty;
    house.push(executed(Some("e-1"), 5, "166.72"), leg).await;
    house.wait(1).await;
    assert!(house.fills().is_empty());
    house.wait(5).await;
    // What the comparison that follows a group's execution finds comes after them.
    let said = house.said("venue.order.");
    assert_eq!(said[..2], ["venue.order.accepted", "venue.order.filled"]);
}

#[tokio::test(start_paused = true)]
async fn after_a_gap_the_broker_is_read_before_its_news_are_passed_on() {
    let house = working().await;
    house.script("orders", &[Does::After(3)]);
    let order = house.books().fill("fd-1", 5, "175.50");
    house.orders.send(Push::OrdersResumed).await.unwrap();
    house.push(executed(Some("e-1"), 5, "175.50"), order).await;
    house.wait(2).await;
    assert!(house.fills().is_empty());
    house.wait(3).await;
    let said = house.said("venue.order");
    assert_eq!(&said[said.len() - 2..], ["venue.orders.reported", "venue.order.filled"]);
}

#[tokio::test(start_paused = true)]
async fn an_order_that_is_in_no_list_any_more_is_read_by_its_name() {
    // Too old for the list of what is new, and no longer open: executed in a gap.
    let house = working().await;
    house.books().fill("fd-1", 5, "175.50");
    house.books().is_old = true;
    house.orders.send(Push::OrdersResumed).await.unwrap();
    house.wait(2).await;
    let listed: Vec<ReportedStatus> = house
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::Venue(VenueEvent::Orders(listed)) => Some(listed.orders),
            _ => None,
        })
        .flatten()
        .map(|order| order.status)
        .collect();
    assert_eq!(listed, [ReportedStatus::Filled]);
    // Its end is known: it is not read again.
    let read = house.books().count("order");
    house.wait(60).await;
    assert_eq!(house.books().count("order"), read);
}

#[tokio::test(start_paused = true)]
async fn a_cancel_that_sticks_is_asked_for_again_with_every_comparison() {
    let house = working().await;
    house.books().are_cancels_stuck = true;
    house.cancel("fd-1");
    house.wait(70).await;
    assert_eq!(house.books().count("cancel"), 3);
    assert_eq!(house.count("venue.order.cancelled"), 0);
    house.books().are_cancels_stuck = false;
    house.wait(40).await;
    assert_eq!(house.count("venue.order.cancelled"), 1);
    let asked = house.books().count("cancel");
    house.wait(60).await;
    assert_eq!(house.books().count("cancel"), asked, "it is over");
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_answers_no_reads_does_not_hold_a_fill_back_for_long() {
    let house = working().await;
    house.script("orders", &[Does::Lost; 100]);
    let order = house.books().fill("fd-1", 5, "175.50");
    house.orders.send(Push::OrdersResumed).await.unwrap();
    house.push(executed(Some("e-1"), 5, "175.50"), order).await;
    house.wait(15).await;
    assert_eq!(house.fills().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_broker_is_compared_every_half_minute_and_when_somebody_asks() {
    let house = House::open().await;
    assert_eq!(house.books().count("orders"), 1);
    house.wait(62).await;
    assert_eq!(house.books().count("orders"), 3);
    house.ask(Request::Reconcile);
    house.wait(2).await;
    assert_eq!(house.books().count("orders"), 4);
    assert_eq!(house.count("venue.account.reported"), 4);
}

#[tokio::test(start_paused = true)]
async fn after_fills_the_account_is_read_at_most_once_a_second() {
    let house = working().await;
    let before = house.books().count("account");
    // Within a few milliseconds, perhaps across the beginning of a second.
    for filled in 1..=5 {
        let order = house.books().fill("fd-1", filled, "175.50");
        house.push(executed(Some(&format!("e-{filled}")), 1, "175.50"), order).await;
    }
    house.wait(3).await;
    let reads = house.books().count("account") - before;
    assert!((1..=2).contains(&reads), "{reads}");
}

#[tokio::test(start_paused = true)]
async fn f24_a_corrected_execution_is_a_difference_and_everything_is_read_anew() {
    let house = working().await;
    let orders = house.books().count("orders");
    let order = house.books().order("fd-1").clone();
    house.push(OrderNews::Corrected, order).await;
    house.wait(2).await;
    assert_eq!(house.count("system.reconcile.difference"), 1);
    assert_eq!(house.books().count("orders"), orders + 1);
}

#[tokio::test(start_paused = true)]
async fn c15_another_account_than_the_configured_one_gets_no_entry() {
    let account_id = Some("PA999".to_owned());
    let config = GatewayConfig { account_id, ..Setup::default().config };
    let house = House::with(Setup { config, ..Setup::default() });
    house.wait(1).await;
    assert!(house.gate.is_closed());
    assert_eq!(house.count("system.alert.raised"), 1);
    house.submit("fd-1", ENTRY);
    house.wait(1).await;
    assert_eq!(house.books().count("submit"), 0);
}
