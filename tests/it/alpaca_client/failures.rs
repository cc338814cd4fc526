//! How calls fail, and that *unknown* is never taken for *not done*.

use std::time::Duration;

use flightdeck::breakers::CallOutcome;
use flightdeck::brokers::{Broker, CallError, Refusal};
use flightdeck::domain::ids::{BrokerOrderId, ClientOrderId};
use flightdeck::domain::order::RejectReason;
use flightdeck::domain::time::Timestamp;
use tokio::net::TcpListener;
use url::Url;

use crate::alpaca_client::{Step, Venue, client, client_at, hasty_client, listed, order};

/// How an order ends that meets this step.
async fn submitted(step: Step) -> CallError {
    let is_silent = matches!(step, Step::Silence);
    let venue = Venue::playing([step]).await;
    let client = if is_silent { hasty_client(&venue) } else { client(&venue) };
    let error = client.submit(&order()).await.unwrap_err();
    assert_eq!(venue.lines(), ["POST /v2/orders"], "an order leaves once");
    error
}

#[track_caller]
fn check_unknown(error: &CallError, expected: CallOutcome) {
    assert!(
        matches!(error, CallError::Unknown { outcome, .. } if *outcome == expected),
        "{error:?}"
    );
}

fn refusal(error: CallError) -> Refusal {
    match error {
        CallError::Refused(refusal) => refusal,
        error @ (CallError::NotSent { .. }
        | CallError::LoginNeeded { .. }
        | CallError::Unknown { .. }) => panic!("{error}"),
    }
}

#[tokio::test]
async fn an_order_whose_answer_never_came_is_unknown() {
    use CallOutcome::{ConnectFailed, Malformed, ServerError, TimedOut};
    check_unknown(&submitted(Step::Drop).await, ConnectFailed);
    check_unknown(&submitted(Step::Silence).await, TimedOut);
    check_unknown(&submitted(Step::answer(504, "")).await, ServerError);
    check_unknown(&submitted(Step::answer(502, "<html>Bad Gateway</html>")).await, ServerError);
    check_unknown(&submitted(Step::answer(500, r#"{"code":50010000}"#)).await, ServerError);
    check_unknown(&submitted(Step::ok("<html>")).await, Malformed);
    check_unknown(&submitted(Step::ok(r#"{"id":"a"}"#)).await, Malformed);
    let redirect = Step::Answer(307, "location: /v2/elsewhere\r\n", String::new());
    check_unknown(&submitted(redirect).await, Malformed);
    let half = submitted(Step::Half(200)).await;
    assert!(matches!(half, CallError::Unknown { .. }), "{half:?}");
}

#[tokio::test]
async fn an_order_that_met_no_listener_was_not_sent() {
    // The port was ours a moment ago, so nobody listens on it.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    let error = client_at(&base, Duration::from_secs(20)).submit(&order()).await.unwrap_err();
    assert!(matches!(error, CallError::NotSent { .. }), "{error:?}");
}

#[tokio::test]
async fn an_order_that_met_no_tls_was_not_sent() {
    let venue = Venue::playing([]).await;
    let mut base = venue.base();
    base.set_scheme("https").unwrap();
    let error = client_at(&base, Duration::from_secs(20)).submit(&order()).await.unwrap_err();
    assert!(matches!(error, CallError::NotSent { .. }), "{error:?}");
    assert_eq!(venue.lines(), [""; 0]);
}

#[tokio::test]
async fn a_second_order_under_one_name_is_refused_as_such() {
    let body = r#"{"code":40010001,"message":"client_order_id must be unique"}"#;
    let refusal = refusal(submitted(Step::answer(422, body)).await);
    assert_eq!(refusal.reason, RejectReason::DuplicateClientOrderId);
    assert_eq!((refusal.status, refusal.code), (422, Some(40_010_001)));
}

#[tokio::test]
async fn a_refusal_whose_words_are_lost_is_still_a_refusal() {
    let refusal = refusal(submitted(Step::Half(403)).await);
    assert_eq!((refusal.status, refusal.reason), (403, RejectReason::Other));
}

#[tokio::test]
async fn a_429_says_when_to_come_back_if_it_can() {
    let counted = "X-RateLimit-Limit: 200\r\nX-RateLimit-Remaining: 0\r\n\
                   X-RateLimit-Reset: 1791207060\r\n";
    let error = submitted(Step::Answer(429, counted, "too many requests.".into())).await;
    assert_eq!(error.outcome(), CallOutcome::RateLimited);
    assert_eq!(error.rate().map(|rate| rate.remaining), Some(0));
    assert_eq!(refusal(error).retry_at, Some(Timestamp::from_seconds(1_791_207_060)));
    let error = submitted(Step::answer(429, "")).await;
    assert_eq!(error.outcome(), CallOutcome::RateLimited);
    assert_eq!(refusal(error).retry_at, None);
}

#[tokio::test]
async fn wrong_keys_are_refused_in_words_whatever_the_body() {
    let plain = refusal(submitted(Step::answer(401, r#"{"message":"unauthorized."}"#)).await);
    assert_eq!((plain.status, plain.message.as_str()), (401, "unauthorized."));
    let page = refusal(submitted(Step::answer(401, "<html>no</html>")).await);
    assert_eq!(page.message, "a page of HTML instead of an answer");
    let known = refusal(submitted(Step::answer(403, r#"{"message":"forbidden."}"#)).await);
    assert_eq!(known.message, "forbidden.");
}

#[tokio::test]
async fn only_alpaca_itself_can_say_that_an_order_does_not_exist() {
    let absent = r#"{"code":40410000,"message":"order not found for fd-1"}"#;
    let venue = Venue::playing([
        Step::answer(404, absent),
        Step::answer(404, "<html>404</html>"),
        Step::ok(listed("a", "2026-10-05T13:45:04Z", "new")),
        Step::answer(404, absent),
    ])
    .await;
    let client = client(&venue);
    let name = ClientOrderId::new("fd-1");
    assert_eq!(client.find(&name).await.unwrap().value, None);
    check_unknown(&client.find(&name).await.unwrap_err(), CallOutcome::Malformed);
    assert!(client.find(&name).await.unwrap().value.is_some());
    assert_eq!(client.order(&BrokerOrderId::new("a")).await.unwrap().value, None);
    assert_eq!(
        venue.lines()[2..],
        ["GET /v2/orders:by_client_order_id?client_order_id=fd-1", "GET /v2/orders/a?nested=true"]
    );
}

#[tokio::test]
async fn a_cancel_that_is_under_way_has_been_asked() {
    let refused =
        |message| Step::answer(422, format!(r#"{{"code":42210000,"message":{message}}}"#));
    let venue = Venue::playing([
        refused(r#""order pending cancel""#),
        refused(r#""order is already in \"filled\" state""#),
        Step::answer(404, r#"{"code":40410000,"message":"order not found for a"}"#),
    ])
    .await;
    let (client, id) = (client(&venue), BrokerOrderId::new("a"));
    assert!(client.cancel(&id).await.is_ok());
    for _ in 0..2 {
        let refusal = refusal(client.cancel(&id).await.unwrap_err());
        assert_eq!(refusal.reason, RejectReason::NotWorking);
    }
}

#[tokio::test]
async fn ending_all_orders_succeeds_when_those_that_live_were_asked() {
    let over = r#"[{"id":"a","status":200},{"id":"b","status":422,"body":{"code":42210000,"message":"order is already in \"filled\" state"}}]"#;
    let failed = r#"[{"id":"a","status":200},{"id":"b","status":500,"body":{"code":50010000,"message":"x"}}]"#;
    let venue = Venue::playing([
        Step::answer(207, over),
        Step::answer(207, failed),
        Step::answer(500, ""),
        Step::answer(207, "[]"),
    ])
    .await;
    let client = client(&venue);
    assert!(client.cancel_all().await.is_ok());
    check_unknown(&client.cancel_all().await.unwrap_err(), CallOutcome::ServerError);
    check_unknown(&client.cancel_all().await.unwrap_err(), CallOutcome::ServerError);
    assert!(client.cancel_all().await.is_ok());
}

#[tokio::test]
async fn a_venue_that_is_slow_costs_no_more_than_the_time_out() {
    let venue = Venue::playing([Step::Silence]).await;
    let client = hasty_client(&venue);
    let waited = tokio::time::timeout(Duration::from_secs(5), client.account()).await;
    check_unknown(&waited.unwrap().unwrap_err(), CallOutcome::TimedOut);
}
