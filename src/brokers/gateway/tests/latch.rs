//! A dead login, and the operator's reset.

use crate::brokers::gateway::tests::fake::Does;
use crate::brokers::gateway::tests::house::{House, Setup};
use crate::brokers::gateway::{GatewayConfig, Request};
use crate::domain::command::ResetBreaker;
use crate::domain::order::{OrderPurpose, RejectReason};
use crate::events::{BreakerEvent, Event};

fn reset() -> Request {
    Request::Reset(ResetBreaker {
        breaker: "fake.paper.orders".into(),
        reason: "a test".into(),
        by: None,
    })
}

/// How the breakers have moved, such as `orders LATCHED`.
fn moves(house: &House) -> Vec<String> {
    let moved = |event: Event| match event {
        Event::Breaker(BreakerEvent::StateChanged(changed)) => {
            let class = changed.breaker.trim_start_matches("fake.paper.").to_owned();
            Some(format!("{class} {}", changed.to))
        }
        _ => None,
    };
    house.events().into_iter().filter_map(moved).collect()
}

/// The verbs of the calls after the first so many.
fn verbs(house: &House, after: usize) -> Vec<String> {
    let books = house.books();
    let calls = books.calls.iter().skip(after);
    calls.map(|(_, call)| call.split(' ').next().unwrap().to_owned()).collect()
}

const LATCHED: [&str; 3] = ["orders LATCHED", "accounts LATCHED", "market_data LATCHED"];

#[tokio::test(start_paused = true)]
async fn a_dead_login_latches_all_three_and_the_reset_reads_before_orders_may_leave() {
    let house = House::open().await;
    house.ask(Request::LoginDied);
    house.wait(1).await;
    assert_eq!(moves(&house), LATCHED);
    let before = house.books().calls.len();
    house.ask(reset());
    house.wait(1).await;
    assert_eq!(verbs(&house, before), ["account", "orders", "positions", "account"]);
    assert_eq!(
        moves(&house)[3..],
        ["accounts HALF_OPEN", "accounts CLOSED", "market_data CLOSED", "orders CLOSED"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_about_an_order_that_finds_the_login_dead_latches_as_well() {
    let house = House::open().await;
    house.script("cancel", &[Does::LoginDead]);
    house.submit("fd-1", OrderPurpose::Entry);
    house.wait(1).await;
    house.cancel("fd-1");
    house.wait(1).await;
    assert_eq!(moves(&house), LATCHED);
}

#[track_caller]
fn check_stays(moves: &[String], last: &str) {
    assert_eq!(moves.last().map(String::as_str), Some(last), "{moves:?}");
    assert!(!moves.iter().any(|text| text == "orders CLOSED"), "{moves:?}");
}

#[tokio::test(start_paused = true)]
async fn a_reset_whose_first_call_fails_leaves_it_latched() {
    for does in [Does::LoginDead, Does::Lost, Does::Refuses(403, RejectReason::AccountBlocked)] {
        let house = House::open().await;
        house.ask(Request::LoginDied);
        house.wait(1).await;
        house.script("account", &[does]);
        house.ask(reset());
        house.wait(1).await;
        check_stays(&moves(&house), "accounts LATCHED");
        assert_eq!(house.count("system.alert.raised"), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_reset_after_which_orders_cannot_be_read_latches_again() {
    let house = House::open().await;
    house.ask(Request::LoginDied);
    house.wait(1).await;
    house.script("orders", &[Does::Refuses(403, RejectReason::Other)]);
    house.ask(reset());
    house.wait(2).await;
    check_stays(&moves(&house), "market_data LATCHED");
}

#[tokio::test(start_paused = true)]
async fn a_house_that_was_latched_begins_latched() {
    let config = GatewayConfig { is_latched: true, ..Setup::default().config };
    let house = House::with(Setup { config, ..Setup::default() });
    house.ask(reset());
    house.wait(2).await;
    let moves = moves(&house);
    assert_eq!(moves.first().map(String::as_str), Some("accounts HALF_OPEN"), "{moves:?}");
    assert_eq!(moves.last().map(String::as_str), Some("orders CLOSED"), "{moves:?}");
}
