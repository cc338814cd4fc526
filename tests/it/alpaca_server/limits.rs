//! Keys, rate limits and the headers of every answer (protocol page §1, §2.5).

use flightdeck::brokers::sim::server::ServerConfig;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::Desk;

fn number(headers: &HeaderMap, name: &str) -> i64 {
    headers[name].to_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn every_answer_names_itself_and_tells_what_is_left() {
    let desk = Desk::with(ServerConfig::default()).await;
    let mut left = 200;
    let mut names = std::collections::HashSet::new();
    let calls = [
        (Method::GET, "/v2/account", 200),
        (Method::GET, "/v2/nothing", 404),
        (Method::POST, "/v2/orders", 422),
        (Method::PUT, "/v2/orders", 405),
        (Method::DELETE, "/v2/orders", 207),
    ];
    for (method, path, status) in calls {
        let answer = desk.request(method, path).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        let headers = answer.headers();
        left -= 1;
        assert_eq!(number(headers, "x-ratelimit-limit"), 200);
        assert_eq!(number(headers, "x-ratelimit-remaining"), left, "{path}");
        // 14:01:00 UTC: the first request leaves the window a minute later.
        let reset = number(headers, "x-ratelimit-reset");
        assert_eq!(reset, 1_791_208_861);
        let name = headers["x-request-id"].to_str().unwrap();
        assert!(name.len() == 32 && name.chars().all(|c| c.is_ascii_hexdigit()), "{name}");
        assert!(names.insert(name.to_owned()));
    }
}

#[tokio::test]
async fn the_request_after_the_last_is_refused_until_a_minute_is_over() {
    let config = ServerConfig { requests_per_minute: 3, ..ServerConfig::default() };
    let desk = Desk::with(config).await;
    for _ in 0..3 {
        desk.get("/v2/clock").await;
    }
    let refused = desk.request(Method::GET, "/v2/clock").send().await.unwrap();
    assert_eq!(
        (refused.status().as_u16(), number(refused.headers(), "x-ratelimit-remaining")),
        (429, 0)
    );
    assert_eq!(refused.json::<Value>().await.unwrap()["message"], "rate limit exceeded");
    let ledger = desk.get("/_sim/ledger").await;
    assert_eq!(ledger["requests"]["trading_max_per_minute"], 3);
    assert_eq!(ledger["requests"]["trading_refused"], 1);
    desk.sim("advance", json!({"seconds": 60})).await;
    desk.get("/v2/clock").await;
}

#[tokio::test]
async fn keys_that_are_missing_or_refused_are_answered_401() {
    let config = ServerConfig { rejected_key: Some("bad".into()), ..ServerConfig::default() };
    let desk = Desk::with(config).await;
    let url = format!("{}/v2/account", desk.base);
    let none = desk.client.get(&url).send().await.unwrap();
    assert_eq!(
        (none.status().as_u16(), &none.headers()["content-type"]),
        (401, &"text/html".parse().unwrap())
    );
    assert!(none.headers().contains_key("x-request-id"));
    let bad = desk.client.get(&url).header("apca-api-key-id", "bad");
    let bad = bad.header("apca-api-secret-key", "x").send().await.unwrap();
    assert_eq!(bad.status(), 401);
    assert_eq!(bad.json::<Value>().await.unwrap(), json!({"message": "unauthorized."}));
    let token = desk.client.get(&url).bearer_auth("token").send().await.unwrap();
    assert_eq!(token.status(), 200);
}

#[tokio::test]
async fn control_can_be_left_out() {
    let config = ServerConfig { has_control: true, ..ServerConfig::default() };
    assert_eq!(Desk::with(config).await.call(Method::GET, "/_sim/ledger", None).await.status, 200);
    let setup = flightdeck::brokers::sim::server::WorldSetup {
        seed: 1,
        start: "2026-10-05T14:00:00Z".parse().unwrap(),
        symbols: vec!["KO".parse().unwrap()],
        opening_cash: flightdeck::domain::money::Money::from_dollars(1),
    };
    let config = ServerConfig { has_control: false, ..ServerConfig::default() };
    let pace = flightdeck::brokers::sim::server::Pace::Manual;
    let state = flightdeck::brokers::sim::server::open(&setup, pace, config).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/_sim/ledger", listener.local_addr().unwrap());
    let stop = tokio_util::sync::CancellationToken::new();
    let served =
        tokio::spawn(flightdeck::brokers::sim::server::serve(listener, state, stop.clone()));
    assert_eq!(reqwest::get(&url).await.unwrap().status(), 404);
    stop.cancel();
    served.await.unwrap().unwrap();
}

#[tokio::test]
async fn every_form_of_keys_is_judged_on_every_path_whatever_it_wants_to_upgrade_to() {
    let config = ServerConfig { rejected_key: Some("bad".into()), ..ServerConfig::default() };
    let desk = Desk::with(config).await;
    let status = async |name: &str, value: &str| {
        let url = format!("{}/v2/account", desk.base);
        let request = desk.client.get(url).header(name, value);
        request.header("Upgrade", "websocket").send().await.unwrap().status().as_u16()
    };
    assert_eq!(status("Accept", "*/*").await, 401, "no keys at all");
    // `bad:secret` and `good:secret`.
    assert_eq!(status("Authorization", "Basic YmFkOnNlY3JldA==").await, 401);
    assert_eq!(status("Authorization", "Basic Z29vZDpzZWNyZXQ=").await, 200);
    assert_eq!(status("Authorization", "Bearer token").await, 200);
    assert_eq!(status("Authorization", "Bearer ").await, 401);
    assert_eq!(status("Authorization", "Digest x").await, 401);
}
