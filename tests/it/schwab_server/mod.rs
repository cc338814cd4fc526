//! The simulated Schwab over a real loopback socket, on a clock that stands until a test
//! moves it: Monday, 5 October 2026, 10:00 in New York, AAPL pinned at 100.

mod faults;
mod login;
mod market;
mod orders;
mod streamer;

use flightdeck::brokers::sim::server::schwab::{SchwabConfig, SchwabState};
use flightdeck::brokers::sim::server::{Pace, ServerConfig, WorldSetup, open, serve, serve_schwab};
use flightdeck::domain::ids::Symbol;
use flightdeck::domain::money::Money;
use reqwest::{Client, Method, redirect};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

const CALLBACK: &str = "https://127.0.0.1:8182";

/// A simulated Schwab that listens, and another face of its world.
struct Desk {
    base: String,
    alpaca: String,
    client: Client,
    token: String,
    refresh: String,
    hash: String,
    _stop: DropGuard,
}

/// Status, body and `Location` of an answer.
#[derive(Debug, Clone, PartialEq)]
struct Said {
    status: u16,
    body: Value,
    location: String,
}

impl Said {
    /// The number of the order that `Location` names.
    fn id(&self) -> u64 {
        assert_eq!((self.status, &self.body), (201, &json!("")), "created, without a body");
        self.location.rsplit('/').next().unwrap().parse().unwrap()
    }
}

impl Desk {
    /// Opens and logs in, with limits that nobody meets.
    async fn open() -> Self {
        let config = SchwabConfig { requests_per_minute: 100_000, ..SchwabConfig::default() };
        Self::with(config).await
    }

    async fn with(config: SchwabConfig) -> Self {
        flightdeck::brokers::install_tls_provider();
        let setup = WorldSetup {
            seed: 3,
            start: "2026-10-05T14:00:00Z".parse().unwrap(),
            symbols: ["AAPL", "KO", "BRK.B"].map(|text| Symbol::new(text).unwrap()).into(),
            opening_cash: Money::from_dollars(100_000),
        };
        let world = open(&setup, Pace::Manual, ServerConfig::default()).unwrap();
        let face = SchwabState::new(world.clone(), config);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let alpaca = format!("http://{}", other.local_addr().unwrap());
        let hash = face.account_hash().to_owned();
        let stop = CancellationToken::new();
        tokio::spawn(serve_schwab(listener, face, stop.clone()));
        tokio::spawn(serve(other, world, stop.clone()));
        let client = Client::builder().no_proxy().redirect(redirect::Policy::none());
        let client = client.build().unwrap();
        let (token, refresh) = (String::new(), String::new());
        let mut desk =
            Self { base, alpaca, client, token, refresh, hash, _stop: stop.drop_guard() };
        desk.log_in().await;
        desk.pin("99.99", "100.01", "100").await;
        desk
    }

    /// Where the login page leads.
    async fn page(&self, query: &str) -> Said {
        let path = format!("/v1/oauth/authorize?{query}");
        Self::said(self.client.get(format!("{}{path}", self.base))).await
    }

    async fn code(&self) -> String {
        let query = format!("response_type=code&client_id=app&redirect_uri={CALLBACK}&state=s");
        let said = self.page(&query).await;
        let url = url::Url::parse(&said.location).unwrap();
        url.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned()
    }

    /// Asks the token endpoint with the app's key and a secret.
    async fn grant(&self, secret: &str, form: &[(&str, &str)]) -> Said {
        let request = self.client.post(format!("{}/v1/oauth/token", self.base));
        Self::said(request.basic_auth("app", Some(secret)).form(form)).await
    }

    async fn exchange(&self, code: &str) -> Said {
        let form =
            [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK)];
        self.grant("secret", &form).await
    }

    async fn refresh(&self, token: &str) -> Said {
        self.grant("secret", &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    async fn log_in(&mut self) {
        let said = self.exchange(&self.code().await).await;
        assert_eq!(said.status, 200, "{}", said.body);
        self.token = said.body["access_token"].as_str().unwrap().into();
        self.refresh = said.body["refresh_token"].as_str().unwrap().into();
    }

    async fn said(request: reqwest::RequestBuilder) -> Said {
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let location = answer.headers().get("location");
        let location = location.map_or("", |value| value.to_str().unwrap()).to_owned();
        let text = answer.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Said { status, body, location }
    }

    fn request(&self, method: Method, path: &str, body: Option<&Value>) -> reqwest::RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        let request = request.bearer_auth(&self.token);
        match body {
            Some(body) => request.json(body),
            None => request,
        }
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Said {
        Self::said(self.request(method, path, body)).await
    }

    async fn get(&self, path: &str) -> Value {
        let said = self.call(Method::GET, path, None).await;
        assert_eq!(said.status, 200, "{path}: {}", said.body);
        said.body
    }

    fn orders_path(&self) -> String {
        format!("/trader/v1/accounts/{}/orders", self.hash)
    }

    async fn place(&self, order: &Value) -> Said {
        self.call(Method::POST, &self.orders_path(), Some(order)).await
    }

    async fn look(&self, id: u64) -> Value {
        self.get(&format!("{}/{id}", self.orders_path())).await
    }

    async fn cancel(&self, id: u64) -> Said {
        self.call(Method::DELETE, &format!("{}/{id}", self.orders_path()), None).await
    }

    /// Today's orders.
    async fn list(&self) -> Vec<Value> {
        let span = "fromEnteredTime=2026-10-05T00:00:00.000Z&toEnteredTime=2026-10-06T00:00:00Z";
        let list = self.get(&format!("{}?{span}", self.orders_path())).await;
        list.as_array().unwrap().clone()
    }

    async fn sim(&self, path: &str, body: Value) -> Value {
        let said = self.call(Method::POST, &format!("/_sim/{path}"), Some(&body)).await;
        assert_eq!(said.status, 200, "{}", said.body);
        said.body
    }

    async fn fault(&self, body: Value) {
        self.sim("fault", body).await;
    }

    async fn advance(&self, seconds: u32) {
        self.sim("advance", json!({ "seconds": seconds })).await;
    }

    async fn pin(&self, bid: &str, ask: &str, last: &str) {
        let number = |text: &str| text.parse::<f64>().unwrap();
        let body = json!({
            "symbol": "AAPL", "bid": number(bid), "ask": number(ask), "last": number(last),
        });
        self.sim("quote", body).await;
    }

    /// Waits until an order has a status; the broker does some things a moment later.
    async fn until(&self, id: u64, status: &str) -> Value {
        let reached = async {
            loop {
                let now = self.look(id).await;
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

/// A day order of one leg; `prices` are its further fields.
fn order(kind: &str, instruction: &str, shares: u32, prices: &Value) -> Value {
    let mut order = json!({
        "orderType": kind, "session": "NORMAL", "duration": "DAY", "orderStrategyType": "SINGLE",
        "orderLegCollection": [{
            "instruction": instruction, "quantity": shares,
            "instrument": { "symbol": "AAPL", "assetType": "EQUITY" },
        }],
    });
    for (name, value) in prices.as_object().unwrap() {
        order[name] = value.clone();
    }
    order
}

fn limit(instruction: &str, shares: u32, price: &str) -> Value {
    order("LIMIT", instruction, shares, &json!({ "price": price }))
}

fn market(instruction: &str, shares: u32) -> Value {
    order("MARKET", instruction, shares, &json!({}))
}

fn oco(first: &Value, second: &Value) -> Value {
    json!({ "orderStrategyType": "OCO", "childOrderStrategies": [first, second] })
}

/// Target and stop for shares that are held, until cancelled.
fn exits(shares: u32) -> Value {
    let gtc = json!({ "duration": "GOOD_TILL_CANCEL", "price": "120.00" });
    let stop = json!({ "duration": "GOOD_TILL_CANCEL", "stopPrice": "90.00" });
    oco(&order("LIMIT", "SELL", shares, &gtc), &order("STOP", "SELL", shares, &stop))
}
