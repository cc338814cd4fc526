//! What goes wrong on the streams on purpose.

use flightdeck::brokers::sim::server::{Fault, FaultOrder};

use super::client::{Client, Speech};
use super::server::{Server, symbol};

#[tokio::test]
async fn the_stream_drops_during_fills_and_repeats_nothing() {
    let server = Server::start().await;
    server.pin("AAPL", "150.00", "150.10");
    let mut client = server.listening().await;
    server.arm(Fault::StreamDrop, FaultOrder::times(1));
    server.buy("lost", "150.10");
    assert!(!client.is_closed_in_order().await);
    let mut again = server.listening().await;
    let id = server.buy("heard", "149.00");
    assert_eq!(again.hear().await["data"]["order"]["id"], id.as_str(), "the fill is not repeated");
}

#[tokio::test]
async fn a_fill_arrives_twice_with_the_same_execution() {
    let server = Server::start().await;
    server.pin("AAPL", "150.00", "150.10");
    let mut client = server.listening().await;
    server.arm(Fault::DuplicateFill, FaultOrder::times(1));
    server.buy("twice", "150.10");
    let mut executions = Vec::new();
    while executions.len() < 2 {
        let update = client.hear().await;
        executions.extend(update["data"]["execution_id"].as_str().map(str::to_owned));
    }
    assert_eq!(executions[0], executions[1]);
}

#[tokio::test]
async fn updates_without_data_or_of_unknown_kind_come_before_the_true_one() {
    let server = Server::start().await;
    server.pin("AAPL", "150.00", "150.10");
    let mut client = server.listening().await;
    server.arm(Fault::NullUpdate, FaultOrder::times(1));
    server.arm(Fault::StrangeOrder, FaultOrder::times(1));
    server.buy("strange", "149.00");
    client.expect(r#"{"stream":"trade_updates","data":null}"#).await;
    let strange = client.hear().await;
    assert_eq!(strange["data"]["event"], "review_opened");
    assert_eq!(client.hear().await["data"]["event"], "pending_new");
}

#[tokio::test]
async fn a_mute_socket_is_connected_and_says_nothing() {
    let server = Server::start().await;
    let mut client = server.subscribed("/v2/iex", r#""trades":["*"],"quotes":["*"]"#).await;
    server.arm(Fault::MuteData, FaultOrder::times(1));
    server.advance(300);
    assert_eq!(client.ping(b"alive").await, b"alive");
    client.say(r#"{"action":"unsubscribe","trades":["*"]}"#).await;
    assert_eq!(client.hear().await[0]["T"], "subscription", "nothing was said in between");
}

#[tokio::test]
async fn reconnections_are_refused_on_both_streams() {
    let server = Server::start().await;
    server.arm(Fault::RefuseReconnect, FaultOrder::times(2));
    let refused = Client::connect(&server.address, "/stream", Speech::Json, &[]).await;
    assert_eq!(refused.err(), Some(429));
    let mut data = server.connect("/v2/iex").await;
    data.hear().await;
    for expected in ["connection limit exceeded", "authenticated"] {
        data.say(r#"{"action":"auth","key":"PK","secret":"s"}"#).await;
        assert_eq!(data.hear().await[0]["msg"], expected);
    }
}

#[tokio::test]
async fn a_print_is_corrected_and_the_next_one_cancelled() {
    let server = Server::start().await;
    let mut client = server.subscribed("/v2/iex", r#""trades":["KO"]"#).await;
    let order = FaultOrder { symbol: Some(symbol("KO")), ..FaultOrder::times(1) };
    server.arm(Fault::PrintCorrection, order);
    server.pin("KO", "60.00", "60.10");
    let first = client.hear().await;
    let (trade, correction) = (&first[0], &first[1]);
    assert_eq!((&correction["T"], &correction["oi"]), (&"c".into(), &trade["i"]));
    assert_eq!((&correction["op"], &correction["cp"]), (&60.1.into(), &60.09.into()));
    assert_ne!(correction["ci"], trade["i"]);
    server.advance(2);
    let second = client.hear().await;
    assert_eq!((&second[1]["T"], &second[1]["i"]), (&"x".into(), &second[0]["i"]));
    assert_eq!(second[1]["a"], "C");
}

#[tokio::test]
async fn a_stock_is_halted_and_resumes() {
    let server = Server::start().await;
    let mut client = server.subscribed("/v2/iex", r#""statuses":["*"]"#).await;
    let order =
        FaultOrder { symbol: Some(symbol("KO")), seconds: Some(30), ..FaultOrder::times(1) };
    server.arm(Fault::HaltAndResume, order);
    let halted = client.hear_point(|point| point["S"] == "KO").await;
    assert_eq!((&halted["sc"], &halted["z"]), (&"2".into(), &"A".into()));
    server.advance(31);
    let resumed = client.hear_point(|point| point["S"] == "KO").await;
    assert_eq!((&resumed["T"], &resumed["sc"]), (&"s".into(), &"3".into()));
}
