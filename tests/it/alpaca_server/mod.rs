//! The simulated Alpaca over a real loopback socket, on a clock that stands until a
//! test moves it: Monday, 5 October 2026, 10:00 in New York, AAPL pinned at 100.

mod control;
mod faults;
mod limits;
mod orders;
mod refusals;
mod shapes;

use flightdeck::brokers::sim::server::{Pace, ServerConfig, Shared, WorldSetup, open, serve};
use flightdeck::domain::ids::Symbol;
use flightdeck::domain::money::Money;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

/// A simulated broker that listens.
pub(crate) struct Desk {
    pub(crate) base: String,
    pub(crate) client: Client,
    pub(crate) state: Shared,
    _stop: DropGuard,
}

/// Status and body of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Desk {
    pub(crate) async fn open() -> Self {
        Self::with(ServerConfig { requests_per_minute: 10_000, ..ServerConfig::default() }).await
    }

    pub(crate) async fn with(config: ServerConfig) -> Self {
        flightdeck::brokers::install_tls_provider();
        let setup = WorldSetup {
            seed: 3,
            start: "2026-10-05T14:00:00Z".parse().unwrap(),
            symbols: ["AAPL", "KO", "BRK.B"].map(|text| Symbol::new(text).unwrap()).into(),
            opening_cash: Money::from_dollars(100_000),
        };
        let state = open(&setup, Pace::Manual, config).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        tokio::spawn(serve(listener, state.clone(), stop.clone()));
        let client = Client::builder().no_proxy().build().unwrap();
        let desk = Self { base, client, state, _stop: stop.drop_guard() };
        desk.pin("AAPL", "99.99", "100.01", "100").await;
        desk
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.base))
            .header("APCA-API-KEY-ID", "key")
            .header("APCA-API-SECRET-KEY", "secret")
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Said {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Said { status, body }
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let said = self.call(Method::GET, path, None).await;
        assert_eq!(said.status, StatusCode::OK, "{path}: {}", said.body);
        said.body
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Said {
        self.call(Method::POST, path, Some(body)).await
    }

    /// Submits an order that is taken.
    pub(crate) async fn order(&self, body: Value) -> Value {
        let said = self.post("/v2/orders", body).await;
        assert_eq!(said.status, 200, "{}", said.body);
        said.body
    }

    pub(crate) async fn buy(&self, shares: u32) -> Value {
        self.order(json!({
            "symbol": "AAPL", "qty": shares.to_string(), "side": "buy", "type": "market",
            "time_in_force": "day",
        }))
        .await
    }

    /// The order as it stands.
    pub(crate) async fn look(&self, order: &Value) -> Value {
        self.get(&format!("/v2/orders/{}", order["id"].as_str().unwrap())).await
    }

    pub(crate) async fn sim(&self, path: &str, body: Value) -> Value {
        let said = self.post(&format!("/_sim/{path}"), body).await;
        assert_eq!(said.status, 200, "{}", said.body);
        said.body
    }

    pub(crate) async fn pin(&self, symbol: &str, bid: &str, ask: &str, last: &str) {
        let number = |text: &str| text.parse::<f64>().unwrap();
        let body = json!({
            "symbol": symbol, "bid": number(bid), "ask": number(ask), "last": number(last),
        });
        self.sim("quote", body).await;
    }

    /// Waits until an order has a status; the broker does some things a moment later.
    pub(crate) async fn until(&self, order: &Value, status: &str) -> Value {
        let reached = async {
            loop {
                let now = self.look(order).await;
                if now["status"] == status {
                    return now;
                }
                tokio::task::yield_now().await;
            }
        };
        let limit = std::time::Duration::from_secs(10);
        tokio::time::timeout(limit, reached).await.expect("the status is reached in time")
    }
}

pub(crate) fn limit(side: &str, qty: &str, price: &str) -> Value {
    json!({
        "symbol": "AAPL", "qty": qty, "side": side, "type": "limit", "time_in_force": "gtc",
        "limit_price": price,
    })
}
