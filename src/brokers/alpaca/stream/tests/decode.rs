//! Frames in both forms, what they become, and what is refused.

use proptest::prelude::*;
use serde::Serialize;

use crate::brokers::alpaca::stream::{Channel, DataMessage, DecodeCounts, Decoder};
use crate::domain::market::{StatusChange, TradingStatus};

/// Decodes a frame of JSON.
fn json(frame: &str) -> (Vec<DataMessage>, DecodeCounts) {
    let (mut decoder, mut messages) = (Decoder::default(), Vec::new());
    let _ = decoder.json(frame.as_bytes(), |message| messages.push(message));
    (messages, decoder.counts())
}

/// Decodes a frame of `MessagePack`.
fn msgpack(frame: &[u8]) -> (Vec<DataMessage>, DecodeCounts) {
    let (mut decoder, mut messages) = (Decoder::default(), Vec::new());
    let _ = decoder.msgpack(frame, |message| messages.push(message));
    (messages, decoder.counts())
}

/// The same frame in the other form.
fn packed(frame: &str) -> Vec<u8> {
    let value: serde_json::Value = serde_json::from_str(frame).unwrap();
    rmp_serde::to_vec_named(&value).unwrap()
}

/// Every message of a frame as text, the same from both forms.
#[track_caller]
fn check(frame: &str, expected: &[&str]) {
    let (messages, counts) = json(frame);
    let said: Vec<String> = messages.iter().map(said).collect();
    assert_eq!(said, expected, "{frame}");
    assert_eq!(msgpack(&packed(frame)), (messages, counts), "{frame}");
}

/// One message in short.
fn said(message: &DataMessage) -> String {
    match message {
        DataMessage::Connected => "connected".into(),
        DataMessage::Authenticated => "authenticated".into(),
        DataMessage::Subscribed(all) => format!("subscribed {all:?}"),
        DataMessage::Error { code, message } => format!("error {code} {message}"),
        DataMessage::Trade(tick) => format!("trade {tick:?}"),
        DataMessage::Aside(tick) => format!("aside {} {}", tick.symbol, tick.price),
        DataMessage::Quote(quote) => format!(
            "{} {} x {} / {} x {} at {}",
            quote.symbol, quote.bid_size, quote.bid, quote.ask, quote.ask_size, quote.at
        ),
        DataMessage::Bar(bar) => format!("bar {} {} {}", bar.symbol, bar.close, bar.start),
        DataMessage::UpdatedBar(bar) => format!("better {} {}", bar.symbol, bar.volume),
        DataMessage::DailyBar(bar) => format!("day {} {}", bar.symbol, bar.open),
        DataMessage::Status(notice) => {
            format!("status {} {:?}", notice.symbol, notice.change().map(|change| change.status))
        }
        DataMessage::Luld(band) => format!("band {} {} {}", band.symbol, band.down, band.up),
        DataMessage::Correction(correction) => format!(
            "{} of {} is {}",
            correction.original_price, correction.original_id, correction.corrected.price
        ),
        DataMessage::Cancelled(cancelled) => {
            format!("{} {} error {}", cancelled.id, cancelled.trade.price, cancelled.is_error)
        }
    }
}

const QUOTE: &str = r#"{"T":"q","S":"AAPL","bx":"V","bp":150.1,"bs":300,"ax":"V","ap":150.14,
    "as":200,"c":["R"],"z":"C","t":"2026-10-05T13:45:05.1Z"}"#;

#[test]
fn a_quote_is_read_to_the_last_digit() {
    check(&format!("[{QUOTE}]"), &["AAPL 300 x 150.10 / 150.14 x 200 at 2026-10-05T13:45:05.1Z"]);
}

#[test]
fn every_kind_of_message_is_read_from_one_mixed_array() {
    let frame = r#"[
        {"T":"success","msg":"connected"},
        {"T":"success","msg":"authenticated"},
        {"T":"error","code":406,"msg":"connection limit exceeded"},
        {"T":"b","S":"AAPL","o":150.1,"h":150.4,"l":150,"c":150.3,"v":48213,"n":612,"vw":150.2145,
         "t":"2026-10-05T13:45:00Z"},
        {"T":"u","S":"AAPL","o":150.1,"h":150.4,"l":150.0,"c":150.3,"v":48313,"n":612,
         "vw":150.2145,"t":"2026-10-05T13:45:00Z"},
        {"T":"d","S":"BRK.B","o":450.1,"h":450.4,"l":450.0,"c":450.3,"v":9,"n":6,"vw":450.2,
         "t":"2026-10-05T04:00:00Z"},
        {"T":"s","S":"AAPL","sc":"H","sm":"Trading Halt","rc":"LUDP","rm":"Volatility Trading \"P\"",
         "z":"C","t":"2026-10-05T13:45:07Z"},
        {"T":"l","S":"AAPL","u":157.6,"d":142.6,"i":"B","z":"C","t":"2026-10-05T13:45:10Z"},
        {"T":"c","S":"AAPL","x":"V","oi":5297,"op":150.12,"os":100,"oc":["@"],"ci":5301,"cp":150.02,
         "cs":100,"cc":["@"],"z":"C","t":"2026-10-05T13:46:00Z"},
        {"T":"x","S":"AAPL","i":5297,"x":"V","p":150.12,"s":100,"a":"C","z":"C",
         "t":"2026-10-05T13:46:05Z"}]"#;
    check(
        frame,
        &[
            "connected",
            "authenticated",
            "error 406 connection limit exceeded",
            "bar AAPL 150.30 2026-10-05T13:45:00Z",
            "better AAPL 48313",
            "day BRK.B 450.10",
            "status AAPL Some(LuldPaused)",
            "band AAPL 142.60 157.60",
            "150.12 of 5297 is 150.02",
            "5297 150.12 error false",
        ],
    );
}

#[test]
fn a_print_whose_conditions_say_so_makes_no_price() {
    let print = |conditions: &str, tape: &str| {
        format!(
            r#"[{{"T":"t","S":"AAPL","i":1,"x":"V","p":150.12,"s":3,"c":{conditions},
            "z":"{tape}","t":"2026-10-05T13:45:05Z"}}]"#
        )
    };
    for (conditions, tape) in [(r#"["@","I"]"#, "C"), (r#"["B"]"#, "A")] {
        check(&print(conditions, tape), &["aside AAPL 150.12"]);
        assert_eq!(json(&print(conditions, tape)).1.aside, 1);
    }
    for (conditions, tape) in [(r#"["@"]"#, "C"), (r#"["B"]"#, "C"), ("[]", "A"), ("null", "A")] {
        let (messages, counts) = json(&print(conditions, tape));
        assert!(matches!(messages[..], [DataMessage::Trade(_)]), "{conditions} {tape}");
        assert_eq!(counts.aside, 0);
    }
}

#[test]
fn a_subscription_is_read_by_channel() {
    let frame = r#"[{"T":"subscription","trades":["AAPL"],"quotes":["AAPL","BRK.B"],"bars":["*"],
        "updatedBars":[],"dailyBars":[],"statuses":["*"],"lulds":[],"corrections":["AAPL"],
        "cancelErrors":["AAPL"]}]"#;
    let (messages, counts) = json(frame);
    let [DataMessage::Subscribed(all)] = messages.as_slice() else {
        panic!("one subscription: {messages:?}");
    };
    let quotes: Vec<&str> = all[&Channel::Quotes].iter().map(String::as_str).collect();
    assert_eq!(quotes, ["AAPL", "BRK.B"]);
    assert!(all[&Channel::Lulds].is_empty());
    assert_eq!(counts.unknown_keys, 0);
    assert_eq!(msgpack(&packed(frame)).0, messages);
}

#[test]
fn what_is_unknown_is_stepped_over_and_counted() {
    let frame = format!(
        r#"[{{"T":"i","S":"AAPL","p":150.2,"z":"C","deep":{{"a":[1,{{"b":"]}}"}}],"c":null}}}},
        {}]"#,
        QUOTE.replace("\"z\"", "\"new\":[{\"x\":[]}],\"z\"")
    );
    let (messages, counts) = json(&frame);
    assert_eq!(messages.len(), 1);
    let expected =
        DecodeCounts { understood: 1, ignored: 1, unknown_keys: 1, ..DecodeCounts::default() };
    assert_eq!(counts, expected);
    assert_eq!(msgpack(&packed(&frame)), (messages, counts));
}

#[test]
fn the_type_may_stand_anywhere_in_its_object() {
    let moved = QUOTE.replace(r#""T":"q","#, "").replace(r#""z":"C""#, r#""T":"q","z":"C""#);
    let (messages, counts) = json(&format!("[{moved}]"));
    assert_eq!(messages, json(&format!("[{QUOTE}]")).0);
    assert_eq!(counts.unknown_keys, 0);
}

#[test]
fn one_bad_message_costs_nothing_but_itself() {
    for (from, to) in [
        ("150.1,", "-150.1,"),
        ("150.1,", "1e308,"),
        ("150.1,", "NaN,"),
        ("150.1,", "null,"),
        ("150.1,", "\"150.1\","),
        ("150.1,", "150.15,"),
        ("150.1,", "[1,2],"),
        ("300", "-300"),
        ("300", "0.5"),
        ("\"AAPL\"", "\"A APL\""),
        ("\"AAPL\"", "7"),
        ("2026-10-05", "2026-13-05"),
        ("\"bs\"", "\"bz\""),
    ] {
        let bad = QUOTE.replacen(from, to, 1);
        let (messages, counts) = json(&format!("[{bad},{QUOTE}]"));
        assert_eq!((messages.len(), counts.refused), (1, 1), "{to}");
    }
    let (messages, counts) = json(&format!("[{},{QUOTE}]", QUOTE.replace("150.1,", "0,")));
    assert_eq!((messages.len(), counts.one_sided, counts.refused), (1, 1, 0));
}

#[test]
fn a_frame_that_breaks_off_keeps_what_came_before() {
    let whole = format!("[{QUOTE},{QUOTE}]");
    for cut in [1, 10, QUOTE.len() + 5, whole.len() - 1] {
        let (messages, counts) = json(whole.get(..cut).unwrap());
        assert_eq!(messages.len(), cut / QUOTE.len(), "{cut}");
        assert_eq!(counts.broken_frames, 1, "{cut}");
    }
    for broken in ["", "{}", "null", "[{}", "[{}]x", "[1]", "[{\"T\"}]", "[{\"T\":}]"] {
        assert_eq!(json(broken).1.broken_frames, 1, "{broken}");
    }
    let packed = packed(&whole);
    for cut in 0..packed.len() {
        assert_eq!(msgpack(&packed[..cut]).1.broken_frames, 1, "{cut}");
    }
}

#[test]
fn a_timestamp_of_messagepack_is_read_in_its_three_lengths() {
    let seconds = 1_791_210_905_u32;
    let eight = (u64::from(100_000_000_u32) << 34) | u64::from(seconds);
    let twelve = [&100_000_000_u32.to_be_bytes()[..], &i64::from(seconds).to_be_bytes()].concat();
    for (bytes, expected) in [
        ([&[0xd6, 0xff][..], &seconds.to_be_bytes()].concat(), "2026-10-05T14:35:05Z"),
        ([&[0xd7, 0xff][..], &eight.to_be_bytes()].concat(), "2026-10-05T14:35:05.1Z"),
        ([&[0xc7, 12, 0xff][..], &twelve].concat(), "2026-10-05T14:35:05.1Z"),
    ] {
        let mut frame = vec![0x91, 0x85, 0xa1, b'T', 0xa1, b't', 0xa1, b'S', 0xa1, b'F'];
        frame.extend([0xa1, b'p', 0xcd, 0x00, 0x96, 0xa1, b's', 0x64, 0xa1, b't']);
        frame.extend(bytes);
        let (messages, counts) = msgpack(&frame);
        let [DataMessage::Trade(tick)] = messages.as_slice() else { panic!("{counts:?}") };
        assert_eq!(
            (tick.at.to_string(), tick.price.to_string()),
            (expected.into(), "150.00".into())
        );
    }
}

#[test]
fn a_status_code_means_what_the_tape_says() {
    for (code, reason, expected) in [
        ("H", "T1", Some(TradingStatus::Halted)),
        ("2", "D", Some(TradingStatus::Halted)),
        ("2", "M", Some(TradingStatus::LuldPaused)),
        ("P", "LUDP", Some(TradingStatus::LuldPaused)),
        ("F", "", Some(TradingStatus::LuldPaused)),
        ("E", "", Some(TradingStatus::ShortSaleRestricted)),
        ("Q", "T1", None),
        ("T", "", Some(TradingStatus::Trading)),
        ("3", "", Some(TradingStatus::Trading)),
        ("?", "", None),
    ] {
        let frame = format!(
            r#"[{{"T":"s","S":"AAPL","sc":"{code}","rc":"{reason}","t":"2026-10-05T13:45:07Z"}}]"#
        );
        let (messages, _) = json(&frame);
        let [DataMessage::Status(notice)] = messages.as_slice() else { panic!("{code}") };
        let status = notice.change().map(|StatusChange { status, .. }| status);
        assert_eq!(status, expected, "{code} {reason}");
    }
}

/// A quote as a server writes it.
#[derive(Serialize, Debug, Clone)]
struct WireQuote {
    #[serde(rename = "T")]
    kind: &'static str,
    #[serde(rename = "S")]
    symbol: String,
    bp: f64,
    bs: u64,
    ap: f64,
    #[serde(rename = "as")]
    ask_size: u64,
    c: Vec<String>,
    t: String,
}

prop_compose! {
    fn wire_quote()(
        symbol in "[A-Z]{1,5}",
        bid in prop_oneof![0_i64..100_000_000, Just(0)],
        spread in -5_i64..1_000,
        places in prop::sample::select(vec![1.0, 10.0, 100.0, 1e4, 1e6]),
        noise in prop::option::weighted(0.1, any::<f64>()),
        sizes in (any::<u32>(), any::<u32>()),
        nanos in 0_u32..1_000_000_000,
    ) -> WireQuote {
        #[expect(clippy::cast_precision_loss, reason = "below a thousand million")]
        let dollars = |units: i64| units as f64 / places;
        WireQuote {
            kind: "q",
            symbol,
            bp: noise.filter(|noise| noise.is_finite()).unwrap_or(dollars(bid)),
            bs: sizes.0.into(),
            ap: dollars(bid + spread),
            ask_size: sizes.1.into(),
            c: vec!["R".into()],
            t: format!("2026-10-05T13:45:05.{nanos:09}Z"),
        }
    }
}

proptest! {
    #[test]
    fn both_forms_of_a_frame_say_the_same(quotes in prop::collection::vec(wire_quote(), 0..20)) {
        let text = serde_json::to_string(&quotes).unwrap();
        let bytes = rmp_serde::to_vec_named(&quotes).unwrap();
        let (messages, counts) = json(&text);
        prop_assert_eq!(counts.broken_frames, 0);
        prop_assert_eq!(msgpack(&bytes), (messages, counts));
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Decoder::default().json(&bytes, |_| {});
        let _ = Decoder::default().msgpack(&bytes, |_| {});
    }

    #[test]
    fn damaged_frames_never_panic(
        quotes in prop::collection::vec(wire_quote(), 1..4),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut text = serde_json::to_vec(&quotes).unwrap();
        let mut bytes = rmp_serde::to_vec_named(&quotes).unwrap();
        for (place, byte) in damage {
            let at = place.index(text.len());
            text[at] = byte;
            let at = place.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = Decoder::default().json(&text, |_| {});
        let _ = Decoder::default().msgpack(&bytes, |_| {});
    }
}
