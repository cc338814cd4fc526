//! The program on a bus.

use std::collections::BTreeSet;

use flightdeck::bus::redis::follower::{Follower, Position};
use flightdeck::bus::redis::names::is_order_path;

use crate::support::program::{Home, events};
use crate::support::redis::Server;

const RUN: &str = "--no-ui --seed 7 --until-trades 1 --speed max --journal run.sqlite";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_leaves_its_order_path_on_the_stream() {
    let server = Server::guarded();
    let home = Home::new();
    let ended = home.run(&format!("{RUN} --instance one --bus {}", server.url("flightdeck")));
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let told = events(&ended.out);
    let names: BTreeSet<&str> = told.iter().map(|e| e.event.name()).collect();
    assert!(names.contains("system.bus.up") && names.contains("strategy.trade.logged"));
    let expected: Vec<u64> =
        told.iter().filter(|e| is_order_path(e.event.name())).map(|e| e.seq.0).collect();
    let mut follower =
        Follower::open(&server.readers_endpoint(), "one", Position::default()).await.unwrap();
    let mut found = Vec::new();
    loop {
        let news = follower.read().await.unwrap();
        if news.is_empty() {
            break;
        }
        found.extend(news.iter().map(|(_, envelope)| envelope.seq.0));
    }
    assert_eq!(found, expected);
}

#[test]
fn a_redis_where_strangers_publish_is_refused_and_the_remedy_told() {
    let server = Server::open();
    let home = Home::new();
    let ended = home.run(&format!("{RUN} --bus {}", server.bare_url()));
    assert_eq!(ended.code, Some(2), "{}", ended.err);
    assert!(ended.err.contains("anybody may publish operator.approve"), "{}", ended.err);
    assert!(ended.err.contains("flightdeck bus acl") && ended.out.is_empty(), "{}", ended.err);
    let home = home.with("trust.toml", "[bus]\ntrust = \"loopback\"\n");
    let ended = home.run(&format!("{RUN} --config trust.toml --bus {}", server.bare_url()));
    assert_eq!(ended.code, Some(0), "{}", ended.err);
}

#[test]
fn a_key_file_that_others_may_read_is_refused() {
    let server = Server::guarded();
    let home = Home::new()
        .with("bus.keys", format!("desk-1 = {}\n", "c0ffee00".repeat(8)))
        .with("bus.toml", "[bus]\nkey_file = \"bus.keys\"\n");
    let ended = home.run(&format!("{RUN} --config bus.toml --bus {}", server.url("flightdeck")));
    assert_eq!(ended.code, Some(2), "{}", ended.err);
    assert!(ended.err.contains("chmod 600") && !ended.err.contains("c0ffee"), "{}", ended.err);
}

#[test]
fn the_program_prints_the_users_that_redis_needs() {
    let ended = Home::new().run("bus acl --sender desk-9");
    assert_eq!(ended.code, Some(0));
    assert!(ended.out.starts_with("user default off\n") && ended.out.contains("user desk-9 on"));
}
