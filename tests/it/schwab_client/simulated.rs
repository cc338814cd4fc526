//! The client against the simulated Schwab over a real socket, on a clock that both
//! share: whatever goes wrong with an answer, the order is there once.

use std::sync::Arc;
use std::time::Duration;

use flightdeck::brokers::schwab::hosts::SchwabHosts;
use flightdeck::brokers::schwab::token::{AccessToken, MemoryTokens};
use flightdeck::brokers::schwab::{Absence, SchwabBroker, SchwabConfig};
use flightdeck::brokers::sim::server::schwab::{
    Armed, Fault, SchwabConfig as VenueConfig, SchwabShared, SchwabState,
};
use flightdeck::brokers::sim::server::{
    Pace, ServerConfig, ServerState, SimClock, World, WorldSetup, serve_schwab,
};
use flightdeck::brokers::{Broker, CallError, Replacement};
use flightdeck::domain::ids::{ClientOrderId, Symbol};
use flightdeck::domain::market::Interval;
use flightdeck::domain::money::{Money, Price, Qty};
use flightdeck::domain::order::{
    OrderClass, OrderKind, OrderRequest, ReportedStatus, Side, StopLeg, TimeInForce,
};
use jiff::SignedDuration;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::schwab_client::{at, timeouts};

struct Market {
    client: SchwabBroker,
    venue: SchwabShared,
    clock: Arc<SimClock>,
    _stop: DropGuard,
}

const CALLBACK: &str = "https://127.0.0.1:8182";

/// Logs in as a browser and the house would and returns the access token.
async fn logged_in(base: &str) -> String {
    let no_redirect = reqwest::redirect::Policy::none();
    let browser = reqwest::Client::builder().no_proxy().redirect(no_redirect).build().unwrap();
    let address = format!("{base}/v1/oauth/authorize?client_id=key&redirect_uri={CALLBACK}");
    let sent_back = browser.get(address).send().await.unwrap();
    let location = sent_back.headers()["location"].to_str().unwrap().to_owned();
    let location = url::Url::parse(&location).unwrap();
    let code = location.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    let form = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", CALLBACK)];
    let asked = browser.post(format!("{base}/v1/oauth/token")).basic_auth("key", Some("secret"));
    let body = asked.form(&form).send().await.unwrap().text().await.unwrap();
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    body["access_token"].as_str().unwrap().to_owned()
}

impl Market {
    async fn open() -> Self {
        flightdeck::brokers::install_tls_provider();
        let setup = WorldSetup {
            seed: 3,
            start: at("2026-10-05T14:00:00Z"),
            symbols: vec![aapl()],
            opening_cash: Money::from_dollars(100_000),
        };
        let world = World::new(&setup).unwrap();
        let clock = Arc::new(SimClock::new(Pace::Manual, world.now()));
        let shared = ServerState::new(world, clock.clone(), ServerConfig::default());
        let venue = SchwabState::new(Arc::new(shared), VenueConfig::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        tokio::spawn(serve_schwab(listener, venue.clone(), stop.clone()));
        let token = logged_in(&base).await;
        let mut config = SchwabConfig::new(SchwabHosts::simulated(&base).unwrap());
        config.timeouts = timeouts(Duration::from_secs(20));
        config.absence = Absence::MeansNotPlaced;
        let again = Ok(AccessToken::new(token.clone()));
        let tokens = Arc::new(MemoryTokens::new(token, [again]));
        let client = SchwabBroker::new(config, tokens, clock.clone(), Vec::new()).unwrap();
        Self { client, venue, clock, _stop: stop.drop_guard() }
    }

    /// How many orders the venue has.
    async fn orders_there(&self) -> usize {
        self.client.orders(at("2026-10-05T00:00:00Z")).await.unwrap().value.len()
    }

    fn later(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }
}

fn aapl() -> Symbol {
    Symbol::new("AAPL").unwrap()
}

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

/// Far below the market, so that it rests.
fn resting(name: &str) -> OrderRequest {
    OrderRequest {
        client_order_id: ClientOrderId::new(name),
        symbol: aapl(),
        side: Side::Buy,
        qty: Qty::shares(5).unwrap(),
        kind: OrderKind::Limit { limit: price("5.25") },
        time_in_force: TimeInForce::Day,
        class: OrderClass::Simple,
        extended_hours: false,
    }
}

#[tokio::test]
async fn an_order_rests_is_replaced_and_cancelled() {
    let market = Market::open().await;
    let taken = market.client.submit(&resting("a")).await.unwrap().value;
    assert_eq!(taken.report.status, ReportedStatus::Working);
    let change = Replacement {
        broker_order_id: taken.report.broker_order_id.clone(),
        client_order_id: ClientOrderId::new("a.r1"),
        qty: Qty::shares(4).unwrap(),
        limit: Some(price("5.5")),
        stop: None,
    };
    let new = market.client.replace(&change).await.unwrap().value;
    assert_eq!(new.report.client_order_id, Some(change.client_order_id.clone()));
    assert_eq!(new.replaces, Some(taken.report.broker_order_id.clone()));
    let old = market.client.order(&taken.report.broker_order_id).await.unwrap().value.unwrap();
    assert_eq!(old.report.status, ReportedStatus::Replaced);
    assert_eq!(old.replaced_by, Some(new.report.broker_order_id.clone()));
    market.client.cancel(&new.report.broker_order_id).await.unwrap();
    market.later(1);
    let ended = market.client.order(&new.report.broker_order_id).await.unwrap().value.unwrap();
    assert_eq!(ended.report.status, ReportedStatus::Cancelled);
}

#[tokio::test]
async fn whatever_happens_to_the_answer_the_order_is_there_once() {
    let slow = Armed { ms: Some(30_000), ..Armed::times(1) };
    for (fault, armed) in [
        (Fault::DropAfterAccept, Armed::times(1)),
        (Fault::ErrorAfterAccept, Armed::times(1)),
        (Fault::NoLocation, Armed::times(1)),
        (Fault::HangAfterAccept, slow),
    ] {
        let market = Market::open().await;
        market.client.account().await.unwrap();
        market.venue.faults.arm(fault, armed);
        let order = resting("a");
        let asked = market.client.submit(&order);
        // A caller who does not wait for an answer that hangs.
        let _ = tokio::time::timeout(Duration::from_secs(5), asked).await;
        market.later(1);
        let found = market.client.find(&order.client_order_id).await.unwrap().value.unwrap();
        assert_eq!(found.report.client_order_id, Some(order.client_order_id), "{fault:?}");
        assert_eq!(market.orders_there().await, 1, "{fault:?}");
    }
}

#[tokio::test]
async fn an_order_that_never_arrived_is_not_placed_after_the_window_and_not_before() {
    let market = Market::open().await;
    market.client.account().await.unwrap();
    let only = Some(flightdeck::brokers::sim::server::schwab::Target::Orders);
    market.venue.faults.arm(Fault::DropBefore, Armed { only, ..Armed::times(1) });
    let order = resting("a");
    let lost = market.client.submit(&order).await.unwrap_err();
    assert!(matches!(lost, CallError::Unknown { .. }), "{lost:?}");
    for wait in [1, 1, 2, 4] {
        market.later(wait);
        assert!(market.client.find(&order.client_order_id).await.is_err());
    }
    market.later(7);
    assert_eq!(market.client.find(&order.client_order_id).await.unwrap().value, None);
    market.client.submit(&order).await.unwrap();
    market.later(1);
    assert_eq!(market.orders_there().await, 1);
}

#[tokio::test]
async fn a_bracket_has_its_exits_and_a_market_order_its_execution() {
    let market = Market::open().await;
    let stop = StopLeg { stop: price("4.50"), limit: None };
    let class = OrderClass::Bracket { target: price("9000"), stop };
    let bracket = OrderRequest { class, ..resting("a") };
    let taken = market.client.submit(&bracket).await.unwrap().value;
    let legs: Vec<_> = taken.legs.iter().map(|leg| (leg.report.side, leg.report.status)).collect();
    assert_eq!(legs, [(Side::Sell, ReportedStatus::Held); 2]);
    let buy = OrderRequest { kind: OrderKind::Market, ..resting("b") };
    let taken = market.client.submit(&buy).await.unwrap().value;
    market.later(2);
    let filled = market.client.order(&taken.report.broker_order_id).await.unwrap().value.unwrap();
    assert_eq!(filled.report.status, ReportedStatus::Filled);
    assert_eq!(filled.report.filled, Qty::shares(5).unwrap());
    assert!(filled.report.average_price.is_some());
    let positions = market.client.positions().await.unwrap().value;
    assert_eq!((positions[0].symbol, positions[0].qty), (aapl(), Qty::shares(5).unwrap()));
    let account = market.client.account().await.unwrap().value;
    assert_eq!(account.blocked, None);
    market.client.cancel_all().await.unwrap();
    market.later(1);
    let orders = market.client.orders(at("2026-10-05T00:00:00Z")).await.unwrap().value;
    assert!(orders.iter().all(|order| order.report.status != ReportedStatus::Working));
}

#[tokio::test]
async fn market_data_is_read_whole() {
    let market = Market::open().await;
    let clock = market.client.clock().await.unwrap().value;
    assert!(clock.is_open, "{clock:?}");
    let quotes = market.client.quotes(&[aapl(), Symbol::new("NOPE").unwrap()]).await.unwrap();
    assert_eq!(quotes.value.len(), 1);
    let asset = market.client.asset(aapl()).await.unwrap().value.unwrap();
    assert!(asset.tradable && !asset.fractionable, "{asset:?}");
    let span = (at("2026-10-01T00:00:00Z"), at("2026-10-05T14:00:00Z"));
    for interval in Interval::ALL {
        let bars = market.client.bars(&[aapl()], interval, span).await.unwrap().value;
        assert!(!bars.is_empty(), "{interval}");
        assert!(bars.is_sorted_by_key(|bar| bar.start), "{interval}");
    }
}
