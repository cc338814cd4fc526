//! Strangers under our names, and what the stream and the lists leave out.

use jiff::SignedDuration;

use crate::brokers::gateway::Request;
use crate::brokers::gateway::ledger::Ledger;
use crate::brokers::gateway::tests::fake::{Books, Does, price};
use crate::brokers::gateway::tests::house::{House, START, executed, request};
use crate::brokers::{Execution, OrderNews};
use crate::domain::ids::{ClientOrderId, ExecutionId, Symbol};
use crate::domain::money::Qty;
use crate::domain::order::{Fill, OrderKind, OrderPurpose, OrderRequest, ReportedStatus, Side};
use crate::events::{Event, VenueEvent};

const ENTRY: OrderPurpose = OrderPurpose::Entry;

/// The orders of ours that were said to be at the broker or to have done something.
fn said_of(house: &House, id: &str) -> Vec<&'static str> {
    let id = ClientOrderId::new(id);
    let named = |event: &Event| match event {
        Event::Venue(VenueEvent::Accepted(it)) => (it.client_order_id == id).then_some("accepted"),
        Event::Venue(VenueEvent::Filled(it)) => (it.fill.client_order_id == id).then_some("filled"),
        Event::Venue(VenueEvent::Orders(it)) => it
            .orders
            .iter()
            .any(|order| order.client_order_id.as_ref() == Some(&id))
            .then_some("listed"),
        Event::Venue(VenueEvent::NotFound(it)) => (it.client_order_id == id).then_some("not_found"),
        _ => None,
    };
    house.events().iter().filter_map(named).collect()
}

/// A stranger stands under our name; whichever way it is met, nothing of it is ours.
#[track_caller]
fn check_stranger(house: &House) {
    assert_eq!(said_of(house, "fd-1"), Vec::<&str>::new());
    assert_eq!(house.count("system.alert.raised"), 1);
}

#[tokio::test(start_paused = true)]
async fn f21_a_stranger_under_our_name_is_met_in_answer_list_status_and_push_and_never_adopted() {
    let strangers: [fn(&mut OrderRequest); 4] = [
        |it| it.symbol = Symbol::new("MSFT").unwrap(),
        |it| it.side = Side::Sell,
        |it| it.qty = Qty::shares(50).unwrap(),
        |it| it.kind = OrderKind::Limit { limit: price("99.00") },
    ];
    for make in strangers {
        let house = House::open().await;
        let mut other = request("fd-1", ENTRY);
        make(&mut other);
        house.books().receive(&other);
        house.submit("fd-1", ENTRY);
        house.wait(5).await;
        check_stranger(&house);
        // It is filled, pushed, listed by the next comparison and asked for by name.
        let filled = house.books().fill("fd-1", 5, "99.00");
        house.push(executed(Some("x-1"), 5, "99.00"), filled).await;
        house.wait(35).await;
        house.ask(Request::Status(ClientOrderId::new("fd-1")));
        house.wait(5).await;
        check_stranger(&house);
        // Nor is it cancelled for ours.
        house.cancel("fd-1");
        house.wait(5).await;
        assert_eq!(house.books().count("cancel"), 0);
        house.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn f21_an_order_that_is_older_than_our_request_is_not_adopted() {
    // The same terms under a name of before: a filled one would be a phantom position.
    let house = House::open().await;
    house.books().receive(&request("fd-1", ENTRY));
    house.books().order_mut("fd-1").submitted_at = START.plus(SignedDuration::from_mins(-5));
    house.books().fill("fd-1", 5, "175.50");
    house.submit("fd-1", ENTRY);
    house.wait(40).await;
    check_stranger(&house);
    // A minute is the difference of two clocks.
    house.books().receive(&request("fd-2", ENTRY));
    house.books().order_mut("fd-2").submitted_at = START.plus(SignedDuration::from_secs(-15));
    house.submit("fd-2", ENTRY);
    house.wait(5).await;
    assert!(said_of(&house, "fd-2").contains(&"accepted"));
    house.close().await;
}

fn fills(house: &House) -> Vec<Fill> {
    let fill = |event| match event {
        Event::Venue(VenueEvent::Filled(it)) => Some(it.fill),
        _ => None,
    };
    house.events().into_iter().filter_map(fill).collect()
}

#[tokio::test(start_paused = true)]
async fn f10_two_executions_in_one_gap_are_told_with_their_own_names_and_prices() {
    let house = House::open().await;
    house.submit("fd-1", ENTRY);
    house.wait(1).await;
    let execution = |id: &str, qty, at| Execution {
        execution_id: Some(ExecutionId::new(id)),
        qty: Qty::shares(qty).unwrap(),
        price: price(at),
        at: START,
    };
    let id = house.books().fill("fd-1", 5, "175.48").report.broker_order_id;
    let shares = |count| Qty::shares(count).unwrap();
    let two = vec![
        (execution("b-1-2", 2, "175.50"), shares(2)),
        (execution("b-1-5", 3, "175.47"), shares(5)),
    ];
    house.books().executions.insert(id, two);
    house.wait(35).await;
    let told: Vec<(String, String, Qty)> = fills(&house)
        .iter()
        .map(|it| (it.execution_id.to_string(), it.price.to_string(), it.cumulative))
        .collect();
    assert_eq!(
        told,
        [
            ("b-1-2".to_owned(), "175.50".to_owned(), shares(2)),
            ("b-1-5".to_owned(), "175.47".to_owned(), shares(5)),
        ]
    );
    // Before the list that knows only the average, and once.
    assert_eq!(said_of(&house, "fd-1").last(), Some(&"listed"));
    house.wait(60).await;
    assert_eq!(fills(&house).len(), 2);
    house.close().await;
}

#[tokio::test(start_paused = true)]
async fn f14_an_order_that_cannot_be_read_after_a_gap_is_not_compared() {
    let house = House::open().await;
    house.submit("fd-1", OrderPurpose::Exit);
    house.wait(1).await;
    house.books().is_old = true;
    house.books().end("fd-1", ReportedStatus::Cancelled);
    house.script("order", &[Does::Lost; 3]);
    house.orders.send(crate::brokers::Push::OrdersResumed).await.unwrap();
    house.wait(4).await;
    house.submit("fd-2", ENTRY);
    house.wait(1).await;
    assert_eq!(house.books().orders.len(), 1, "entries wait for a whole comparison");
    house.wait(20).await;
    house.submit("fd-3", ENTRY);
    house.wait(1).await;
    assert_eq!(house.books().orders.len(), 2);
    house.close().await;
}

#[tokio::test(start_paused = true)]
async fn f14_a_live_order_that_the_broker_does_not_know_is_said_aloud_once() {
    let house = House::open().await;
    house.submit("fd-1", OrderPurpose::Exit);
    house.wait(1).await;
    house.books().orders.clear();
    house.wait(65).await;
    assert_eq!(house.count("system.alert.raised"), 1);
    assert!(said_of(&house, "fd-1").contains(&"not_found"));
    house.close().await;
}

#[tokio::test(start_paused = true)]
async fn f09_an_order_of_which_the_stream_says_nothing_is_read_after_two_and_five_seconds() {
    let house = House::open().await;
    house.books().pushes = true;
    house.submit("fd-1", ENTRY);
    house.wait(10).await;
    assert_eq!(house.books().count("order"), 2);
    assert_eq!(house.books().redials, 0, "nothing has happened that it should tell");
    // One of which it has spoken is not.
    house.submit("fd-2", ENTRY).wait(1).await;
    let order = house.books().order("fd-2").clone();
    house.push(OrderNews::Standing, order).await;
    house.wait(10).await;
    assert_eq!(house.books().count("order"), 2);
    house.close().await;
}

#[tokio::test(start_paused = true)]
async fn f09_a_stream_that_is_open_and_silent_about_a_fill_is_connected_anew() {
    let house = House::open().await;
    house.books().pushes = true;
    house.submit("fd-1", ENTRY);
    house.wait(1).await;
    house.books().fill("fd-1", 5, "175.50");
    house.wait(3).await;
    assert!(said_of(&house, "fd-1").contains(&"listed"), "the fill was read");
    assert_eq!(house.books().redials, 0, "it has some seconds");
    house.wait(8).await;
    assert_eq!(house.books().redials, 1);
    assert_eq!(house.count("system.alert.raised"), 1);
    // Connected anew and read: what the gap has hidden is not awaited.
    house.orders.send(crate::brokers::Push::OrdersResumed).await.unwrap();
    house.wait(60).await;
    assert_eq!(house.books().redials, 1);
    house.close().await;
}

#[tokio::test(start_paused = true)]
async fn f09_a_stream_that_tells_a_fill_late_but_in_time_is_left_alone() {
    let house = House::open().await;
    house.books().pushes = true;
    house.submit("fd-1", ENTRY);
    house.wait(1).await;
    let filled = house.books().fill("fd-1", 5, "175.50");
    house.wait(4).await;
    house.push(executed(Some("x-1"), 5, "175.50"), filled).await;
    house.wait(60).await;
    assert_eq!(house.books().redials, 0);
    house.close().await;
}

#[test]
fn an_order_that_was_listed_before_its_name_was_known_is_ours_with_the_answer() {
    let mut books = Books::default();
    let named = books.receive(&request("fd-1", ENTRY)).clone();
    let mut listed = named.clone();
    listed.report.client_order_id = None;
    let mut ledger = Ledger::default();
    ledger.open(&request("fd-1", ENTRY), ENTRY, None);
    assert_eq!(ledger.learn(&listed).as_str(), "b-1", "the broker keeps no names of ours");
    assert_eq!(ledger.learn(&named).as_str(), "fd-1");
    assert_eq!(ledger.learn(&listed).as_str(), "fd-1");
    assert!(!ledger.is_other(&ClientOrderId::new("fd-1"), &listed));
}
