//! Every endpoint that we speak: method, path, query, headers and body, letter by letter
//! (Schwab, protocol page §3 and §4 of November 2026).

use std::future::Future;
use std::pin::Pin;

use flightdeck::brokers::schwab::SchwabBroker;
use flightdeck::brokers::{Broker, Replacement};
use flightdeck::domain::ids::{BrokerOrderId, ClientOrderId, Symbol};
use flightdeck::domain::market::Interval;
use flightdeck::domain::money::{Price, Qty};
use flightdeck::domain::order::{OrderClass, OrderKind, OrderRequest, Side, StopLeg};

use crate::schwab_client::{Desk, HASH, Step, TOKEN, at, flat, list, listed, order, placed, xyz};

type Call = for<'a> fn(&'a SchwabBroker) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// One call of ours and what it makes leave.
struct Row {
    call: Call,
    answers: Vec<Step>,
    /// Line and body of each request, the first question for the account left out.
    leaves: &'static [(&'static str, &'static str)],
}

const GET_POSITIONS: &str = "GET /trader/v1/accounts/{hash}?fields=positions";
const GET_ORDER: &str = "GET /trader/v1/accounts/{hash}/orders/7";
const GET_TODAY: &str = "GET /marketdata/v1/markets?markets=equity&date=2026-03-09";
const GET_TOMORROW: &str = "GET /marketdata/v1/markets?markets=equity&date=2026-03-10";

fn id() -> BrokerOrderId {
    BrokerOrderId::new("7")
}

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

fn bracket() -> OrderRequest {
    let stop = StopLeg { stop: price("9.50"), limit: None };
    OrderRequest { class: OrderClass::Bracket { target: price("12"), stop }, ..order("b") }
}

fn oco() -> OrderRequest {
    let stop = StopLeg { stop: price("9.50"), limit: Some(price("9.4")) };
    let kind = OrderKind::Limit { limit: price("12") };
    OrderRequest { class: OrderClass::Oco { stop }, side: Side::Sell, kind, ..order("o") }
}

fn change() -> Replacement {
    Replacement {
        broker_order_id: id(),
        client_order_id: ClientOrderId::new("a.r1"),
        qty: Qty::shares(4).unwrap(),
        limit: Some(price("10.5")),
        stop: None,
    }
}

fn day(date: &str) -> Step {
    Step::ok(format!(
        r#"{{"equity":{{"EQ":{{"date":"{date}","isOpen":true,"sessionHours":{{"regularMarket":[{{"start":"{date}T09:30:00-04:00","end":"{date}T16:00:00-04:00"}}]}}}}}}}}"#
    ))
}

/// The orders, by what is sent.
fn order_rows() -> Vec<Row> {
    vec![
        Row {
            call: |client| Box::pin(async move { drop(client.submit(&order("a")).await.unwrap()) }),
            answers: vec![flat(), placed(), Step::ok(listed(7, "WORKING"))],
            leaves: &[
                (GET_POSITIONS, ""),
                (
                    "POST /trader/v1/accounts/{hash}/orders",
                    r#"{"orderType":"LIMIT","session":"NORMAL","duration":"DAY","orderStrategyType":"SINGLE","price":"10.25","orderLegCollection":[{"instruction":"BUY","quantity":5,"instrument":{"symbol":"XYZ","assetType":"EQUITY"}}]}"#,
                ),
                (GET_ORDER, ""),
            ],
        },
        Row {
            // The order cannot be read at once: it is told as it was ordered.
            call: |client| Box::pin(async move { drop(client.submit(&bracket()).await.unwrap()) }),
            answers: vec![placed(), Step::answer(404, r#"{"message":"Order not found"}"#)],
            leaves: &[
                (
                    "POST /trader/v1/accounts/{hash}/orders",
                    r#"{"orderType":"LIMIT","session":"NORMAL","duration":"DAY","orderStrategyType":"TRIGGER","price":"10.25","orderLegCollection":[{"instruction":"BUY","quantity":5,"instrument":{"symbol":"XYZ","assetType":"EQUITY"}}],"childOrderStrategies":[{"orderStrategyType":"OCO","childOrderStrategies":[{"orderType":"LIMIT","session":"NORMAL","duration":"GOOD_TILL_CANCEL","orderStrategyType":"SINGLE","price":"12.00","orderLegCollection":[{"instruction":"SELL","quantity":5,"instrument":{"symbol":"XYZ","assetType":"EQUITY"}}]},{"orderType":"STOP","session":"NORMAL","duration":"GOOD_TILL_CANCEL","orderStrategyType":"SINGLE","stopPrice":"9.50","orderLegCollection":[{"instruction":"SELL","quantity":5,"instrument":{"symbol":"XYZ","assetType":"EQUITY"}}]}]}]}"#,
                ),
                (GET_ORDER, ""),
            ],
        },
        Row {
            call: |client| Box::pin(async move { drop(client.submit(&oco()).await.unwrap()) }),
            answers: vec![placed(), Step::answer(404, r#"{"message":"Order not found"}"#)],
            leaves: &[
                (
                    "POST /trader/v1/accounts/{hash}/orders",
                    r#"{"orderStrategyType":"OCO","childOrderStrategies":[{"orderType":"LIMIT","session":"NORMAL","duration":"DAY","orderStrategyType":"SINGLE","price":"12.00","orderLegCollection":[{"instruction":"SELL","quantity":5,"instrument":{"symbol":"XYZ","assetType":"EQUITY"}}]},{"orderType":"STOP_LIMIT","session":"NORMAL","duration":"DAY","orderStrategyType":"SINGLE","price":"9.40","stopPrice":"9.50","orderLegCollection":[{"instruction":"SELL","quantity":5,"instrument":{"symbol":"XYZ","assetType":"EQUITY"}}]}]}"#,
                ),
                (GET_ORDER, ""),
            ],
        },
    ]
}

/// What changes and ends orders, and what is asked before one.
fn change_rows() -> Vec<Row> {
    vec![
        Row {
            call: |client| Box::pin(async move { drop(client.replace(&change()).await.unwrap()) }),
            answers: vec![
                Step::ok(listed(7, "WORKING")),
                placed(),
                Step::answer(404, r#"{"message":"Order not found"}"#),
            ],
            leaves: &[
                (GET_ORDER, ""),
                (
                    "PUT /trader/v1/accounts/{hash}/orders/7",
                    r#"{"orderType":"LIMIT","session":"NORMAL","duration":"DAY","orderStrategyType":"SINGLE","price":"10.50","orderLegCollection":[{"instruction":"BUY","quantity":4,"instrument":{"symbol":"XYZ","assetType":"EQUITY"}}]}"#,
                ),
                (GET_ORDER, ""),
            ],
        },
        Row {
            call: |client| Box::pin(async move { drop(client.cancel(&id()).await.unwrap()) }),
            answers: vec![Step::ok("")],
            leaves: &[("DELETE /trader/v1/accounts/{hash}/orders/7", "")],
        },
        Row {
            call: |client| Box::pin(async move { drop(client.cancel_all().await.unwrap()) }),
            answers: vec![list(&[listed(7, "WORKING"), listed(8, "FILLED")]), Step::ok("")],
            leaves: &[
                (
                    "GET /trader/v1/accounts/{hash}/orders?fromEnteredTime=2025-03-10T15%3A50%3A23.000Z&toEnteredTime=2026-03-09T15%3A51%3A23.000Z&maxResults=3000",
                    "",
                ),
                ("DELETE /trader/v1/accounts/{hash}/orders/7", ""),
            ],
        },
        Row {
            call: |client| {
                Box::pin(async move { drop(client.preview(&order("a")).await.unwrap()) })
            },
            answers: vec![Step::ok(
                r#"{"orderId":0,"orderValidationResult":{"rejects":[{"activityMessage":"no","originalSeverity":"REJECT"}]}}"#,
            )],
            leaves: &[(
                "POST /trader/v1/accounts/{hash}/previewOrder",
                r#"{"orderType":"LIMIT","session":"NORMAL","duration":"DAY","orderStrategyType":"SINGLE","price":"10.25","orderLegCollection":[{"instruction":"BUY","quantity":5,"instrument":{"symbol":"XYZ","assetType":"EQUITY"}}]}"#,
            )],
        },
    ]
}

/// What is read.
fn read_rows() -> Vec<Row> {
    vec![
        Row {
            call: |client| Box::pin(async move { drop(client.account().await.unwrap()) }),
            answers: vec![flat()],
            leaves: &[("GET /trader/v1/accounts/{hash}", "")],
        },
        Row {
            call: |client| Box::pin(async move { drop(client.positions().await.unwrap()) }),
            answers: vec![flat()],
            leaves: &[(GET_POSITIONS, "")],
        },
        Row {
            call: |client| Box::pin(async move { drop(client.order(&id()).await.unwrap()) }),
            answers: vec![Step::ok(listed(7, "WORKING"))],
            leaves: &[(GET_ORDER, "")],
        },
        Row {
            call: |client| Box::pin(async move { drop(client.streamer().await.unwrap()) }),
            answers: vec![Step::ok(
                r#"{"accounts":[],"streamerInfo":[{"streamerSocketUrl":"wss://x/ws","schwabClientCustomerId":"a","schwabClientCorrelId":"b","schwabClientChannel":"N9","schwabClientFunctionId":"APIAPP"}],"offers":[]}"#,
            )],
            leaves: &[("GET /trader/v1/userPreference", "")],
        },
    ]
}

/// Market data.
fn data_rows() -> Vec<Row> {
    const SPAN: (&str, &str) = ("2026-03-09T13:30:00Z", "2026-03-09T20:00:00Z");
    const HISTORY: &str = r#"{"symbol":"XYZ","empty":false,"candles":[]}"#;
    vec![
        Row {
            call: |client| Box::pin(async move { drop(client.clock().await.unwrap()) }),
            answers: vec![day("2026-03-09"), day("2026-03-10")],
            leaves: &[(GET_TODAY, ""), (GET_TOMORROW, "")],
        },
        Row {
            call: |client| {
                Box::pin(async move {
                    let symbols = [xyz(), Symbol::new("BRK.B").unwrap()];
                    drop(client.quotes(&symbols).await.unwrap());
                })
            },
            answers: vec![Step::ok(r#"{"errors":{"invalidSymbols":["XYZ"]}}"#)],
            leaves: &[("GET /marketdata/v1/quotes?symbols=XYZ%2CBRK%2FB&fields=quote", "")],
        },
        Row {
            call: |client| Box::pin(async move { drop(client.asset(xyz()).await.unwrap()) }),
            answers: vec![
                Step::ok(r#"{"instruments":[{"symbol":"XYZ","assetType":"EQUITY"}]}"#),
                Step::ok(r#"{"XYZ":{"assetMainType":"EQUITY","reference":{"isShortable":true}}}"#),
            ],
            leaves: &[
                ("GET /marketdata/v1/instruments?symbol=XYZ&projection=symbol-search", ""),
                ("GET /marketdata/v1/quotes?symbols=XYZ&fields=quote%2Creference", ""),
            ],
        },
        Row {
            call: |client| {
                Box::pin(async move {
                    let span = (at(SPAN.0), at(SPAN.1));
                    for interval in Interval::ALL {
                        drop(client.bars(&[xyz()], interval, span).await.unwrap());
                    }
                })
            },
            answers: vec![
                Step::ok(HISTORY),
                Step::ok(HISTORY),
                Step::ok(HISTORY),
                Step::ok(HISTORY),
            ],
            leaves: &[
                (
                    "GET /marketdata/v1/pricehistory?symbol=XYZ&periodType=day&frequencyType=minute&frequency=1&startDate=1773063000000&endDate=1773086400000&needExtendedHoursData=false&needPreviousClose=false",
                    "",
                ),
                (
                    "GET /marketdata/v1/pricehistory?symbol=XYZ&periodType=day&frequencyType=minute&frequency=5&startDate=1773063000000&endDate=1773086400000&needExtendedHoursData=false&needPreviousClose=false",
                    "",
                ),
                (
                    "GET /marketdata/v1/pricehistory?symbol=XYZ&periodType=day&frequencyType=minute&frequency=30&startDate=1773061200000&endDate=1773090000000&needExtendedHoursData=false&needPreviousClose=false",
                    "",
                ),
                (
                    "GET /marketdata/v1/pricehistory?symbol=XYZ&periodType=year&frequencyType=daily&frequency=1&startDate=1773063000000&endDate=1773090000000&needExtendedHoursData=false&needPreviousClose=false",
                    "",
                ),
            ],
        },
    ]
}

/// Whether the account is asked for before a row; market data needs none.
fn needs_account(row: &Row) -> bool {
    row.leaves[0].0.contains("{hash}")
}

#[track_caller]
fn check(heard: &[crate::alpaca_client::Heard], row: &Row) {
    let mut heard = heard.iter();
    if needs_account(row) {
        let first = heard.next().unwrap();
        assert_eq!(first.line, "GET /trader/v1/accounts/accountNumbers");
    }
    let bearer = format!("Bearer {TOKEN}");
    let mut leaves = row.leaves.iter();
    for (found, (line, body)) in heard.by_ref().zip(leaves.by_ref()) {
        assert_eq!(found.line.replace(HASH, "{hash}"), *line);
        assert_eq!(found.body, *body, "{line}");
        assert_eq!(found.header("authorization"), Some(bearer.as_str()), "{line}");
        assert_eq!(found.header("accept"), Some("application/json"), "{line}");
        let kind = (!body.is_empty()).then_some("application/json");
        assert_eq!(found.header("content-type"), kind, "{line}");
    }
    assert_eq!(leaves.next(), None, "something did not leave");
}

async fn run(row: Row) {
    let desk = if needs_account(&row) {
        Desk::playing(row.answers.clone()).await
    } else {
        Desk::without_account(row.answers.clone()).await
    };
    (row.call)(&desk.client).await;
    let heard = desk.venue.heard();
    let count = row.leaves.len() + usize::from(needs_account(&row));
    assert_eq!(heard.len(), count, "{:?}", desk.venue.lines());
    check(&heard, &row);
}

#[tokio::test]
async fn what_is_asked_about_orders_leaves_letter_by_letter() {
    for row in order_rows().into_iter().chain(change_rows()) {
        run(row).await;
    }
}

#[tokio::test]
async fn what_is_read_leaves_letter_by_letter() {
    for row in read_rows().into_iter().chain(data_rows()) {
        run(row).await;
    }
}
