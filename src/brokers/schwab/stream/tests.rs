//! The conversation with the streamer.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;

use super::preference::{Preferences, StreamerInfo};
use super::request::Detail;
use super::session::{StreamSession, Terms};
use super::wish::Wish;
use crate::brokers::schwab::hosts::SchwabHosts;
use crate::brokers::schwab::token::{AccessToken, MemoryTokens};
use crate::brokers::stream::StopReason;
use crate::brokers::stream::session::{Frame, Outgoing, Output, Session, Verdict};
use crate::brokers::{Push, install_tls_provider};
use crate::domain::calendar::MarketHours;
use crate::domain::ids::Symbol;
use crate::domain::time::Timestamp;

fn symbol(name: &str) -> Symbol {
    Symbol::new(name).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_791_000_000 + seconds)
}

fn session() -> StreamSession {
    install_tls_provider();
    let terms = Terms {
        market_feed: "schwab.stream",
        orders_feed: "schwab.orders",
        symbols: ["AAPL", "MSFT"].map(symbol).into(),
        detail: Detail::Full,
        hours: MarketHours::Continuous,
        frame_silence_max: SignedDuration::from_secs(40),
        data_silence_max: SignedDuration::from_secs(120),
    };
    let hosts = SchwabHosts::simulated("http://127.0.0.1:1").unwrap();
    let tokens = Arc::new(MemoryTokens::new("canary", []));
    let mut session = StreamSession::new(terms, tokens, Preferences::new(&hosts).unwrap());
    prepare(&mut session);
    session
}

fn prepare(session: &mut StreamSession) {
    let text = |text: &str| text.to_owned();
    let info = StreamerInfo {
        url: text("ws://127.0.0.1:1/ws"),
        customer: text("c"),
        correlation: text("s"),
        channel: text("N9"),
        function: text("APIAPP"),
    };
    session.prepared(info, AccessToken::new("canary"));
}

/// A push in a word or two.
fn word(push: &Push) -> String {
    match push {
        Push::Link { feed, state } => format!("{feed} {}", state.name()),
        Push::Order(_) => "order".into(),
        Push::OrdersResumed => "orders resumed".into(),
        Push::Quote(quote) => format!(
            "{} {}x{} {}x{}",
            quote.symbol, quote.bid, quote.bid_size, quote.ask, quote.ask_size
        ),
        Push::Tick(tick) => format!("{} {} at {}", tick.symbol, tick.size, tick.price),
        Push::Bar(_, bar) => {
            format!(
                "{} {} {} {} {} {}",
                bar.symbol, bar.open, bar.high, bar.low, bar.close, bar.volume
            )
        }
        Push::Status(change) => format!("{} {:?}", change.symbol, change.status),
        Push::Band(band) => format!("{} band", band.symbol),
        Push::Correction(correction) => format!("{} correction", correction.wrong.symbol),
        Push::MarketResumed { .. } => "market resumed".into(),
    }
}

fn text_of(frame: &Outgoing) -> &str {
    match frame {
        Outgoing::Text(text) => text.as_str(),
        Outgoing::Binary(_) => "binary",
    }
}

fn texts(output: &Output) -> Vec<&str> {
    output.frames.iter().map(text_of).collect()
}

fn say(session: &mut StreamSession, text: &str) -> (Vec<String>, Output, Verdict) {
    let mut output = Output::default();
    let verdict = session.frame(Frame::Text(text), at(0), &mut output);
    (output.pushes.iter().map(word).collect(), output, verdict)
}

fn answer(service: &str, command: &str, number: u64, code: u32) -> String {
    format!(
        r#"{{"response":[{{"service":"{service}","command":"{command}","requestid":"{number}",
        "timestamp":1,"content":{{"code":{code},"msg":"x"}}}}]}}"#
    )
}

/// A session that is up.
fn open() -> StreamSession {
    let mut session = session();
    let mut output = Output::default();
    session.dialling(&mut output);
    session.connected(&mut output);
    for (service, command, number) in [
        ("ADMIN", "LOGIN", 0),
        ("ACCT_ACTIVITY", "SUBS", 1),
        ("CHART_EQUITY", "SUBS", 2),
        ("LEVELONE_EQUITIES", "SUBS", 3),
    ] {
        assert_eq!(say(&mut session, &answer(service, command, number, 0)).2, Verdict::Continue);
    }
    assert!(session.link().is_up());
    session
}

fn level_one(fields: &str) -> String {
    format!(
        r#"{{"data":[{{"service":"LEVELONE_EQUITIES","timestamp":1791000000000,"command":"SUBS",
        "content":[{{"key":"AAPL","delayed":false,{fields}}}]}}]}}"#
    )
}

#[test]
fn the_login_is_answered_before_anything_is_asked_for() {
    let mut session = session();
    let mut output = Output::default();
    session.dialling(&mut output);
    session.connected(&mut output);
    let login = r#"{"requests":[{"service":"ADMIN","command":"LOGIN","requestid":"0","SchwabClientCustomerId":"c","SchwabClientCorrelId":"s","parameters":{"Authorization":"canary","SchwabClientChannel":"N9","SchwabClientFunctionId":"APIAPP"}}]}"#;
    assert_eq!(texts(&output), [login]);
    let (_, output, _) = say(&mut session, &answer("ADMIN", "LOGIN", 0, 0));
    let asked = texts(&output);
    assert_eq!(asked.len(), 3);
    assert!(asked[0].contains(r#""keys":"Account Activity","fields":"0,1,2,3""#), "{}", asked[0]);
    assert!(asked[1].contains(r#""service":"CHART_EQUITY","command":"SUBS","requestid":"2""#));
    let quotes = r#""keys":"AAPL,MSFT","fields":"0,1,2,3,4,5,8,9,32,34,35""#;
    assert!(asked[2].contains(quotes), "{}", asked[2]);
    assert!(session.is_waiting());
    let (pushes, ..) = say(&mut session, &answer("ACCT_ACTIVITY", "SUBS", 1, 26));
    assert_eq!(pushes, ["orders resumed", "schwab.orders UP"]);
    say(&mut session, &answer("CHART_EQUITY", "SUBS", 2, 0));
    let (pushes, ..) = say(&mut session, &answer("LEVELONE_EQUITIES", "SUBS", 3, 0));
    assert_eq!(pushes, ["schwab.stream UP"]);
    assert!(!session.is_waiting());
    assert_eq!(session.unconfirmed(), ["quotes of AAPL", "quotes of MSFT"], "until one comes");
}

#[test]
fn changed_fields_are_laid_over_the_snapshot() {
    let mut session = open();
    for (fields, expected) in [
        (
            r#""1":175.49,"2":175.51,"3":175.5,"4":3,"5":2.0,"9":100"#,
            vec!["AAPL 175.49x3 175.51x2"],
        ),
        (r#""1":175.5"#, vec!["AAPL 175.50x3 175.51x2"]),
        (r#""3":175.51,"9":7,"35":1791000000123"#, vec!["AAPL 7 at 175.51"]),
        (r#""8":1234.0"#, vec!["AAPL 7 at 175.51"]),
        (r#""1":0"#, vec![]),
        (r#""2":175.6"#, vec![]),
        (r#""1":175.7"#, vec![]),
        (r#""1":1.1e2,"2":"175.6""#, vec!["AAPL 110.00x3 175.60x2"]),
        (r#""32":"Halted""#, vec!["AAPL Halted"]),
        (r#""32":"Halted""#, vec![]),
        (r#""32":"Normal""#, vec!["AAPL Trading"]),
        (r#""99":{"a":[1]},"assetSubType":null"#, vec![]),
    ] {
        let (pushes, _, verdict) = say(&mut session, &level_one(fields));
        assert_eq!(
            (pushes, verdict),
            (expected.iter().map(ToString::to_string).collect(), Verdict::Continue),
            "{fields}"
        );
    }
    assert_eq!(session.unconfirmed(), ["quotes of MSFT"]);
}

#[test]
fn delayed_data_and_strangers_are_not_handed_on() {
    let mut session = open();
    let late = level_one(r#""1":1,"2":2"#).replace("\"delayed\":false", "\"delayed\":true");
    assert!(say(&mut session, &late).0.is_empty());
    assert!(say(&mut session, &level_one(r#""1":1,"2":2"#).replace("AAPL", "IBM")).0.is_empty());
    assert_eq!((session.counts().delayed, session.counts().unusable), (1, 1));
}

#[test]
fn bars_have_their_sequence_number_before_the_open() {
    let mut session = open();
    let bar = |fields: &str| {
        format!(
            r#"{{"data":[{{"service":"CHART_EQUITY","timestamp":1,"content":[{{"seq":3,"key":"AAPL",{fields}}}]}}]}}"#
        )
    };
    let good =
        r#""1":390,"2":10.1,"3":10.4,"4":10.0,"5":10.2,"6":1500.0,"7":1791000000000,"8":20000"#;
    let (pushes, output, _) = say(&mut session, &bar(good));
    assert_eq!(pushes, ["AAPL 10.10 10.40 10.00 10.20 1500"]);
    let Push::Bar(_, made) = &output.pushes[0] else { panic!("a bar") };
    assert_eq!(made.start, at(0));
    // Schwab's own table has the fields so.
    let documented = r#""1":10.1,"2":10.4,"3":10.0,"4":10.2,"5":1500,"6":390,"7":1791000000000"#;
    assert!(say(&mut session, &bar(documented)).0.is_empty());
    assert_eq!((session.counts().bars, session.counts().unusable), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn news_of_orders_is_a_wake_up_and_not_more_than_one_each_two_seconds() {
    let mut session = open();
    let news = |data: &str| {
        format!(
            r#"{{"data":[{{"service":"ACCT_ACTIVITY","timestamp":1,"command":"SUBS","content":
            [{{"seq":2,"key":"k","1":"11112222","2":"","3":{data}}}]}}]}}"#
        )
    };
    tokio::time::advance(Duration::from_secs(2)).await;
    let (pushes, ..) = say(&mut session, &news(r#""Feature not supported""#));
    assert_eq!(pushes, ["orders resumed"]);
    for data in [r#""""#, r#""{\"a\":{}}""#, "null", "[]"] {
        assert!(say(&mut session, &news(data)).0.is_empty());
    }
    let mut output = Output::default();
    session.check(at(1), &mut output);
    assert!(output.pushes.is_empty(), "too early");
    tokio::time::advance(Duration::from_secs(2)).await;
    session.check(at(2), &mut output);
    session.check(at(3), &mut output);
    assert_eq!(output.pushes, [Push::OrdersResumed], "the last one is not lost");
    assert_eq!((session.counts().activities, session.counts().wakes), (5, 3));
}

#[track_caller]
fn check_code(session: &mut StreamSession, code: u32, expected: &str) {
    let (_, _, verdict) = say(session, &answer("ADMIN", "LOGIN", 0, code));
    let shown = match verdict {
        Verdict::Continue => "goes on".to_owned(),
        Verdict::Reconnect(lost) if lost.is_crowded => "waits".to_owned(),
        Verdict::Reconnect(_) => "dials".to_owned(),
        Verdict::Stop(reason) => {
            assert_eq!(reason, StopReason::TakenOver);
            "stops".to_owned()
        }
    };
    assert_eq!(shown, expected, "{code}");
}

#[test]
fn every_code_has_its_meaning() {
    let fresh = || {
        let mut session = session();
        session.connected(&mut Output::default());
        session
    };
    for (code, before, after) in [
        (3, "dials", "dials"),
        (9, "dials", "dials"),
        (11, "goes on", "goes on"),
        (12, "waits", "stops"),
        (19, "goes on", "goes on"),
        (20, "dials", "dials"),
        (21, "goes on", "goes on"),
        (30, "dials", "dials"),
    ] {
        check_code(&mut fresh(), code, before);
        check_code(&mut open(), code, after);
    }
    let mut session = fresh();
    for expected in ["waits", "waits", "stops"] {
        check_code(&mut session, 12, expected);
    }
}

#[test]
fn a_code_that_nobody_asked_for_ends_the_connection() {
    let mut session = open();
    let stop = r#"{"notify":[{"service":"ADMIN","timestamp":1,"content":{"code":30,"msg":"Stop streaming due to empty subscription"}}]}"#;
    assert!(matches!(say(&mut session, stop).2, Verdict::Reconnect(_)));
    let beat = r#"{"notify":[{"heartbeat":"1791000000000"}]}"#;
    assert_eq!(say(&mut session, beat).2, Verdict::Continue);
    assert_eq!(session.counts().heartbeats, 1);
}

#[test]
fn a_refused_subscription_is_asked_for_once_more() {
    let mut session = open();
    let mut output = Output::default();
    session.want(&Wish::Add([symbol("IBM")].into()), &mut output);
    assert_eq!(texts(&output).len(), 2);
    say(&mut session, &answer("CHART_EQUITY", "ADD", 4, 0));
    let (_, output, _) = say(&mut session, &answer("LEVELONE_EQUITIES", "ADD", 5, 24));
    assert!(texts(&output)[0].contains(r#""command":"ADD","requestid":"6""#));
    let (_, output, verdict) = say(&mut session, &answer("LEVELONE_EQUITIES", "ADD", 6, 24));
    assert_eq!((texts(&output).len(), verdict), (0, Verdict::Continue));
    assert!(session.unconfirmed().contains(&"quotes: 24 x".to_owned()));
}

#[test]
fn wishes_are_added_dropped_and_shown() {
    let mut session = open();
    let mut output = Output::default();
    session.want(&Wish::Drop([symbol("MSFT"), symbol("IBM")].into()), &mut output);
    session.want(&Wish::Show(Detail::Quotes), &mut output);
    session.want(&Wish::Show(Detail::Quotes), &mut output);
    let asked = texts(&output);
    assert_eq!(asked.len(), 3);
    assert!(asked[1].contains(r#""command":"UNSUBS""#) && asked[1].contains(r#"{"keys":"MSFT"}"#));
    assert!(asked[2].contains(r#""command":"VIEW""#));
    assert!(asked[2].contains(r#""parameters":{"fields":"0,1,2,4,5,32,34"}"#), "{}", asked[2]);
    let mut output = Output::default();
    session.leaving(&mut output);
    assert!(texts(&output)[0].contains(r#""command":"LOGOUT""#));
}

#[test]
fn a_frame_that_is_not_json_ends_the_connection_and_is_not_quoted() {
    for text in [
        "",
        "{\"data\":[{\"canary\":}]}",
        "[canary]",
        r#"{"data":[{"service":"CHART_EQUITY","content":"canary"}]}"#,
    ] {
        let mut session = open();
        let Verdict::Reconnect(lost) = say(&mut session, text).2 else { panic!("{text}") };
        assert!(!lost.detail.contains("canary"), "{}", lost.detail);
        assert_eq!(session.counts().unreadable, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn silence_ends_a_connection_although_heartbeats_go_on() {
    let mut session = open();
    tokio::time::advance(Duration::from_mins(5)).await;
    let mut output = Output::default();
    assert_eq!(session.check(at(40), &mut output), Verdict::Continue);
    assert!(matches!(session.check(at(41), &mut output), Verdict::Reconnect(_)), "no frame");
    let mut session = open();
    for seconds in (0..=120).step_by(10) {
        let beat = r#"{"notify":[{"heartbeat":"1"}]}"#;
        session.frame(Frame::Text(beat), at(seconds), &mut output);
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(session.check(at(seconds), &mut output), Verdict::Continue, "{seconds}");
    }
    assert!(matches!(session.check(at(121), &mut output), Verdict::Reconnect(_)), "no data");
}

#[test]
fn a_gap_is_told_before_what_comes_after_it() {
    let mut session = open();
    say(&mut session, &level_one(r#""1":1,"2":2"#));
    let mut output = Output::default();
    session.lost(&mut output);
    prepare(&mut session);
    session.dialling(&mut output);
    session.connected(&mut output);
    say(&mut session, &answer("ADMIN", "LOGIN", 4, 0));
    let (pushes, ..) = say(&mut session, &level_one(r#""1":1,"2":2"#));
    assert_eq!(pushes, ["market resumed", "AAPL 1.00x0 2.00x0"]);
}

#[test]
fn the_token_is_not_shown() {
    let shown = format!("{:?}", session());
    assert!(!shown.contains("canary"), "{shown}");
}
