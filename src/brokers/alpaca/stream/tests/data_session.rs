//! The conversation on the market data stream.

use jiff::SignedDuration;

use super::{keys, word};
use crate::brokers::alpaca::stream::data_session::{DataSession, DataTerms};
use crate::brokers::alpaca::stream::request::Encoding;
use crate::brokers::alpaca::stream::{Channel, Subscriptions};
use crate::brokers::stream::session::{Frame, Outgoing, Output, Session, StopReason, Verdict};
use crate::domain::calendar::MarketHours;
use crate::domain::time::Timestamp;

const GREETING: &str = r#"[{"T":"success","msg":"connected"}]"#;
const WELCOME: &str = r#"[{"T":"success","msg":"authenticated"}]"#;
const QUOTE: &str =
    r#"[{"T":"q","S":"AAPL","bp":1,"bs":1,"ap":2,"as":1,"t":"2026-10-05T15:00:00Z"}]"#;

fn at(seconds: i64) -> Timestamp {
    let open: Timestamp = "2026-10-05T15:00:00Z".parse().unwrap();
    open.plus(SignedDuration::from_secs(seconds))
}

fn wanted(channels: &[(Channel, &[&str])]) -> Subscriptions {
    let symbols = |all: &[&str]| all.iter().map(|symbol| (*symbol).to_owned()).collect();
    channels.iter().map(|(channel, all)| (*channel, symbols(all))).collect()
}

fn session(wanted: Subscriptions) -> DataSession {
    let silence_max = SignedDuration::from_secs(10);
    let (encoding, hours) = (Encoding::Json, MarketHours::NewYork);
    DataSession::new(DataTerms { feed: "alpaca.iex", encoding, wanted, hours, silence_max }, keys())
}

/// Two channels, so that answers come one after the other.
fn two() -> DataSession {
    session(wanted(&[(Channel::Bars, &["AAPL"]), (Channel::Quotes, &["AAPL", "ZZZZ"])]))
}

/// What was sent and handed on, in words, and the verdict.
type Said = (Vec<String>, Vec<String>, Verdict);

fn said(output: Output, verdict: Verdict) -> Said {
    let text = |frame| match frame {
        Outgoing::Text(text) => text,
        Outgoing::Binary(bytes) => format!("{bytes:?}"),
    };
    let frames = output.frames.into_iter().map(text).collect();
    (frames, output.pushes.iter().map(word).collect(), verdict)
}

fn frame(session: &mut DataSession, text: &str, seconds: i64) -> Said {
    let mut output = Output::default();
    let verdict = session.frame(Frame::Text(text), at(seconds), &mut output);
    said(output, verdict)
}

fn dial(session: &mut DataSession) {
    let mut output = Output::default();
    session.dialling(&mut output);
    session.connected(&mut output);
}

/// Dials, and is let in.
fn open(session: &mut DataSession) -> Said {
    dial(session);
    frame(session, GREETING, 0);
    frame(session, WELCOME, 0)
}

fn confirm(bars: &str, quotes: &str) -> String {
    format!(r#"[{{"T":"subscription","trades":[],"quotes":[{quotes}],"bars":[{bars}]}}]"#)
}

fn error(code: u32) -> String {
    format!(r#"[{{"T":"error","code":{code},"msg":"words"}}]"#)
}

#[test]
fn greeting_keys_and_requests_come_in_turn_and_bars_are_asked_for_first() {
    let mut session = two();
    dial(&mut session);
    let (frames, _, _) = frame(&mut session, GREETING, 0);
    assert_eq!(frames, [r#"{"action":"auth","key":"PKTEST","secret":"hidden"}"#]);
    let (frames, pushes, _) = frame(&mut session, WELCOME, 0);
    let requests = [
        r#"{"action":"subscribe","bars":["AAPL"]}"#,
        r#"{"action":"subscribe","quotes":["AAPL","ZZZZ"]}"#,
    ];
    assert_eq!((frames, pushes), (requests.map(String::from).to_vec(), vec![]));
    assert!(session.is_waiting());
}

#[test]
fn the_link_is_up_when_every_request_is_answered_and_what_lacks_is_said() {
    let mut session = two();
    open(&mut session);
    assert!(frame(&mut session, &confirm(r#""AAPL""#, ""), 0).1.is_empty());
    let (_, pushes, _) = frame(&mut session, &confirm(r#""AAPL""#, r#""AAPL""#), 0);
    assert_eq!(pushes, ["link UP"]);
    assert_eq!(session.unconfirmed(), ["quotes of ZZZZ"]);
    assert!(!session.is_waiting());
}

#[test]
fn everything_is_confirmed_by_a_star() {
    let mut session = two();
    open(&mut session);
    frame(&mut session, &confirm(r#""*""#, ""), 0);
    frame(&mut session, &confirm(r#""*""#, r#""*""#), 0);
    assert!(session.unconfirmed().is_empty());
}

/// Asks for a second channel that is refused; the first is confirmed.
#[track_caller]
fn check_refused(channel: Channel, code: u32, expected: &[&str]) {
    let mut session = session(wanted(&[(Channel::Bars, &["AAPL"]), (channel, &["AAPL"])]));
    open(&mut session);
    let mut answers = [(Channel::Bars, confirm(r#""AAPL""#, "")), (channel, error(code))];
    answers.sort_by_key(|(channel, _)| *channel);
    let [first, second] = answers.map(|(_, answer)| frame(&mut session, &answer, 0));
    assert_eq!((second.0.len(), second.2), (0, Verdict::Continue), "{code}: no loop");
    assert_eq!([first.1, second.1].concat(), expected, "{code}");
    let reason = format!("{} of AAPL: {code} words", channel.name());
    assert_eq!(session.unconfirmed(), [reason]);
}

#[test]
fn a_refused_request_of_a_lesser_channel_costs_only_itself() {
    for code in [400, 405, 410] {
        check_refused(Channel::Lulds, code, &["link UP"]);
    }
}

#[test]
fn a_link_whose_quotes_or_prints_are_refused_does_not_come_up() {
    for code in [400, 405, 410] {
        check_refused(Channel::Quotes, code, &[]);
        check_refused(Channel::Trades, code, &[]);
    }
}

#[test]
fn a_link_with_nothing_confirmed_does_not_come_up() {
    let mut session = two();
    open(&mut session);
    frame(&mut session, &error(405), 0);
    let (_, pushes, _) = frame(&mut session, &error(405), 0);
    assert_eq!((pushes, session.is_waiting()), (vec![], false));
}

#[test]
fn every_code_has_its_consequence() {
    for (code, expected) in [
        (402, Some(StopReason::KeysRefused)),
        (403, None),
        (407, None),
        (408, Some(StopReason::NotServed("408 words".into()))),
        (409, Some(StopReason::PlanTooSmall)),
        (411, Some(StopReason::ScopeTooSmall)),
    ] {
        let mut session = two();
        dial(&mut session);
        let verdict = expected.map_or(Verdict::Continue, Verdict::Stop);
        assert_eq!(frame(&mut session, &error(code), 0).2, verdict, "{code}");
    }
    for (code, is_crowded) in [(400, false), (401, false), (404, false), (406, true), (500, false)]
    {
        let mut session = two();
        dial(&mut session);
        let Verdict::Reconnect(lost) = frame(&mut session, &error(code), 0).2 else {
            panic!("{code} means to dial again");
        };
        assert_eq!(lost.is_crowded, is_crowded, "{code}");
    }
}

#[test]
fn a_gap_is_told_before_anything_that_follows_it() {
    let mut session = two();
    open(&mut session);
    frame(&mut session, &confirm(r#""AAPL""#, ""), 0);
    frame(&mut session, &confirm(r#""AAPL""#, r#""AAPL""#), 0);
    assert_eq!(frame(&mut session, QUOTE, 3).1, ["quote AAPL"]);
    session.lost(&mut Output::default());
    open(&mut session);
    frame(&mut session, &confirm(r#""AAPL""#, ""), 60);
    assert_eq!(frame(&mut session, QUOTE, 61).1, ["resumed 2026-10-05T15:00:03Z", "quote AAPL"]);
    let (_, pushes, _) = frame(&mut session, &confirm(r#""AAPL""#, r#""AAPL""#), 61);
    assert_eq!(pushes, ["link UP"], "told once a connection");
}

#[test]
fn a_gap_is_told_before_the_link_is_up_when_no_data_comes_first() {
    let mut session = session(wanted(&[(Channel::Bars, &["AAPL"])]));
    open(&mut session);
    frame(&mut session, &confirm(r#""AAPL""#, ""), 5);
    session.lost(&mut Output::default());
    open(&mut session);
    let (_, pushes, _) = frame(&mut session, &confirm(r#""AAPL""#, ""), 60);
    assert_eq!(pushes, ["resumed 2026-10-05T15:00:05Z", "link UP"]);
}

#[test]
fn more_symbols_are_asked_for_at_once_and_again_after_a_reconnection() {
    let mut session = session(wanted(&[(Channel::Quotes, &["AAPL"])]));
    open(&mut session);
    frame(&mut session, &confirm("", r#""AAPL""#), 0);
    let mut output = Output::default();
    session.want(&wanted(&[(Channel::Quotes, &["AAPL", "MSFT"])]), &mut output);
    let (frames, _, _) = said(output, Verdict::Continue);
    assert_eq!(frames, [r#"{"action":"subscribe","quotes":["MSFT"]}"#]);
    session.lost(&mut Output::default());
    let (frames, _, _) = open(&mut session);
    assert_eq!(frames, [r#"{"action":"subscribe","quotes":["AAPL","MSFT"]}"#]);
}

#[tokio::test(start_paused = true)]
async fn silence_makes_the_link_stale_and_ends_the_connection() {
    let mut session = two();
    open(&mut session);
    frame(&mut session, &confirm(r#""AAPL""#, ""), 0);
    frame(&mut session, &confirm(r#""AAPL""#, r#""AAPL""#), 0);
    frame(&mut session, QUOTE, 5);
    tokio::time::advance(std::time::Duration::from_secs(2)).await;
    let mut output = Output::default();
    assert_eq!(session.check(at(15), &mut output), Verdict::Continue);
    let verdict = session.check(at(16), &mut output);
    assert!(matches!(verdict, Verdict::Reconnect(_)), "{verdict:?}");
    assert_eq!(said(output, verdict).1, ["link STALE"]);
}

#[tokio::test(start_paused = true)]
async fn a_second_silence_is_as_soon_stale_and_ends_the_connection_later() {
    let mut session = session(wanted(&[(Channel::Quotes, &["AAPL"])]));
    let wait = || tokio::time::advance(std::time::Duration::from_secs(2));
    for _ in 0..2 {
        open(&mut session);
        frame(&mut session, &confirm("", r#""AAPL""#), 0);
        wait().await;
        let mut output = Output::default();
        let verdict = session.check(at(11), &mut output);
        assert_eq!(said(output, verdict).1, ["link STALE"]);
    }
    assert_eq!(session.check(at(20), &mut Output::default()), Verdict::Continue);
    let (_, pushes, _) = frame(&mut session, QUOTE, 20);
    assert_eq!(pushes, ["link UP", "quote AAPL"], "the socket never closed");
}

#[tokio::test(start_paused = true)]
async fn bars_alone_may_be_silent() {
    let mut session = session(wanted(&[(Channel::Bars, &["AAPL"])]));
    open(&mut session);
    frame(&mut session, &confirm(r#""AAPL""#, ""), 0);
    tokio::time::advance(std::time::Duration::from_mins(1)).await;
    assert_eq!(session.check(at(60), &mut Output::default()), Verdict::Continue);
}

#[test]
fn a_short_sale_restriction_does_not_end_a_halt() {
    let mut session = session(wanted(&[(Channel::Statuses, &["*"])]));
    open(&mut session);
    let status = |code| {
        format!(r#"[{{"T":"s","S":"AAPL","sc":"{code}","rc":"T1","t":"2026-10-05T15:00:00Z"}}]"#)
    };
    assert_eq!(frame(&mut session, &status("H"), 0).1, ["status Halted"]);
    assert!(frame(&mut session, &status("E"), 0).1.is_empty());
    assert!(frame(&mut session, &status("Q"), 0).1.is_empty());
    assert_eq!(frame(&mut session, &status("T"), 0).1, ["status Trading"]);
    assert_eq!(frame(&mut session, &status("E"), 0).1, ["status ShortSaleRestricted"]);
}

#[test]
fn many_symbols_are_several_requests() {
    let names: Vec<String> = (0..1_200).map(|n| format!("S{n}")).collect();
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut session = session(wanted(&[(Channel::Trades, &all)]));
    assert_eq!(open(&mut session).0.len(), 3);
}
