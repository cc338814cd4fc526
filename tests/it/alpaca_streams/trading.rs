//! The trading stream as its clients see it.

use super::client::{Client, Speech};
use super::server::Server;

/// What an update is about, in short.
fn told(update: &serde_json::Value) -> String {
    let data = &update["data"];
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
    format!("{} {}", text(&data["event"]), text(&data["order"]["status"]))
}

#[tokio::test]
async fn an_order_that_fills_at_once_is_told_from_its_beginning_to_its_end() {
    let server = Server::start().await;
    server.pin("AAPL", "150.00", "150.10");
    let mut client = server.listening().await;
    let id = server.buy("first", "150.10");
    let mut updates = Vec::new();
    while updates.last().is_none_or(|update| told(update) != "fill filled") {
        let (is_text, update) = client.hear_frame().await;
        assert!(!is_text, "binary frames, as documented for paper");
        updates.push(update);
    }
    let all: Vec<String> = updates.iter().map(told).collect();
    assert_eq!(all[..2], ["pending_new pending_new", "new new"]);
    for update in &updates {
        assert_eq!(update["stream"], "trade_updates");
        assert_eq!(update["data"]["order"]["id"], id.as_str());
        assert!(update["data"]["order"]["legs"].is_null());
        assert_eq!(update["data"]["event_id"].as_str().unwrap().len(), 26);
    }
    let fill = &updates.last().unwrap()["data"];
    assert_eq!((&fill["price"], &fill["qty"]), (&"150.1".into(), &"10".into()));
    assert_eq!(fill["position_qty"], "10");
    assert_eq!(fill["order"]["filled_qty"], "10");
    assert!(fill["execution_id"].is_string());
    assert!(updates[1]["data"].get("price").is_none(), "only fills have a price");
}

#[tokio::test]
async fn only_what_happens_after_listen_is_told() {
    let server = Server::start().await;
    server.pin("AAPL", "150.00", "150.10");
    server.buy("before", "149.00");
    let mut client = server.listening().await;
    let id = server.buy("after", "149.00");
    assert_eq!(client.hear().await["data"]["order"]["id"], id.as_str());
    client.hear().await;
    client.say(r#"{"action":"listen","data":{"streams":[]}}"#).await;
    client.expect(r#"{"stream":"listening","data":{"streams":[]}}"#).await;
    server.buy("unheard", "149.00");
    client.say(r#"{"action":"listen","data":{"streams":["trade_updates"]}}"#).await;
    assert_eq!(client.hear().await["stream"], "listening");
}

#[tokio::test]
async fn a_second_handshake_is_refused_until_the_first_client_has_closed() {
    let server = Server::start().await;
    let first = server.listening().await;
    let again = || Client::connect(&server.address, "/stream", Speech::Json, &[]);
    assert_eq!(again().await.err(), Some(429));
    first.close().await;
    assert!(again().await.is_ok());
}

#[tokio::test]
async fn the_older_form_of_keys_is_answered_first_of_all() {
    let server = Server::start().await;
    let mut client = server.connect("/stream").await;
    client.say(r#"{"action":"listen","data":{"streams":["trade_updates"]}}"#).await;
    let refused =
        r#"{"stream":"authorization","data":{"status":"unauthorized","action":"listen"}}"#;
    client.expect(refused).await;
    let keys = r#"{"action":"authenticate","data":{"key_id":"PK","secret_key":"s"}}"#;
    client.say(keys).await;
    let expected =
        r#"{"stream":"authorization","data":{"status":"authorized","action":"authenticate"}}"#;
    client.expect(expected).await;
    assert_eq!(client.ping(b"10 s").await, b"10 s");
    client.say("{").await;
    client.expect(r#"{"action":"error","data":{"error_message":"internal server error"}}"#).await;
    assert!(client.is_closed_in_order().await);
}
