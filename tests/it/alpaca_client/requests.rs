//! What leaves, letter by letter, and what the plain answers become.

use flightdeck::brokers::{Broker, CallError, Replacement};
use flightdeck::domain::ids::{BrokerOrderId, ClientOrderId};
use flightdeck::domain::market::Interval;
use flightdeck::domain::money::Qty;
use flightdeck::domain::order::{OrderRequest, RejectReason, ReportedStatus, TimeInForce};
use flightdeck::domain::time::Timestamp;

use crate::alpaca_client::{KEY_ID, SECRET, Step, Venue, aapl, client, listed, order};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[tokio::test]
async fn an_order_leaves_with_string_decimals_and_comes_back_as_ours() {
    let counted = "X-Ratelimit-Limit: 200\r\nX-RateLimit-Remaining: 198\r\n\
                   x-ratelimit-reset: 1791207060\r\nX-Request-ID: abc123\r\n";
    let body = listed("7b08df51", "2026-10-05T13:45:04.98Z", "pending_new");
    let venue = Venue::playing([Step::Answer(200, counted, body)]).await;
    let answer = client(&venue).submit(&order()).await.unwrap();
    assert_eq!(answer.value.report.broker_order_id.as_str(), "7b08df51");
    assert_eq!(answer.value.report.status, ReportedStatus::Working);
    assert_eq!(answer.request_id.as_deref(), Some("abc123"));
    assert_eq!(answer.rate.map(|rate| (rate.limit, rate.remaining)), Some((200, 198)));

    let heard = venue.heard().remove(0);
    assert_eq!(heard.line, "POST /v2/orders");
    assert_eq!(
        heard.body,
        r#"{"symbol":"AAPL","qty":"10","side":"buy","type":"limit","time_in_force":"day","limit_price":"150.10","client_order_id":"fd-20261005-000017"}"#
    );
    assert_eq!(heard.header("apca-api-key-id"), Some(KEY_ID));
    assert_eq!(heard.header("apca-api-secret-key"), Some(SECRET));
    assert_eq!(heard.header("content-type"), Some("application/json"));
    assert_eq!(heard.header("authorization"), None, "never two ways to log in at once");
}

#[tokio::test]
async fn every_time_in_force_leaves_by_its_name_and_auctions_do_not_leave() {
    let names = [
        (TimeInForce::Day, "day"),
        (TimeInForce::Gtc, "gtc"),
        (TimeInForce::Ioc, "ioc"),
        (TimeInForce::Fok, "fok"),
    ];
    let answer = || Step::ok(listed("o", "2026-10-05T13:45:04.98Z", "pending_new"));
    let venue = Venue::playing(names.map(|_| answer())).await;
    let client = client(&venue);
    for (time_in_force, _) in names {
        client.submit(&OrderRequest { time_in_force, ..order() }).await.unwrap();
    }
    for time_in_force in [TimeInForce::Opg, TimeInForce::Cls] {
        let refused = client.submit(&OrderRequest { time_in_force, ..order() }).await.unwrap_err();
        let CallError::Refused(refusal) = refused else { panic!("{refused:?}") };
        assert_eq!(refusal.reason, RejectReason::Unsupported);
        assert!(refusal.message.starts_with("not sent"), "{}", refusal.message);
    }
    let heard = venue.heard();
    assert_eq!(heard.len(), names.len(), "what is refused here does not leave");
    for (heard, (_, name)) in heard.iter().zip(names) {
        let said = format!(r#""time_in_force":"{name}""#);
        assert!(heard.body.contains(&said), "{}", heard.body);
    }
}

#[tokio::test]
async fn a_replacement_states_everything_and_a_cancel_nothing() {
    let venue = Venue::playing([
        Step::ok(listed("new", "2026-10-05T13:46:10Z", "pending_new")),
        Step::answer(204, ""),
    ])
    .await;
    let client = client(&venue);
    let change = Replacement {
        broker_order_id: BrokerOrderId::new("old"),
        client_order_id: ClientOrderId::new("fd-17.r1"),
        qty: Qty::shares(8).unwrap(),
        limit: Some("149.9".parse().unwrap()),
        stop: None,
    };
    let answer = client.replace(&change).await.unwrap();
    assert_eq!(answer.value.report.broker_order_id.as_str(), "new");
    client.cancel(&BrokerOrderId::new("new")).await.unwrap();
    assert_eq!(venue.lines(), ["PATCH /v2/orders/old", "DELETE /v2/orders/new"]);
    assert_eq!(
        venue.heard()[0].body,
        r#"{"qty":"8","limit_price":"149.90","client_order_id":"fd-17.r1"}"#
    );
}

#[tokio::test]
async fn an_id_of_dots_does_not_become_another_call() {
    let venue = Venue::playing([]).await;
    let client = client(&venue);
    for id in ["", ".", "..", "/", "../"] {
        let id = BrokerOrderId::new(id);
        assert!(client.cancel(&id).await.is_err(), "{id}");
        assert!(client.order(&id).await.is_err(), "{id}");
    }
    assert_eq!(venue.lines(), [""; 0], "DELETE /v2/orders/.. would end every order");
}

#[tokio::test]
async fn an_order_that_alpaca_does_not_offer_never_leaves() {
    let venue = Venue::playing([]).await;
    let mut order = order();
    order.client_order_id = ClientOrderId::new("two words");
    assert!(client(&venue).submit(&order).await.is_err());
    assert_eq!(venue.lines(), [""; 0]);
}

#[tokio::test]
async fn reads_ask_for_what_is_documented() {
    let clock = r#"{"timestamp":"2026-10-05T10:15:22.123456789-04:00","is_open":true,"next_open":"2026-10-06T09:30:00-04:00","next_close":"2026-10-05T16:00:00-04:00"}"#;
    let asset = r#"{"class":"us_equity","symbol":"AAPL","status":"active","tradable":true,"shortable":true,"borrow_status":"easy_to_borrow","fractionable":true}"#;
    let quotes = r#"{"quotes":{"AAPL":{"t":"2026-10-05T13:30:00.055031265Z","bx":"V","bp":150.1,"bs":300,"ax":"V","ap":150.14,"as":200},"MSFT":{"t":"2026-10-05T13:30:00Z","bp":0,"ap":0}}}"#;
    let account = r#"{"id":"a","status":"ACTIVE","cash":"1","equity":"2","buying_power":"3"}"#;
    let venue = Venue::playing([clock, asset, quotes, account, "[]"].map(Step::ok)).await;
    let client = client(&venue);
    let clock = client.clock().await.unwrap().value;
    assert_eq!(clock.now.to_string(), "2026-10-05T14:15:22.123456789Z");
    assert!(client.asset(aapl()).await.unwrap().value.unwrap().easy_to_borrow);
    let quotes = client.quotes(&[aapl()]).await.unwrap().value;
    assert_eq!(quotes.len(), 1, "a quote without a price is no quote");
    assert_eq!(quotes[0].ask.to_string(), "150.14");
    assert_eq!(client.account().await.unwrap().value.blocked, None);
    assert_eq!(client.positions().await.unwrap().value, []);
    assert_eq!(
        venue.lines(),
        [
            "GET /v2/clock",
            "GET /v2/assets/AAPL",
            "GET /v2/stocks/quotes/latest?symbols=AAPL&feed=iex",
            "GET /v2/account",
            "GET /v2/positions",
        ]
    );
}

#[tokio::test]
async fn bars_follow_the_token_with_unchanged_parameters() {
    let bar = |time: &str| {
        format!(r#"{{"t":"{time}","o":150.1,"h":150.4,"l":150.0,"c":150.3,"v":48213}}"#)
    };
    let venue = Venue::playing([
        Step::ok(format!(
            r#"{{"bars":{{"MSFT":[{}]}},"next_page_token":"QUFQ"}}"#,
            bar("2026-10-05T13:30:00Z")
        )),
        Step::ok(r#"{"bars":{},"next_page_token":"QUFR"}"#),
        Step::ok(format!(
            r#"{{"bars":{{"AAPL":[{}]}},"next_page_token":null}}"#,
            bar("2026-10-05T13:31:00Z")
        )),
    ])
    .await;
    let symbols = ["AAPL", "MSFT"].map(|name| name.parse().unwrap());
    let span = (at("2026-10-05T13:30:00Z"), at("2026-10-05T14:00:00Z"));
    let bars = client(&venue).bars(&symbols, Interval::Minute, span).await.unwrap().value;
    let names: Vec<&str> = bars.iter().map(|bar| bar.symbol.as_str()).collect();
    assert_eq!(names, ["AAPL", "MSFT"], "by symbol, whatever the pages");
    let lines = venue.lines();
    let first = "GET /v2/stocks/bars?symbols=AAPL%2CMSFT&timeframe=1Min\
                 &start=2026-10-05T13%3A30%3A00Z&end=2026-10-05T14%3A00%3A00Z\
                 &limit=10000&adjustment=split&feed=iex&sort=asc";
    let pages = ["", "&page_token=QUFQ", "&page_token=QUFR"];
    assert_eq!(lines, pages.map(|token| format!("{first}{token}")));
}

#[tokio::test]
async fn a_token_that_leads_to_itself_is_not_followed_for_ever() {
    let page = || Step::ok(r#"{"bars":{},"next_page_token":"again"}"#);
    let venue = Venue::playing([page(), page(), page()]).await;
    let span = (at("2026-10-05T13:30:00Z"), at("2026-10-05T14:00:00Z"));
    assert!(client(&venue).bars(&[aapl()], Interval::Day, span).await.is_err());
    assert_eq!(venue.lines().len(), 2);
}

#[tokio::test]
async fn closing_and_suspending_are_told_item_by_item() {
    let closed = listed("x", "2026-10-05T13:46:10Z", "pending_new");
    let venue = Venue::playing([
        Step::ok(closed.clone()),
        Step::answer(404, r#"{"code":40410000,"message":"position does not exist"}"#),
        Step::answer(
            207,
            format!(
                r#"[{{"symbol":"AAPL","status":200,"body":{closed}}},{{"symbol":"NYC","status":403,"body":{{"code":40310000,"message":"account is not allowed to short"}}}}]"#
            ),
        ),
        Step::ok(r#"{"suspend_trade":true,"no_shorting":false}"#),
    ])
    .await;
    let client = client(&venue);
    assert!(client.close_position(aapl()).await.unwrap().value.is_some());
    assert!(client.close_position(aapl()).await.unwrap().value.is_none(), "flat already");
    let closings = client.close_positions(true).await.unwrap().value;
    assert!(closings[0].order.is_ok());
    assert!(closings[1].order.as_ref().unwrap_err().to_string().contains("not allowed to short"));
    assert!(client.suspend(true).await.unwrap().value);
    assert_eq!(
        venue.lines()[2..],
        ["DELETE /v2/positions?cancel_orders=true", "PATCH /v2/account/configurations"]
    );
    assert_eq!(venue.heard()[3].body, r#"{"suspend_trade":true}"#);
}
