//! The streamer over a real socket.

use std::future::Future;
use std::time::Duration;

use flightdeck::brokers::sim::server::schwab::SchwabConfig;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::{Desk, limit, market};

/// No answer of a healthy server takes this long.
async fn within<T>(waited: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(10), waited).await.expect("the server answers in time")
}

struct Stream {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    ids: (Value, Value),
}

impl Stream {
    async fn connect(desk: &Desk) -> Self {
        let preference = desk.get("/trader/v1/userPreference").await;
        let info = &preference["streamerInfo"][0];
        let (socket, _) =
            within(Box::pin(connect_async(info["streamerSocketUrl"].as_str().unwrap())))
                .await
                .unwrap();
        let ids = (info["schwabClientCustomerId"].clone(), info["schwabClientCorrelId"].clone());
        Self { socket, ids }
    }

    /// Connects and logs in.
    async fn open(desk: &Desk) -> Self {
        let mut stream = Self::connect(desk).await;
        let code = stream.ask("ADMIN", "LOGIN", &json!({ "Authorization": desk.token })).await;
        assert_eq!(code, 0);
        stream
    }

    /// Asks and returns the code of the answer; data before it is left out.
    async fn ask(&mut self, service: &str, command: &str, parameters: &Value) -> i64 {
        let request = json!({
            "service": service, "command": command, "requestid": "1",
            "SchwabClientCustomerId": self.ids.0, "SchwabClientCorrelId": self.ids.1,
            "parameters": parameters,
        });
        let text = json!({ "requests": [request] }).to_string();
        within(self.socket.send(Message::text(text))).await.unwrap();
        let answer = self.hear(|frame| frame["response"].is_array()).await;
        answer["response"][0]["content"]["code"].as_i64().unwrap()
    }

    async fn next(&mut self) -> Option<String> {
        loop {
            match within(self.socket.next()).await {
                Some(Ok(Message::Text(text))) => return Some(text.to_string()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(_) | Err(_)) | None => return None,
            }
        }
    }

    /// The next frame that fits.
    async fn hear(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            let text = self.next().await.expect("the connection is open");
            let frame: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
            if fits(&frame) {
                return frame;
            }
        }
    }

    /// The content of the next data of a service.
    async fn data(&mut self, service: &str) -> Vec<Value> {
        let frame = self.hear(|frame| frame["data"][0]["service"] == service).await;
        frame["data"][0]["content"].as_array().unwrap().clone()
    }

    /// Message types of activity until one that is the last.
    async fn activity(&mut self, last: &str) -> Vec<String> {
        let mut kinds = Vec::new();
        while kinds.last().is_none_or(|kind| kind != last) {
            for item in self.data("ACCT_ACTIVITY").await {
                kinds.push(item["2"].as_str().unwrap().to_owned());
            }
        }
        kinds
    }

    async fn listen_to_orders(&mut self) {
        let parameters = json!({ "keys": "Account Activity", "fields": "0,1,2,3" });
        assert_eq!(self.ask("ACCT_ACTIVITY", "SUBS", &parameters).await, 0);
        assert_eq!(self.activity("SUBSCRIBED").await, ["SUBSCRIBED"]);
    }
}

#[tokio::test]
async fn quotes_come_whole_at_first_and_then_what_has_changed() {
    let desk = Desk::open().await;
    let mut stream = Stream::open(&desk).await;
    let parameters = json!({ "keys": "AAPL,NOPE", "fields": "0,1,2,3,8" });
    assert_eq!(stream.ask("LEVELONE_EQUITIES", "SUBS", &parameters).await, 0);
    let first = stream.data("LEVELONE_EQUITIES").await;
    assert_eq!((first.len(), &first[0]["key"], &first[0]["1"]), (1, &json!("AAPL"), &json!(99.99)));
    assert_eq!(
        (&first[0]["delayed"], &first[0]["assetMainType"]),
        (&json!(false), &json!("EQUITY"))
    );
    desk.pin("99.99", "100.05", "100").await;
    let next = stream.data("LEVELONE_EQUITIES").await;
    assert_eq!((&next[0]["2"], next[0].get("1")), (&json!(100.05), None));
}

#[tokio::test]
async fn bars_have_the_order_of_the_wire() {
    let desk = Desk::open().await;
    let mut stream = Stream::open(&desk).await;
    let parameters = json!({ "keys": "AAPL", "fields": "0,1,2,3,4,5,6,7,8" });
    assert_eq!(stream.ask("CHART_EQUITY", "ADD", &parameters).await, 0);
    desk.advance(180).await;
    // The first minute began before the stock was pinned.
    stream.data("CHART_EQUITY").await;
    let bar = stream.data("CHART_EQUITY").await.remove(0);
    assert_eq!((&bar["key"], &bar["2"], &bar["5"]), (&json!("AAPL"), &json!(100.0), &json!(100.0)));
    assert_eq!(bar["7"].as_i64().unwrap() % 60_000, 0);
    assert_eq!(bar["8"], json!(20_731), "days since 1970");
}

#[tokio::test]
async fn orders_are_told_in_the_sequences_seen_live() {
    let desk = Desk::open().await;
    let mut stream = Stream::open(&desk).await;
    stream.listen_to_orders().await;
    desk.place(&market("BUY", 1)).await.id();
    let filled = [
        "OrderCreated",
        "OrderAccepted",
        "ExecutionRequested",
        "ExecutionRequestCreated",
        "ExecutionRequestCompleted",
        "OrderFillCompleted",
    ];
    assert_eq!(stream.activity("OrderFillCompleted").await, filled);
    let old = desk.place(&limit("BUY", 1, "90.00")).await.id();
    assert_eq!(stream.activity("OrderAccepted").await, ["OrderCreated", "OrderAccepted"]);
    let path = format!("{}/{old}", desk.orders_path());
    let new = limit("BUY", 1, "91.00");
    desk.call(reqwest::Method::PUT, &path, Some(&new)).await.id();
    let replaced = [
        "CancelAccepted",
        "ExecutionCreated",
        "OrderUROutCompleted",
        "ChangeCreated",
        "ChangeAccepted",
    ];
    assert_eq!(stream.activity("ChangeAccepted").await, replaced);
    desk.place(&limit("BUY", 100_000, "99.00")).await.id();
    assert_eq!(stream.activity("OrderAccepted").await, ["OrderCreated", "OrderAccepted"]);
    desk.advance(1).await;
    let rejected = ["CancelAccepted", "OrderUROutCompleted"];
    assert_eq!(stream.activity("OrderUROutCompleted").await, rejected);
}

#[tokio::test]
async fn a_second_login_closes_the_first_or_is_refused() {
    let desk = Desk::open().await;
    let mut first = Stream::open(&desk).await;
    let mut second = Stream::open(&desk).await;
    let away = first.hear(|frame| frame["response"].is_array()).await;
    assert_eq!(away["response"][0]["content"]["code"], 12);
    assert_eq!(first.next().await, None, "closed");
    desk.fault(json!({ "second_login": "is_refused" })).await;
    let mut third = Stream::connect(&desk).await;
    let login = json!({ "Authorization": desk.token });
    assert_eq!(third.ask("ADMIN", "LOGIN", &login).await, 12);
    assert_eq!(third.next().await, None, "closed");
    assert_eq!(second.ask("ADMIN", "LOGOUT", &json!({})).await, 0);
    assert_eq!(second.next().await, None, "closed");
    Stream::open(&desk).await;
}

#[tokio::test]
async fn a_bad_token_an_early_command_and_too_many_keys_have_their_codes() {
    let desk = Desk::with(SchwabConfig { stream_keys_max: 2, ..SchwabConfig::default() }).await;
    let mut stream = Stream::connect(&desk).await;
    let keys = json!({ "keys": "AAPL,KO,BRK/B", "fields": "0,1" });
    assert_eq!(stream.ask("LEVELONE_EQUITIES", "SUBS", &keys).await, 20);
    assert_eq!(stream.ask("ADMIN", "LOGIN", &json!({ "Authorization": "bad" })).await, 3);
    assert_eq!(stream.next().await, None, "closed");
    let mut stream = Stream::open(&desk).await;
    assert_eq!(stream.ask("LEVELONE_EQUITIES", "SUBS", &keys).await, 19);
    assert_eq!(stream.data("LEVELONE_EQUITIES").await.len(), 2);
}

#[tokio::test]
async fn the_streamer_misbehaves_on_purpose() {
    let desk = Desk::open().await;
    let mut stream = Stream::open(&desk).await;
    desk.fault(json!({ "heartbeat_ms": 20 })).await;
    let beat = stream.hear(|frame| frame["notify"].is_array()).await;
    assert!(beat["notify"][0]["heartbeat"].is_string());
    desk.fault(json!({ "heartbeat_ms": 0 })).await;
    stream.listen_to_orders().await;
    desk.fault(json!({ "feature_not_supported": 1 })).await;
    let prose = stream.data("ACCT_ACTIVITY").await.remove(0);
    assert_eq!((&prose["2"], &prose["3"]), (&json!(""), &json!("Feature not supported")));
    desk.fault(json!({ "bad_frame": 1 })).await;
    stream.hear(Value::is_string).await;
    desk.fault(json!({ "duplicate_activity": 1 })).await;
    desk.place(&market("BUY", 1)).await.id();
    let kinds = stream.activity("OrderFillCompleted").await;
    assert_eq!(kinds[..3], ["OrderCreated", "OrderCreated", "OrderAccepted"]);
    desk.fault(json!({ "stream_mute": true })).await;
    desk.place(&market("BUY", 1)).await.id();
    within(stream.socket.send(Message::Ping(b"alive".as_slice().into()))).await.unwrap();
    let pong = within(stream.socket.next()).await.unwrap().unwrap();
    assert_eq!(pong, Message::Pong(b"alive".as_slice().into()), "the first thing that is heard");
    desk.fault(json!({ "stream_mute": false, "stop_stream": 1 })).await;
    let away = stream.hear(|frame| frame["response"].is_array()).await;
    assert_eq!(away["response"][0]["content"]["code"], 30);
    let mut stream = Stream::open(&desk).await;
    desk.fault(json!({ "stream_replay": true })).await;
    stream.listen_to_orders().await;
    let again = stream.data("ACCT_ACTIVITY").await.remove(0);
    assert_eq!((&again["1"], &again["2"]), (&json!(""), &json!("OrderFillCompleted")));
    desk.fault(json!({ "stream_drop": 1 })).await;
    while stream.next().await.is_some() {}
}

#[tokio::test]
async fn who_listens_to_nothing_is_sent_away() {
    let desk = Desk::with(SchwabConfig { stream_idle_seconds: 0, ..SchwabConfig::default() }).await;
    let mut stream = Stream::connect(&desk).await;
    let away = stream.hear(|frame| frame["response"].is_array()).await;
    assert_eq!(away["response"][0]["content"]["code"], 30);
    assert_eq!(stream.next().await, None, "closed");
}
