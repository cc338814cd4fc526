//! Kinds of fields as the protocol page names them (§2.1), and which rows of the table
//! a run has met.

use std::collections::BTreeSet;

use serde_json::Value;

use super::list::{MESSAGES, Message, ROWS, Row};

/// Checks that an object has what `name:kinds` words say. Kinds are s(tring),
/// i(nteger), n(umber), b(oolean), o(bject), a(rray), 0 (null), t(ime), d(ecimal as
/// string); several may be given.
#[track_caller]
pub(super) fn has(object: &Value, shape: &str, what: &str) {
    for word in shape.split_whitespace() {
        let (name, kinds) = word.split_once(':').unwrap();
        let value = object.get(name).unwrap_or_else(|| panic!("{what}: no {name} in {object}"));
        let is_any = kinds.chars().any(|kind| is_of(value, kind));
        assert!(is_any, "{what}: {name} is {value}, not one of {kinds}");
    }
}

fn is_of(value: &Value, kind: char) -> bool {
    let text = value.as_str();
    match kind {
        's' => text.is_some(),
        't' => text.is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok() || is_ext(text)),
        'd' => text.is_some_and(|text| text.parse::<rust_decimal::Decimal>().is_ok()),
        'i' => value.is_i64() || value.is_u64(),
        'n' => value.is_number(),
        'b' => value.is_boolean(),
        'o' => value.is_object(),
        'a' => value.is_array(),
        '0' => value.is_null(),
        other => panic!("no kind {other}"),
    }
}

/// A timestamp of `MessagePack` as the tests' reader writes it.
fn is_ext(text: &str) -> bool {
    text.starts_with("ext:")
}

/// Holds what we send to the rules of a row (§2.1, §3.4, §8): documented fields alone,
/// decimals as strings, nothing null.
#[track_caller]
pub(super) fn obeys(row: &Row, query: &[(String, String)], body: &str) {
    let words: Vec<&str> = row.request.split_whitespace().collect();
    for (name, value) in query {
        assert!(words.contains(&name.as_str()), "{}: {name} is not documented", row.what);
        assert!(!value.is_empty(), "{}: {name} is empty", row.what);
    }
    if body.is_empty() {
        return;
    }
    let body: Value = serde_json::from_str(body).unwrap();
    let fields = body.as_object().unwrap();
    assert!(!fields.is_empty(), "{}: the body is empty", row.what);
    for (name, value) in fields {
        match value.as_object() {
            None => obeys_field(row.what, &words, name, value),
            Some(inner) => {
                for (part, value) in inner {
                    obeys_field(row.what, &words, &format!("{name}.{part}"), value);
                }
            }
        }
    }
}

#[track_caller]
fn obeys_field(what: &str, words: &[&str], name: &str, value: &Value) {
    let kinds = words.iter().filter_map(|word| word.split_once(':')).find(|(it, _)| *it == name);
    let (_, kinds) = kinds.unwrap_or_else(|| panic!("{what}: {name} is not documented"));
    let is_any = kinds.chars().any(|kind| is_of(value, kind));
    assert!(is_any, "{what}: {name} is {value}, not one of {kinds}");
}

/// Finds the row of a request: the one with the fewest parts that stand for anything.
pub(super) fn row_of(method: &str, path: &str) -> Option<&'static Row> {
    let fits = |row: &&Row| {
        let (wanted, template) = row.what.split_once(' ').unwrap();
        let (parts, places) = (path.split('/'), template.split('/'));
        wanted == method
            && parts.clone().count() == places.clone().count()
            && places.zip(parts).all(|(place, part)| place.starts_with('{') || place == part)
    };
    ROWS.iter().filter(fits).min_by_key(|row| row.what.matches('{').count())
}

/// Finds the row of a message.
pub(super) fn message_of(what: &str) -> Option<&'static Message> {
    MESSAGES.iter().find(|message| message.what == what)
}

/// Compares what was met with what the table says must be.
#[track_caller]
pub(super) fn all_met<'a>(
    met: &BTreeSet<&'static str>,
    wanted: impl Iterator<Item = (&'a str, &'a str)>,
) {
    let missing: Vec<String> = wanted
        .filter(|(what, _)| !met.contains(what))
        .map(|(what, section)| format!("{section} {what}"))
        .collect();
    assert!(missing.is_empty(), "nobody has checked {missing:#?}");
}

#[test]
fn a_request_finds_its_row_and_the_words_of_a_path_go_before_what_stands_for_anything() {
    let what = |method, path| row_of(method, path).map(|row| row.what);
    assert_eq!(what("GET", "/v2/orders/7b08"), Some("GET /v2/orders/{id}"));
    assert_eq!(what("GET", "/v2/stocks/snapshots"), Some("GET /v2/stocks/snapshots"));
    assert_eq!(what("GET", "/v2/stocks/bars/latest"), Some("GET /v2/stocks/bars/latest"));
    assert_eq!(what("GET", "/v2/stocks/AAPL/bars"), Some("GET /v2/stocks/{symbol}/bars"));
    assert_eq!(what("PUT", "/v2/orders"), None);
    for row in ROWS {
        assert!(row.section.starts_with('§'), "{} names no section", row.what);
        let is_once = ROWS.iter().filter(|other| other.what == row.what).count() == 1;
        assert!(is_once, "{} has two rows", row.what);
    }
}
