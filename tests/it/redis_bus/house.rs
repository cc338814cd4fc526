//! The whole house on the bus: entries wait for Redis, everything else does not.

use flightdeck::app::{BusOptions, People};
use flightdeck::bus::redis::follower::{Follower, Position};
use flightdeck::config::Config;
use flightdeck::domain::hex::hex;
use sha2::{Digest, Sha256};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use super::{INSTANCE, line, signed};
use crate::support::redis::Server;
use crate::support::wired::{Market, Wired, by_hand, listed, wire_rules, within};

/// The key of `member`, who votes where the configuration asks it to.
pub(super) const MEMBER_KEY: [u8; 32] = [9; 32];

/// A house on a bus, and the market that it trades on.
pub(crate) async fn open(
    server: &Server,
    config: &Config,
    folder: &tempfile::TempDir,
) -> (Market, Wired) {
    let market = Market::open(&[listed("AAPL", "175.50")]).await;
    let keys = folder.path().join("bus.keys");
    let lines = format!("desk-1 = {}\nmember = {}\n", hex(&[7; 32]), hex(&MEMBER_KEY));
    std::fs::write(&keys, lines).unwrap();
    std::fs::set_permissions(&keys, Permissions::from_mode(0o600)).unwrap();
    let mut bus = server.config();
    bus.key_file = keys;
    let members = config.strategy.external_members.clone();
    let bus =
        BusOptions { config: bus, instance: INSTANCE.into(), members, seed: 5, standby: None };
    let people = People { bus: Some(bus), ..People::default() };
    let wired = Wired::open_among(people, (&market, &market.base), config, folder).await;
    (market, wired)
}

async fn publish(server: &Server, topic: &str, message: String) {
    let mut sender = server.connect("desk-1").await;
    redis::cmd("PUBLISH").arg(topic).arg(message).exec_async(&mut sender).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_no_entry_leaves_while_stops_and_exits_go_on() {
    let mut server = Server::guarded();
    let folder = tempfile::tempdir().unwrap();
    let (market, wired) = open(&server, &wire_rules(), &folder).await;
    wired.wait_for("system.bus.up").await;
    wired.setup(&market, "AAPL").await;
    wired.wait_state("AAPL", "HOLDING").await;
    let mark = wired.mark();
    server.kill();
    wired.wait_since(mark, "system.bus.down").await;
    // The position is left without Redis.
    let mark = wired.mark();
    wired.flatten("AAPL").await;
    wired.wait_since(mark, "position.closed.done").await;
    market.until_resting(&[]).await;
    wired.kill().await;
    wired.wait_since(mark, "system.trading.changed").await;
    wired.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_waits_for_redis_and_is_refused_meanwhile() {
    let mut server = Server::absent();
    let folder = tempfile::tempdir().unwrap();
    let (market, wired) = open(&server, &wire_rules(), &folder).await;
    wired.wait_for("system.bus.down").await;
    wired.setup(&market, "AAPL").await;
    let refused = wired.wait_for("risk.limit.exceeded").await;
    assert_eq!(refused.text("rule"), "trading_state");
    assert_eq!(wired.count("order.submit"), 0);
    let mark = wired.mark();
    server.start();
    wired.wait_since(mark, "system.bus.up").await;
    let told = wired.end().await;
    // The stream has it all, what happened before Redis was there included.
    let mut follower =
        Follower::open(&server.readers_endpoint(), INSTANCE, Position::default()).await.unwrap();
    let mut read = Vec::new();
    within("everything is on the stream", async {
        while !read.contains(&"system.session.ended") {
            let news = follower.read().await.unwrap();
            read.extend(news.iter().map(|(_, envelope)| envelope.event.name()));
        }
    })
    .await;
    let on_path = flightdeck::bus::redis::names::is_order_path;
    let names: Vec<&str> = told.iter().map(|e| e.event.name()).filter(|n| on_path(n)).collect();
    let ended = names.iter().position(|name| *name == "system.session.ended").unwrap();
    let last = read.iter().position(|name| *name == "system.session.ended").unwrap();
    assert_eq!(read[..=last], names[..=ended]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_over_the_bus_names_the_very_request_and_is_good_once() {
    let server = Server::guarded();
    let folder = tempfile::tempdir().unwrap();
    let (market, wired) = open(&server, &by_hand(), &folder).await;
    wired.wait_for("system.bus.up").await;
    wired.setup(&market, "AAPL").await;
    wired.wait_for("risk.approval.requested").await;
    let asked = wired.journal().into_iter().find(|e| e.event.name() == "risk.approval.requested");
    let hash = hex(&Sha256::digest(line(&asked.unwrap())));
    let trade = wired.trade("AAPL");
    let body = |hash: &str| format!(r#"{{"trade_id":"{trade}","order_hash":"{hash}"}}"#);
    let topic = "operator.approve";
    publish(&server, topic, signed(topic, 1, &body(&"0".repeat(64)))).await;
    wired.wait_for("system.alert.raised").await;
    assert_eq!(wired.count("operator.approve"), 0);
    publish(&server, topic, signed(topic, 2, &body(&hash))).await;
    let approved = wired.wait_for("operator.approve").await;
    assert_eq!(approved.text("by.via"), "bus");
    assert_eq!(approved.text("by.user"), "desk-1");
    wired.wait_state("AAPL", "HOLDING").await;
    publish(&server, topic, signed(topic, 3, &body(&hash))).await;
    // A kill is heard after it, and by then it would have been approved again.
    publish(&server, "operator.kill", signed("operator.kill", 4, r#"{"reason":"storm"}"#)).await;
    let killed = wired.wait_for("operator.kill").await;
    assert_eq!(killed.text("reason"), "storm");
    wired
        .until("trading is halted", |seen| {
            seen.iter().any(|e| e.event.name() == "system.trading.changed")
        })
        .await;
    assert_eq!(wired.count("operator.approve"), 1);
    wired.end().await;
}
