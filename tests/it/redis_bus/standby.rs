//! Of two processes one runs the instance, and when it dies the other one takes over:
//! nothing is ordered twice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use flightdeck::app::standby::{Held, Standby, take_over};
use flightdeck::app::{BusOptions, People};
use flightdeck::bus::redis::lease::{Kept, Lease, Terms};
use flightdeck::domain::order::Side;
use flightdeck::domain::position::Direction;
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

use super::INSTANCE;
use crate::support::redis::{PATIENCE, Server, until};
use crate::support::wired::{Listed, Market, Wired, listed, wire_rules};

/// Kills in the loop; `FLIGHTDECK_KILLS=200` for the long one.
const KILLS: usize = 12;

/// Short leases: a kill in the tests need not be waited for as long as in life.
const TERMS: Terms = Terms {
    ttl: Duration::from_millis(1_500),
    renewal: Duration::from_millis(200),
    margin: Duration::from_millis(300),
};

async fn lease(server: &Server, holder: &str) -> Lease {
    let stop = CancellationToken::new();
    let endpoint = server.endpoint();
    let waited = Lease::wait(&endpoint, (INSTANCE, holder), TERMS, &stop);
    tokio::time::timeout(PATIENCE, waited).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_holds_the_lease_and_the_next_one_has_a_higher_token() {
    let server = Server::guarded();
    let first = lease(&server, "one").await;
    let tenure = first.tenure();
    assert!(tenure.is_held() && tenure.token() == 1);
    let end = CancellationToken::new();
    let keeping = tokio::spawn(first.keep(end.clone()));
    let second = lease(&server, "two");
    tokio::pin!(second);
    // Longer than a lease lasts: it is renewed.
    let early = tokio::time::timeout(TERMS.ttl * 2, &mut second).await;
    assert!(early.is_err() && tenure.is_held());
    end.cancel();
    assert_eq!(keeping.await.unwrap(), Kept::GivenBack);
    assert!(!tenure.is_held(), "what was given back is not held");
    let second = second.await.tenure();
    assert!(second.is_held() && second.token() > 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_holder_that_hears_nothing_stops_before_the_next_one_may_begin() {
    let server = Server::guarded();
    // Not kept, as if the process was stopped.
    let first = lease(&server, "one").await;
    let tenure = first.tenure();
    let second = lease(&server, "two").await;
    assert!(!tenure.is_held(), "two at once");
    assert!(second.tenure().token() > tenure.token());
    // It comes back, and finds that it was succeeded.
    assert_eq!(first.keep(CancellationToken::new()).await, Kept::Succeeded);
    assert!(!tenure.is_held());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_ran_out_and_nobody_took_is_gone_on_with_under_a_new_token() {
    let server = Server::guarded();
    let first = lease(&server, "one").await;
    let tenure = first.tenure();
    until("it has run out", || !tenure.is_held()).await;
    let mut admin = server.connect("admin").await;
    let key = format!("flightdeck:{INSTANCE}:lease");
    let is_there = async || {
        let mut ask = redis::cmd("EXISTS");
        ask.arg(&key).query_async::<u8>(&mut admin.clone()).await.unwrap() == 1
    };
    while is_there().await {
        tokio::task::yield_now().await;
    }
    redis::cmd("PING").exec_async(&mut admin).await.unwrap();
    let end = CancellationToken::new();
    let keeping = tokio::spawn(first.keep(end.clone()));
    until("it goes on", || tenure.is_held()).await;
    assert_eq!(tenure.token(), 2);
    end.cancel();
    assert_eq!(keeping.await.unwrap(), Kept::GivenBack);
}

/// A process: what runs in it is gone when it is killed.
struct Process {
    runtime: Runtime,
    stop: CancellationToken,
}

impl Process {
    fn new() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        Self { runtime, stop: CancellationToken::new() }
    }

    /// Nothing in it is told.
    fn kill(self) {
        self.runtime.shutdown_background();
    }
}

/// Waits for its turn and opens the house.
async fn run(
    server: &Server,
    market: &Market,
    folder: &tempfile::TempDir,
    stop: &CancellationToken,
) -> (Held, Wired) {
    let mut config = wire_rules();
    config.risk.max_strategy_orders = 0;
    let options = BusOptions {
        config: server.config(),
        instance: INSTANCE.into(),
        members: Vec::new(),
        seed: 3,
        standby: Some(Arc::new(Standby::on(TERMS))),
    };
    let journal = folder.path().join("journal.sqlite");
    let held = take_over(&options, &journal, stop).await.unwrap().unwrap();
    let people = People { bus: Some(options), ..People::default() };
    let wired = Wired::open_among(people, (market, &market.base), &config, folder).await;
    wired.wait_for("system.bus.up").await;
    (held, wired)
}

/// How many entries of each stock the exchange has ever had.
fn entries(market: &Market) -> BTreeMap<String, usize> {
    let mut count = BTreeMap::new();
    for (symbol, side) in market.orders() {
        if side == Side::Buy {
            *count.entry(symbol).or_default() += 1;
        }
    }
    count
}

/// The stocks whose setups happen in turn.
const STOCKS: [Listed; 3] =
    [listed("AAPL", "175.50"), listed("NVDA", "120.00"), listed("MSFT", "410.00")];
/// How far an entry gets before its house is killed, in turn.
const AT: [&str; 3] = ["order.fill.complete", "order.submit", "order.submit.success"];
/// Kills of one turn.
const TURN: usize = 4;

/// Waits for an event as long as a busy machine may need, and no longer: what does not
/// happen is killed all the same.
async fn perhaps(wired: &Wired, mark: usize, name: &str) {
    let _ = tokio::time::timeout(Duration::from_secs(20), wired.wait_since(mark, name)).await;
}

/// Does something in a house, until it is the moment to be killed.
async fn act(wired: &Wired, market: &Market, kill: usize) {
    let turn = kill / TURN;
    let (stock, mark) = (STOCKS[turn % STOCKS.len()].name(), wired.mark());
    match kill % TURN {
        // In the middle of an entry.
        0 => {
            market.surge(stock, 2_000);
            wired.jump(60).await;
            perhaps(wired, mark, AT[turn % AT.len()]).await;
        }
        1 => wired.advance(1).await,
        // In the middle of an exit.
        2 if market.held(stock).is_some() => {
            wired.flatten(stock).await;
            perhaps(wired, mark, "order.submit").await;
        }
        _ => {}
    }
}

#[test]
fn whoever_is_killed_is_succeeded_and_no_order_is_there_twice() {
    let kills = std::env::var("FLIGHTDECK_KILLS").map_or(KILLS, |text| text.parse().unwrap());
    let server = Server::guarded();
    let outside = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let market = outside.block_on(Market::open(&STOCKS));
    for kill in 0..kills {
        let process = Process::new();
        process.runtime.block_on(async {
            let (held, wired) = run(&server, &market, &folder, &process.stop).await;
            act(&wired, &market, kill).await;
            // A process that dies drops nothing in order.
            std::mem::forget((held, wired));
        });
        process.kill();
        let setups = kill / TURN / STOCKS.len() + 1;
        for (stock, number) in entries(&market) {
            assert!(number <= setups, "{stock} was bought {number} times by kill {kill}");
            if let Some(held) = market.held(&stock) {
                assert!(held.direction == Direction::Long, "{held:?} after kill {kill}");
            }
        }
    }
    let bought = entries(&market);
    assert!(!bought.is_empty(), "nothing happened");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whose_lease_is_over_sends_nothing_not_even_an_exit() {
    let mut server = Server::guarded();
    let folder = tempfile::tempdir().unwrap();
    let market = Market::open(&STOCKS).await;
    let (held, wired) = run(&server, &market, &folder, &CancellationToken::new()).await;
    let tokens = "the fencing token is on record";
    wired
        .until(tokens, |seen| seen.iter().any(|e| format!("{:?}", e.event).contains("token 1")))
        .await;
    wired.setup(&market, "AAPL").await;
    wired.wait_state("AAPL", "HOLDING").await;
    let (tenure, sent) = (held.tenure(), market.orders().len());
    server.kill();
    until("the lease is over", || !tenure.is_held()).await;
    let mark = wired.mark();
    wired.flatten("AAPL").await;
    wired
        .until("the call is held back", |seen| {
            let told = seen[mark..].iter().map(|e| format!("{:?}", e.event));
            told.into_iter().any(|text| text.contains("another process may run this instance"))
        })
        .await;
    assert_eq!(market.orders().len(), sent, "an order left");
    assert_eq!(market.resting().len(), 2, "stop and target rest on: {:?}", market.resting());
    drop(held);
    wired.end().await;
}
