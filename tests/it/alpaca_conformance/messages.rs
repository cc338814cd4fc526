//! The streams' messages: one course of events that gives an occasion for each, heard
//! once by a plain WebSocket client and once by our own.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flightdeck::brokers::alpaca::{AccountKind, AlpacaBroker, AlpacaConfig, ApiKeys};
use flightdeck::brokers::sim::server::{Fault, FaultOrder};
use flightdeck::brokers::{MarketSink, Push};
use flightdeck::bus::clock::Clock;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::list::{MESSAGES, Message, Ours};
use super::shape::{all_met, has, message_of};
use super::wiretap::Wiretap;
use crate::alpaca_streams::client::{Client, Speech};
use crate::support::cockpit::symbol;
use crate::support::wired::{Market, listed, within};

/// Calls of somebody else at the same account.
struct Other<'a> {
    market: &'a Market,
    client: reqwest::Client,
}

impl Other<'_> {
    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.market.base))
            .header("APCA-API-KEY-ID", "key")
            .header("APCA-API-SECRET-KEY", "secret");
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default()
    }

    async fn buy(&self, kind: Value) -> Value {
        let mut body = json!({"symbol": "AAPL", "qty": "4", "side": "buy", "type": "limit",
            "time_in_force": "day"});
        body.as_object_mut().unwrap().extend(kind.as_object().unwrap().clone());
        self.call(Method::POST, "/v2/orders", Some(body)).await
    }

    fn arm(&self, fault: Fault, seconds: Option<u32>) {
        self.market.state.faults.arm(fault, FaultOrder { seconds, ..FaultOrder::times(1) });
    }
}

fn path_of(order: &Value) -> String {
    format!("/v2/orders/{}", order["id"].as_str().unwrap())
}

/// What happens to orders, so that each event of the page has its occasion.
async fn orders_happen(market: &Market) {
    flightdeck::brokers::install_tls_provider();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let other = Other { market, client };
    let far = || json!({"limit_price": "100.00"});
    other.buy(json!({"limit_price": "175.50"})).await;
    other.buy(json!({"type": "market", "time_in_force": "cls"})).await;
    other.arm(Fault::PartialThenCancel, None);
    other.buy(far()).await;
    let old = other.buy(far()).await;
    let change = json!({"qty": "4", "limit_price": "101.00"});
    let child = other.call(Method::PATCH, &path_of(&old), Some(change.clone())).await;
    other.arm(Fault::StuckCancel, Some(1));
    other.call(Method::DELETE, &path_of(&child), None).await;
    let old = other.buy(far()).await;
    other.arm(Fault::ReplaceRefused, None);
    other.call(Method::PATCH, &path_of(&old), Some(change)).await;
    other.arm(Fault::LateReject, None);
    other.buy(far()).await;
    let old = other.buy(far()).await;
    other.arm(Fault::ReplacePending, None);
    let change = json!({"qty": "4", "limit_price": "102.00"});
    let child = other.call(Method::PATCH, &path_of(&old), Some(change)).await;
    other.arm(Fault::CancelRefused, None);
    other.call(Method::DELETE, &path_of(&child), None).await;
    other.arm(Fault::DoneForDay, None);
    other.buy(far()).await;
    market.pass(2);
}

/// What happens in the market; the day ends last, and orders with it.
fn market_happens(market: &Market) {
    let order = FaultOrder { symbol: Some(symbol("AAPL")), ..FaultOrder::times(1) };
    market.state.faults.arm(Fault::PrintCorrection, order);
    market.pin("AAPL", "175.49", "175.50", "175.50");
    market.pass(1);
    market.pass(1);
    for is_halted in [true, false] {
        market.state.with_world(|world| world.halt(symbol("AAPL"), is_halted)).unwrap();
        market.pass(1);
    }
    market.pass(60);
}

/// Six hours: the session is over.
const TO_NIGHT: i64 = 6 * 3_600;

async fn market() -> Market {
    Market::open(&[listed("AAPL", "175.50"), listed("MSFT", "300.00")]).await
}

/// What the plain client has met.
#[derive(Default)]
struct Met(BTreeSet<&'static str>);

impl Met {
    #[track_caller]
    fn note(&mut self, what: &str, object: &Value) {
        let row = message_of(what).unwrap_or_else(|| panic!("{what} is in no row: {object}"));
        has(object, row.shape, row.what);
        self.0.insert(row.what);
    }

    fn note_trading(&mut self, message: &Value) {
        let (stream, data) = (message["stream"].as_str().unwrap(), &message["data"]);
        let name = if stream == "trade_updates" { data["event"].as_str().unwrap() } else { stream };
        self.note(&format!("trading ← {name}"), data);
    }

    fn note_data(&mut self, message: &Value) {
        for point in message.as_array().expect("every message of data is an array") {
            self.note(&format!("data ← {}", point["T"].as_str().unwrap()), point);
        }
    }

    /// What one side says of itself and was not met yet.
    fn lacks(&self, side: &str) -> Vec<&'static str> {
        let is_wanted = |row: &&Message| {
            row.what.starts_with(side) && row.plain == Ours::Yes && row.ours == Ours::Yes
        };
        let wanted = MESSAGES.iter().filter(is_wanted).map(|row| row.what);
        wanted.filter(|what| !self.0.contains(what)).collect()
    }

    /// Whether of the orders' events only the end of the day is missing.
    fn lacks_the_night(&self) -> bool {
        self.lacks("trading ←") == ["trading ← expired"]
    }
}

async fn plain_says(client: &mut Client, met: &mut Met, what: &str, request: Value) {
    met.note(what, &request);
    client.say(&request.to_string()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_message_of_the_page_reaches_a_plain_client_as_the_page_says() {
    let market = market().await;
    let address = market.base.trim_start_matches("http://").to_owned();
    let mut met = Met::default();
    let auth = json!({"action": "auth", "key": "PK", "secret": "s"});
    let mut trading = Client::connect(&address, "/stream", Speech::Json, &[]).await.unwrap();
    plain_says(&mut trading, &mut met, "trading → auth", auth.clone()).await;
    met.note_trading(&trading.hear().await);
    let listen = json!({"action": "listen", "data": {"streams": ["trade_updates"]}});
    plain_says(&mut trading, &mut met, "trading → listen", listen).await;
    met.note_trading(&trading.hear().await);

    let mut data = Client::connect(&address, "/v2/iex", Speech::Json, &[]).await.unwrap();
    met.note_data(&data.hear().await);
    plain_says(&mut data, &mut met, "data → auth", auth.clone()).await;
    met.note_data(&data.hear().await);
    plain_says(&mut data, &mut met, "data → auth", auth).await;
    met.note_data(&data.hear().await);
    let all = ["AAPL"];
    let wanted = json!({"action": "subscribe", "trades": all, "quotes": all, "bars": all,
        "updatedBars": all, "dailyBars": all, "statuses": all, "lulds": all});
    plain_says(&mut data, &mut met, "data → subscribe", wanted).await;
    met.note_data(&data.hear().await);

    market_happens(&market);
    // One minute in sixteen has a late print, after which its bar is told again.
    let is_heard = |met: &Met| {
        ["t", "q", "b", "u", "d", "s", "l", "c", "x"]
            .iter()
            .all(|kind| met.0.iter().any(|what| *what == format!("data ← {kind}")))
    };
    for _ in 0..120 {
        market.pass(60);
        let minute = data.hear_point_noting(|point| point["T"] == "b", |m| met.note_data(m)).await;
        assert_eq!(minute["S"], "AAPL");
        if is_heard(&met) {
            break;
        }
    }
    let less = json!({"action": "unsubscribe", "quotes": all});
    plain_says(&mut data, &mut met, "data → unsubscribe", less).await;

    orders_happen(&market).await;
    let mut is_night = false;
    while !met.lacks("trading ←").is_empty() {
        if met.lacks_the_night() && !std::mem::replace(&mut is_night, true) {
            market.pass(TO_NIGHT);
        }
        let heard = tokio::time::timeout(Duration::from_secs(8), trading.hear()).await;
        match heard {
            Ok(message) => met.note_trading(&message),
            Err(_) => break, // What is missing is named below.
        }
    }
    let rows = MESSAGES.iter().filter(|row| row.plain == Ours::Yes);
    all_met(&met.0, rows.map(|row| (row.what, row.section)));
}

#[derive(Default)]
struct Sink(Mutex<Vec<Push>>);

impl MarketSink for Sink {
    fn push(&self, push: Push) {
        self.0.lock().unwrap().push(push);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_streams_say_what_the_page_asks_for_and_understand_what_it_has() {
    let market = market().await;
    let tap = Wiretap::open(&market.base).await;
    let base: url::Url = tap.base.parse().unwrap();
    let kind = AccountKind::Simulated { trading: base.clone(), data: base };
    let keys = ApiKeys::new("PKTEST".to_owned().into(), "hidden".to_owned().into()).unwrap();
    let broker = AlpacaBroker::new(AlpacaConfig::new(kind), &keys).unwrap();
    let (sender, orders) = mpsc::channel(1_000);
    let sink = Arc::new(Sink::default());
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let clock: Arc<dyn Clock> = market.state.clock.clone();
    let _stop = stop.clone().drop_guard();
    broker.stream((&keys, &clock), &[symbol("AAPL")], (sender, sink.clone()), 1, (&tasks, &stop));

    let heard = || {
        let mut met = Met::default();
        for said in tap.messages() {
            let side = if said.path == "/stream" { "trading" } else { "data" };
            if said.is_from_client {
                let action = said.value["action"].as_str().unwrap();
                met.note(&format!("{side} → {action}"), &said.value);
            } else if side == "trading" {
                met.note_trading(&said.value);
            } else {
                met.note_data(&said.value);
            }
        }
        met
    };
    let until = async |what: &str, is_so: &dyn Fn(&Met) -> bool| {
        let mut count = tap.count();
        let reached = async {
            while !is_so(&heard()) {
                count.changed().await.unwrap();
            }
        };
        within(what, reached).await;
    };
    // Five channels, each confirmed; and the stream of orders.
    let confirmed = || {
        let is_it = |said: &super::wiretap::Said| said.value[0]["T"] == "subscription";
        tap.messages().into_iter().filter(is_it).count()
    };
    until("the streams run", &|met| met.0.contains("trading ← listening") && confirmed() == 5)
        .await;
    market_happens(&market);
    orders_happen(&market).await;
    until("all but the end of the day", &Met::lacks_the_night).await;
    market.pass(TO_NIGHT);
    let is_all = |met: &Met| met.lacks("trading ←").is_empty() && met.lacks("data ←").is_empty();
    until("everything is said", &is_all).await;
    let rows = MESSAGES.iter().filter(|row| row.ours == Ours::Yes);
    all_met(&heard().0, rows.map(|row| (row.what, row.section)));
    understood(&tap, orders, &sink).await;
}

/// Everything was understood: every update is one piece of news of the same order, the
/// market's data arrived, and nothing has upset the connection.
async fn understood(tap: &Wiretap, mut orders: mpsc::Receiver<Push>, sink: &Sink) {
    let updates: Vec<Value> = tap
        .messages()
        .into_iter()
        .filter(|said| said.value["stream"] == "trade_updates")
        .map(|said| said.value["data"]["order"]["id"].clone())
        .collect();
    let mut news = Vec::new();
    while news.len() < updates.len() {
        let push = within("news of an order", orders.recv()).await.unwrap();
        if let Push::Order(update) = push {
            news.push(json!(update.order.report.broker_order_id.as_str()));
        }
    }
    assert_eq!(news, updates);
    let pushes = sink.0.lock().unwrap();
    let has = |is_it: fn(&Push) -> bool| pushes.iter().any(is_it);
    assert!(has(|push| matches!(push, Push::Quote(_))), "quotes");
    assert!(has(|push| matches!(push, Push::Tick(_))), "prints");
    assert!(has(|push| matches!(push, Push::Bar(..))), "bars");
    assert!(has(|push| matches!(push, Push::Status(_))), "halts");
    assert!(has(|push| matches!(push, Push::Band(_))), "price bands");
    let is_right = |push: &Push| matches!(push, Push::Correction(wrong) if wrong.right.is_some());
    let is_gone = |push: &Push| matches!(push, Push::Correction(wrong) if wrong.right.is_none());
    assert!(has(is_right) && has(is_gone), "a print corrected, another taken back");
    let down = |push: &&Push| matches!(push, Push::Link { state, .. } if state.name() == "DOWN");
    assert_eq!(pushes.iter().filter(down).count(), 0, "nothing has upset the connection");
}
