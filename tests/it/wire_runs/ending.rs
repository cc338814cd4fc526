//! The kill switch and the end of a run, in the broker's own ledger: no entry after
//! the gate, none left behind, every stop still resting.

use flightdeck::brokers::sim::server::{Fault, FaultOrder};
use flightdeck::events::ExitStyle;

use crate::support::wired::{Market, Wired, by_hand, listed};

/// A position with its stop in AAPL, and a working entry in MSFT.
async fn busy(folder: &tempfile::TempDir) -> (Market, Wired) {
    let mut config = by_hand();
    config.position.exit_style = ExitStyle::Managed;
    let stocks = [listed("AAPL", "175.50"), listed("MSFT", "300.00"), listed("NVDA", "100.00")];
    let market = Market::open(&stocks).await;
    let wired = Wired::open(&market, &config, folder).await;
    wired.setup(&market, "AAPL").await;
    wired.wait_for("risk.approval.requested").await;
    wired.approve("AAPL").await;
    wired.wait_state("AAPL", "HOLDING").await;
    wired.enter_below(&market, "MSFT", "300.00").await;
    wired.wait_state("MSFT", "ORDER_PLACED").await;
    market.until_resting(&[STOP, ENTRY]).await;
    (market, wired)
}

const STOP: &str = "sell 5 stop 166.72";
const ENTRY: &str = "buy 3 limit 300.00";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_kill_no_entry_reaches_the_broker_and_every_stop_rests() {
    let folder = tempfile::tempdir().unwrap();
    let (market, wired) = busy(&folder).await;
    wired.kill().await;
    market.until_resting(&[STOP]).await;
    wired.wait_state("MSFT", "ABORTED").await;
    let executions = market.executions();

    // A setup that would be an entry.
    let mark = wired.mark();
    wired.setup(&market, "NVDA").await;
    wired.advance(5).await;
    let said: Vec<&str> = wired.since(mark).iter().map(|e| e.event.name()).collect();
    assert!(said.contains(&"strategy.entry.signal"), "{said:?}");
    assert!(!said.contains(&"order.submit"), "{said:?}");
    assert_eq!(market.resting(), [STOP]);
    assert_eq!(market.executions(), executions);

    wired.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_meets_an_entry_whose_answer_is_still_awaited() {
    let folder = tempfile::tempdir().unwrap();
    let market = Market::open(&[listed("AAPL", "175.50")]).await;
    let wired = Wired::open(&market, &by_hand(), &folder).await;
    // The order is at the broker a while before its answer is here.
    market.state.faults.arm(Fault::FillBeforeAnswer, FaultOrder::times(1));
    wired.enter_below(&market, "AAPL", "175.50").await;
    market.until_resting(&["buy 5 limit 175.50"]).await;
    assert_eq!(wired.count("order.submit.success"), 0, "nothing was answered yet");
    wired.kill().await;
    wired.wait_state("AAPL", "ABORTED").await;
    market.until_resting(&[]).await;
    assert_eq!(market.executions(), 0);
    wired.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_run_cancels_working_entries_and_leaves_stops() {
    let folder = tempfile::tempdir().unwrap();
    let (market, wired) = busy(&folder).await;
    let told = wired.end().await;
    assert_eq!(market.resting(), [STOP]);
    let names: Vec<&str> = told.iter().map(|e| e.event.name()).collect();
    let ended = names.iter().position(|name| *name == "system.session.ended").unwrap();
    let after = &names[ended..];
    assert!(after.contains(&"order.cancel"), "asked for after the end: {after:?}");
    assert!(after.contains(&"order.cancel.success"), "and confirmed: {after:?}");
}
