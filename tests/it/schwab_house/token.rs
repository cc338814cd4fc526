//! Scenario 2 of the specification (§8) and the latch: the login dies, and only the
//! operator's reset lets anything leave for Schwab again.

use flightdeck::app::schwab::Stake;
use flightdeck::domain::market::Interval;
use flightdeck::events::{Envelope, Event, GetBars, RequestEvent};

use crate::support::cockpit::{Data, symbol};
use crate::support::schwab::Face;
use crate::support::wired::{Market, Wired, listed, wire_rules};

const ORDERS: &str = "schwab.live.orders";

/// Where a breaker went last.
fn phase(seen: &[Envelope], name: &str) -> Option<String> {
    let moved = seen.iter().rev().filter(|e| matches!(e.event, Event::Breaker(_)));
    let mut moved = moved.map(Data::of).filter(|data| data.text("breaker") == name);
    moved.next().map(|data| data.text("to"))
}

async fn until_phase(wired: &Wired, name: &str, wished: &str) {
    let what = format!("{name} is {wished}");
    wired.until(&what, |seen| phase(seen, name).as_deref() == Some(wished)).await;
}

async fn ask_for_bars(wired: &Wired) {
    let bars = GetBars { symbol: symbol("AAPL"), interval: Interval::Minute, count: 1 };
    wired.ask(RequestEvent::GetBars(bars)).await;
}

/// A Schwab house that may send orders.
async fn house(market: &Market, face: &Face, journal: &tempfile::TempDir) -> Wired {
    let mut config = wire_rules();
    config.schwab.symbols = vec![symbol("AAPL")];
    Wired::open_schwab((market, face.setting(Stake::Simulated), None), &config, journal).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scenario_2_a_401_whose_refresh_is_refused_latches_and_the_reset_reads_first() {
    let market = Market::open(&[listed("AAPL", "175.50")]).await;
    let face = Face::of(market.state.clone()).await;
    let journal = tempfile::tempdir().unwrap();
    let wired = Box::pin(house(&market, &face, &journal)).await;
    wired.setup(&market, "AAPL").await;
    wired.wait_state("AAPL", "HOLDING").await;
    let resting = market.resting();
    // 401, and the refresh is refused.
    face.fault(r#"{"expire_refresh_now":true,"expire_access_now":true}"#).await;
    ask_for_bars(&wired).await;
    until_phase(&wired, ORDERS, "LATCHED").await;
    for class in ["accounts", "market_data"] {
        until_phase(&wired, &format!("schwab.live.{class}"), "LATCHED").await;
    }
    let said = wired.journal();
    let reason = said.iter().filter(|e| matches!(e.event, Event::Breaker(_))).map(Data::of);
    let mut reasons = reason.map(|data| data.text("reason"));
    assert!(reasons.any(|text| text.contains("run `flightdeck login schwab`")), "what to run");
    wired.wait_for("system.login.changed").await;
    // Nothing leaves any more, whatever is asked, and the open socket is closed.
    wired
        .until("the streamer hangs up", |seen| {
            let links = seen.iter().rev().filter(|e| e.event.name() == "feed.link.changed");
            let mut links = links.map(Data::of).filter(|data| data.text("feed") == "schwab.stream");
            links.next().is_some_and(|data| !data.text("state").to_lowercase().contains("up"))
        })
        .await;
    let silent_from = face.calls().await.len();
    ask_for_bars(&wired).await;
    wired.flatten("AAPL").await;
    wired.jump(90).await;
    // A new login alone changes nothing.
    let mark = wired.mark();
    face.log_in().await;
    wired.wait_since(mark, "system.login.changed").await;
    wired.jump(5).await;
    assert_eq!(face.calls().await.split_off(silent_from), [] as [String; 0]);
    assert_eq!(market.resting(), resting, "what rests there goes on resting");
    // The reset: the accounts are read, then orders and positions, then orders may leave.
    wired.reset(ORDERS).await;
    until_phase(&wired, ORDERS, "CLOSED").await;
    let calls = face.calls().await.split_off(silent_from);
    assert_eq!(
        calls[..2],
        ["GET /trader/v1/accounts/accountNumbers 200", "GET /trader/v1/accounts/{hash}/orders 200"],
        "{calls:?}"
    );
    let first_change = calls.iter().position(|line| !line.starts_with("GET "));
    assert!(first_change.is_none_or(|at| at > 2), "orders last: {calls:?}");
    wired.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_without_a_new_login_leaves_it_latched() {
    let market = Market::open(&[listed("AAPL", "175.50")]).await;
    let face = Face::of(market.state.clone()).await;
    let journal = tempfile::tempdir().unwrap();
    let wired = Box::pin(house(&market, &face, &journal)).await;
    face.fault(r#"{"expire_refresh_now":true,"expire_access_now":true}"#).await;
    ask_for_bars(&wired).await;
    until_phase(&wired, ORDERS, "LATCHED").await;
    let mark = wired.mark();
    wired.reset(ORDERS).await;
    wired
        .until("it is said that it stays latched", |seen| {
            let mut alerts =
                seen[mark..].iter().filter(|e| e.event.name() == "system.alert.raised");
            alerts.any(|e| Data::of(e).text("text").contains("stays latched"))
        })
        .await;
    assert_eq!(phase(&wired.journal(), ORDERS).as_deref(), Some("LATCHED"));
    wired.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_house_that_was_latched_begins_latched_and_asks_for_nothing() {
    let market = Market::open(&[listed("AAPL", "175.50")]).await;
    let face = Face::of(market.state.clone()).await;
    let journal = tempfile::tempdir().unwrap();
    let wired = Box::pin(house(&market, &face, &journal)).await;
    face.fault(r#"{"expire_refresh_now":true,"expire_access_now":true}"#).await;
    ask_for_bars(&wired).await;
    until_phase(&wired, ORDERS, "LATCHED").await;
    wired.end().await;
    face.log_in().await;
    let silent_from = face.calls().await.len();
    let mut config = wire_rules();
    config.schwab.symbols = vec![symbol("AAPL")];
    let setting = face.setting(Stake::Simulated);
    let wired = Wired::open_latched((&market, setting), &config, &journal).await;
    wired.wait_for("system.login.changed").await;
    ask_for_bars(&wired).await;
    wired.jump(60).await;
    assert_eq!(face.calls().await.split_off(silent_from), [] as [String; 0]);
    wired.reset(ORDERS).await;
    until_phase(&wired, ORDERS, "CLOSED").await;
    wired.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scenario_2_beside_alpaca_the_data_move_to_alpaca_until_the_reset() {
    let market = Market::open(&[listed("AAPL", "175.50")]).await;
    let face = Face::of(market.state.clone()).await;
    let journal = tempfile::tempdir().unwrap();
    let wired = Wired::open_beside((&market, face.second()), &wire_rules(), &journal).await;
    wired.advance(2).await;
    wired.wait_for("market_data.second.compared").await;
    face.fault(r#"{"expire_refresh_now":true,"expire_access_now":true}"#).await;
    // The refresh in the background is refused: nobody has to call first.
    wired.jump(26 * 60).await;
    until_phase(&wired, "schwab.live.market_data", "LATCHED").await;
    let last_source = |seen: &[Envelope]| {
        let mut changed =
            seen.iter().rev().filter(|e| e.event.name() == "market_data.source.changed");
        changed.next().map(|e| Data::of(e).line(&["source", "second"]))
    };
    wired.until("Alpaca alone", |seen| last_source(seen).as_deref() == Some("alpaca -")).await;
    let silent_from = face.calls().await.len();
    let mark = wired.mark();
    face.log_in().await;
    wired.wait_since(mark, "system.login.changed").await;
    wired.advance(5).await;
    assert_eq!(face.calls().await.split_off(silent_from), [] as [String; 0]);
    wired.reset("schwab.live.market_data").await;
    until_phase(&wired, "schwab.live.market_data", "CLOSED").await;
    wired.until("both again", |seen| last_source(seen).as_deref() == Some("alpaca schwab")).await;
    let calls = face.calls().await.split_off(silent_from);
    assert_eq!(calls[0], "GET /trader/v1/accounts/accountNumbers 200", "{calls:?}");
    assert!(calls.iter().all(|line| line.starts_with("GET ")), "{calls:?}");
    wired.end().await;
}
