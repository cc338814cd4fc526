//! Scenarios 1, 3 and 6 of the specification (§8): a broker that fails, counts, or
//! refuses.
//!
//! Trades wait for the operator, so that each entry leaves when the test says so.

use flightdeck::brokers::sim::exchange::OrderName;
use flightdeck::brokers::sim::server::Fault;
use flightdeck::config::Config;
use flightdeck::domain::ids::ClientOrderId;
use flightdeck::domain::money::Money;
use flightdeck::domain::order::{OrderClass, OrderKind, OrderRequest, Side, TimeInForce};

use crate::support::cockpit::{Data, price, shares, symbol};
use crate::support::wired::{Listed, Market, Wired, by_hand, listed, wire_rules};

/// Five stocks whose entries fill.
const FIVE: [Listed; 5] = [
    listed("AAPL", "175.50"),
    listed("MSFT", "300.00"),
    listed("NVDA", "100.00"),
    listed("AMZN", "150.00"),
    listed("GOOGL", "120.00"),
];

/// Trades in all five stocks wait for the operator.
async fn waiting(market: &Market, config: &Config, folder: &tempfile::TempDir) -> Wired {
    let wired = Wired::open(market, config, folder).await;
    for name in ["AAPL", "MSFT", "NVDA", "AMZN", "GOOGL"] {
        market.surge(name, 2_000);
    }
    wired.end_minute().await;
    wired
        .until("five trades wait", |seen| {
            seen.iter().filter(|e| e.event.name() == "risk.approval.requested").count() == 5
        })
        .await;
    wired
}

/// Lets an entry leave whose answer is a page of a gateway: nobody knows whether it has
/// arrived, until it was looked for often and late enough.
async fn fails(wired: &Wired, of: &str) {
    let mark = wired.mark();
    wired.approve(of).await;
    wired.wait_since(mark, "order.outcome.unknown").await;
    for _ in 0..LOOKED_FOR / 5 {
        wired.wait_since(mark, "venue.order.not_found").await;
        wired.advance(5).await;
    }
    wired.wait_state(of, "ABORTED").await;
}

/// An order of unknown fate is given up after so many seconds.
const LOOKED_FOR: i64 = 15;

/// Three entries that fail; the last of them [`LOOKED_FOR`] ago.
async fn three_failures(market: &Market, wired: &Wired) {
    market.orders_meet(Fault::HtmlGateway, 3);
    for name in ["AAPL", "MSFT", "NVDA"] {
        fails(wired, name).await;
    }
    assert_eq!(market.still_armed(Fault::HtmlGateway), 0, "all three have left");
}

/// Lets three entries leave that are turned away for the rate. Each empties the budget
/// until the broker's own reset and up to two seconds more, so they are over a minute
/// apart.
async fn three_turned_away(market: &Market, wired: &Wired, last_pause: i64) {
    market.orders_meet(Fault::RateBurst, 3);
    for (name, pause) in [("AAPL", 64), ("MSFT", 64), ("NVDA", last_pause)] {
        wired.approve(name).await;
        wired.wait_state(name, "ABORTED").await;
        wired.advance(pause).await;
    }
    assert_eq!(market.still_armed(Fault::RateBurst), 0, "all three have left");
}

/// Every move of the breaker of orders: from, to, why.
fn moves(wired: &Wired) -> Vec<String> {
    let journal = wired.journal();
    let moves = journal.iter().filter(|e| e.event.name() == "breaker.state.changed");
    let moves = moves.map(Data::of).filter(|data| data.text("breaker") == "alpaca.sim.orders");
    moves.map(|data| data.line(&["from", "to", "reason"])).collect()
}

const OPENED: &str = "CLOSED OPEN too many failures in a row";
const PROBED: &str = "OPEN HALF_OPEN the period is over, one probe leaves";
const CLOSED: &str = "HALF_OPEN CLOSED the probe succeeded";
const OPENED_AGAIN: &str = "HALF_OPEN OPEN the probe failed";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scenario_1_the_broker_is_down_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let market = Market::open(&FIVE).await;
    let wired = waiting(&market, &by_hand(), &folder).await;
    three_failures(&market, &wired).await;
    assert_eq!(moves(&wired), [OPENED]);

    // Nothing leaves, and it is said how long that lasts.
    wired.advance(18 - LOOKED_FOR).await;
    market.orders_meet(Fault::HtmlGateway, 1);
    wired.approve("AMZN").await;
    wired.wait_state("AMZN", "ABORTED").await;
    let refused = wired.last("order.submit.rejected");
    assert_eq!(refused.text("message"), "alpaca.sim.orders is OPEN: 42 s left");
    assert_eq!(market.still_armed(Fault::HtmlGateway), 1, "the broker was not asked");

    market.orders_meet(Fault::HtmlGateway, 0);
    wired.advance(42).await;
    wired.approve("GOOGL").await;
    wired.wait_state("GOOGL", "HOLDING").await;
    assert_eq!(moves(&wired), [OPENED, PROBED, CLOSED]);
    assert_eq!(market.held("GOOGL").unwrap().qty, shares(8));
    wired.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scenario_1_a_probe_that_fails_costs_another_minute() {
    let folder = tempfile::tempdir().unwrap();
    let market = Market::open(&FIVE).await;
    let wired = waiting(&market, &by_hand(), &folder).await;
    three_failures(&market, &wired).await;
    wired.advance(60 - LOOKED_FOR).await;
    market.orders_meet(Fault::HtmlGateway, 2);
    fails(&wired, "AMZN").await;
    assert_eq!(moves(&wired), [OPENED, PROBED, OPENED_AGAIN]);
    assert_eq!(market.still_armed(Fault::HtmlGateway), 1, "one probe has left");
    wired.advance(59 - LOOKED_FOR).await;
    wired.approve("GOOGL").await;
    wired.wait_state("GOOGL", "ABORTED").await;
    let refused = wired.last("order.submit.rejected");
    assert_eq!(refused.text("message"), "alpaca.sim.orders is OPEN: 1 s left");
    assert_eq!(market.still_armed(Fault::HtmlGateway), 1);
    assert_eq!(market.executions(), 0);
    wired.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scenario_3_three_answers_of_too_many_requests_open_the_breaker() {
    let folder = tempfile::tempdir().unwrap();
    let market = Market::open(&FIVE).await;
    let wired = waiting(&market, &by_hand(), &folder).await;
    three_turned_away(&market, &wired, 64).await;
    assert_eq!(moves(&wired), [OPENED]);
    // The last one was 64 s ago: one probe.
    wired.approve("AMZN").await;
    wired.wait_state("AMZN", "HOLDING").await;
    assert_eq!(moves(&wired), [OPENED, PROBED, CLOSED]);
    wired.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scenario_3_nothing_leaves_while_the_breaker_is_open_for_the_rate() {
    let folder = tempfile::tempdir().unwrap();
    let market = Market::open(&FIVE).await;
    let wired = waiting(&market, &by_hand(), &folder).await;
    three_turned_away(&market, &wired, 59).await;
    market.orders_meet(Fault::RateBurst, 1);
    wired.approve("AMZN").await;
    wired.wait_state("AMZN", "ABORTED").await;
    let refused = wired.last("order.submit.rejected");
    assert_eq!(refused.text("message"), "alpaca.sim.orders is OPEN: 1 s left");
    assert_eq!(market.still_armed(Fault::RateBurst), 1, "the broker was not asked");
    wired.end().await;
}

/// Somebody else's order takes all but so many dollars of what the account may buy for.
fn others_leave(market: &Market, dollars: u64) {
    let free = u64::try_from(market.buying_power().to_decimal().floor()).unwrap();
    let request = OrderRequest {
        client_order_id: ClientOrderId::new("by-hand-1"),
        symbol: symbol("NVDA"),
        side: Side::Buy,
        qty: shares(free - dollars),
        kind: OrderKind::Limit { limit: price("1.00") },
        time_in_force: TimeInForce::Gtc,
        class: OrderClass::Simple,
        extended_hours: false,
    };
    market.state.with_world(|world| {
        world.trade(|exchange, at, out| exchange.submit(&request, at, out)).unwrap();
        let name = ClientOrderId::new("by-hand-1");
        assert!(world.exchange().order(OrderName::Client(&name)).is_some());
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scenario_6_an_order_refused_for_buying_power_says_what_it_costs_and_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let stocks = [listed("AAPL", "175.50"), listed("MSFT", "300.00"), listed("NVDA", "100.00")];
    let market = Market::open(&stocks).await;
    let wired = Wired::open(&market, &wire_rules(), &folder).await;
    others_leave(&market, 600);
    let left: Money = market.buying_power();
    let mark = wired.mark();
    wired.setup(&market, "AAPL").await;
    wired.wait_state("AAPL", "ABORTED").await;
    let refused = wired.last("order.submit.rejected");
    assert_eq!(
        refused.line(&["reason", "symbol", "qty", "estimated_cost", "buying_power"]),
        format!("InsufficientFunds AAPL 5 877.50 {left}")
    );
    assert_eq!(refused.text("trade_id"), wired.trade("AAPL").as_str(), "the trace");
    assert!(refused.text("message").contains("buying power"), "{}", refused.text("message"));

    wired.wait_since(mark, "venue.account.reported").await;

    // Next time the size fits what there is, and the order is taken.
    wired.setup(&market, "MSFT").await;
    wired.wait_state("MSFT", "HOLDING").await;
    let size = wired.last("risk.size.calculated");
    assert_eq!(size.line(&["size.quantity", "size.bound_by"]), "2 buying_power");
    assert_eq!(wired.count("order.submit.rejected"), 1);
    wired.end().await;
}
