//! Faults 6, 7, 13 and 14: what the trading stream loses, repeats, or says strangely.

use flightdeck::brokers::sim::server::Fault;
use flightdeck::domain::order::Side;

use super::{PROTECTED, Scene, reached};
use crate::support::cockpit::{dollars, shares};
use crate::support::wired::listed;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a06_fills_that_a_broken_stream_has_swallowed_are_found_and_counted_once() {
    let scene = Scene::open(&[listed("AAPL", "175.50")]).await;
    scene.arm(Fault::StreamDrop, 1);
    scene.setup("AAPL").await;
    scene.wired.wait_state("AAPL", "HOLDING").await;
    scene.rests(&PROTECTED).await;
    assert_eq!(scene.counted(), (5, 0));
    // And once more with the target, while nobody hears of it.
    let mark = scene.wired.mark();
    scene.arm(Fault::StreamDrop, 1);
    scene.market.pin("AAPL", "201.82", "201.83", "201.82");
    let closed = scene.wired.wait_since(mark, "position.closed.done").await;
    assert_eq!(closed.line(&["quantity", "exit_price"]), "5 201.82");
    scene.wired.advance(35).await;
    assert_eq!((scene.counted(), scene.market.held("AAPL")), ((5, 5), None));
    assert_eq!(scene.market.cash(), dollars("100131.60"));
    assert_eq!(scene.wired.count("position.closed.done"), 1);
    assert_eq!(scene.wired.count("position.unexplained.found"), 0);
    assert_eq!(scene.market.still_armed(Fault::StreamDrop), 0);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a07_a_fill_that_is_told_twice_is_counted_once() {
    let scene = Scene::open(&[listed("AAPL", "175.50")]).await;
    scene.arm(Fault::DuplicateFill, 2);
    scene.setup("AAPL").await;
    scene.wired.wait_state("AAPL", "HOLDING").await;
    scene.rests(&PROTECTED).await;
    scene.market.pin("AAPL", "201.82", "201.83", "201.82");
    scene.wired.wait_for("position.closed.done").await;
    scene.wired.advance(35).await;
    assert_eq!(scene.market.still_armed(Fault::DuplicateFill), 0, "both were told twice");
    assert_eq!((scene.counted(), scene.market.held("AAPL")), ((5, 5), None));
    assert_eq!(scene.wired.count("position.unexplained.found"), 0);
    assert_eq!((scene.orders(Side::Buy), scene.market.executions()), (1, 2));
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a13_an_update_without_data_says_nothing_and_breaks_nothing() {
    let scene = Scene::open(&[listed("AAPL", "175.50")]).await;
    let dials = scene.line.count("GET /stream");
    scene.arm(Fault::NullUpdate, 3);
    scene.setup("AAPL").await;
    scene.wired.wait_state("AAPL", "HOLDING").await;
    scene.rests(&PROTECTED).await;
    reached("all were said", || scene.market.still_armed(Fault::NullUpdate) == 0).await;
    assert_eq!(scene.counted(), (5, 0));
    assert_eq!(scene.line.count("GET /stream"), dials, "the connection holds");
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a14_unknown_words_and_missing_fields_cost_no_order_and_no_share() {
    for count in [1, 2, 3, 6] {
        let scene = Scene::open(&[listed("AAPL", "175.50")]).await;
        scene.arm(Fault::StrangeOrder, count);
        scene.setup("AAPL").await;
        scene.patiently("AAPL", "HOLDING", 20).await;
        scene.rests(&PROTECTED).await;
        scene.wired.advance(35).await;
        assert_eq!(scene.market.held("AAPL").unwrap().qty, shares(5));
        assert_eq!(scene.counted(), (5, 0));
        assert_eq!(scene.line.count("POST /v2/orders"), 2);
        assert_eq!(scene.market.still_armed(Fault::StrangeOrder), 0);
        scene.end().await;
    }
}
