//! Two brokers in one house, over sockets: Alpaca takes the orders, Schwab is read beside
//! it, and the other way round.

use flightdeck::app::schwab::Stake;
use flightdeck::brokers::sim::server::{Fault, FaultOrder};
use flightdeck::events::Envelope;

use crate::support::cockpit::{Data, symbol};
use crate::support::schwab::Face;
use crate::support::wired::{Market, Wired, listed, wire_rules};

/// The newest event of a name since a mark says this.
async fn until_last(wired: &Wired, name: &str, fields: &[&str], expected: &str) {
    let is_it = |e: &&Envelope| e.event.name() == name;
    wired
        .until(&format!("{name} says {expected}"), |seen| {
            let last = seen.iter().rev().find(is_it);
            last.is_some_and(|e| Data::of(e).line(fields) == expected)
        })
        .await;
}

/// Time passes on both sides.
async fn second_by_second(wired: &Wired, face: &Face, seconds: i64) {
    for _ in 0..seconds {
        wired.advance(1).await;
        face.speak();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_leaves_where_both_sources_agree_and_none_where_they_do_not() {
    let market = Market::open(&[listed("AAPL", "175.50"), listed("MSFT", "300.00")]).await;
    let other = market.beside().await;
    other.pin("AAPL", "179.99", "180.00", "180.00");
    let face = Face::of(other.state.clone()).await;
    let journal = tempfile::tempdir().unwrap();
    let wired = Wired::open_beside((&market, face.second()), &wire_rules(), &journal).await;
    second_by_second(&wired, &face, 2).await;
    let said = ["source", "second", "stands_in"];
    until_last(&wired, "market_data.source.changed", &said, "alpaca schwab false").await;
    wired.wait_for("market_data.second.compared").await;
    wired
        .until("they disagree", |seen| {
            seen.iter().any(|e| {
                e.event.name() == "market_data.data.suspected"
                    && Data::of(e).line(&["symbol", "reason"]) == "AAPL disagreement"
            })
        })
        .await;
    wired.setup(&market, "AAPL").await;
    wired.wait_state("AAPL", "ABORTED").await;
    assert_eq!(wired.last("risk.limit.exceeded").text("rule"), "data_suspect");
    wired.setup(&market, "MSFT").await;
    wired.wait_state("MSFT", "HOLDING").await;
    assert!(market.held("MSFT").is_some() && market.held("AAPL").is_none());
    // Orders go to Alpaca alone.
    assert!(face.calls().await.iter().all(|line| line.starts_with("GET ")));
    assert_eq!(other.executions(), 0);
    wired.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schwab_stands_in_while_alpacas_data_are_away_and_gives_way_again() {
    let market = Market::open(&[listed("AAPL", "175.50")]).await;
    let other = market.beside().await;
    other.pin("AAPL", "175.59", "175.60", "175.60");
    let face = Face::of(other.state.clone()).await;
    let journal = tempfile::tempdir().unwrap();
    let wired = Wired::open_beside((&market, face.second()), &wire_rules(), &journal).await;
    second_by_second(&wired, &face, 2).await;
    wired.wait_for("market_data.second.compared").await;
    market.state.faults.arm(Fault::MuteData, FaultOrder::times(1));
    let mark = wired.mark();
    for _ in 0..14 {
        wired.jump(1).await;
        face.speak();
    }
    let said = ["source", "stands_in"];
    until_last(&wired, "market_data.source.changed", &said, "schwab true").await;
    wired
        .until("Schwab's quote is passed on", |seen| {
            seen[mark..].iter().any(|e| {
                e.event.name() == "market_data.quote.updated" && Data::of(e).text("bid") == "175.59"
            })
        })
        .await;
    until_last(&wired, "market_data.source.changed", &said, "alpaca false").await;
    wired.advance(2).await;
    assert_eq!(wired.last("market_data.quote.updated").text("bid"), "175.49");
    wired.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_schwab_live_the_orders_go_there_and_alpaca_is_the_second_source() {
    let market = Market::open(&[listed("AAPL", "175.50")]).await;
    let face = Face::of(market.state.clone()).await;
    let other = market.beside().await;
    let journal = tempfile::tempdir().unwrap();
    let mut config = wire_rules();
    config.schwab.symbols = vec![symbol("AAPL")];
    let beside = (&market, face.setting(Stake::Simulated), Some(other.alpaca()));
    let wired = Wired::open_schwab(beside, &config, &journal).await;
    let said = ["source", "second", "stands_in"];
    until_last(&wired, "market_data.source.changed", &said, "schwab alpaca false").await;
    wired.setup(&market, "AAPL").await;
    wired.wait_state("AAPL", "HOLDING").await;
    assert!(face.calls().await.iter().any(|line| line.starts_with("POST ")));
    assert_eq!(other.executions(), 0, "Alpaca is sent nothing");
    wired.end().await;
}
