//! Scenario 5 of the specification (§8): an exit at night is a draft until the open,
//! and the stop rests at the broker meanwhile.

use flightdeck::events::ExitStyle;

use crate::support::wired::{Market, Wired, listed, wire_rules};

const HOUR: i64 = 3_600;

async fn check(exit_style: ExitStyle) {
    let folder = tempfile::tempdir().unwrap();
    let mut config = wire_rules();
    config.position.exit_style = exit_style;
    let market = Market::open(&[listed("AAPL", "175.50")]).await;
    let wired = Wired::open(&market, &config, &folder).await;
    wired.setup(&market, "AAPL").await;
    wired.wait_state("AAPL", "HOLDING").await;
    let resting = market.resting();

    // 22:31 in New York.
    wired.jump(12 * HOUR).await;
    let mark = wired.mark();
    wired.flatten("AAPL").await;
    wired.wait_state("AAPL", "EXIT_TRIGGERED").await;
    let draft = wired.wait_since(mark, "order.status.reported").await;
    assert_eq!(draft.text("state"), "DRAFT");
    let draft = draft.text("client_order_id");

    // One second before the open: nothing has left, the stop rests.
    wired.jump(11 * HOUR - 61 - 1).await;
    assert_eq!(market.resting(), resting, "the stop rests");
    let said: Vec<&str> = wired.since(mark).iter().map(|e| e.event.name()).collect();
    assert!(!said.contains(&"order.submit") && !said.contains(&"order.cancel"), "{said:?}");

    wired.jump(2).await;
    wired.wait_state("AAPL", "CLOSED").await;
    let sent = wired.last("order.submit");
    assert_eq!(sent.text("order.request.client_order_id"), draft, "the draft is what leaves");
    assert_eq!(wired.last("position.closed.done").text("reason"), "FLATTEN");
    market.until_resting(&[]).await;
    assert_eq!(market.held("AAPL"), None);
    wired.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scenario_5_with_the_target_watched_here() {
    check(ExitStyle::Managed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scenario_5_with_stop_and_target_resting_as_one_oco() {
    check(ExitStyle::NativeOco).await;
}
