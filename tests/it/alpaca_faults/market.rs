//! Faults 9, 10, 16, 17 and 18: the market's stream, its halts and its hours.

use std::time::Duration;

use flightdeck::brokers::sim::server::{Fault, FaultOrder};
use flightdeck::domain::ids::Symbol;
use flightdeck::events::{Envelope, Event, FeedEvent};

use super::{PROTECTED, Scene, reached};
use crate::support::cockpit::symbol;
use crate::support::wired::{Market, listed, wire_rules};

/// The states of a link since a mark.
fn states(seen: &[Envelope], feed: &str) -> Vec<&'static str> {
    let link = |e: &Envelope| {
        let Event::Feed(FeedEvent::Link(link)) = &e.event else { return None };
        (link.feed == feed).then(|| link.state.name())
    };
    seen.iter().filter_map(link).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a09_a_connected_but_mute_feed_is_found_after_ten_seconds_and_comes_back() {
    let scene = Scene::open(&[listed("AAPL", "175.50")]).await;
    let mark = scene.wired.mark();
    scene.arm(Fault::MuteData, 1);
    let is_stale = || states(&scene.wired.since(mark), "alpaca.iex").contains(&"STALE");
    let mut silent = 0;
    while !is_stale() {
        assert!(silent < 14, "nobody has noticed for {silent} s");
        scene.wired.jump(1).await;
        silent += 1;
        // The clocks are looked at four times a second, by the wall.
        let noticed = async {
            while !is_stale() {
                tokio::task::yield_now().await;
            }
        };
        let _ = tokio::time::timeout(Duration::from_millis(600), noticed).await;
    }
    assert!((10..=12).contains(&silent), "{silent} s of the market");
    assert_eq!(scene.market.still_armed(Fault::MuteData), 0);
    // What was said last is not traded on meanwhile, and the feed speaks again.
    let suspected = scene.wired.wait_for("market_data.data.suspected").await;
    assert_eq!(suspected.text("reason"), "stale");
    scene
        .wired
        .until("the feed is back", |seen| states(&seen[mark..], "alpaca.iex").last() == Some(&"UP"))
        .await;
    scene.wired.advance(2).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a09_a_trading_stream_that_is_open_and_silent_is_found_out_and_dialled_anew() {
    let scene = Scene::open(&[listed("AAPL", "175.50")]).await;
    let dials = scene.line.count("GET /stream");
    let order = FaultOrder { variant: Some("trading".into()), ..FaultOrder::times(1) };
    scene.arm_as(Fault::MuteData, order);
    scene.setup("AAPL").await;
    // The fill is read, though nobody tells it, and protected.
    scene.patiently("AAPL", "HOLDING", 20).await;
    assert_eq!(scene.market.still_armed(Fault::MuteData), 0);
    let is_anew = || scene.line.count("GET /stream") > dials;
    for _ in 0..40 {
        let dialled = reached("the stream is dialled anew", is_anew);
        if tokio::time::timeout(Duration::from_millis(250), dialled).await.is_ok() {
            break;
        }
        scene.wired.advance(1).await;
    }
    assert!(is_anew());
    scene.rests(&PROTECTED).await;
    let alert = scene.wired.wait_for("system.alert.raised").await;
    assert!(alert.text("text").contains("open and silent"), "{}", alert.text("text"));
    assert_eq!(scene.counted(), (5, 0));
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a10_a_stream_that_is_turned_away_is_dialled_with_patience_and_comes_back() {
    let scene = Scene::open(&[listed("AAPL", "175.50"), listed("MSFT", "300.00")]).await;
    let (mark, dials) = (scene.wired.mark(), scene.line.count("GET /stream"));
    let order =
        FaultOrder { seconds: Some(5), variant: Some("trading".into()), ..FaultOrder::times(1) };
    scene.arm_as(Fault::RefuseReconnect, order);
    scene.arm(Fault::StreamDrop, 1);
    scene.setup("AAPL").await;
    scene
        .wired
        .until("the stream is lost", |seen| {
            states(&seen[mark..], "alpaca.orders").contains(&"DOWN")
        })
        .await;
    // Nobody would hear of an entry now: it does not leave.
    scene.setup("MSFT").await;
    scene.wired.wait_state("MSFT", "ABORTED").await;
    assert!(scene.wired.last("order.submit.rejected").text("message").contains("order stream"));
    scene
        .wired
        .until("the stream is back", |seen| {
            states(&seen[mark..], "alpaca.orders").last() == Some(&"UP")
        })
        .await;
    scene.wired.wait_state("AAPL", "HOLDING").await;
    scene.rests(&PROTECTED).await;
    // At least two seconds apart while it is crowded.
    let dialled = scene.line.count("GET /stream") - dials;
    assert!((2..=5).contains(&dialled), "{dialled} dials in five seconds");
    let feed = states(&scene.wired.since(mark), "alpaca.iex");
    assert_eq!(feed, Vec::<&str>::new(), "the other stream has kept its only connection");
    assert_eq!(scene.counted(), (5, 0));
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a16_prints_that_are_corrected_or_taken_back_are_no_new_prints() {
    let scene = Scene::open(&[listed("AAPL", "175.50")]).await;
    let mark = scene.wired.mark();
    scene.arm(Fault::PrintCorrection, 2);
    scene.wired.advance(5).await;
    reached("both are said", || scene.market.still_armed(Fault::PrintCorrection) == 0).await;
    scene.wired.advance(2).await;
    let told = scene.wired.since(mark);
    let ticks = told.iter().filter_map(|e| {
        let Event::Feed(FeedEvent::Step(step)) = &e.event else { return None };
        Some(step.ticks.clone())
    });
    for tick in ticks.flatten() {
        assert_eq!(tick.price.to_string(), "175.50", "the price of a print that was one");
    }
    assert_eq!(states(&told, "alpaca.iex"), Vec::<&str>::new());
    scene.setup("AAPL").await;
    scene.wired.wait_state("AAPL", "HOLDING").await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a17_a_halt_stops_entries_in_its_stock_and_a_resumption_lets_them_go_on() {
    // A halted stock is silent, so time is told by the other.
    let scene = Scene::open(&[listed("MSFT", "300.00"), listed("AAPL", "175.50")]).await;
    let of: Option<Symbol> = Some(symbol("AAPL"));
    let order = FaultOrder { symbol: of, seconds: Some(100), ..FaultOrder::times(1) };
    scene.arm_as(Fault::HaltAndResume, order);
    scene.wired.wait_for("market_data.halt.changed").await;
    scene.market.surge("AAPL", 2_000);
    scene.market.surge("MSFT", 2_000);
    scene.wired.end_minute().await;
    scene.wired.wait_state("MSFT", "HOLDING").await;
    assert_eq!(scene.market.held("AAPL"), None);
    let entries = |name: &str| {
        let journal = scene.wired.journal();
        let sent = journal.iter().filter(|e| e.event.name() == "order.submit");
        sent.map(crate::support::cockpit::Data::of)
            .filter(|data| data.text("order.request.symbol") == name)
            .count()
    };
    assert_eq!(entries("AAPL"), 0);
    // A busy minute later it trades again.
    for _ in 0..3 {
        if entries("AAPL") > 0 {
            break;
        }
        scene.market.surge("AAPL", 4_000);
        scene.wired.end_minute().await;
    }
    scene.wired.wait_state("AAPL", "HOLDING").await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a18_while_the_broker_says_closed_no_entry_leaves_and_the_difference_is_said() {
    let market = Market::open(&[listed("AAPL", "175.50"), listed("MSFT", "300.00")]).await;
    market.state.faults.arm(Fault::ClockHoliday, FaultOrder::times(1_000));
    let scene = Scene::with(market, &wire_rules()).await;
    let difference = scene.wired.wait_for("system.reconcile.difference").await;
    assert_eq!(difference.text("subject"), "market hours");
    assert!(difference.text("journal").starts_with("open until "), "{difference:?}");
    assert!(difference.text("venue").starts_with("closed until "), "{difference:?}");
    scene.setup("AAPL").await;
    scene.wired.wait_state("AAPL", "ABORTED").await;
    let rejected = scene.wired.last("order.submit.rejected");
    assert!(rejected.text("message").contains("market is closed"), "{rejected:?}");
    assert_eq!(scene.line.count("POST /v2/orders"), 0);
    // The broker is asked again within the hour, and agrees.
    scene.arm(Fault::ClockHoliday, 0);
    let asked = scene.line.count("GET /v2/clock");
    scene.wired.jump(3_600).await;
    reached("the clock is read again", || scene.line.count("GET /v2/clock") > asked).await;
    scene.wired.advance(5).await;
    assert_eq!(scene.wired.count("system.reconcile.difference"), 1, "said once");
    scene.end().await;
}
