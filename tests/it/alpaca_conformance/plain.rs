//! The simulated broker as a client sees it that knows only the protocol page: plain
//! HTTP, one request for every row.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use super::list::ROWS;
use super::shape::{all_met, has, row_of};
use crate::support::wired::{Market, listed};

/// The client, and the rows that it has met.
struct Plain<'a> {
    market: &'a Market,
    client: reqwest::Client,
    met: BTreeSet<&'static str>,
}

impl Plain<'_> {
    /// Makes a call, and holds its answer to the call's row.
    async fn call(&mut self, method: Method, target: &str, body: Option<Value>) -> Value {
        let path = target.split('?').next().unwrap();
        let row = row_of(method.as_str(), path);
        let row = row.unwrap_or_else(|| panic!("{method} {path} is in no row"));
        let mut request = self
            .client
            .request(method, format!("{}{target}", self.market.base))
            .header("APCA-API-KEY-ID", "key")
            .header("APCA-API-SECRET-KEY", "secret");
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let has_named = ["x-request-id", "x-ratelimit-limit", "x-ratelimit-remaining"];
        for name in has_named {
            assert!(answer.headers().contains_key(name), "{}: no {name}", row.what);
        }
        let text = answer.text().await.unwrap();
        assert!(matches!(status, 200 | 204 | 207), "{target}: {status} {text}");
        let body: Value = serde_json::from_str(&text).unwrap_or_default();
        let object = body.pointer(row.at);
        let object = object.unwrap_or_else(|| panic!("{}: no {} in {text}", row.what, row.at));
        has(object, row.answer, row.what);
        self.met.insert(row.what);
        body
    }

    async fn get(&mut self, target: &str) -> Value {
        self.call(Method::GET, target, None).await
    }

    async fn order(&mut self, side: &str, limit: &str) -> Value {
        let body = json!({"symbol": "AAPL", "qty": "4", "side": side, "type": "limit",
            "time_in_force": "day", "limit_price": limit});
        self.call(Method::POST, "/v2/orders", Some(body)).await
    }
}

/// Lets a path hold the id of an object.
fn at(folder: &str, object: &Value) -> String {
    format!("{folder}/{}", object["id"].as_str().unwrap())
}

async fn trading(plain: &mut Plain<'_>) {
    plain.get("/v2/account").await;
    plain.get("/v2/account/configurations").await;
    let change = json!({"trade_confirm_email": "none"});
    plain.call(Method::PATCH, "/v2/account/configurations", Some(change)).await;
    plain.order("buy", "175.50").await;
    plain.get("/v2/positions").await;
    plain.get("/v2/positions/AAPL").await;
    let resting = plain.order("buy", "100.00").await;
    plain.get(&at("/v2/orders", &resting)).await;
    plain.get("/v2/orders?status=all&nested=true&limit=5").await;
    let name = resting["client_order_id"].as_str().unwrap();
    plain.get(&format!("/v2/orders:by_client_order_id?client_order_id={name}")).await;
    let change = json!({"qty": "4", "limit_price": "101.00"});
    let child = plain.call(Method::PATCH, &at("/v2/orders", &resting), Some(change)).await;
    plain.call(Method::DELETE, &at("/v2/orders", &child), None).await;
    plain.order("buy", "99.00").await;
    plain.call(Method::DELETE, "/v2/orders", None).await;
    plain.get("/v2/account/activities?activity_types=FILL").await;
    plain.get("/v2/account/activities/FILL?page_size=10&direction=asc").await;
    plain.call(Method::DELETE, "/v2/positions/AAPL?qty=1", None).await;
    plain.call(Method::DELETE, "/v2/positions?cancel_orders=True", None).await;
    plain.get("/v2/account/portfolio/history?period=1D&timeframe=1Min").await;
}

async fn reference(plain: &mut Plain<'_>) {
    plain.get("/v2/clock").await;
    plain.get("/v3/clock?markets=NYSE").await;
    plain.get("/v2/calendar?start=2025-10-20&end=2025-10-31").await;
    plain.get("/v3/calendar/NYSE?start=2025-10-20&end=2025-10-31").await;
    plain.get("/v2/assets?status=active&asset_class=us_equity").await;
    plain.get("/v2/assets/AAPL").await;
    let new = |name: &str| Some(json!({"name": name, "symbols": ["AAPL", "MSFT"]}));
    let list = plain.call(Method::POST, "/v2/watchlists", new("one")).await;
    plain.get("/v2/watchlists").await;
    let path = at("/v2/watchlists", &list);
    plain.get(&path).await;
    plain.call(Method::PUT, &path, new("two")).await;
    plain.call(Method::DELETE, &format!("{path}/MSFT"), None).await;
    plain.call(Method::POST, &path, Some(json!({"symbol": "MSFT"}))).await;
    let by_name = "/v2/watchlists:by_name?name=two";
    plain.get(by_name).await;
    plain.call(Method::PUT, by_name, Some(json!({"symbols": ["AAPL"]}))).await;
    plain.call(Method::POST, by_name, Some(json!({"symbol": "MSFT"}))).await;
    plain.call(Method::DELETE, by_name, None).await;
    let list = plain.call(Method::POST, "/v2/watchlists", new("three")).await;
    plain.call(Method::DELETE, &at("/v2/watchlists", &list), None).await;
}

async fn stocks(plain: &mut Plain<'_>) {
    let span = "start=2025-10-28T14:00:00Z&feed=iex&limit=3";
    for what in ["bars", "trades", "quotes"] {
        let frame = if what == "bars" { "&timeframe=1Min" } else { "" };
        plain.get(&format!("/v2/stocks/{what}?symbols=AAPL&{span}{frame}")).await;
        plain.get(&format!("/v2/stocks/AAPL/{what}?{span}{frame}")).await;
        plain.get(&format!("/v2/stocks/{what}/latest?symbols=AAPL&feed=iex")).await;
        plain.get(&format!("/v2/stocks/AAPL/{what}/latest?feed=iex")).await;
    }
    plain.get("/v2/stocks/AAPL/snapshot?feed=iex").await;
    plain.get("/v2/stocks/snapshots?symbols=AAPL&feed=iex").await;
    plain.get("/v2/stocks/auctions?symbols=AAPL&start=2025-10-27&feed=sip").await;
    plain.get("/v2/stocks/AAPL/auctions?start=2025-10-27&feed=sip").await;
    plain.get("/v2/stocks/meta/exchanges").await;
    plain.get("/v2/stocks/meta/conditions/trade?tape=A").await;
    plain.get("/v1beta1/screener/stocks/most-actives").await;
    plain.get("/v1beta1/screener/stocks/movers").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_endpoint_of_the_page_answers_a_plain_client_as_the_page_says() {
    flightdeck::brokers::install_tls_provider();
    let market = Market::open(&[listed("AAPL", "175.50"), listed("MSFT", "300.00")]).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut plain = Plain { market: &market, client, met: BTreeSet::new() };
    market.pass(60);
    trading(&mut plain).await;
    reference(&mut plain).await;
    stocks(&mut plain).await;
    all_met(&plain.met, ROWS.iter().map(|row| (row.what, row.section)));
}
