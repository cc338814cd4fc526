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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_attaches_later_sees_what_the_stream_has_and_nobody_who_is_not_there() {
    let server = Server::guarded();
    let home = Home::new();
    let attach = format!("attach {} --once", server.url("reader"));
    let nobody = home.run(&attach);
    assert_eq!(nobody.code, Some(2), "{}", nobody.err);
    assert!(nobody.err.contains("no instance named live, paper, sim"), "{}", nobody.err);
    // Two runs under one name, each with a journal of its own: the newer one is shown.
    for (seed, trades) in [(8, 1), (7, 2)] {
        let run = RUN.replace("--seed 7 --until-trades 1", "").replace("run.sqlite", "");
        let ended = home.run(&format!(
            "{run} {seed}.sqlite --seed {seed} --until-trades {trades} --instance sim --bus {}",
            server.url("flightdeck")
        ));
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        let told = events(&ended.out);
        let last = told.iter().rfind(|e| is_order_path(e.event.name())).unwrap().seq;
        let looked = home.run(&attach);
        assert_eq!(looked.code, Some(0), "{}", looked.err);
        let status: serde_json::Value = serde_json::from_str(&looked.out).unwrap();
        assert_eq!(status["seq"], last.0);
        assert_eq!(status["run"]["seed"], seed);
        assert_eq!(status["run"]["account"], "SIM");
        assert_eq!(status["run"]["ended"], "enough trades");
        assert_eq!(status["trading"]["phase"], "ACTIVE");
    }
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
