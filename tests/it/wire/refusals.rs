//! Foreign and damaged texts: an error value, never a panic.

use std::sync::LazyLock;

use flightdeck::domain::ids::Seq;
use flightdeck::events::wire::{self, WireError};
use proptest::prelude::*;

use crate::support::examples::{self, envelope};
use crate::wire::{field, fields, written};

static LINES: LazyLock<Vec<(&str, String)>> = LazyLock::new(lines);

/// Every line that the examples make, with the name of its event.
fn lines() -> Vec<(&'static str, String)> {
    examples::all().into_iter().map(|event| (event.name(), written(&envelope(event)))).collect()
}

/// The same envelope with other data.
fn with_data(line: &str, data: &str) -> String {
    let held = format!(r#""data":{}"#, field(line, "data"));
    line.replacen(&held, &format!(r#""data":{data}"#), 1)
}

#[track_caller]
fn refused_by_name(name: &str, line: &str) {
    match wire::read(line) {
        Err(WireError::Data { name: named, .. }) => assert_eq!(named, name),
        other => panic!("{name}: {other:?} from {line}"),
    }
}

#[test]
fn an_envelope_of_another_system_is_read() {
    let line = r#"{"metadata":{"traceparent":"00-4bf9","priority":"low","seq":7,
        "correlation_id":"scan-\u00e4\"456\"","source":"Feed"},"trace_id":"any",
        "data":{"symbol":"aapl","price":"175.5","size":1e1,"at":"2025-10-28T10:30:00-04:00","x":{}},
        "timestamp":"2025-10-28T10:30:00-04:00","event":"stream_tick"}"#;
    let read = wire::read(line).unwrap();
    assert_eq!((read.seq, read.root, read.cause), (Seq(7), Seq(7), None));
    let data = r#"{"symbol":"AAPL","price":175.50,"size":10,"at":"2025-10-28T14:30:00Z"}"#;
    assert_eq!(field(&written(&read), "data"), data);
}

#[test]
fn data_of_another_shape_are_refused_naming_the_event() {
    for (name, line) in lines() {
        for data in ["null", "true", "1", "\"x\"", "[{}]", "[[[]]]"] {
            refused_by_name(name, &with_data(&line, data));
        }
    }
}

#[test]
fn a_field_of_another_type_is_refused_naming_the_event() {
    for (name, line) in lines() {
        let held = fields(&field(&line, "data"));
        for (wrong, _) in &held {
            let data: Vec<String> = held
                .iter()
                .map(|(field, value)| {
                    let value = if field == wrong { r#"{"x":[]}"# } else { value };
                    format!(r#""{field}":{value}"#)
                })
                .collect();
            refused_by_name(name, &with_data(&line, &format!("{{{}}}", data.join(","))));
        }
    }
}

#[test]
fn a_line_cut_anywhere_is_no_envelope() {
    let mut lines = lines();
    lines.dedup_by_key(|(name, _)| *name);
    for (_, line) in lines {
        for (at, _) in line.char_indices() {
            let cut = line.get(..at).expect("a character begins here");
            assert!(matches!(wire::read(cut), Err(WireError::Envelope(_))), "{cut}");
        }
    }
}

#[test]
fn what_is_not_a_value_of_the_house_is_refused() {
    let tick = r#"{"symbol":"AAPL","price":175.50,"size":1,"at":"2025-10-28T14:30:00Z"}"#;
    let line = |data: &str| {
        let sent =
            examples::all().into_iter().find(|event| event.name() == "market_data.stream.tick");
        with_data(&written(&envelope(sent.unwrap())), data)
    };
    assert!(wire::read(&line(tick)).is_ok());
    for (good, bad) in [
        ("175.50", "0"),
        ("175.50", "-175.50"),
        ("175.50", "1e99"),
        ("175.50", "\"NaN\""),
        ("175.50", "null"),
        ("175.50", "{\"$serde_json::private::Number\":\"1\"}"),
        ("\"size\":1", "\"size\":-1"),
        ("\"size\":1", "\"size\":1000000001"),
        ("AAPL", "AAPL; DROP"),
        ("AAPL", ""),
        ("2025-10-28T14:30:00Z", "yesterday"),
        ("2025-10-28T14:30:00Z", "2025-13-28T14:30:00Z"),
    ] {
        refused_by_name("market_data.stream.tick", &line(&tick.replacen(good, bad, 1)));
    }
}

#[test]
fn huge_and_deep_texts_are_refused_in_few_words() {
    let (_, line) = lines().remove(0);
    let ratio = lines().into_iter().find(|(name, _)| *name == "risk.drawdown.alert").unwrap().1;
    let digits = "1".repeat(100_000);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for text in [
        "[".repeat(1_000_000),
        "{\"event\":".repeat(100_000),
        digits.clone(),
        deep.clone(),
        with_data(&line, &deep),
        with_data(&line, &format!(r#"{{"at":{deep}}}"#)),
        ratio.replacen("0.2003", &digits, 1),
        ratio.replacen("0.2003", &deep, 1),
        ratio.replacen("0.2003", &format!("\"{digits}\""), 1),
        ratio.replacen("100000.00", &digits, 1),
        String::new(),
        "\u{0}".into(),
    ] {
        let error = wire::read(&text).unwrap_err();
        let mut said = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(inner) = cause {
            said.push_str(&inner.to_string());
            cause = inner.source();
        }
        assert!(said.len() < 300, "{} bytes of words", said.len());
    }
}

/// One way to damage a text.
#[derive(Debug, Clone)]
enum Damage {
    Remove(usize, usize),
    Insert(usize, char),
    Repeat(usize, usize),
    Swap(usize, usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = 0..4_000_usize;
    let telling = prop::sample::select(
        "{}[]\",:0123456789.eE+-\\untrfalse \u{0}\u{e4}".chars().collect::<Vec<_>>(),
    );
    prop_oneof![
        (at.clone(), 1..9_usize).prop_map(|(at, count)| Damage::Remove(at, count)),
        (at.clone(), telling).prop_map(|(at, what)| Damage::Insert(at, what)),
        (at.clone(), 1..40_usize).prop_map(|(at, count)| Damage::Repeat(at, count)),
        (at.clone(), at).prop_map(|(one, other)| Damage::Swap(one, other)),
    ]
}

fn damaged(line: &str, damages: &[Damage]) -> String {
    let mut text: Vec<char> = line.chars().collect();
    for damage in damages {
        let length = text.len();
        let place = |at: usize| if length == 0 { 0 } else { at % length };
        match *damage {
            Damage::Remove(at, count) => {
                text.drain(place(at)..(place(at) + count).min(length));
            }
            Damage::Insert(at, what) => text.insert(place(at), what),
            Damage::Repeat(at, count) => {
                let part = text[place(at)..(place(at) + count).min(length)].to_vec();
                text.splice(place(at)..place(at), part);
            }
            Damage::Swap(one, other) if length > 0 => text.swap(place(one), place(other)),
            Damage::Swap(..) => {}
        }
    }
    text.into_iter().collect()
}

proptest! {
    /// Whatever is accepted all the same is an event of the house: it can be
    /// written, and is read back as itself.
    #[test]
    fn a_damaged_line_is_refused_or_means_an_event(
        which in any::<prop::sample::Index>(),
        damages in prop::collection::vec(damage(), 1..4),
    ) {
        let lines = &*LINES;
        let (_, line) = &lines[which.index(lines.len())];
        if let Ok(read) = wire::read(&damaged(line, &damages)) {
            prop_assert_eq!(wire::read(&written(&read)).unwrap(), read);
        }
    }
}
