//! What our own client asks, read on the wire: every request it can make, held to the
//! rules of its row.

use std::collections::BTreeSet;

use flightdeck::brokers::alpaca::{AccountKind, AlpacaBroker, AlpacaConfig, ApiKeys};
use flightdeck::brokers::{Broker, Replacement};
use flightdeck::domain::ids::{BrokerOrderId, ClientOrderId};
use flightdeck::domain::market::Interval;
use flightdeck::domain::order::{
    OrderClass, OrderKind, OrderRequest, Side, StopLeg, TimeInForce, Trail,
};
use flightdeck::domain::time::Timestamp;

use super::list::{Ours, ROWS};
use super::shape::{all_met, obeys, row_of};
use super::wiretap::{Heard, Wiretap};
use crate::support::cockpit::{START, price, shares, symbol};
use crate::support::wired::{Market, listed, within};

fn order(name: &str, side: Side, kind: OrderKind, class: OrderClass) -> OrderRequest {
    OrderRequest {
        client_order_id: ClientOrderId::new(name),
        symbol: symbol("AAPL"),
        side,
        qty: shares(4),
        kind,
        time_in_force: TimeInForce::Gtc,
        class,
        extended_hours: false,
    }
}

const fn limit(limit: flightdeck::domain::money::Price) -> OrderKind {
    OrderKind::Limit { limit }
}

/// Sends an order that is taken.
async fn send(broker: &AlpacaBroker, request: &OrderRequest) -> BrokerOrderId {
    let taken = within("an order is answered", broker.submit(request)).await;
    taken.unwrap_or_else(|error| panic!("{request:?}: {error}")).value.report.broker_order_id
}

async fn cancelled(broker: &AlpacaBroker, id: &BrokerOrderId) {
    broker.cancel(id).await.unwrap();
}

/// Orders of every kind and class that we send.
async fn orders(broker: &AlpacaBroker) {
    send(broker, &order("buy", Side::Buy, limit(price("175.50")), OrderClass::Simple)).await;
    let leg = StopLeg { stop: price("160.00"), limit: Some(price("159.50")) };
    let plain = StopLeg { stop: price("160.00"), limit: None };
    let stop = OrderKind::Stop { stop: price("160.00") };
    let stop_limit = OrderKind::StopLimit { stop: price("160.00"), limit: price("159.00") };
    let trailing = OrderKind::TrailingStop { trail: Trail::Amount(price("5.00")) };
    let exits = [
        order("oco", Side::Sell, limit(price("190.00")), OrderClass::Oco { stop: plain }),
        order("oco-limit", Side::Sell, limit(price("190.00")), OrderClass::Oco { stop: leg }),
        order("stop", Side::Sell, stop, OrderClass::Simple),
        order("stop-limit", Side::Sell, stop_limit, OrderClass::Simple),
        order("trailing", Side::Sell, trailing, OrderClass::Simple),
    ];
    for exit in &exits {
        let id = send(broker, exit).await;
        cancelled(broker, &id).await;
    }
    let bracket = OrderClass::Bracket {
        target: price("120.00"),
        stop: StopLeg { stop: price("90.00"), limit: None },
    };
    let attached = [
        order("bracket", Side::Buy, limit(price("100.00")), bracket),
        order(
            "oto",
            Side::Buy,
            limit(price("100.00")),
            OrderClass::OtoStop { stop: StopLeg { stop: price("90.00"), limit: None } },
        ),
        order(
            "oto-target",
            Side::Buy,
            limit(price("100.00")),
            OrderClass::OtoTarget { target: price("120.00") },
        ),
    ];
    for entry in &attached {
        let id = send(broker, entry).await;
        cancelled(broker, &id).await;
    }
    let extended = OrderRequest {
        time_in_force: TimeInForce::Day,
        extended_hours: true,
        ..order("extended", Side::Buy, limit(price("100.00")), OrderClass::Simple)
    };
    let id = send(broker, &extended).await;
    let change = Replacement {
        broker_order_id: id,
        client_order_id: ClientOrderId::new("extended.r1"),
        qty: shares(3),
        limit: Some(price("101.00")),
        stop: None,
    };
    let child = broker.replace(&change).await.unwrap().value;
    let found = broker.find(&ClientOrderId::new("extended.r1")).await.unwrap().value.unwrap();
    assert_eq!(found.report.broker_order_id, child.report.broker_order_id);
    assert!(broker.order(&child.report.broker_order_id).await.unwrap().value.is_some());
    assert!(broker.orders(Timestamp::from_seconds(START - 60)).await.unwrap().value.len() > 8);
    broker.cancel_all().await.unwrap();
}

async fn account(broker: &AlpacaBroker) {
    broker.account().await.unwrap();
    assert!(!broker.is_suspended().await.unwrap().value);
    assert!(broker.suspend(true).await.unwrap().value);
    assert!(!broker.suspend(false).await.unwrap().value);
    assert_eq!(broker.positions().await.unwrap().value[0].qty, shares(4));
    let fills = broker.fills(None, Timestamp::from_seconds(START)).await.unwrap().value;
    assert_eq!(fills.len(), 1);
    assert!(broker.close_position(symbol("AAPL")).await.unwrap().value.is_some());
    broker.close_positions(true).await.unwrap();
}

async fn reference(broker: &AlpacaBroker) {
    assert!(broker.clock().await.unwrap().value.is_open);
    let days = ["2025-10-27", "2025-10-31"].map(|day| day.parse().unwrap());
    assert_eq!(broker.calendar(days[0], days[1]).await.unwrap().value.len(), 5);
    assert_eq!(broker.assets().await.unwrap().value.len(), 2);
    assert!(broker.asset(symbol("AAPL")).await.unwrap().value.is_some());
    let both = [symbol("AAPL"), symbol("MSFT")];
    let span = (Timestamp::from_seconds(START - 3_600), Timestamp::from_seconds(START));
    assert!(!broker.bars(&both, Interval::Minute, span).await.unwrap().value.is_empty());
    assert_eq!(broker.quotes(&both).await.unwrap().value.len(), 2);
    assert_eq!(broker.trades(&both).await.unwrap().value.len(), 2);
    assert_eq!(broker.snapshots(&both).await.unwrap().value.len(), 2);
}

/// Holds one request to the table; returns its row.
#[track_caller]
fn check(heard: &Heard) -> &'static str {
    let row = row_of(&heard.method, &heard.path);
    let row = row.unwrap_or_else(|| panic!("{} {} is in no row", heard.method, heard.path));
    obeys(row, &heard.query, &heard.body);
    let has = |line: &str| heard.headers.iter().any(|header| header == line);
    assert!(has("apca-api-key-id: pktest") && has("apca-api-secret-key: hidden"), "{}", row.what);
    assert!(!heard.headers.iter().any(|line| line.starts_with("authorization")), "{}", row.what);
    if !heard.body.is_empty() {
        assert!(has("content-type: application/json"), "{}", row.what);
    }
    row.what
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_of_our_client_obeys_the_page_and_every_endpoint_that_we_use_is_used() {
    let market = Market::open(&[listed("AAPL", "175.50"), listed("MSFT", "300.00")]).await;
    let tap = Wiretap::open(&market.base).await;
    let base: url::Url = tap.base.parse().unwrap();
    let kind = AccountKind::Simulated { trading: base.clone(), data: base };
    let keys = ApiKeys::new("PKTEST".to_owned().into(), "hidden".to_owned().into()).unwrap();
    let broker = AlpacaBroker::new(AlpacaConfig::new(kind), &keys).unwrap();
    orders(&broker).await;
    account(&broker).await;
    reference(&broker).await;
    let met: BTreeSet<&'static str> = tap.requests().iter().map(check).collect();
    let rows = ROWS.iter().filter(|row| row.ours == Ours::Yes);
    all_met(&met, rows.map(|row| (row.what, row.section)));
    for row in ROWS.iter().filter(|row| row.ours != Ours::Yes) {
        assert!(!met.contains(row.what), "{} is used after all", row.what);
    }
}

#[test]
fn what_is_not_documented_is_found() {
    let row = row_of("POST", "/v2/orders").unwrap();
    for bad in [
        r#"{"symbol":"AAPL","qty":4}"#,
        r#"{"symbol":"AAPL","limit_price":null}"#,
        r#"{"symbol":"AAPL","group_id":"x"}"#,
        r#"{"stop_loss":{"trail":"1"}}"#,
    ] {
        let result = std::panic::catch_unwind(|| obeys(row, &[], bad));
        assert!(result.is_err(), "{bad} passes");
    }
    obeys(row, &[], r#"{"symbol":"AAPL","qty":"4","stop_loss":{"stop_price":"1"}}"#);
}
