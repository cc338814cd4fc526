//! Orders whose answer did not come or does not tell, and that none is there twice
//! (Schwab, protocol page §3.4 and §3.5 of November 2026).

use flightdeck::brokers::schwab::{Decision, Standing};
use flightdeck::brokers::{Broker, BrokerOrder, CallError};
use flightdeck::domain::ids::{BrokerOrderId, ClientOrderId};
use flightdeck::domain::money::Qty;
use flightdeck::domain::order::{OrderClass, OrderRequest, RejectReason, ReportedStatus, Side};
use jiff::SignedDuration;

use crate::schwab_client::{Desk, POST, Step, flat, list, listed, order, placed};

fn name(text: &str) -> ClientOrderId {
    ClientOrderId::new(text)
}

/// Moves the clock.
fn later(desk: &Desk, seconds: i64) {
    use flightdeck::bus::clock::Clock;
    desk.clock.move_to(desk.clock.now().plus(SignedDuration::from_secs(seconds)));
}

#[track_caller]
fn posts(desk: &Desk, expected: usize) {
    let count = desk.lines().iter().filter(|line| *line == POST).count();
    assert_eq!(count, expected, "{:?}", desk.lines());
}

#[track_caller]
fn check_unknown<T: std::fmt::Debug>(found: Result<T, CallError>, words: &str) {
    let error = found.unwrap_err();
    let CallError::Unknown { detail, .. } = &error else { panic!("{error:?}") };
    assert!(detail.contains(words), "{detail}");
}

#[track_caller]
fn check_refused<T: std::fmt::Debug>(found: Result<T, CallError>, reason: RejectReason) {
    let error = found.unwrap_err();
    let CallError::Refused(refusal) = &error else { panic!("{error:?}") };
    assert_eq!(refusal.reason, reason, "{refusal}");
}

async fn find(desk: &Desk, id: &str) -> Result<Option<BrokerOrder>, CallError> {
    desk.client.find(&name(id)).await.map(|answer| answer.value)
}

#[tokio::test]
async fn a_taken_order_is_read_at_once_and_has_our_name() {
    let desk = Desk::playing([flat(), placed(), Step::ok(listed(7, "WORKING"))]).await;
    let taken = desk.client.submit(&order("a")).await.unwrap().value;
    assert_eq!(taken.report.client_order_id, Some(name("a")));
    assert_eq!(taken.report.broker_order_id.as_str(), "7");
    assert_eq!(taken.report.status, ReportedStatus::Working);
}

#[tokio::test]
async fn an_order_that_schwab_rejects_after_its_201_is_refused_with_its_words() {
    let rejected = listed(7, "REJECTED").replacen(
        '{',
        r#"{"statusDescription":"You do not have enough buying power.","#,
        1,
    );
    let desk = Desk::playing([flat(), placed(), Step::ok(rejected)]).await;
    check_refused(desk.client.submit(&order("a")).await, RejectReason::InsufficientFunds);
}

#[tokio::test]
async fn an_order_without_an_answer_is_looked_for_and_adopted() {
    for lost in [Step::Drop, Step::Half(201), Step::answer(502, ""), Step::answer(500, "{}")] {
        let seen = list(&[listed(7, "WORKING")]);
        let desk = Desk::playing([flat(), lost, list(&[]), seen]).await;
        check_unknown(desk.client.submit(&order("a")).await, "");
        later(&desk, 1);
        check_unknown(find(&desk, "a").await, "proves nothing");
        later(&desk, 1);
        let found = find(&desk, "a").await.unwrap().unwrap();
        assert_eq!(found.report.broker_order_id.as_str(), "7");
        assert_eq!(found.report.client_order_id, Some(name("a")));
        assert_eq!(
            desk.lines().last().unwrap(),
            "GET /trader/v1/accounts/{hash}/orders?fromEnteredTime=2026-03-09T15%3A49%3A23.000Z&toEnteredTime=2026-03-09T15%3A51%3A25.000Z&maxResults=3000"
        );
        posts(&desk, 1);
    }
}

#[tokio::test]
async fn an_order_that_is_never_found_stays_unknown_until_a_human_decides() {
    let looks = std::iter::repeat_with(|| list(&[])).take(6);
    let after = [flat(), placed(), Step::ok(listed(7, "WORKING"))];
    let desk = Desk::playing([flat(), Step::Drop].into_iter().chain(looks).chain(after)).await;
    check_unknown(desk.client.submit(&order("a")).await, "");
    for wait in [1, 1, 2, 4] {
        later(&desk, wait);
        check_unknown(find(&desk, "a").await, "proves nothing");
    }
    for wait in [7, 30] {
        later(&desk, wait);
        check_unknown(find(&desk, "a").await, "probably not placed");
    }
    assert_eq!(desk.client.doubts()[0].standing, Standing::ProbablyNotPlaced);
    // Its name, its stock and its side are blocked, the other side is not.
    check_refused(
        desk.client.submit(&order("a")).await.map(drop),
        RejectReason::DuplicateClientOrderId,
    );
    posts(&desk, 1);
    assert!(desk.client.decide(&name("a"), Decision::NotPlaced));
    assert_eq!(find(&desk, "a").await.unwrap(), None);
    assert!(!desk.client.decide(&name("a"), Decision::NotPlaced));
}

#[tokio::test]
async fn two_that_look_alike_are_for_a_human() {
    let two = list(&[listed(7, "WORKING"), listed(8, "WORKING")]);
    let eight = Step::ok(listed(8, "WORKING"));
    let desk = Desk::playing([flat(), Step::Drop, two, eight]).await;
    check_unknown(desk.client.submit(&order("a")).await, "");
    later(&desk, 1);
    check_unknown(find(&desk, "a").await, "it may be Schwab's order 7, 8");
    assert!(desk.client.decide(&name("a"), Decision::Is(BrokerOrderId::new("8"))));
    let found = find(&desk, "a").await.unwrap().unwrap();
    assert_eq!(found.report.client_order_id, Some(name("a")));
}

#[tokio::test]
async fn a_doubt_blocks_its_stock_and_side() {
    let desk = Desk::playing([flat(), Step::Drop, flat(), placed()]).await;
    check_unknown(desk.client.submit(&order("a")).await, "");
    let bigger = OrderRequest { qty: Qty::shares(6).unwrap(), ..order("b") };
    check_refused(desk.client.submit(&bigger).await, RejectReason::Other);
    posts(&desk, 1);
    let sale = OrderRequest { side: Side::Sell, ..order("c") };
    desk.client.submit(&sale).await.unwrap();
    posts(&desk, 2);
}

#[tokio::test]
async fn a_201_that_does_not_say_which_order_is_looked_up() {
    let seen = list(&[listed(7, "WORKING")]);
    let desk = Desk::playing([flat(), Step::answer(201, ""), seen]).await;
    let taken = desk.client.submit(&order("a")).await.unwrap().value;
    assert_eq!(taken.report.broker_order_id.as_str(), "7");
    let wrong = "Location: https://api.schwabapi.com/trader/v1/accounts/AAAA/orders/7\r\n";
    let desk = Desk::playing([flat(), Step::Answer(201, wrong, String::new()), list(&[])]).await;
    check_unknown(desk.client.submit(&order("a")).await, "does not say as which");
    posts(&desk, 1);
}

#[tokio::test]
async fn a_location_that_names_another_order_is_not_believed() {
    let other = listed(7, "WORKING").replace("\"XYZ\"", "\"ABC\"");
    let mine = listed(8, "WORKING");
    let desk = Desk::playing([flat(), placed(), Step::ok(&*other), list(&[other, mine])]).await;
    check_unknown(desk.client.submit(&order("a")).await, "another one");
    let found = find(&desk, "a").await.unwrap().unwrap();
    assert_eq!(found.report.broker_order_id.as_str(), "8");
}

#[tokio::test]
async fn a_caller_who_waits_no_longer_leaves_a_doubt_behind() {
    let desk = Desk::playing([flat(), Step::Silence]).await;
    let wanted = order("a");
    let ask = desk.client.submit(&wanted);
    // Long enough for the order to leave, which is seen by the venue.
    let seen = async {
        while !desk.lines().iter().any(|line| line == POST) {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        answer = ask => panic!("{answer:?}"),
        () = seen => {}
    }
    assert_eq!(desk.client.doubts().len(), 1);
    check_refused(desk.client.submit(&order("a")).await, RejectReason::DuplicateClientOrderId);
}

#[tokio::test]
async fn of_two_identical_orders_the_second_waits_for_the_first() {
    let desk = Desk::playing([flat(), Step::Silence]).await;
    desk.client.account().await.unwrap();
    // A group needs no look at the positions, so that only orders leave.
    let class = OrderClass::OtoTarget { target: "12".parse().unwrap() };
    let (one, other) = (OrderRequest { class, ..order("a") }, OrderRequest { class, ..order("b") });
    let first = desk.client.submit(&one);
    let second = desk.client.submit(&other);
    // Neither is answered; the second gives up waiting and was never sent.
    // In the order in which they were asked.
    tokio::select! {
        biased;
        answer = first => panic!("{answer:?}"),
        answer = second => check_refused(answer, RejectReason::Other),
    }
    posts(&desk, 1);
    assert_eq!(desk.client.doubts().len(), 1);
}

#[tokio::test]
async fn a_time_out_is_unknown() {
    let desk = Desk::hasty([flat(), Step::Silence]).await;
    check_unknown(desk.client.submit(&order("a")).await, "");
    assert_eq!(desk.client.doubts().len(), 1);
}

#[tokio::test]
async fn a_400_for_an_order_that_is_gone_says_so() {
    let bad = || Step::answer(400, r#"{"message":"bad request"}"#);
    let gone = || Step::ok(listed(7, "CANCELED"));
    let id = BrokerOrderId::new("7");
    let desk = Desk::playing([bad(), gone(), gone()]).await;
    check_refused(desk.client.cancel(&id).await, RejectReason::NotWorking);
    let live = || Step::ok(listed(7, "WORKING"));
    let desk = Desk::playing([bad(), live(), live()]).await;
    check_refused(desk.client.cancel(&id).await, RejectReason::Other);
    // It was asked before.
    let desk = Desk::playing([bad(), Step::ok(listed(7, "PENDING_CANCEL"))]).await;
    desk.client.cancel(&id).await.unwrap();
}

#[tokio::test]
async fn what_is_listed_has_our_names_and_a_sale_knows_what_is_held() {
    let held = r#"{"securitiesAccount":{"accountNumber":"11112222","positions":[{"longQuantity":5,"averagePrice":10,"instrument":{"symbol":"XYZ","assetType":"EQUITY"}}]}}"#;
    let steps = [
        flat(),
        placed(),
        Step::ok(listed(7, "WORKING")),
        list(&[listed(6, "FILLED"), listed(7, "WORKING")]),
        Step::ok(held),
        Step::Drop,
    ];
    let desk = Desk::playing(steps).await;
    desk.client.submit(&order("a")).await.unwrap();
    let orders = desk.client.orders(crate::schwab_client::at("2026-03-09T00:00:00Z")).await;
    let names: Vec<_> =
        orders.unwrap().value.into_iter().map(|order| order.report.client_order_id).collect();
    assert_eq!(names, [None, Some(name("a"))]);
    let sale = OrderRequest { side: Side::Sell, ..order("b") };
    check_unknown(desk.client.submit(&sale).await, "");
    let body = desk.venue.heard().pop().unwrap().body;
    assert!(body.contains(r#""instruction":"SELL""#), "{body}");
}
