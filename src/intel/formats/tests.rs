//! What is read of each format.

use super::reading::clock_ms;
use super::*;

/// Speaker, beginning, end and text of each segment.
#[track_caller]
fn check(name: &str, text: &str, expected: &[(Option<&str>, u64, u64, &str)]) {
    let found = read(name, text.as_bytes()).expect("it is a transcript");
    let said: Vec<_> = found
        .segments
        .iter()
        .map(|one| (one.speaker.as_deref(), one.offset_ms, one.until_ms, one.text.as_str()))
        .collect();
    assert_eq!(said, expected, "{text}");
    assert!(found.segments.iter().zip(0..).all(|(segment, index)| segment.index == index));
}

#[test]
fn every_format_gives_speakers_and_times() {
    let said =
        [(Some("Ann Lee"), 1_000, 4_500, "We <hold> AAPL."), (Some("Bo"), 5_000, 6_000, "Sell.")];
    check(
        "a.vtt",
        "WEBVTT\n\nNOTE title: x\n\n1\n00:01.000 --> 00:04.500 align:start\n<v.loud Ann Lee>We &lt;hold&gt;\n<i>AAPL</i>.</v>\n\n00:00:05.000 --> 00:00:06.000\nBo: Sell.\n",
        &said,
    );
    check(
        "a.srt",
        "1\r\n00:00:01,000 --> 00:00:04,500\r\nAnn Lee: We &lt;hold&gt; AAPL.\r\n\r\n2\r\n00:00:05,000 --> 00:00:06,000\r\nBo: Sell.\r\n",
        &said,
    );
    check(
        "a.json",
        r#"{"segments":[{"speaker":"Ann Lee","offset_ms":1000,"until_ms":4500,"text":"We <hold> AAPL."},{"speaker":"Bo","offset_ms":5000,"until_ms":6000,"text":"Sell."}]}"#,
        &said,
    );
    check(
        "a.txt",
        "Title: x\n[00:00:01] Ann Lee: We hold\nAAPL.\n(00:05) Bo: Sell.\nBo: Now: all of it.\n",
        &[
            (Some("Ann Lee"), 1_000, 1_000, "We hold AAPL."),
            (Some("Bo"), 5_000, 5_000, "Sell."),
            (Some("Bo"), 5_000, 5_000, "Now: all of it."),
        ],
    );
}

#[test]
fn the_beginning_is_read_from_the_file_or_its_name() {
    let began = |name: &str, text: &str| {
        read(name, text.as_bytes()).expect("a transcript").began_at.map(|at| at.to_string())
    };
    let date = "Date: 2026-11-23T14:30:00Z\nAnn: x";
    assert_eq!(began("a.txt", date).as_deref(), Some("2026-11-23T14:30:00Z"));
    assert_eq!(began("2026-11-23 weekly.txt", "Ann: x").as_deref(), Some("2026-11-23T00:00:00Z"));
    assert_eq!(began("2026-11-23T1430.txt", "Ann: x").as_deref(), Some("2026-11-23T14:30:00Z"));
    assert_eq!(began("weekly.txt", "Ann: x"), None);
}

#[test]
fn what_is_no_transcript_is_refused_with_a_reason() {
    assert_eq!(read("a.txt", b"nobody speaks"), Err(TranscriptError::Empty));
    assert!(matches!(read("a.json", b"{\"a\":1}"), Err(TranscriptError::Json(_))));
    let long = vec![b'a'; TRANSCRIPT_MAX + 1];
    assert_eq!(read("a.txt", &long), Err(TranscriptError::TooLong(TRANSCRIPT_MAX + 1)));
}

#[test]
fn hostile_text_is_cleaned() {
    let found = read("\x1b[2J.txt", "Ann\u{202E}: \x1b]0;x\x07hi".as_bytes()).expect("one");
    assert_eq!((&*found.title, &*found.people[0]), ("[2J", "Ann"));
    assert_eq!(found.segments[0].text, "]0;xhi");
}

#[test]
fn a_clock_is_read_or_refused() {
    assert_eq!(clock_ms("01:02:03.5"), Some(3_723_500));
    for bad in ["", "1", "1:2:3:4", "a:b", "1:2.3456", "99999:1", ":1"] {
        assert_eq!(clock_ms(bad), None, "{bad}");
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>, text: String) {
        let _ = read("a", &bytes);
        let _ = read("2026-11-23T", format!("WEBVTT\n\n0:01 --> 0:02\n<v{text}").as_bytes());
    }
}
