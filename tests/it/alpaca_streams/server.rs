//! A server for one test: a Monday at 10:00 in New York, a manual clock, and hands on
//! the world behind it.

use flightdeck::brokers::sim::server::{
    Fault, FaultOrder, Pace, Pin, ServerConfig, Shared, WorldSetup, open, serve,
};
use flightdeck::domain::ids::{ClientOrderId, Symbol};
use flightdeck::domain::money::{Money, Qty};
use flightdeck::domain::order::{OrderClass, OrderKind, OrderRequest, Side, TimeInForce};
use jiff::SignedDuration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::client::{Client, Speech, within};

/// The server; ends with its runtime.
pub(super) struct Server {
    pub(super) state: Shared,
    pub(super) address: String,
    pub(super) stop: CancellationToken,
    pub(super) task: tokio::task::JoinHandle<std::io::Result<()>>,
}

pub(super) fn symbol(text: &str) -> Symbol {
    Symbol::new(text).unwrap()
}

impl Server {
    pub(super) async fn start() -> Self {
        Self::with(ServerConfig::default()).await
    }

    pub(super) async fn with(config: ServerConfig) -> Self {
        let setup = WorldSetup {
            seed: 7,
            start: "2026-10-05T14:00:00Z".parse().unwrap(),
            symbols: ["AAPL", "KO", "MSFT"].map(symbol).to_vec(),
            opening_cash: Money::from_dollars(100_000),
        };
        let state = open(&setup, Pace::Manual, config).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let stop = CancellationToken::new();
        let task = tokio::spawn(serve(listener, state.clone(), stop.clone()));
        Self { state, address, stop, task }
    }

    pub(super) async fn connect(&self, path: &str) -> Client {
        Client::connect(&self.address, path, Speech::Json, &[]).await.unwrap()
    }

    /// A data client that is let in and subscribed.
    pub(super) async fn subscribed(&self, path: &str, channels: &str) -> Client {
        let mut client = self.connect(path).await;
        client.expect(r#"[{"T":"success","msg":"connected"}]"#).await;
        client.say(r#"{"action":"auth","key":"PK","secret":"s"}"#).await;
        client.expect(r#"[{"T":"success","msg":"authenticated"}]"#).await;
        client.say(&format!(r#"{{"action":"subscribe",{channels}}}"#)).await;
        assert_eq!(client.hear().await[0]["T"], "subscription");
        client
    }

    /// A trading client that listens.
    pub(super) async fn listening(&self) -> Client {
        let mut client = self.connect("/stream").await;
        client.say(r#"{"action":"auth","key":"PK","secret":"s"}"#).await;
        assert_eq!(client.hear().await["data"]["status"], "authorized");
        client.say(r#"{"action":"listen","data":{"streams":["trade_updates"]}}"#).await;
        assert_eq!(client.hear().await["stream"], "listening");
        client
    }

    pub(super) fn advance(&self, seconds: i64) {
        self.state.clock.advance(SignedDuration::from_secs(seconds));
        self.state.with_world(|_| ());
    }

    pub(super) fn pin(&self, name: &str, bid: &str, ask: &str) {
        let [bid, ask] = [bid, ask].map(|text| text.parse().unwrap());
        let pin = Pin { bid, ask, last: ask };
        self.state.with_world(|world| world.pin(symbol(name), pin)).unwrap();
    }

    pub(super) fn arm(&self, fault: Fault, order: FaultOrder) {
        self.state.faults.arm(fault, order);
    }

    /// Submits a limit order to buy ten AAPL; returns the broker's name for it.
    pub(super) fn buy(&self, name: &str, limit: &str) -> String {
        let request = OrderRequest {
            client_order_id: ClientOrderId::new(name),
            symbol: symbol("AAPL"),
            side: Side::Buy,
            qty: Qty::shares(10).unwrap(),
            kind: OrderKind::Limit { limit: limit.parse().unwrap() },
            time_in_force: TimeInForce::Day,
            class: OrderClass::Simple,
            extended_hours: false,
        };
        let id = self.state.with_world(|world| {
            world.trade(|exchange, at, out| exchange.submit(&request, at, out))
        });
        id.unwrap().as_str().to_owned()
    }

    /// Asks for market data.
    pub(super) async fn get(&self, path: &str) -> (u16, serde_json::Value) {
        let answer = self.ask(path).await;
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&within(answer.text()).await.unwrap()).unwrap())
    }

    pub(super) async fn ask(&self, path: &str) -> reqwest::Response {
        flightdeck::brokers::install_tls_provider();
        let request = reqwest::Client::new()
            .get(format!("http://{}{path}", self.address))
            .header("APCA-API-KEY-ID", "PK")
            .header("APCA-API-SECRET-KEY", "s");
        within(request.send()).await.unwrap()
    }
}
