//! A house that ends and begins again on its journal while the broker goes on.

use flightdeck::events::ExitStyle;

use crate::support::cockpit::{dollars, shares};
use crate::support::wired::{Market, Wired, listed, wire_rules};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_house_finds_position_and_stop_and_doubles_nothing() {
    for exit_style in [ExitStyle::NativeOco, ExitStyle::Managed] {
        let folder = tempfile::tempdir().unwrap();
        let mut config = wire_rules();
        config.position.exit_style = exit_style;
        let market = Market::open(&[listed("AAPL", "175.50")]).await;
        let wired = Wired::open(&market, &config, &folder).await;
        wired.setup(&market, "AAPL").await;
        wired.wait_state("AAPL", "HOLDING").await;
        wired.end().await;
        let (resting, executions) = (market.resting(), market.executions());

        let wired = Wired::open(&market, &config, &folder).await;
        wired.advance(30).await;
        for name in ["order.submit", "order.cancel", "position.unexplained.found"] {
            assert_eq!(wired.count(name), 0, "{name} with {exit_style:?}");
        }
        assert_eq!(wired.count("system.reconcile.difference"), 0);
        assert_eq!((market.resting(), market.executions()), (resting, executions));
        assert_eq!(market.held("AAPL").unwrap().qty, shares(5));

        // The trade goes on where it was.
        market.pin("AAPL", "190.00", "190.01", "190.00");
        wired.advance(5).await;
        market.pin("AAPL", "201.82", "201.83", "201.82");
        wired.advance(1).await;
        let closed = wired.wait_for("position.closed.done").await;
        assert_eq!(closed.line(&["pnl", "reason"]), "131.60 TARGET_HIT");
        wired.end().await;
        assert_eq!((market.held("AAPL"), market.cash()), (None, dollars("100131.60")));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_filled_while_nobody_was_there_is_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = wire_rules();
    config.position.exit_style = ExitStyle::NativeOco;
    let market = Market::open(&[listed("AAPL", "175.50")]).await;
    let wired = Wired::open(&market, &config, &folder).await;
    wired.setup(&market, "AAPL").await;
    wired.wait_state("AAPL", "HOLDING").await;
    wired.end().await;
    market.pin("AAPL", "201.82", "201.83", "201.82");
    assert_eq!(market.held("AAPL"), None, "the target has filled");

    let wired = Wired::open(&market, &config, &folder).await;
    let closed = wired.wait_for("position.closed.done").await;
    assert_eq!(closed.line(&["quantity", "exit_price", "pnl"]), "5 201.82 131.60");
    wired.advance(30).await;
    assert_eq!(wired.count("position.closed.done"), 1);
    assert_eq!(wired.count("order.submit"), 0);
    assert_eq!(market.held("AAPL"), None);
    assert_eq!(market.resting(), Vec::<String>::new());
    wired.end().await;
}
