//! What comes in: signed commands once, everything else never.

use flightdeck::bus::clock::{Clock, SystemClock};
use flightdeck::bus::redis::Key;
use flightdeck::bus::redis::guard::Refused;
use flightdeck::domain::command::{OperatorCommand, Reason};
use flightdeck::events::SystemEvent;
use futures_util::StreamExt;
use jiff::SignedDuration;
use redis::Pipeline;

use super::{Bus, signed, signed_by};
use crate::support::redis::{PATIENCE, Server, until};

const KILL: &str = "operator.kill";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_ten_thousand_forged_replayed_late_and_misdirected_commands_none_is_obeyed() {
    let server = Server::guarded();
    let mut bus = Bus::on(&server);
    bus.cancels(1);
    bus.desk.until_held(false).await;
    let mut sender = server.connect("desk-1").await;
    let once = signed("operator.reduce", 1, "{}");
    let publish = redis::cmd("PUBLISH").arg("operator.reduce").arg(&once).to_owned();
    publish.exec_async(&mut sender).await.unwrap();
    let desk = bus.desk.clone();
    until("the one is obeyed", || desk.obeyed().len() == 1).await;
    let wrong = Key::new(&[8; 32]).unwrap();
    let yesterday = SystemClock.now().plus(SignedDuration::from_hours(-24));
    let counts = bus.counts.clone();
    let refused = || counts.all_refused().values().sum::<u64>();
    let mut seq = 1;
    for round in 1..=100 {
        let mut pipeline = Pipeline::new();
        for _ in 0..20 {
            seq += 1;
            let now = SystemClock.now();
            let unsigned = signed(KILL, seq, "{}").replace("\"mac\"", "\"mic\"");
            for (topic, message) in [
                (KILL, signed_by(&wrong, KILL, seq, "{}", now)),
                ("operator.reduce", once.clone()),
                (KILL, signed_by(&super::key(), KILL, seq, "{}", yesterday)),
                (KILL, signed_by(&super::key(), "operator.reduce", seq, "{}", now)),
                (KILL, unsigned),
            ] {
                pipeline.cmd("PUBLISH").arg(topic).arg(message).ignore();
            }
        }
        pipeline.exec_async(&mut sender).await.unwrap();
        until("all are counted", || refused() == 100 * round).await;
    }
    assert_eq!(refused(), 10_000);
    assert_eq!(desk.obeyed(), ["operator.reduce"], "0 of 10,000 obeyed");
    let each = [Refused::Forged, Refused::OtherTopic, Refused::NotSigned, Refused::Replayed];
    for why in each.into_iter().chain([Refused::Late]) {
        assert!(counts.refused(why) > 0, "{why}: {:?}", counts.all_refused());
    }
    until("people are told", || desk.names().contains(&"system.alert.raised")).await;
    let is_told = |event: &SystemEvent| matches!(event, SystemEvent::Alert(alert) if alert.text.contains("were refused"));
    assert!(desk.said().iter().any(is_told));
    // A true one is heard after all that.
    let kill = signed(KILL, seq + 1, "{}");
    redis::cmd("PUBLISH").arg(KILL).arg(kill).exec_async(&mut sender).await.unwrap();
    until("the kill is obeyed", || desk.obeyed() == ["operator.reduce", KILL]).await;
    bus.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sender_hears_what_became_of_its_commands() {
    let server = Server::guarded();
    let mut bus = Bus::on(&server);
    bus.cancels(1);
    bus.desk.until_held(false).await;
    let mut answers = server.subscriber("desk-1").await;
    answers.subscribe("flightdeck:reply:desk-1").await.unwrap();
    let mut answers = answers.into_on_message();
    let mut sender = server.connect("desk-1").await;
    for (topic, seq, part) in [
        ("market_data.get_quote", 1, r#""seq":1,"answer":{"ok":true}"#),
        ("market_data.get_quote", 1, r#""seq":1,"refused":"replayed""#),
    ] {
        let message = signed(topic, seq, r#"{"symbol":"AAPL"}"#);
        redis::cmd("PUBLISH").arg(topic).arg(message).exec_async(&mut sender).await.unwrap();
        let answer = tokio::time::timeout(PATIENCE, answers.next()).await.unwrap().unwrap();
        let answer: String = answer.get_payload().unwrap();
        assert!(answer.contains(part), "{answer}");
    }
    bus.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_user_of_the_list_may_publish_what_would_rearm_the_house() {
    let server = Server::guarded();
    for (user, topic) in
        [("desk-1", "operator.resume"), ("desk-1", "risk.trade.approved"), ("reader", KILL)]
    {
        let mut sender = server.connect(user).await;
        let publish = redis::cmd("PUBLISH").arg(topic).arg("x").to_owned();
        let error = publish.exec_async(&mut sender).await.unwrap_err();
        assert_eq!(error.code(), Some("NOPERM"), "{user} {topic}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rearming_over_the_bus_is_refused_even_when_it_is_signed() {
    let server = Server::guarded();
    let mut bus = Bus::on(&server);
    bus.cancels(1);
    bus.desk.until_held(false).await;
    let mut admin = server.connect("admin").await;
    let message = signed("operator.resume", 1, r#"{"reason":"please"}"#);
    let publish = redis::cmd("PUBLISH").arg("operator.resume").arg(message).to_owned();
    publish.exec_async(&mut admin).await.unwrap();
    let counts = bus.counts.clone();
    until("it is counted", || counts.refused(Refused::NeverByBus) == 1).await;
    assert!(bus.desk.obeyed().is_empty());
    bus.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_echo_of_what_was_asked_here_is_no_command_and_no_alarm() {
    let server = Server::guarded();
    let mut bus = Bus::on(&server);
    bus.cancels(1);
    bus.desk.until_held(false).await;
    for _ in 0..10 {
        bus.happens(OperatorCommand::Kill(Reason { reason: "a key".into(), by: None }));
    }
    let mut sender = server.connect("desk-1").await;
    let kill = signed(KILL, 1, "{}");
    redis::cmd("PUBLISH").arg(KILL).arg(kill).exec_async(&mut sender).await.unwrap();
    let desk = bus.desk.clone();
    until("the signed one is obeyed", || desk.obeyed() == [KILL]).await;
    assert_eq!(bus.counts.all_refused().values().sum::<u64>(), 0);
    bus.end().await;
}
