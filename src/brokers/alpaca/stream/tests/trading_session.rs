//! The conversation on the trading stream.

use std::sync::Arc;

use super::{keys, word};
use crate::brokers::alpaca::Oddities;
use crate::brokers::alpaca::stream::trading_session::TradingSession;
use crate::brokers::stream::session::{Frame, Outgoing, Output, Session, StopReason, Verdict};
use crate::domain::time::Timestamp;

const GRANTED: &str =
    r#"{"stream":"authorization","data":{"status":"authorized","action":"authenticate"}}"#;
const LISTENING: &str = r#"{"stream":"listening","data":{"streams":["trade_updates"]}}"#;

fn connected() -> (TradingSession, Output) {
    let oddities = Arc::new(Oddities::default());
    let mut session = TradingSession::new("alpaca.orders", keys(), oddities);
    let mut output = Output::default();
    session.dialling(&mut output);
    session.connected(&mut output);
    (session, output)
}

fn frame(session: &mut TradingSession, text: &str) -> (Output, Verdict) {
    let mut output = Output::default();
    // As bytes, which is how the venue sends it.
    let frame = Frame::Binary(text.as_bytes());
    let verdict = session.frame(frame, Timestamp::default(), &mut output);
    (output, verdict)
}

fn words(output: &Output) -> Vec<String> {
    output.pushes.iter().map(word).collect()
}

#[test]
fn we_speak_first_and_listen_when_the_keys_are_taken() {
    let (mut session, output) = connected();
    assert_eq!(words(&output), ["link CONNECTING", "link SYNCING"]);
    let auth = r#"{"action":"auth","key":"PKTEST","secret":"hidden"}"#;
    assert_eq!(output.frames, [Outgoing::Text(auth.into())]);
    let (output, verdict) = frame(&mut session, GRANTED);
    let listen = r#"{"action":"listen","data":{"streams":["trade_updates"]}}"#;
    assert_eq!(output.frames, [Outgoing::Text(listen.into())]);
    assert_eq!((verdict, session.is_waiting()), (Verdict::Continue, true));
}

#[test]
fn what_was_missed_is_told_before_the_link_is_up() {
    let (mut session, _) = connected();
    frame(&mut session, GRANTED);
    let (output, _) = frame(&mut session, LISTENING);
    assert_eq!(words(&output), ["orders resumed", "link UP"]);
    assert!(!session.is_waiting());
    assert!(frame(&mut session, LISTENING).0.pushes.is_empty(), "an echo more says nothing");
}

#[test]
fn refused_keys_stop_and_a_deaf_venue_is_dialled_again() {
    let refused = GRANTED.replace("\"authorized\"", "\"unauthorized\"");
    let (mut session, _) = connected();
    assert_eq!(frame(&mut session, &refused).1, Verdict::Stop(StopReason::KeysRefused));
    let deaf = r#"{"stream":"listening","data":{"streams":[]}}"#;
    assert!(matches!(frame(&mut session, deaf).1, Verdict::Reconnect(_)));
    let failed = r#"{"action":"error","data":{"error_message":"internal server error"}}"#;
    assert!(matches!(frame(&mut session, failed).1, Verdict::Reconnect(_)));
}

#[test]
fn what_cannot_be_understood_makes_the_orders_be_read() {
    let (mut session, _) = connected();
    for text in [
        "",
        "[]",
        "{",
        r#"{"stream":"trade_updates","data":{"event":"fill"}}"#,
        r#"{"stream":"trade_updates","data":{"event":"new","order":{"id":"a","symbol":"AAPL"}}}"#,
    ] {
        let (output, verdict) = frame(&mut session, text);
        assert_eq!((words(&output), verdict), (vec!["orders resumed".into()], Verdict::Continue));
    }
    assert_eq!(session.counts().unreadable, 5);
}

#[test]
fn an_event_that_is_not_on_the_page_is_handed_on_with_a_reading() {
    let (mut session, _) = connected();
    let text = r#"{"stream":"trade_updates","data":{"event":"levitated",
        "order":{"id":"a","symbol":"AAPL","side":"buy","status":"new"}}}"#;
    let (output, _) = frame(&mut session, text);
    assert_eq!(words(&output), ["order Standing", "orders resumed"]);
    assert_eq!(session.counts().doubtful, 1);
}

#[test]
fn frames_without_content_say_nothing() {
    let (mut session, _) = connected();
    for text in [
        r#"{"stream":"trade_updates","data":null}"#,
        r#"{"stream":"account_updates","data":{}}"#,
        "{}",
    ] {
        let (output, verdict) = frame(&mut session, text);
        assert_eq!((output.pushes.len(), verdict), (0, Verdict::Continue), "{text}");
    }
    assert_eq!(session.counts().empty, 3);
}
