//! Faults 4, 5, 11, 12, 19 and 20: orders that end otherwise than they should.

use flightdeck::brokers::sim::exchange::OrderName;
use flightdeck::brokers::sim::server::Fault;
use flightdeck::domain::order::{OrderPurpose, Side};
use flightdeck::domain::position::Direction;
use flightdeck::events::ExitStyle;

use super::{ENTRY, PROTECTED, Scene, reached};
use crate::support::cockpit::shares;
use crate::support::wired::{Market, listed, wire_rules};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a04_shares_that_come_after_a_cancel_was_taken_are_counted_and_protected() {
    let scene = Scene::with_entry(&[listed("AAPL", "175.50")]).await;
    scene.arm(Fault::CancelThenFill, 1);
    scene.cancel(OrderPurpose::Entry).await;
    scene.wired.wait_state("AAPL", "HOLDING").await;
    scene.rests(&PROTECTED).await;
    scene.wired.advance(35).await;
    assert_eq!(scene.market.held("AAPL").unwrap().qty, shares(5));
    assert_eq!(scene.counted(), (5, 0));
    assert_eq!(scene.wired.count("order.cancel.success"), 0);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a05_a_promised_replacement_that_is_refused_leaves_the_old_stop_and_is_asked_anew() {
    let mut config = wire_rules();
    config.position.exit_style = ExitStyle::Managed;
    config.strategy.trail_start_r = rust_decimal::Decimal::ONE;
    let scene = Scene::with(Market::open(&[listed("AAPL", "175.50")]).await, &config).await;
    scene.setup("AAPL").await;
    scene.wired.wait_state("AAPL", "HOLDING").await;
    scene.rests(&PROTECTED[1..]).await;
    scene.arm(Fault::ReplaceRefused, 1);
    scene.market.pin("AAPL", "190.00", "190.01", "190.00");
    scene.wired.end_minute().await;
    scene.wired.wait_for("order.modify.rejected").await;
    assert_eq!(scene.market.resting(), PROTECTED[1..], "the old one rests");
    for _ in 0..3 {
        if scene.wired.count("order.modify.success") > 0 {
            break;
        }
        scene.wired.end_minute().await;
    }
    scene.wired.wait_for("order.modify.success").await;
    let stops = scene.market.resting();
    assert_eq!(stops.len(), 1);
    assert!(stops[0].starts_with("sell 5 stop ") && stops[0] != PROTECTED[1], "{stops:?}");
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a11_a_cancel_that_sticks_is_asked_again_and_its_entry_is_not_counted_as_gone() {
    let scene = Scene::with_entry(&[listed("AAPL", "175.50"), listed("MSFT", "300.00")]).await;
    scene.arm(Fault::StuckCancel, 1);
    let entry = scene.order(OrderPurpose::Entry);
    scene.cancel(OrderPurpose::Entry).await;
    // It is looked at twice, and nothing is concluded.
    reached("the order is read", || scene.line.count("GET /v2/orders/") >= 2).await;
    // A gap of the stream makes the house compare everything.
    scene.arm(Fault::StreamDrop, 1);
    scene.setup("MSFT").await;
    scene.approve("MSFT").await;
    reached("it is asked for again", || scene.line.count("DELETE") >= 2).await;
    assert_eq!(scene.wired.count("order.cancel.success"), 0);
    assert_eq!(scene.market.resting()[0], ENTRY[0]);
    // And it is filled after all.
    scene.market.state.with_world(|world| {
        world.trade(|exchange, at, out| {
            exchange.fill_anyway(OrderName::Client(&entry), None, at, out).unwrap();
        });
    });
    scene.wired.wait_state("AAPL", "HOLDING").await;
    reached("it is protected", || {
        PROTECTED.iter().all(|order| scene.market.resting().contains(&(*order).to_owned()))
    })
    .await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a12_an_unintended_short_position_is_noticed_alarmed_and_protected() {
    let scene = Scene::open(&[listed("AAPL", "175.50")]).await;
    scene.setup("AAPL").await;
    scene.wired.wait_state("AAPL", "HOLDING").await;
    scene.rests(&PROTECTED).await;
    scene.market.state.with_world(|world| {
        world.trade(|exchange, _, _| exchange.let_both_exits_fill(1));
    });
    scene.market.pin("AAPL", "201.82", "201.83", "201.82");
    let found = scene.wired.wait_for("position.unexplained.found").await;
    assert!(found.text("detail").len() > 3, "{found:?}");
    let held = scene.market.held("AAPL").unwrap();
    assert_eq!((held.direction, held.qty), (Direction::Short, shares(5)));
    assert_eq!(scene.counted(), (5, 10));
    let alert = scene.wired.wait_for("system.alert.raised").await;
    assert_eq!(alert.text("severity"), "critical");
    // Once the house has heard where the market is.
    let has_stop = || scene.market.resting().iter().any(|order| order.starts_with("buy 5 stop"));
    for _ in 0..20 {
        if !has_stop() {
            scene.wired.advance(1).await;
        }
    }
    reached("a stop above rests", has_stop).await;
    // A person closes it with one key.
    scene.wired.flatten("AAPL").await;
    reached("it is closed", || scene.market.held("AAPL").is_none()).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a19_an_entry_rejected_after_its_answer_ends_its_trade_and_frees_its_money() {
    let scene = Scene::open(&[listed("AAPL", "175.50"), listed("MSFT", "300.00")]).await;
    scene.arm(Fault::LateReject, 1);
    scene.setup("AAPL").await;
    scene.wired.wait_state("AAPL", "ABORTED").await;
    assert_eq!((scene.market.held("AAPL"), scene.counted()), (None, (0, 0)));
    assert_eq!(scene.line.count("POST /v2/orders"), 1);
    // The broker has nothing of it, and neither has the house: the next one is as large
    // as if it had never been.
    scene.setup("MSFT").await;
    scene.wired.wait_state("MSFT", "HOLDING").await;
    let sizes = scene.wired.journal();
    let mut sizes = sizes.iter().filter(|e| e.event.name() == "risk.size.calculated");
    let of = |e| crate::support::cockpit::Data::of(e).text("size.quantity");
    assert_eq!((sizes.next().map(of), sizes.next().map(of)), (Some("5".into()), Some("3".into())));
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a19_a_protection_rejected_after_its_answer_is_placed_again() {
    let scene = Scene::with_entry(&[listed("AAPL", "175.50")]).await;
    scene.arm(Fault::LateReject, 1);
    scene.market.pin("AAPL", "175.49", "175.50", "175.50");
    scene.wired.advance(1).await;
    let rejected = scene.wired.wait_for("order.submit.rejected").await;
    assert_eq!(rejected.text("purpose"), "protection");
    scene.patiently("AAPL", "HOLDING", 5).await;
    for _ in 0..10 {
        scene.wired.advance(1).await;
    }
    scene.rests(&PROTECTED).await;
    assert_eq!(scene.market.held("AAPL").unwrap().qty, shares(5));
    assert_eq!(scene.line.count("POST /v2/orders"), 3, "entry, protection, protection");
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a20_what_was_filled_before_a_cancel_is_held_and_protected() {
    let scene = Scene::open(&[listed("AAPL", "175.50")]).await;
    scene.arm(Fault::PartialThenCancel, 1);
    scene.setup("AAPL").await;
    scene.wired.wait_state("AAPL", "HOLDING").await;
    scene.rests(&["sell 2 limit 201.82", "sell 2 stop 166.72"]).await;
    scene.wired.advance(35).await;
    assert_eq!(scene.market.held("AAPL").unwrap().qty, shares(2));
    assert_eq!(scene.counted(), (2, 0));
    assert_eq!(scene.orders(Side::Buy), 1);
    scene.end().await;
}
