//! Every way in which a call can end but a success, and what nothing shows.

use std::time::Duration;

use flightdeck::breakers::{CallOutcome, Verdict};
use flightdeck::brokers::schwab::token::{AccessToken, LoginReason, MemoryTokens, TokenError};
use flightdeck::brokers::{Broker, CallError};
use flightdeck::domain::order::RejectReason;

use crate::schwab_client::{Desk, HASH, NUMBER, POST, Step, TOKEN, flat, listed, order, placed};

fn unauthorized() -> Step {
    Step::answer(
        401,
        r#"{"errors":[{"id":"4a1c","status":401,"title":"Unauthorized","detail":"Client not authorized"}]}"#,
    )
}

async fn with_next(
    next: impl IntoIterator<Item = Result<AccessToken, TokenError>>,
    steps: Vec<Step>,
) -> Desk {
    let tokens = MemoryTokens::new(TOKEN, next);
    Desk::patient(Duration::from_secs(20), steps, tokens).await
}

fn another() -> AccessToken {
    AccessToken::new("I0.another@".to_owned())
}

#[tokio::test]
async fn an_order_turned_away_for_its_token_leaves_once_more_with_a_new_one() {
    let steps = vec![flat(), unauthorized(), placed(), Step::ok(listed(7, "WORKING"))];
    let desk = with_next([Ok(another())], steps).await;
    let taken = desk.client.submit(&order("a")).await.unwrap().value;
    assert_eq!(taken.report.broker_order_id.as_str(), "7");
    let posts: Vec<_> =
        desk.venue.heard().into_iter().filter(|h| h.line.starts_with("POST")).collect();
    assert_eq!(posts.len(), 2);
    assert_eq!(posts[0].body, posts[1].body);
    assert_eq!(posts[0].header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
    assert_eq!(posts[1].header("authorization"), Some("Bearer I0.another@"));
    assert_eq!(desk.tokens.refreshes(), 1);
}

#[tokio::test]
async fn a_second_401_is_told_and_not_tried_again() {
    let desk = with_next([Ok(another())], vec![flat(), unauthorized(), unauthorized()]).await;
    let error = desk.client.submit(&order("a")).await.unwrap_err();
    let CallError::Refused(refusal) = &error else { panic!("{error:?}") };
    assert_eq!((refusal.status, refusal.reason), (401, RejectReason::Other));
    assert!(refusal.is_turned_away() && refusal.message.contains("log in again"), "{refusal}");
    assert_eq!(error.outcome().verdict(), Verdict::Fails);
    assert_eq!(desk.tokens.refreshes(), 1);
    // It was certainly not placed.
    assert_eq!(desk.client.find(&order("a").client_order_id).await.unwrap().value, None);
}

#[tokio::test]
async fn a_dead_token_latches_and_one_that_does_not_come_only_fails() {
    let dead = || Err(TokenError::LoginNeeded { reason: LoginReason::Expired });
    let desk = with_next([dead()], vec![flat(), unauthorized()]).await;
    let error = desk.client.submit(&order("a")).await.unwrap_err();
    assert!(matches!(error, CallError::LoginNeeded { .. }), "{error:?}");
    assert!(error.to_string().contains("flightdeck login schwab"), "{error}");
    assert_eq!(error.outcome(), CallOutcome::TokenDead);
    let heard = desk.venue.lines().len();
    // From now on nothing leaves.
    let error = desk.client.account().await.unwrap_err();
    assert!(matches!(error, CallError::LoginNeeded { .. }), "{error:?}");
    assert_eq!(desk.venue.lines().len(), heard);

    let late = Err(TokenError::Transient("Schwab does not answer".into()));
    let desk = with_next([late], vec![flat(), unauthorized()]).await;
    let error = desk.client.submit(&order("a")).await.unwrap_err();
    assert!(matches!(error, CallError::NotSent { .. }), "{error:?}");
}

#[track_caller]
fn check_refused(error: &CallError, status: u16, reason: RejectReason) {
    let CallError::Refused(refusal) = error else { panic!("{error:?}") };
    assert_eq!((refusal.status, refusal.reason), (status, reason), "{refusal}");
}

#[tokio::test]
async fn a_refusal_is_certain_and_may_be_followed_by_another_order() {
    for (status, body, reason) in [
        (
            400,
            r#"{"message":"You do not have enough buying power"}"#,
            RejectReason::InsufficientFunds,
        ),
        (403, "<html>Access Denied</html>", RejectReason::Other),
        (404, "404 Not Found: Requested route (x) does not exist.", RejectReason::Other),
        (429, "", RejectReason::Other),
    ] {
        let steps = vec![
            flat(),
            Step::answer(status, body),
            flat(),
            placed(),
            Step::ok(listed(7, "WORKING")),
        ];
        let desk = Desk::playing(steps).await;
        check_refused(&desk.client.submit(&order("a")).await.unwrap_err(), status, reason);
        assert_eq!(desk.client.find(&order("a").client_order_id).await.unwrap().value, None);
        desk.client.submit(&order("b")).await.unwrap();
    }
}

#[tokio::test]
async fn a_429_is_waited_out_when_it_says_how_long() {
    let steps = vec![flat(), Step::Answer(429, "Retry-After: 7\r\n", String::new())];
    let desk = Desk::playing(steps).await;
    let error = desk.client.submit(&order("a")).await.unwrap_err();
    let CallError::Refused(refusal) = error else { panic!("{error:?}") };
    assert_eq!(refusal.retry_at.unwrap().to_string(), "2026-03-09T15:50:30Z");
}

#[tokio::test]
async fn what_fails_before_the_order_leaves_it_unsent() {
    for step in [Step::Drop, Step::answer(503, ""), Step::ok("{")] {
        let desk = Desk::playing([step]).await;
        let error = desk.client.submit(&order("a")).await.unwrap_err();
        assert!(matches!(error, CallError::NotSent { .. }), "{error:?}");
        assert!(!desk.lines().iter().any(|line| line == POST));
    }
}

#[tokio::test]
async fn the_404_of_a_missing_route_says_nothing_of_an_order() {
    let route =
        format!("404 Not Found: Requested route (/accounts/{HASH}/orders/7) does not exist.");
    let desk = Desk::playing([
        Step::answer(404, route),
        Step::answer(404, r#"{"message":"Order not found"}"#),
    ])
    .await;
    let id = flightdeck::domain::ids::BrokerOrderId::new("7");
    assert!(matches!(desk.client.order(&id).await, Err(CallError::Unknown { .. })));
    assert_eq!(desk.client.order(&id).await.unwrap().value, None);
}

#[tokio::test]
async fn neither_token_nor_account_is_shown() {
    let route = format!("Requested route (/accounts/{HASH}/orders) of {NUMBER} does not exist.");
    let desk = Desk::playing([flat(), Step::answer(404, route)]).await;
    let error = desk.client.submit(&order("a")).await.unwrap_err();
    let shown = format!("{error} {error:?} {:?} {:?}", desk.client, desk.tokens.refreshes());
    for secret in [TOKEN, NUMBER, HASH] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn another_account_than_the_configured_one_gets_no_order() {
    let venue_answers = r#"[{"accountNumber":"99998888","hashValue":"AB12"}]"#;
    let desk = Desk::without_account([Step::ok(venue_answers)]).await;
    let error = desk.client.account().await.unwrap_err();
    check_refused(&error, 422, RejectReason::AccountBlocked);
    assert!(error.to_string().contains("...222"), "{error}");
}
