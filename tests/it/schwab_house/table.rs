//! Every row of the protocol page's tables of errors (Schwab, November 2026), at the real
//! client, the real keeper of the token and the simulated Schwab.
//!
//! | row | shown by |
//! |---|---|
//! | §1.4 refresh token expired or revoked | `answer::every_row_of_the_table_has_its_meaning`, `life::a_dead_login_is_told_at_once_…`, [`row_both_dead`] |
//! | §1.4 replaced by a newer login | the same table, `life::a_login_that_was_replaced_elsewhere_gets_one_more_try`, [`row_a_login_elsewhere`] |
//! | §1.4 older spelling | the same table, `schwab_server::login::a_dead_refresh_token_is_refused_in_three_spellings`, [`each_spelling_of_a_dead_refresh_token_latches`] |
//! | §1.4 wrong key or secret | the same table, `login::each_refusal_is_said_in_words_with_its_remedy`, `life::trouble_at_the_endpoint_…` |
//! | §1.4 code too old, code malformed | the same table, `login::each_refusal_is_said_in_words_with_its_remedy` |
//! | §1.4 edge block, outage | `answer::what_is_not_plainly_about_the_token_ends_no_login`, `life::trouble_at_the_endpoint_says_nothing_about_the_token` |
//! | §1.5, all rows | the tests `row_…` below |
//! | §1.5, both bodies of a 401 | [`row_access_token_old`] |
//! | §2.1, E1 to E5 | `classify::all_five_shapes_are_put_into_words`, [`each_shape_of_error_fails_one_call_and_says_nothing_of_the_login`] |

use flightdeck::breakers::Verdict;
use flightdeck::brokers::schwab::token::{AccessTokens, LoginReason, TokenState};
use flightdeck::brokers::{Broker, CallError};
use jiff::SignedDuration;

use crate::support::cockpit::symbol;
use crate::support::schwab::{Client, Face};
use crate::support::wired::{Market, listed, within};

async fn scene() -> (Market, Face, Client) {
    let market = Market::open(&[listed("AAPL", "175.50")]).await;
    let face = Face::of(market.state.clone()).await;
    let client = face.client();
    client.broker.account().await.unwrap();
    (market, face, client)
}

fn is_fresh(client: &Client) -> bool {
    matches!(*client.keeper.state().borrow(), TokenState::Fresh { .. })
}

async fn until_needed(client: &Client) -> LoginReason {
    let mut state = client.keeper.state();
    let needed = state.wait_for(|state| matches!(state, TokenState::LoginNeeded { .. }));
    match *within("a login is needed", needed).await.unwrap() {
        TokenState::LoginNeeded { why } => why,
        TokenState::Fresh { .. } | TokenState::Absent => unreachable!("it was waited for"),
    }
}

#[tokio::test]
async fn row_access_token_old() {
    for shape in ["errors", "message"] {
        let (_market, face, client) = scene().await;
        face.fault(&format!(r#"{{"unauthorized_body":"{shape}","expire_access_now":true}}"#)).await;
        client.broker.account().await.unwrap();
        let calls = face.calls().await;
        let [.., refused, served] = calls.as_slice() else { panic!("{calls:?}") };
        assert!(refused.ends_with(" 401") && served.ends_with(" 200"), "{calls:?}");
        assert!(is_fresh(&client), "{shape}");
    }
}

#[tokio::test]
async fn row_refresh_token_dead_while_the_access_token_is_young() {
    let (market, face, client) = scene().await;
    face.fault(r#"{"expire_refresh_now":true}"#).await;
    // The refresh in the background is refused, and calls are still answered.
    market.state.clock.advance(SignedDuration::from_mins(26));
    assert_eq!(until_needed(&client).await, LoginReason::Expired);
    client.broker.account().await.unwrap();
    assert!(face.calls().await.iter().all(|line| line.ends_with(" 200")));
}

#[tokio::test]
async fn row_both_dead() {
    let (_market, face, client) = scene().await;
    face.fault(r#"{"expire_refresh_now":true,"expire_access_now":true}"#).await;
    let error = client.broker.account().await.unwrap_err();
    assert!(matches!(error, CallError::LoginNeeded { .. }), "{error:?}");
    assert_eq!(error.outcome().verdict(), Verdict::Dead);
    assert_eq!(until_needed(&client).await, LoginReason::Expired);
    let asked = face.calls().await.len();
    assert!(client.broker.account().await.is_err());
    assert_eq!(face.calls().await.len(), asked, "nothing leaves with a token known to be dead");
}

#[tokio::test]
async fn row_a_login_elsewhere() {
    let (_market, face, client) = scene().await;
    face.fault(r#"{"revoke_by_new_login":true}"#).await;
    client.broker.account().await.unwrap();
    assert!(is_fresh(&client), "the access token may live to its end");
    face.fault(r#"{"expire_access_now":true}"#).await;
    let error = within("the second try", client.broker.account()).await.unwrap_err();
    assert!(matches!(error, CallError::LoginNeeded { .. }), "{error:?}");
    assert_eq!(until_needed(&client).await, LoginReason::Replaced);
}

#[tokio::test]
async fn row_the_app_lacks_a_product() {
    let (_market, face, client) = scene().await;
    face.fault(r#"{"lacks":"marketdata"}"#).await;
    let error = client.broker.quotes(&[symbol("AAPL")]).await.unwrap_err();
    assert!(matches!(error, CallError::Refused(ref refusal) if refusal.status == 401), "{error:?}");
    assert!(is_fresh(&client), "one half of the API says nothing about the login");
    client.broker.account().await.unwrap();
}

#[tokio::test]
async fn each_spelling_of_a_dead_refresh_token_latches() {
    for spelling in ["invalid_grant", "authentication_error", "invalid_client"] {
        let (_market, face, client) = scene().await;
        face.fault(&format!(r#"{{"dead_refresh":"{spelling}"}}"#)).await;
        face.fault(r#"{"expire_refresh_now":true,"expire_access_now":true}"#).await;
        let error = within(spelling, client.broker.account()).await.unwrap_err();
        assert_eq!(error.outcome().verdict(), Verdict::Dead, "{spelling}: {error}");
    }
}

#[tokio::test]
async fn each_shape_of_error_fails_one_call_and_says_nothing_of_the_login() {
    let (_market, face, client) = scene().await;
    for (fault, is_certain) in [
        (r#"{"e1":1}"#, false),
        (r#"{"e1":{"status":400}}"#, true),
        (r#"{"e2":1}"#, true),
        (r#"{"e3":1}"#, true),
        (r#"{"e4":1}"#, true),
        (r#"{"html_page":1}"#, false),
        (r#"{"html_page":{"status":403}}"#, true),
        (r#"{"missing_route":1}"#, true),
        (r#"{"empty_error":1}"#, false),
    ] {
        face.fault(fault).await;
        let error = client.broker.account().await.unwrap_err();
        let is_refused = matches!(error, CallError::Refused(_));
        assert_eq!(is_refused, is_certain, "{fault}: {error:?}");
        assert!(!error.to_string().is_empty() && is_fresh(&client), "{fault}");
        face.fault(fault).await;
        assert!(client.broker.quotes(&[symbol("AAPL")]).await.is_err(), "{fault}");
        client.broker.account().await.unwrap();
        assert!(client.keeper.access().await.is_ok(), "{fault}");
    }
}
