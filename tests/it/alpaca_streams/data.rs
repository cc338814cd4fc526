//! The data stream as its clients see it.

use std::time::Duration;

use flightdeck::brokers::sim::server::SendBuffer;
use flightdeck::brokers::sim::server::ServerConfig;
use flightdeck::brokers::sim::server::alpaca::StreamRules;

use super::client::{Client, Speech};
use super::server::Server;

const AUTH: &str = r#"{"action":"auth","key":"PK","secret":"s"}"#;

#[tokio::test]
async fn a_json_client_hears_trades_and_quotes_in_text_frames() {
    let server = Server::start().await;
    let mut client = server.subscribed("/v2/iex", r#""trades":["AAPL"],"quotes":["*"]"#).await;
    server.pin("AAPL", "150.10", "150.14");
    let (is_text, message) = client.hear_frame().await;
    assert!(is_text);
    let expected = serde_json::json!([
        {"T":"q","S":"AAPL","bx":"V","bp":150.10,"bs":1000,"ax":"V","ap":150.14,"as":1000,
         "c":["R"],"z":"C","t":"2026-10-05T14:00:00Z"},
        {"T":"t","S":"AAPL","i":504_000_001_400_i64,"x":"V","p":150.14,"s":10,"c":["@"],
         "z":"C","t":"2026-10-05T14:00:00Z"}]);
    assert_eq!(message, expected);
    let quote = {
        server.advance(1);
        client.hear_point(|point| point["S"] == "MSFT").await
    };
    assert_eq!(quote["T"], "q", "trades of MSFT were not asked for");
}

#[tokio::test]
async fn a_messagepack_client_hears_timestamps_and_doubles_after_a_fragmented_request() {
    let server = Server::start().await;
    let mut client =
        Client::connect(&server.address, "/v2/sip", Speech::MessagePack, &[]).await.unwrap();
    client.expect(r#"[{"T":"success","msg":"connected"}]"#).await;
    client.say_in_fragments(AUTH).await;
    client.expect(r#"[{"T":"success","msg":"authenticated"}]"#).await;
    client.say_in_fragments(r#"{"action":"subscribe","trades":["AAPL"],"bars":["*"]}"#).await;
    let expected = r#"[{"T":"subscription","trades":["AAPL"],"quotes":[],"bars":["*"],
        "updatedBars":[],"dailyBars":[],"statuses":[],"lulds":[],"corrections":["AAPL"],
        "cancelErrors":["AAPL"]}]"#;
    client.expect(expected).await;
    server.pin("AAPL", "150.10", "150.14");
    let (is_text, message) = client.hear_frame().await;
    assert!(!is_text);
    assert_eq!((&message[0]["p"], &message[0]["s"]), (&150.14.into(), &10.into()));
    assert_eq!(message[0]["t"], "ext:1791208800.000000000");
}

#[tokio::test]
async fn messagepack_requests_are_understood_on_a_json_connection() {
    let server = Server::start().await;
    let mut client = Client::connect(
        &server.address,
        "/v2/iex",
        Speech::Json,
        &[("content-type", "application/json")],
    )
    .await
    .unwrap();
    client.hear().await;
    client.say_in_fragments(AUTH).await;
    client.expect(r#"[{"T":"success","msg":"authenticated"}]"#).await;
}

#[tokio::test]
async fn a_second_connection_waits_until_the_first_has_closed() {
    let server = Server::start().await;
    let first = server.subscribed("/v2/iex", r#""trades":["AAPL"]"#).await;
    let mut other_feed = server.subscribed("/v2/sip", r#""trades":["AAPL"]"#).await;
    let mut second = server.connect("/v2/iex").await;
    second.hear().await;
    second.say(AUTH).await;
    second.expect(r#"[{"T":"error","code":406,"msg":"connection limit exceeded"}]"#).await;
    first.close().await;
    second.say(AUTH).await;
    second.expect(r#"[{"T":"success","msg":"authenticated"}]"#).await;
    assert_eq!(other_feed.ping(b"still here").await, b"still here");
}

#[tokio::test]
async fn keys_of_the_handshake_are_enough_and_bad_ones_end_the_connection() {
    let config = ServerConfig { rejected_key: Some("BAD".into()), ..ServerConfig::default() };
    let server = Server::with(config).await;
    let with = |key| [("apca-api-key-id", key), ("apca-api-secret-key", "s")];
    let path = "/v2/iex";
    let mut good = Client::connect(&server.address, path, Speech::Json, &with("PK")).await.unwrap();
    good.expect(r#"[{"T":"success","msg":"connected"}]"#).await;
    good.expect(r#"[{"T":"success","msg":"authenticated"}]"#).await;
    let mut bad = Client::connect(&server.address, path, Speech::Json, &with("BAD")).await.unwrap();
    bad.hear().await;
    bad.expect(r#"[{"T":"error","code":402,"msg":"auth failed"}]"#).await;
    assert!(bad.is_closed_in_order().await);
}

#[tokio::test]
async fn a_plan_has_its_feeds_and_its_number_of_symbols() {
    let streams = StreamRules { symbols_max: Some(2), has_sip: false, ..StreamRules::default() };
    let server = Server::with(ServerConfig { streams, ..ServerConfig::default() }).await;
    let mut sip = server.connect("/v2/sip").await;
    sip.hear().await;
    sip.say(AUTH).await;
    sip.expect(r#"[{"T":"error","code":409,"msg":"insufficient subscription"}]"#).await;
    let mut iex = server.subscribed("/v2/iex", r#""trades":["AAPL"],"quotes":["AAPL"]"#).await;
    iex.say(r#"{"action":"subscribe","trades":["MSFT"]}"#).await;
    iex.expect(r#"[{"T":"error","code":405,"msg":"symbol limit exceeded"}]"#).await;
}

#[tokio::test]
async fn bars_follow_the_minute_with_the_day_so_far_and_the_bands() {
    let server = Server::start().await;
    let wants = r#""bars":["*"],"dailyBars":["AAPL"],"lulds":["KO"],"updatedBars":["*"]"#;
    let mut client = server.subscribed("/v2/iex", wants).await;
    server.pin("KO", "60.00", "60.00");
    server.advance(60);
    let message = client.hear().await;
    let kinds: Vec<String> = message
        .as_array()
        .unwrap()
        .iter()
        .map(|point| format!("{} {}", point["T"].as_str().unwrap(), point["S"].as_str().unwrap()))
        .collect();
    assert_eq!(kinds, ["b AAPL", "d AAPL", "b MSFT", "b KO", "l KO"]);
    assert_eq!(message[0]["t"], "2026-10-05T14:00:00Z");
    assert_eq!(message[1]["t"], "2026-10-05T04:00:00Z");
    let band = &message[4];
    assert_eq!((&band["u"], &band["d"], &band["i"]), (&63.0.into(), &57.0.into(), &"B".into()));
    let (_, rest) = server.get("/v2/stocks/AAPL/bars?timeframe=1Min&limit=1&sort=desc").await;
    for name in ["t", "o", "h", "l", "c", "v", "n", "vw"] {
        assert_eq!(message[0][name], rest["bars"][0][name], "stream and REST agree on {name}");
    }
}

#[tokio::test]
async fn a_late_print_is_followed_by_the_updated_bar_that_rest_then_tells() {
    let server = Server::start().await;
    let wants = r#""updatedBars":["*"],"bars":["*"],"trades":["*"]"#;
    let mut client = server.subscribed("/v2/iex", wants).await;
    // One minute in sixteen of each stock has a late print; an hour has some.
    for _ in 0..60 {
        server.advance(60);
    }
    let late = client.hear_point(|point| point["c"][0] == "W").await;
    let is_same = |point: &serde_json::Value| point["T"] == "u" && point["S"] == late["S"];
    let updated = client.hear_point(is_same).await;
    let path = format!(
        "/v2/stocks/{}/bars?timeframe=1Min&start={start}&end={start}",
        late["S"].as_str().unwrap(),
        start = updated["t"].as_str().unwrap()
    );
    let (_, rest) = server.get(&path).await;
    for name in ["t", "o", "h", "l", "c", "v", "n", "vw"] {
        assert_eq!(updated[name], rest["bars"][0][name], "{name}");
    }
}

#[tokio::test]
async fn the_test_feed_is_always_on() {
    let server = Server::start().await;
    let wants = r#""trades":["FAKEPACA"],"quotes":["FAKEPACA"]"#;
    let mut client = server.subscribed("/v2/test", wants).await;
    let mut points = Vec::new();
    while points.len() < 4 {
        points.extend(client.hear().await.as_array().unwrap().clone());
    }
    let count = |kind: &str| points.iter().filter(|point| point["T"] == kind).count();
    assert!(count("q") >= 2 && count("t") >= 1, "{points:?}");
    assert!(points.iter().all(|point| point["S"] == "FAKEPACA"));
}

#[tokio::test]
async fn the_delayed_feed_is_a_quarter_of_an_hour_late() {
    let server = Server::start().await;
    let mut client = server.subscribed("/v2/delayed_sip", r#""quotes":["KO"]"#).await;
    server.pin("KO", "60.00", "60.10");
    server.advance(901);
    let quote = client.hear_point(|point| point["S"] == "KO").await;
    assert_eq!((&quote["bp"], &quote["t"]), (&60.0.into(), &"2026-10-05T14:00:00Z".into()));
}

#[tokio::test]
async fn a_client_that_does_not_read_is_dropped_and_its_place_is_free() {
    let buffer = SendBuffer { messages: 4, patience: Duration::from_millis(50) };
    let streams = StreamRules { buffer, ..StreamRules::default() };
    let server = Server::with(ServerConfig { streams, ..ServerConfig::default() }).await;
    let mut slow = server.subscribed("/v2/iex", r#""trades":["*"],"quotes":["*"]"#).await;
    // Fills the kernel's buffers on both sides, whatever their size, and then ours.
    let keys = [("apca-api-key-id", "PK"), ("apca-api-secret-key", "s")];
    let mut is_let_in = false;
    for _ in 0..400 {
        server.advance(590);
        let again = Client::connect(&server.address, "/v2/iex", Speech::Json, &keys).await;
        let mut again = again.unwrap();
        again.hear().await;
        if again.hear().await[0]["msg"] == "authenticated" {
            is_let_in = true;
            break;
        }
        again.close().await;
    }
    assert!(is_let_in, "the slow client's place is free");
    assert!(!slow.is_closed_in_order().await);
}

#[tokio::test]
async fn the_stop_closes_every_connection_in_order() {
    let server = Server::start().await;
    let mut data = server.subscribed("/v2/iex", r#""trades":["*"]"#).await;
    let mut trading = server.listening().await;
    server.stop.cancel();
    assert!(data.is_closed_in_order().await);
    assert!(trading.is_closed_in_order().await);
    super::client::within(server.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn what_is_no_handshake_is_told_to_upgrade() {
    let server = Server::start().await;
    assert_eq!(server.ask("/v2/iex").await.status(), 426);
    // What is no stream asks for keys like every other path.
    let refusal = Client::connect(&server.address, "/v2/nothing", Speech::Json, &[]).await;
    assert_eq!(refusal.err(), Some(401));
}
