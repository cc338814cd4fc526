//! What may leave: the gate, the budget with its lanes, the breakers of reads.

use std::collections::VecDeque;
use std::time::Duration;

use crate::breakers::{BudgetConfig, RateHeaders};
use crate::brokers::gateway::tests::fake::Does;
use crate::brokers::gateway::tests::house::{House, START, Setup, executed};
use crate::brokers::gateway::{GatewayConfig, Request};
use crate::brokers::{MarketSink, OrderNews, OrderUpdate, Push};
use crate::domain::ids::{ClientOrderId, Symbol};
use crate::domain::order::{OrderPurpose, RejectReason, ReportedStatus};
use crate::domain::time::Timestamp;
use crate::events::{BreakerEvent, Event, VenueEvent};
use crate::fsm::link::LinkState;

const ENTRY: OrderPurpose = OrderPurpose::Entry;
const EXIT: OrderPurpose = OrderPurpose::Exit;

fn limited(limit: u32, reserve: u32) -> House {
    let budget = BudgetConfig { limit, reserve };
    House::with(Setup {
        config: GatewayConfig { budget, reconcile_seconds: 600, ..Setup::default().config },
        ..Setup::default()
    })
}

/// The most calls in any half-open span of 60 s.
fn worst_minute(calls: &[(Timestamp, String)]) -> usize {
    let mut window: VecDeque<Timestamp> = VecDeque::new();
    let mut worst = 0;
    for (at, _) in calls {
        window.push_back(*at);
        while window.front().is_some_and(|first| at.since(*first).as_secs() >= 60) {
            window.pop_front();
        }
        worst = worst.max(window.len());
    }
    worst
}

#[tokio::test(start_paused = true)]
async fn i7_no_entry_leaves_after_the_gate_is_closed() {
    let house = House::open().await;
    for number in 0..30 {
        house.submit(&format!("fd-{number}"), ENTRY);
    }
    // In the middle of them, some in flight, some waiting for a place.
    house.settle().await;
    house.gate.close();
    house.submit("fd-100", ENTRY).submit("fd-101", EXIT);
    house.wait(10).await;
    let books = house.books();
    assert_eq!(books.past_the_gate, 0);
    assert!(books.count("submit") < 30, "some were held back");
    assert_eq!(books.order("fd-101").report.status, ReportedStatus::Working, "exits pass");
    assert!(!books.orders.contains_key(&ClientOrderId::new("fd-100")));
    drop(books);
    let held = house.events().into_iter().filter(|event| match event {
        Event::Venue(VenueEvent::CallFailed(failed)) => {
            failed.definitely_not_sent && !failed.counts
        }
        _ => false,
    });
    assert_eq!(held.count() + house.books().count("submit"), 32);
}

/// On several threads an entry may be in the middle of a step when the gate closes; it
/// is the last step, so that no more leave than there are threads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i7_of_entries_on_their_way_none_leaves_after_the_step_under_way() {
    for _ in 0..10 {
        let house = House::with(Setup::default());
        soon(|| house.count("feed.link.changed") == 1).await;
        for number in 0..30 {
            house.submit(&format!("fd-{number}"), ENTRY);
        }
        // Each has made its connection and leaves 20 ms later.
        soon(|| house.books().count("submit") >= 8).await;
        house.gate.close();
        // Cut off or gone: each of them is said to have failed, or is at the broker.
        soon(|| house.count("venue.call.failed") + house.count("venue.order.accepted") == 30).await;
        let left = house.books().past_the_gate;
        assert!(left <= 2, "{left} have left");
        house.close().await;
    }
}

/// Waits for what happens on other threads, but not for ever.
#[track_caller]
fn soon(is_so: impl Fn() -> bool) -> impl Future<Output = ()> {
    let place = std::panic::Location::caller();
    async move {
        let looked = async {
            while !is_so() {
                tokio::task::yield_now().await;
            }
        };
        let patience = Duration::from_secs(20);
        let is_in_time = tokio::time::timeout(patience, looked).await.is_ok();
        assert!(is_in_time, "waited too long at {place}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_entry_cut_off_by_the_gate_is_looked_up_and_cancelled() {
    let house = House::open().await;
    // The bytes have gone, the answer has not come.
    house.script("submit", &[Does::After(8)]).submit("fd-1", ENTRY);
    house.settle().await;
    house.gate.close();
    house.wait(2).await;
    assert_eq!(house.books().order("fd-1").report.status, ReportedStatus::Cancelled);
    // Not to be seen at once: the comparison finds it, and it is cancelled then.
    let house = House::open().await;
    house.script("submit", &[Does::After(8)]).script("find", &[Does::Lost; 3]);
    house.submit("fd-1", ENTRY).settle().await;
    house.gate.close();
    house.wait(40).await;
    assert_eq!(house.books().order("fd-1").report.status, ReportedStatus::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn entries_wait_for_the_order_stream_and_for_what_its_gap_has_hidden() {
    let link = |state| Push::Link { feed: "fake.orders", state };
    let house = House::open().await;
    house.orders.send(link(LinkState::Down { attempts: 0 })).await.unwrap();
    house.settle().await;
    house.submit("fd-1", ENTRY).submit("fd-2", EXIT);
    house.wait(1).await;
    assert_eq!(house.books().count("submit"), 1, "what reduces risk leaves");
    assert_eq!(house.count("venue.call.failed"), 1);
    // Up again, and not read yet.
    house.script("orders", &[Does::Lost; 3]);
    house.orders.send(Push::OrdersResumed).await.unwrap();
    house.orders.send(link(LinkState::Up)).await.unwrap();
    house.settle().await;
    house.submit("fd-3", ENTRY);
    house.wait(1).await;
    assert_eq!(house.books().count("submit"), 1);
    house.wait(20).await;
    house.submit("fd-4", ENTRY);
    house.wait(1).await;
    assert_eq!(house.books().count("submit"), 2);
}

#[tokio::test(start_paused = true)]
async fn keys_that_are_refused_count_and_nothing_was_sent() {
    let house = House::open().await;
    house.script("submit", &[Does::Refuses(401, RejectReason::Other)]);
    house.submit("fd-1", ENTRY);
    house.wait(2).await;
    assert_eq!(house.count("venue.order.rejected"), 0, "nobody has judged the order");
    let failed = house.events().into_iter().find_map(|event| match event {
        Event::Venue(VenueEvent::CallFailed(failed)) => Some(failed),
        _ => None,
    });
    let failed = failed.unwrap();
    assert!(failed.definitely_not_sent && failed.counts);
}

#[tokio::test(start_paused = true)]
async fn closing_the_gate_cancels_own_entries_and_no_stop() {
    let house = House::open().await;
    house.submit("fd-1", ENTRY).submit("fd-2", OrderPurpose::Protection);
    house.wait(1).await;
    // One more is in flight when the key is pressed: it is found and cancelled.
    house.script("submit", &[Does::After(4)]).submit("fd-3", ENTRY);
    house.settle().await;
    house.gate.close();
    house.wait(10).await;
    let status = |id| house.books().order(id).report.status;
    assert_eq!(status("fd-1"), ReportedStatus::Cancelled);
    assert_eq!(status("fd-2"), ReportedStatus::Working);
    assert_eq!(status("fd-3"), ReportedStatus::Cancelled);
    assert_eq!(house.books().count("cancel_all"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_kill_works_while_the_door_is_shut() {
    let house = House::open().await;
    house.submit("fd-1", ENTRY);
    house.wait(1).await;
    house.block(true);
    let order = house.books().order("fd-1").clone();
    house.push(OrderNews::Standing, order).await;
    house.gate.close();
    house.wait(2).await;
    assert_eq!(house.books().order("fd-1").report.status, ReportedStatus::Cancelled);
    house.block(false);
    house.wait(5).await;
    assert_eq!(house.count("venue.order.cancelled"), 1);
}

#[tokio::test(start_paused = true)]
async fn i12_never_more_than_the_limit_in_any_minute_and_the_lanes_hold() {
    for (limit, reserve) in [(24, 6), (60, 15)] {
        let house = limited(limit, reserve);
        house.wait(1).await;
        house.submit("fd-1", ENTRY);
        house.wait(1).await;
        let order = house.books().order("fd-1").clone();
        for number in 0_u64..100_000 {
            let news = executed(Some("e"), 1, "175.50");
            let update = OrderUpdate { news, order: order.clone(), at: START };
            house.orders.send(Push::Order(Box::new(update))).await.expect("it lives");
            if number % 50 == 0 {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            if number % 500 == 0 {
                house.submit(&format!("fd-e{number}"), ENTRY);
                house.ask(Request::Status(ClientOrderId::new("fd-1")));
            }
            if number % 4_000 == 0 {
                house.submit(&format!("fd-x{number}"), EXIT);
            }
        }
        house.wait(120).await;
        let books = house.books();
        let worst = worst_minute(&books.calls);
        assert!(worst <= usize::try_from(limit).unwrap(), "{worst} of {limit}");
        // What protects was never crowded out by what does not.
        let exits = books.orders.keys().filter(|id| id.as_str().starts_with("fd-x")).count();
        assert_eq!(exits, 25);
        let entries = books.orders.keys().filter(|id| id.as_str().starts_with("fd-e")).count();
        assert!(entries < 200, "the flood did not get through");
    }
}

#[tokio::test(start_paused = true)]
async fn f57_an_entry_that_waits_for_the_budget_is_dropped_and_an_exit_goes_first() {
    let house = limited(10, 5);
    house.wait(1).await;
    // Half of the budget counts as used at the start, the first comparison took more.
    house.submit("fd-1", ENTRY).submit("fd-2", EXIT);
    house.wait(5).await;
    let failed = house.events().into_iter().find_map(|event| match event {
        Event::Venue(VenueEvent::CallFailed(failed)) => Some(failed),
        _ => None,
    });
    let failed = failed.unwrap();
    assert_eq!(failed.client_order_id.unwrap().as_str(), "fd-1");
    assert!(failed.definitely_not_sent && !failed.counts);
    assert!(house.books().orders.contains_key(&ClientOrderId::new("fd-2")));
    assert!(house.count("breaker.budget.exhausted") >= 1);
}

#[tokio::test(start_paused = true)]
async fn a_429_shuts_the_budget_and_is_said() {
    let house = House::open().await;
    house.script("submit", &[Does::Refuses(429, RejectReason::Other)]);
    house.submit("fd-1", ENTRY);
    house.wait(2).await;
    let event = house.events().into_iter().find_map(|event| match event {
        Event::Venue(VenueEvent::CallFailed(failed)) => Some(failed),
        _ => None,
    });
    let failed = event.unwrap();
    assert!(failed.definitely_not_sent && failed.counts, "it was turned away, and it counts");
    let shut = house.events().into_iter().any(|event| {
        matches!(event, Event::Breaker(BreakerEvent::BudgetChanged(now)) if now.shut_until.is_some())
    });
    assert!(shut);
}

/// With a budget of its own for data, as Alpaca has one.
fn two_surfaces() -> House {
    let (symbols, warm_up_minutes) = (vec![Symbol::new("AAPL").unwrap()], 3);
    let data_budget = Some(BudgetConfig::ALPACA_DATA);
    let config = GatewayConfig { data_budget, symbols, warm_up_minutes, ..Setup::default().config };
    House::with(Setup { config, ..Setup::default() })
}

/// The budgets that are shut by the broker.
fn shut(house: &House) -> Vec<String> {
    let events = house.events().into_iter();
    let budgets = events.filter_map(|event| match event {
        Event::Breaker(BreakerEvent::BudgetChanged(now)) => now.shut_until.map(|_| now.budget),
        _ => None,
    });
    budgets.collect()
}

#[tokio::test(start_paused = true)]
async fn a_429_of_data_shuts_data_alone_and_a_stop_leaves_at_once() {
    let house = two_surfaces();
    house.script("bars", &[Does::Refuses(429, RejectReason::Other)]);
    house.wait(2).await;
    assert_eq!(shut(&house), ["fake.paper.data"]);
    house.submit("fd-1", OrderPurpose::Protection);
    house.wait(1).await;
    assert_eq!(house.count("venue.order.accepted"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_429_of_trading_leaves_data_open() {
    let house = two_surfaces();
    house.wait(1).await;
    house.script("submit", &[Does::Refuses(429, RejectReason::Other)]);
    house.submit("fd-1", ENTRY);
    house.wait(2).await;
    assert_eq!(shut(&house), ["fake.paper"]);
    let before = house.books().count("bars");
    house.market.push(Push::MarketResumed { since: START });
    house.wait(2).await;
    assert_eq!(house.books().count("bars"), before + 1);
}

#[tokio::test(start_paused = true)]
async fn what_the_broker_counts_beside_us_is_believed_of_the_surface_that_said_it() {
    let house = two_surfaces();
    house.wait(2).await;
    let reset = START.plus(jiff::SignedDuration::from_secs(50));
    // Nearly nothing is left for data, says the answer to a reading of bars.
    house.books().rates.insert("bars", RateHeaders { limit: 200, remaining: 7, reset });
    house.market.push(Push::MarketResumed { since: START });
    house.wait(3).await;
    let last = |name: &str| {
        let events = house.events().into_iter().rev();
        let mut of_it = events.filter_map(|event| match event {
            Event::Breaker(BreakerEvent::BudgetChanged(now)) => Some(now),
            _ => None,
        });
        of_it.find(|now| now.budget == name).unwrap().used
    };
    assert_eq!(last("fake.paper.data"), 193);
    assert!(last("fake.paper") < 120, "{}", last("fake.paper"));
}

#[tokio::test(start_paused = true)]
async fn the_numbers_of_the_budget_are_said_when_they_change_and_once_a_second() {
    let house = House::open().await;
    house.wait(3).await;
    let before = house.count("breaker.budget.changed");
    house.wait(10).await;
    assert_eq!(house.count("breaker.budget.changed"), before, "nothing was sent");
    house.submit("fd-1", ENTRY).submit("fd-2", ENTRY);
    house.wait(2).await;
    assert_eq!(house.count("breaker.budget.changed"), before + 1);
}

#[tokio::test(start_paused = true)]
async fn reads_of_the_account_have_a_breaker_and_orders_go_on() {
    let house = House::open().await;
    house.script("positions", &[Does::Lost; 3]);
    house.ask(Request::Reconcile);
    house.wait(10).await;
    let moved = house.events().into_iter().find_map(|event| match event {
        Event::Breaker(BreakerEvent::StateChanged(moved)) => Some(moved),
        _ => None,
    });
    let moved = moved.unwrap();
    assert_eq!((moved.breaker.as_str(), moved.to.as_str()), ("fake.paper.accounts", "OPEN"));
    house.submit("fd-1", ENTRY);
    house.wait(1).await;
    assert_eq!(house.count("venue.order.accepted"), 1);
    house.wait(90).await;
    assert!(house.said("breaker.state.changed").len() >= 3, "a probe has closed it");
}
