//! The login: codes, tokens, and every way in which the token endpoint refuses.

use reqwest::Method;
use serde_json::{Value, json};

use super::{CALLBACK, Desk};

const NUMBERS: &str = "/trader/v1/accounts/accountNumbers";

impl Desk {
    async fn status(&self) -> u16 {
        self.call(Method::GET, NUMBERS, None).await.status
    }

    /// The outer code and the description of a refusal of the refresh token.
    async fn refused(&self) -> (u16, String, String) {
        let said = self.refresh(&self.refresh).await;
        let text = |name: &str| said.body[name].as_str().unwrap_or_default().to_owned();
        (said.status, text("error"), text("error_description"))
    }
}

#[tokio::test]
async fn the_login_page_leads_to_the_callback_with_code_session_and_state() {
    let desk = Desk::open().await;
    for (redirect, state) in [("https%3A%2F%2F127.0.0.1%3A8182", "a%26b"), (CALLBACK, "a%26b")] {
        let query = format!("client_id=app&redirect_uri={redirect}&state={state}");
        let said = desk.page(&query).await;
        assert_eq!(said.status, 302);
        assert!(said.location.starts_with("https://127.0.0.1:8182/?code=C0."), "{}", said.location);
        assert!(said.location.contains("%40&session=") && said.location.ends_with("&state=a%26b"));
    }
    let query = format!("client_id=app&redirect_uri={CALLBACK}");
    let denied = desk.page(&format!("{query}&deny")).await;
    assert_eq!(denied.location, "https://127.0.0.1:8182/?error=access_denied");
    for wrong in ["client_id=app&redirect_uri=https://localhost:8182", "client_id=&redirect_uri=x"]
    {
        let said = desk.page(wrong).await;
        assert_eq!((said.status, said.location.as_str()), (400, ""), "a page, no redirect");
    }
}

#[tokio::test]
async fn a_token_answer_has_six_fields_and_an_empty_secret_is_no_client() {
    let desk = Desk::open().await;
    let said = desk.exchange(&desk.code().await).await;
    let mut names: Vec<&String> = said.body.as_object().unwrap().keys().collect();
    names.sort();
    let six = ["access_token", "expires_in", "id_token", "refresh_token", "scope", "token_type"];
    assert_eq!(names, six);
    assert_eq!(said.body["expires_in"], 1_800);
    assert!(said.body["access_token"].as_str().unwrap().ends_with('@'));
    let form = [("grant_type", "refresh_token"), ("refresh_token", desk.refresh.as_str())];
    let said = desk.grant("", &form).await;
    let expected = json!({ "error": "invalid_client", "error_description": "Unauthorized" });
    assert_eq!((said.status, said.body), (401, expected));
}

#[tokio::test]
async fn codes_are_refused_late_twice_and_badly_encoded() {
    let desk = Desk::open().await;
    let check = async |code: &str, expected: &str| {
        let said = desk.exchange(code).await;
        assert_eq!((said.status, &said.body["error"]), (400, &json!("unsupported_token_type")));
        let text = said.body["error_description"].as_str().unwrap();
        assert!(text.contains(expected) && text.contains("invalid_request"), "{text}");
    };
    let code = desk.code().await;
    check(&code.replace('@', "%40"), "Invalid authorization code header").await;
    assert_eq!(desk.exchange(&code).await.status, 200);
    check(&code, "was used before").await;
    let code = desk.code().await;
    desk.advance(31).await;
    check(&code, "AuthorizationCode has expired,expiration=").await;
}

#[tokio::test]
async fn an_access_token_ends_before_its_refresh_token_and_the_other_way_round() {
    let mut desk = Desk::open().await;
    assert_eq!(desk.status().await, 200);
    desk.advance(1_800).await;
    assert_eq!(desk.status().await, 401);
    let said = desk.refresh(&desk.refresh).await;
    desk.token = said.body["access_token"].as_str().unwrap().into();
    desk.fault(json!({ "expire_refresh_now": true })).await;
    let (status, outer, text) = desk.refused().await;
    assert_eq!((status, outer.as_str()), (400, "unsupported_token_type"));
    assert_eq!(
        text,
        "400 Bad Request: \"{\"error_description\":\"Refresh token is invalid, expired or \
         revoked\",\"error\":\"invalid_grant\"}\""
    );
    assert_eq!(desk.status().await, 200, "the access token is still young");
    desk.fault(json!({ "expire_access_now": true })).await;
    assert_eq!(desk.status().await, 401);
    desk.log_in().await;
    assert_eq!(desk.status().await, 200);
}

#[tokio::test]
async fn a_dead_refresh_token_is_refused_in_three_spellings() {
    let desk = Desk::open().await;
    desk.fault(json!({ "revoke_by_new_login": true })).await;
    for (spelling, outer, inner) in [
        ("by_cause", "unsupported_token_type", "refresh_token_authentication_error"),
        ("invalid_grant", "unsupported_token_type", "invalid_grant"),
        ("invalid_client", "invalid_client", "refresh token invalid"),
    ] {
        desk.fault(json!({ "dead_refresh": spelling })).await;
        let (status, error, text) = desk.refused().await;
        assert_eq!((status, error.as_str()), (400, outer));
        assert!(text.contains(inner), "{text}");
    }
}

#[tokio::test]
async fn the_token_endpoint_fails_in_every_way_of_an_outage() {
    let desk = Desk::open().await;
    let check = async |fault: Value, status: u16, text: &str| {
        desk.fault(fault).await;
        let said = desk.refresh(&desk.refresh).await;
        assert_eq!(said.status, status);
        assert!(said.body.to_string().contains(text), "{}", said.body);
    };
    check(json!({ "token_unavailable": { "status": 502 } }), 502, "").await;
    check(json!({ "token_html": 1 }), 403, "Access Denied").await;
    check(json!({ "token_junk": 1 }), 200, "soon").await;
    check(json!({ "invalid_client": 1 }), 401, "Unauthorized").await;
    check(json!({ "token_hang": { "ms": 1 } }), 200, "access_token").await;
    desk.fault(json!({ "authorize_unavailable": 1 })).await;
    assert_eq!(desk.page("client_id=app").await.status, 500);
}

#[tokio::test]
async fn a_401_has_two_shapes_and_one_half_of_the_api_may_be_lacking() {
    let desk = Desk::open().await;
    desk.fault(json!({ "lacks": "trader" })).await;
    let said = desk.call(Method::GET, NUMBERS, None).await;
    assert_eq!((said.status, &said.body["errors"][0]["status"]), (401, &json!(401)));
    assert_eq!(desk.get("/marketdata/v1/quotes?symbols=KO").await["KO"]["symbol"], "KO");
    desk.fault(json!({ "unauthorized_body": "message" })).await;
    let said = desk.call(Method::GET, NUMBERS, None).await;
    assert!(said.status == 401 && said.body["message"].is_string(), "{}", said.body);
    desk.fault(json!({ "lacks": null, "unauthorized": 1 })).await;
    assert_eq!([desk.status().await, desk.status().await], [401, 200]);
}
