//! Market data over the socket.

use reqwest::Method;
use serde_json::json;

use super::Desk;

#[tokio::test]
async fn quotes_name_what_is_unknown_and_show_the_rest() {
    let desk = Desk::open().await;
    let quotes = desk.get("/marketdata/v1/quotes?symbols=AAPL,BRK%2FB,NOPE&fields=quote").await;
    assert_eq!(quotes["errors"]["invalidSymbols"], json!(["NOPE"]));
    let apple = &quotes["AAPL"];
    assert_eq!(
        (&apple["quote"]["bidPrice"], &apple["quote"]["askPrice"]),
        (&json!(99.99), &json!(100.01))
    );
    assert_eq!(
        (&apple["quote"]["lastPrice"], &apple["quoteType"]),
        (&json!(100.0), &json!("NBBO"))
    );
    assert!(apple["reference"].is_null() && quotes["BRK/B"]["symbol"] == "BRK/B");
    let one = desk.get("/marketdata/v1/AAPL/quotes").await;
    assert_eq!(one["AAPL"]["reference"]["exchangeName"], "NASDAQ");
    let none = desk.call(Method::GET, "/marketdata/v1/quotes", None).await;
    assert_eq!((none.status, &none.body["errors"][0]["status"]), (400, &json!("400")));
}

#[tokio::test]
async fn history_has_bars_of_minutes_days_and_weeks_by_their_start() {
    let desk = Desk::open().await;
    let candles = async |query: &str| {
        let path = format!("/marketdata/v1/pricehistory?symbol=KO&{query}");
        desk.get(&path).await["candles"].as_array().unwrap().clone()
    };
    let minutes = candles("periodType=day&period=2&frequencyType=minute&frequency=1").await;
    assert_eq!(minutes.len(), 2 * 390, "until the close of the business day before");
    let fives = candles("periodType=day&period=2&frequencyType=minute&frequency=5").await;
    assert_eq!((fives.len(), &fives[0]["open"]), (2 * 78, &minutes[0]["open"]));
    // From midnight to 14:00 UTC on 5 October 2026.
    let today = candles("frequencyType=minute&startDate=1791158400000&endDate=1791208800000").await;
    assert_eq!(today.len(), 30);
    let days = candles("periodType=month&period=1&frequencyType=daily").await;
    assert!(days.len() >= 20);
    // Midnight in Chicago.
    assert_eq!(days.last().unwrap()["datetime"], json!(1_790_917_200_000_i64));
    let weeks = candles("periodType=month&period=1").await;
    assert!((4..=6).contains(&weeks.len()));
    let path = "/marketdata/v1/pricehistory?symbol=KO&periodType=day&frequencyType=daily";
    assert_eq!(desk.call(Method::GET, path, None).await.status, 400);
}

#[tokio::test]
async fn hours_tell_trading_days_and_the_rest_of_the_market_is_there() {
    let desk = Desk::open().await;
    let open = desk.get("/marketdata/v1/markets?markets=equity,bond").await;
    let hours = &open["equity"]["EQ"]["sessionHours"];
    assert_eq!(hours["regularMarket"][0]["start"], "2026-10-05T09:30:00-04:00");
    assert_eq!(hours["preMarket"][0]["start"], "2026-10-05T07:00:00-04:00");
    let closed = desk.get("/marketdata/v1/markets/equity?date=2026-12-25").await;
    assert_eq!(closed["equity"]["equity"]["isOpen"], false);
    assert!(closed["equity"]["equity"]["sessionHours"].is_null());
    let path = "/marketdata/v1/instruments?symbol=coca&projection=desc-search";
    let found = desk.get(path).await;
    assert_eq!(found["instruments"][0]["symbol"], "KO");
    let cusip = found["instruments"][0]["cusip"].as_str().unwrap();
    let same = desk.get(&format!("/marketdata/v1/instruments/{cusip}")).await;
    assert_eq!(same["instruments"][0]["symbol"], "KO");
    let movers = desk.get("/marketdata/v1/movers/$SPX").await;
    assert_eq!(movers["screeners"].as_array().unwrap().len(), 3);
}
