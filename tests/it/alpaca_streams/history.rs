//! Market data REST as its clients see it.

use serde_json::{Value, json};

use super::server::Server;

#[tokio::test]
async fn pages_of_several_symbols_follow_each_other() {
    let server = Server::start().await;
    let base = "/v2/stocks/bars?symbols=MSFT,AAPL,ZZZZ&timeframe=1Hour&limit=3";
    let span = "&start=2026-10-02T13:00:00Z&end=2026-10-02T19:00:00Z";
    let (mut rows, mut token, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let (status, page) = server.get(&format!("{base}{span}{token}")).await;
        assert_eq!(status, 200);
        let bars = page["bars"].as_object().unwrap();
        assert!(!bars.contains_key("ZZZZ"), "a symbol that nobody knows is missing");
        let count: usize = bars.values().map(|rows| rows.as_array().unwrap().len()).sum();
        assert!((1..=3).contains(&count), "the limit counts all symbols together");
        for (symbol, bars) in bars {
            let times = bars.as_array().unwrap().iter().map(|bar| bar["t"].as_str().unwrap());
            rows.extend(times.map(|at| format!("{symbol} {at}")));
        }
        pages += 1;
        let Some(next) = page["next_page_token"].as_str() else { break };
        token = format!("&page_token={}", next.replace('=', "%3D"));
    }
    let hours = ["13:00", "14:00", "15:00", "16:00", "17:00", "18:00", "19:00"];
    let of = |symbol| hours.map(|hour| format!("{symbol} 2026-10-02T{hour}:00Z"));
    assert_eq!(rows, [of("AAPL"), of("MSFT")].concat());
    assert_eq!(pages, 5);
}

#[tokio::test]
async fn longer_bars_enclose_the_shorter_ones() {
    let server = Server::start().await;
    let span = "start=2026-10-02&end=2026-10-02";
    let bars = |timeframe: &'static str| {
        let server = &server;
        async move {
            let path = format!("/v2/stocks/AAPL/bars?timeframe={timeframe}&{span}");
            server.get(&path).await.1["bars"].as_array().cloned().unwrap_or_default()
        }
    };
    let (minutes, fives, day) = (bars("1Min").await, bars("5Min").await, bars("1Day").await);
    assert_eq!((minutes.len(), fives.len(), day.len()), (390, 78, 1));
    assert_eq!(day[0]["t"], "2026-10-02T04:00:00Z");
    assert_eq!((&day[0]["o"], &day[0]["c"]), (&minutes[0]["o"], &minutes[389]["c"]));
    let volume = |bars: &[Value]| bars.iter().map(|bar| bar["v"].as_u64().unwrap()).sum::<u64>();
    assert_eq!(volume(&fives), volume(&day));
    let weeks = bars("1Week").await;
    assert!(weeks.is_empty(), "the week began before the span");
}

#[tokio::test]
async fn trades_and_quotes_of_the_past_fit_their_minute() {
    let server = Server::start().await;
    let span = "start=2026-10-02T15:00:00Z&end=2026-10-02T15:00:59.9Z";
    let (_, bars) = server.get(&format!("/v2/stocks/AAPL/bars?timeframe=1Min&{span}")).await;
    let (_, trades) = server.get(&format!("/v2/stocks/AAPL/trades?{span}")).await;
    let (_, quotes) = server.get(&format!("/v2/stocks/AAPL/quotes?{span}")).await;
    let (bar, trades) = (&bars["bars"][0], trades["trades"].as_array().unwrap());
    assert_eq!((trades.len(), quotes["quotes"].as_array().unwrap().len()), (4, 4));
    assert_eq!((&trades[0]["p"], &trades[3]["p"]), (&bar["o"], &bar["c"]));
    let prices = || trades.iter().map(|trade| trade["p"].as_f64().unwrap());
    let extremes = [prices().max_by(f64::total_cmp), prices().min_by(f64::total_cmp)];
    assert_eq!(extremes.map(Option::unwrap).map(Value::from), [bar["h"].clone(), bar["l"].clone()]);
    let again = server.get(&format!("/v2/stocks/AAPL/trades?{span}")).await.1;
    assert_eq!(again["trades"].as_array().unwrap(), trades);
}

#[tokio::test]
async fn the_newest_of_everything_is_in_latest_and_in_the_snapshot() {
    let server = Server::start().await;
    server.pin("AAPL", "150.10", "150.14");
    let (_, trade) = server.get("/v2/stocks/AAPL/trades/latest?feed=iex").await;
    assert_eq!((&trade["symbol"], &trade["trade"]["p"]), (&"AAPL".into(), &150.14.into()));
    let (_, quotes) = server.get("/v2/stocks/quotes/latest?symbols=AAPL,ZZZZ").await;
    assert_eq!(quotes["quotes"].as_object().unwrap().len(), 1);
    let (_, one) = server.get("/v2/stocks/AAPL/snapshot").await;
    let (_, many) = server.get("/v2/stocks/snapshots?symbols=AAPL,MSFT").await;
    let names = ["dailyBar", "latestQuote", "latestTrade", "minuteBar", "prevDailyBar"];
    let keys: Vec<&String> = many["AAPL"].as_object().unwrap().keys().collect();
    assert_eq!(keys, names);
    assert!(names.iter().all(|name| many["MSFT"][name].is_object()), "{many}");
    assert_eq!(one["latestTrade"], trade["trade"]);
    assert_eq!(one["latestQuote"], quotes["quotes"]["AAPL"]);
    assert_eq!(one["prevDailyBar"]["t"], "2026-10-02T04:00:00Z");
    let (status, _) = server.get("/v2/stocks/ZZZZ/trades/latest").await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn a_wrong_request_is_refused_with_a_message_and_no_code() {
    let server = Server::start().await;
    for (path, message) in [
        ("/v2/stocks/bars?symbols=AAPL&timeframe=60Min", "invalid timeframe: 60Min"),
        ("/v2/stocks/bars?symbols=AAPL", "timeframe is required"),
        ("/v2/stocks/bars?timeframe=1Min", "symbols is required"),
        ("/v2/stocks/aapl/trades", "invalid symbol: aapl"),
        ("/v2/stocks/AAPL/trades?limit=0", "invalid limit: 0"),
        ("/v2/stocks/meta/conditions/trade", "tape is required"),
    ] {
        assert_eq!(server.get(path).await, (400, json!({ "message": message })), "{path}");
    }
    let path = "/v2/stocks/ZZZZ/bars?timeframe=1Day";
    let nothing = json!({"symbol": "ZZZZ", "bars": null, "next_page_token": null});
    assert_eq!(server.get(path).await, (200, nothing));
    let path = "/v2/stocks/trades?symbols=ZZZZ";
    assert_eq!(server.get(path).await, (200, json!({"trades": {}, "next_page_token": null})));
}

#[tokio::test]
async fn every_answer_has_a_name_and_the_surfaces_own_limit() {
    let server = Server::start().await;
    let mut left = Vec::new();
    for _ in 0..2 {
        let answer = server.ask("/v2/stocks/meta/exchanges").await;
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("x-ratelimit-limit"), "200");
        assert!(!header("x-request-id").is_empty());
        left.push(header("x-ratelimit-remaining"));
    }
    assert_eq!(left, ["199", "198"]);
}

#[tokio::test]
async fn screeners_list_every_stock_with_its_way_since_the_day_before() {
    let server = Server::start().await;
    server.pin("KO", "600.00", "600.00");
    let (_, movers) = server.get("/v1beta1/screener/stocks/movers?top=1").await;
    assert_eq!(movers["gainers"][0]["symbol"], "KO");
    assert_eq!(movers["gainers"][0]["price"], 600.0);
    let (_, actives) = server.get("/v1beta1/screener/stocks/most-actives?top=2").await;
    assert_eq!(actives["most_actives"].as_array().unwrap().len(), 2);
}
