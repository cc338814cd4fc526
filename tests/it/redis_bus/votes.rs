//! Members of the ensemble that vote from another process.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use flightdeck::bus::clock::{Clock, SystemClock};
use flightdeck::bus::redis::Key;
use flightdeck::bus::redis::signed::Draft;
use flightdeck::config::Config;
use flightdeck::domain::time::Timestamp;
use jiff::SignedDuration;
use serde_json::value::RawValue;

use super::house::{MEMBER_KEY, open};
use crate::support::redis::Server;
use crate::support::wired::{Wired, wire_rules};

const CAST: &str = "strategy.cast_vote";

/// A house that asks `member`, which sits outside.
fn polled() -> Config {
    let mut config = wire_rules();
    config.strategy.external_members = vec!["member".into()];
    config
}

/// A message of the member, signed now.
fn signed(topic: &str, seq: u64, body: &str) -> String {
    let (body, now) = (RawValue::from_string(body.to_owned()).unwrap(), SystemClock.now());
    let until: Timestamp = now.plus(SignedDuration::from_secs(2));
    let draft = Draft {
        topic,
        sender: "member",
        session: "s1",
        seq,
        issued_at: now,
        expires_at: until,
        nonce: &format!("n-{seq}"),
        body: &body,
    };
    draft.sign(&Key::new(&MEMBER_KEY).unwrap())
}

fn ballot(trade: &str, action: &str) -> String {
    format!(
        r#"{{"trade_id":"{trade}","signal":{{"action":"{action}","symbol":"AAPL","price":175.50,"confidence":0.9,"strategy":"member","reasoning":"tea"}}}}"#
    )
}

async fn publish(server: &Server, user: &str, topic: &str, message: &str) {
    let mut sender = server.connect(user).await;
    redis::cmd("PUBLISH").arg(topic).arg(message).exec_async(&mut sender).await.unwrap();
}

async fn asked(wired: &Wired) -> String {
    wired.wait_for("strategy.vote.requested").await.text("trade_id")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signed_vote_in_time_counts_and_is_an_event() {
    let server = Server::guarded();
    let folder = tempfile::tempdir().unwrap();
    let (market, wired) = open(&server, &polled(), &folder).await;
    wired.wait_for("system.bus.up").await;
    wired.setup(&market, "AAPL").await;
    let trade = asked(&wired).await;
    publish(&server, "member", CAST, &signed(CAST, 1, &ballot(&trade, "SELL"))).await;
    let decided = wired.wait_for("strategy.ensemble.signal").await;
    assert!(decided.text("ballots").contains("member"), "{}", decided.text("ballots"));
    assert_eq!(wired.count("strategy.vote.cast"), 1);
    assert_eq!(wired.count("strategy.member.left_out"), 0);
    wired.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unsigned_malformed_and_late_votes_are_left_out_and_said() {
    let server = Server::guarded();
    let folder = tempfile::tempdir().unwrap();
    let (market, wired) = open(&server, &polled(), &folder).await;
    wired.wait_for("system.bus.up").await;
    wired.setup(&market, "AAPL").await;
    let trade = asked(&wired).await;
    publish(&server, "member", CAST, &ballot(&trade, "SELL")).await;
    let alarm = wired.wait_for("system.alert.raised").await;
    assert!(alarm.text("text").contains("1 not signed"), "{}", alarm.text("text"));
    let malformed = ballot(&trade, "MAYBE");
    publish(&server, "member", CAST, &signed(CAST, 1, &malformed)).await;
    let left_out = wired.wait_for("strategy.member.left_out").await;
    assert!(left_out.text("reason").contains("malformed"), "{}", left_out.text("reason"));
    assert_eq!(wired.count("strategy.ensemble.signal"), 0, "its time is not up");
    let mark = wired.mark();
    wired.jump(5).await;
    let late = wired.wait_since(mark, "strategy.member.left_out").await;
    assert_eq!(late.text("reason"), "no vote within 5 s");
    wired.wait_since(mark, "strategy.ensemble.signal").await;
    let mark = wired.mark();
    publish(&server, "member", CAST, &signed(CAST, 2, &ballot(&trade, "SELL"))).await;
    let late = wired.wait_since(mark, "strategy.member.left_out").await;
    assert!(late.text("reason").ends_with("no vote is open"), "{}", late.text("reason"));
    wired.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_does_nothing_but_vote_and_nobody_else_votes() {
    let server = Server::guarded();
    let folder = tempfile::tempdir().unwrap();
    let (market, wired) = open(&server, &polled(), &folder).await;
    wired.wait_for("system.bus.up").await;
    // The list of Redis would not let the member do so; the house does not rely on it.
    publish(&server, "admin", "operator.kill", &signed("operator.kill", 1, "{}")).await;
    wired.setup(&market, "AAPL").await;
    let trade = asked(&wired).await;
    let vote = super::signed(CAST, 1, &ballot(&trade, "BUY"));
    publish(&server, "admin", CAST, &vote).await;
    let alarms = "two messages are refused";
    wired
        .until(alarms, |seen| {
            let told = seen.iter().filter(|e| e.event.name() == "system.alert.raised");
            told.filter(|e| format!("{:?}", e.event).contains("not this sender's to say")).count()
                >= 1
        })
        .await;
    wired.jump(5).await;
    wired.wait_for("strategy.ensemble.signal").await;
    assert_eq!(wired.count("operator.kill") + wired.count("strategy.vote.cast"), 0);
    wired.end().await;
}

/// The example of a member, killed at the end of the test.
struct Example(Child);

impl Example {
    fn start(server: &Server, keys: &Path) -> Option<Self> {
        let mut python = Command::new("python3");
        python.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/vote.py"));
        python.arg(server.url("member")).args(["--name", "member", "--key-file"]).arg(keys);
        let mut child = python.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert_eq!(lines.next().unwrap().unwrap(), "listening");
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self(child))
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_example_in_python_votes_and_the_trade_is_entered() {
    let server = Server::guarded();
    let folder = tempfile::tempdir().unwrap();
    let (market, wired) = open(&server, &polled(), &folder).await;
    wired.wait_for("system.bus.up").await;
    // A machine without Python cannot run it.
    let Some(_example) = Example::start(&server, &folder.path().join("bus.keys")) else { return };
    wired.advance(5).await;
    wired.setup(&market, "AAPL").await;
    let trade = asked(&wired).await;
    let cast = wired.wait_for("strategy.vote.cast").await;
    assert_eq!((cast.text("trade_id"), cast.text("signal.action")), (trade, "BUY".to_owned()));
    assert!(cast.text("signal.reasoning").contains("the average of"));
    let decided = wired.wait_for("strategy.ensemble.signal").await;
    assert!(decided.text("ballots").contains("member"));
    wired.wait_state("AAPL", "HOLDING").await;
    wired.end().await;
}
