//! Schwab as the broker that takes the orders, as data alone, and with a setting of no
//! orders a minute.

use flightdeck::app::schwab::Stake;
use flightdeck::brokers::sim::server::schwab::SchwabConfig;
use flightdeck::config::Config;
use flightdeck::domain::market::Interval;
use flightdeck::events::{GetBars, RequestEvent};

use crate::support::cockpit::symbol;
use crate::support::schwab::Face;
use crate::support::wired::{Market, Wired, listed, wire_rules};

fn config() -> Config {
    let mut config = wire_rules();
    config.schwab.symbols = vec![symbol("AAPL")];
    config
}

struct Scene {
    market: Market,
    face: Face,
    wired: Wired,
    _journal: tempfile::TempDir,
}

impl Scene {
    async fn open(stake: Stake, config: &Config, knobs: SchwabConfig) -> Self {
        let market = Market::open(&[listed("AAPL", "175.50")]).await;
        let face = Face::with(market.state.clone(), knobs).await;
        let journal = tempfile::tempdir().unwrap();
        let opened = Wired::open_schwab((&market, face.setting(stake), None), config, &journal);
        let wired = opened.await;
        Self { market, face, wired, _journal: journal }
    }

    /// Calls that would change something.
    async fn changes(&self) -> Vec<String> {
        let calls = self.face.calls().await.into_iter();
        calls.filter(|line| !line.starts_with("GET ")).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trade_is_entered_protected_and_closed_at_schwab() {
    let Scene { market, face, wired, _journal } =
        Scene::open(Stake::Simulated, &config(), SchwabConfig::default()).await;
    wired.setup(&market, "AAPL").await;
    wired.wait_state("AAPL", "HOLDING").await;
    assert_eq!(market.held("AAPL").unwrap().qty.to_string(), "5");
    let resting = market.resting();
    assert!(resting.iter().any(|order| order.contains("stop 166.72")), "{resting:?}");
    wired.flatten("AAPL").await;
    wired.advance(2).await;
    wired.wait_state("AAPL", "CLOSED").await;
    assert!(market.held("AAPL").is_none());
    market.until_resting(&[]).await;
    let sent = face.calls().await.into_iter().filter(|line| line.starts_with("POST ")).count();
    assert_eq!(sent, wired.count("order.submit"), "each order left once");
    wired.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_alone_sends_no_order_and_says_why() {
    let scene = Scene::open(Stake::DataOnly, &config(), SchwabConfig::default()).await;
    scene.wired.setup(&scene.market, "AAPL").await;
    scene.wired.wait_state("AAPL", "ABORTED").await;
    let refused = scene.wired.last("order.submit.rejected").text("message");
    assert!(refused.contains("Schwab has no paper account"), "{refused}");
    assert_eq!(scene.changes().await, [] as [String; 0]);
    assert_eq!(scene.market.executions(), 0);
    scene.wired.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_orders_a_minute_means_that_none_leaves() {
    let mut config = config();
    config.schwab.orders_per_minute = 0;
    let scene = Scene::open(Stake::Simulated, &config, SchwabConfig::default()).await;
    scene.wired.setup(&scene.market, "AAPL").await;
    scene.wired.wait_state("AAPL", "ABORTED").await;
    let refused = scene.wired.last("order.submit.rejected").text("message");
    assert!(refused.contains("orders_per_minute is 0"), "{refused}");
    assert_eq!(scene.changes().await, [] as [String; 0]);
    scene.wired.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i12_no_minute_sees_more_requests_than_the_limit_counted_at_schwab() {
    let mut config = config();
    config.schwab.requests_per_minute = 30;
    // The server would serve any number: what it counts is what left.
    let knobs = SchwabConfig { requests_per_minute: 10_000, ..SchwabConfig::default() };
    let Scene { market, face, wired, _journal } =
        Scene::open(Stake::Simulated, &config, knobs).await;
    // More is asked than a minute holds, orders with their readings among it.
    for _ in 0..60 {
        let bars = GetBars { symbol: symbol("AAPL"), interval: Interval::Minute, count: 1 };
        wired.ask(RequestEvent::GetBars(bars)).await;
    }
    wired.setup(&market, "AAPL").await;
    wired.wait_state("AAPL", "HOLDING").await;
    wired.flatten("AAPL").await;
    for _ in 0..40 {
        wired.jump(5).await;
    }
    wired.wait_state("AAPL", "CLOSED").await;
    let [orders, others] = face.venue.tallies();
    assert!(others.1 > 30, "there was more to ask than one minute holds: {others:?}");
    assert!(orders.0 + others.0 <= 30, "orders {orders:?}, others {others:?}");
    wired.end().await;
}
