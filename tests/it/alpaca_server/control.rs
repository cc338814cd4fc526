//! `/_sim/…` and the verb that serves it.

use serde_json::{Value, json};

use super::{Desk, limit};
use crate::support::program::Home;

#[tokio::test]
async fn a_pinned_price_stays_and_a_released_one_moves() {
    let desk = Desk::open().await;
    desk.buy(1).await;
    desk.sim("advance", json!({"seconds": 300})).await;
    assert_eq!(desk.get("/v2/positions/AAPL").await["current_price"], "100");
    desk.sim("quote", json!({"symbol": "AAPL", "release": true})).await;
    desk.sim("advance", json!({"seconds": 300})).await;
    assert_ne!(desk.get("/v2/positions/AAPL").await["current_price"], "100");
}

#[tokio::test]
async fn a_resting_order_fills_when_the_pin_reaches_it_and_not_while_halted() {
    let desk = Desk::open().await;
    let order = desk.order(limit("buy", "10", "90")).await;
    desk.sim("halt", json!({"symbol": "AAPL", "halted": true})).await;
    desk.pin("AAPL", "89.99", "90", "90").await;
    desk.sim("advance", json!({"seconds": 5})).await;
    assert_eq!(desk.look(&order).await["status"], "new");
    desk.sim("halt", json!({"symbol": "AAPL", "halted": false})).await;
    desk.sim("advance", json!({"seconds": 5})).await;
    assert_eq!(desk.look(&order).await["filled_avg_price"], "90");
}

#[tokio::test]
async fn the_clock_goes_where_it_is_sent() {
    let desk = Desk::open().await;
    let to = |body: Value| desk.sim("advance", body);
    assert_eq!(to(json!({"seconds": 1.5})).await["now"], "2026-10-05T14:00:01.5Z");
    assert_eq!(to(json!({"to": "close"})).await["now"], "2026-10-05T20:00:00Z");
    assert_eq!(desk.get("/v2/clock").await["is_open"], false);
    assert_eq!(to(json!({"to": "open"})).await["now"], "2026-10-06T13:30:00Z");
    assert_eq!(desk.get("/v2/clock").await["is_open"], true);
    let back = desk.post("/_sim/advance", json!({"seconds": -1})).await;
    assert_eq!(back.status, 422);
}

#[tokio::test]
async fn the_ledger_is_the_exchanges_own_book_in_numbers() {
    let desk = Desk::open().await;
    desk.buy(10).await;
    let ledger = desk.get("/_sim/ledger").await;
    assert_eq!(ledger["cash"].to_string(), "98999.9");
    assert_eq!(ledger["positions"][0]["qty"], 10);
    assert_eq!(ledger["fills"][0]["price"].to_string(), "100.01");
    assert_eq!(ledger["orders"][0]["status"], "filled");
}

#[test]
fn the_verb_says_where_it_serves_and_ends_cleanly() {
    let home = Home::new();
    let mut running =
        home.start("sim --alpaca 127.0.0.1:0 --manual-clock --start 2026-10-05T14:00:00Z");
    let line: Value = serde_json::from_str(&running.read(1)).unwrap();
    let address = line["alpaca"].as_str().unwrap().strip_prefix("http://").unwrap();
    assert!(std::net::TcpStream::connect(address).is_ok());
    running.signal("TERM");
    let ended = running.end();
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), ""), "{}", ended.err);
}

#[test]
fn an_address_that_is_not_loopback_is_refused() {
    let ended = Home::new().run("sim --alpaca 0.0.0.0:0");
    assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""));
    assert!(ended.err.contains("only loopback is served"), "{}", ended.err);
}
