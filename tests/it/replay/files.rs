//! Forms of files, ways of delivery: none of them shows in the events.

use std::fmt::Write as _;
use std::io::Write as _;

use flightdeck::journal::verify;
use jiff::Timestamp;
use serde_json::Value;

use crate::replay::{closed, document, logged, sample};
use crate::support::program::{Home, exported};

const HEADER: &str = "timestamp,symbol,open,high,low,close,volume";

/// How a time is written.
type Form = fn(Timestamp) -> String;

/// Minute bars of one stock; the times as `form` writes them.
fn bars(symbol: &str, form: impl Fn(Timestamp) -> String) -> String {
    let mut text = format!("{HEADER}\n");
    for row in rows(symbol, form) {
        text.push_str(&row);
    }
    text
}

fn rows(symbol: &str, form: impl Fn(Timestamp) -> String) -> Vec<String> {
    let first: Timestamp = "2025-10-28T13:30:00Z".parse().unwrap();
    let row = |minute: i64| {
        let time = form(first + jiff::SignedDuration::from_mins(minute));
        // Up by a cent a minute and down by half of that every fourth.
        let cents = 10_000 + minute - minute % 4 / 2;
        let price = |cents: i64| format!("{}.{:02}", cents / 100, cents % 100);
        let (open, high, low) = (price(cents), price(cents + 3), price(cents - 3));
        format!("{time},{symbol},{open},{high},{low},{open},{}\n", 900 + minute * 7 % 50)
    };
    (0..240).map(row).collect()
}

#[test]
fn every_form_of_time_means_the_same() {
    let forms: [(&str, Form); 6] = [
        ("RFC 3339", |time| time.to_string()),
        ("another zone", |time| time.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()),
        ("seconds", |time| time.as_second().to_string()),
        ("ms", |time| time.as_millisecond().to_string()),
        ("µs", |time| time.as_microsecond().to_string()),
        ("ns", |time| time.as_nanosecond().to_string()),
    ];
    let logs = forms
        .map(|(_, form)| logged(&Home::new().with("bars.csv", bars("IBM", form)), "bars.csv").0);
    assert!(logs[0].lines().count() > 700, "hardly anything happened");
    for ((name, _), log) in forms.iter().zip(&logs) {
        assert!(*log == logs[0], "{name} says something else");
    }
}

#[test]
fn a_trading_day_may_be_written_with_or_without_dashes() {
    let day = |form: &str| {
        let mut text = format!("{HEADER}\n");
        for date in 6..=10 {
            let date = form.replace("DD", &format!("{date:02}"));
            writeln!(text, "{date},IBM,10,11,9,10,900").unwrap();
        }
        logged(&Home::new().with("days.csv", text), "days.csv").0
    };
    assert_eq!(day("2025-01-DD"), day("202501DD"));
}

#[test]
fn a_compressed_file_is_read_by_what_it_is_not_by_its_name() {
    let text = bars("IBM", |time| time.to_string());
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    let home = Home::new().with("plain.csv", &text).with("small.csv", gzip.finish().unwrap());
    assert_eq!(logged(&home, "plain.csv").0, logged(&home, "small.csv").0);
}

#[test]
fn several_files_merge_by_time() {
    let of = |symbol| rows(symbol, |time| time.to_string());
    let mut together = format!("{HEADER}\n");
    for (one, other) in of("IBM").iter().zip(of("SPY")) {
        together.push_str(one);
        together.push_str(&other);
    }
    let home = Home::new()
        .with("ibm.csv", bars("IBM", |time| time.to_string()))
        .with("spy.csv", bars("SPY", |time| time.to_string()))
        .with("both.csv", together);
    assert_eq!(logged(&home, "ibm.csv spy.csv").0, logged(&home, "both.csv").0);
}

#[test]
fn neither_threads_nor_a_journal_show_in_the_events() {
    let home = Home::new();
    let (inline, _) = logged(&home, &sample());
    assert!(inline.contains("strategy.trade.logged"));
    for way in ["--threads 1", "--threads 4", "--journal-file journal"] {
        let (log, _) = logged(&home, &format!("{} {way}", sample()));
        assert!(log == inline, "{way} says something else");
    }
    verify(&home.path("journal")).unwrap();
    assert!(exported(&home.path("journal")) == inline, "the journal says something else");
}

#[test]
fn the_document_has_its_keys_and_only_the_timing_differs_between_runs() {
    let home = Home::new();
    let mut documents = [document(&home, &sample()), document(&home, &sample())];
    for document in &mut documents {
        assert!(!closed(document).is_empty(), "the sample brings no trade");
        for key in ["bars", "events", "metrics", "events_sha256", "symbols", "span", "interval"] {
            assert!(document.get(key).is_some(), "{key} is missing");
        }
        for key in ["elapsed_seconds", "bars_per_second"] {
            assert!(document[key].as_f64().unwrap() > 0.0);
            document[key] = Value::Null;
        }
    }
    assert_eq!(documents[0], documents[1]);
    assert_eq!(documents[0]["bars"], 3_020);
}

#[test]
fn the_tear_sheet_fits_a_terminal_of_80_columns() {
    let ended = Home::new().run(&format!("replay {}", sample()));
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    for line in ended.out.lines() {
        assert!(line.len() <= 80 && line.is_ascii(), "{line}");
    }
}
