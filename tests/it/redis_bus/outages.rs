//! What happens when the server goes away, hangs, forgets, or was never there.

use std::time::Duration;

use flightdeck::bus::redis::follower::Position;
use flightdeck::bus::redis::{BusError, self_test};
use flightdeck::bus::redis::{Endpoint, Trust};

use super::carrying::{follow, numbers};
use super::{Bus, signed};
use crate::support::examples;
use crate::support::redis::{Server, until};

/// Entries stop so soon.
const SOON: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_holds_entries_within_a_second_and_misses_nothing() {
    let mut server = Server::guarded();
    let mut bus = Bus::on(&server);
    bus.cancels(100);
    bus.desk.until_held(false).await;
    bus.cancels(100);
    server.kill();
    let took = bus.desk.until_held(true).await;
    assert!(took < SOON, "{took:?}");
    bus.cancels(100);
    for event in examples::all() {
        bus.happens(event);
    }
    // It has no file: it has forgotten everything.
    server.start();
    bus.desk.until_held(false).await;
    bus.cancels(100);
    let said = bus.desk.names();
    assert_eq!(said, ["system.bus.down", "system.bus.up", "system.bus.down", "system.bus.up"]);
    bus.end().await;
    let all = numbers(&follow(&server, Position::default(), 400).await);
    let is_rising = all.windows(2).all(|pair| pair[0] < pair[1]);
    assert!(is_rising && all[..300] == (1..=300).collect::<Vec<_>>()[..], "each once, in order");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_can_wait_is_read_again_from_the_journal() {
    let mut server = Server::guarded();
    let mut bus = Bus::on(&server);
    bus.cancels(10);
    bus.desk.until_held(false).await;
    server.kill();
    bus.desk.until_held(true).await;
    bus.cancels(6_000);
    server.start();
    bus.desk.until_held(false).await;
    bus.end().await;
    let all = numbers(&follow(&server, Position::default(), 6_010).await);
    assert_eq!(all, (1..=6_010).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_holds_entries_within_a_second_and_goes_on() {
    let server = Server::guarded();
    let mut bus = Bus::on(&server);
    bus.cancels(10);
    bus.desk.until_held(false).await;
    server.signal("STOP");
    let took = bus.desk.until_held(true).await;
    assert!(took < SOON, "{took:?}");
    bus.cancels(10);
    server.signal("CONT");
    bus.desk.until_held(false).await;
    bus.end().await;
    let all = numbers(&follow(&server, Position::default(), 20).await);
    assert_eq!(all, (1..=20).collect::<Vec<_>>(), "each once, in order");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_there_at_the_start_is_waited_for() {
    let mut server = Server::absent();
    let mut bus = Bus::on(&server);
    bus.cancels(10);
    until("it says so", || bus.desk.names() == ["system.bus.down"]).await;
    bus.desk.until_held(true).await;
    server.start();
    bus.desk.until_held(false).await;
    bus.end().await;
    assert_eq!(numbers(&follow(&server, Position::default(), 10).await).len(), 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bus_ends_at_once_while_its_server_is_away() {
    let server = Server::absent();
    let mut bus = Bus::on(&server);
    bus.cancels(10);
    bus.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_that_the_server_cuts_hears_commands_again() {
    let server = Server::guarded();
    let mut bus = Bus::on(&server);
    bus.cancels(1);
    bus.desk.until_held(false).await;
    let mut admin = server.connect("admin").await;
    let cut = redis::cmd("CLIENT").arg("KILL").arg("TYPE").arg("pubsub").to_owned();
    // The mirror may be up a moment before the listener has subscribed.
    while cut.query_async::<u64>(&mut admin).await.unwrap() == 0 {
        tokio::task::yield_now().await;
    }
    let desk = bus.desk.clone();
    until("it is up again", || {
        desk.names().iter().filter(|name| **name == "system.bus.up").count() == 2
    })
    .await;
    let mut sender = server.connect("desk-1").await;
    let kill = signed("operator.kill", 1, "{}");
    redis::cmd("PUBLISH").arg("operator.kill").arg(kill).exec_async(&mut sender).await.unwrap();
    until("the kill is obeyed", || desk.obeyed() == ["operator.kill"]).await;
    bus.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_where_strangers_publish_is_refused_with_the_remedy() {
    let server = Server::open();
    let config = flightdeck::bus::redis::BusConfig {
        redis: server.bare_url(),
        ..flightdeck::bus::redis::BusConfig::default()
    };
    let endpoint = Endpoint::new(&config).unwrap();
    let error = self_test::check(&endpoint).await.unwrap_err();
    assert!(matches!(&error, BusError::Unsafe(text) if text.contains("flightdeck bus acl")));
    assert!(self_test::check(&Server::guarded().endpoint()).await.is_ok());
    // Found later, it never comes up.
    let mut bus = Bus::at(endpoint, Trust::Acl);
    bus.cancels(1);
    until("it says so", || bus.desk.names() == ["system.bus.down"]).await;
    bus.end().await;
}
