//! Tests of the whole reader: forms, faults, order, and bytes that mean nothing.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use tempfile::TempDir;

use crate::domain::market::{Interval, MarketStep};
use crate::domain::time::Timestamp;
use crate::sources::history::error::{BadRows, HistoryError, Reason};
use crate::sources::history::header::Header;
use crate::sources::history::lines::{BUFFER, Lines, Ready};
use crate::sources::history::merge::Options;
use crate::sources::history::rows::RowReader;
use crate::sources::history::steps::History;
use crate::sources::history::{Summary, check};

const COLUMNS: &str = "timestamp,symbol,open,high,low,close,volume\n";
const MINUTES: Options = Options { interval: Some(Interval::Minute), bad_rows: BadRows::Refuse };
const FORGIVING: Options =
    Options { interval: Some(Interval::Minute), bad_rows: BadRows::SetAside };

/// A folder with files of the given names and contents.
fn folder(files: &[(&str, &[u8])]) -> (TempDir, Vec<PathBuf>) {
    let dir = tempfile::tempdir().unwrap();
    let paths = files.iter().map(|(name, content)| {
        let path = dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    });
    let paths = paths.collect();
    (dir, paths)
}

fn steps(content: &[u8], options: Options) -> Result<Vec<MarketStep>, HistoryError> {
    let (_dir, paths) = folder(&[("prices.csv", content)]);
    History::open(&paths, options)?.collect()
}

fn summary(content: &str, options: Options) -> Result<Summary, HistoryError> {
    let (_dir, paths) = folder(&[("prices.csv", content.as_bytes())]);
    check(&paths, options)
}

/// One step as `at SYMBOL close volume, ...`.
fn text(steps: &[MarketStep]) -> Vec<String> {
    let step = |step: &MarketStep| {
        let bars = step
            .bars
            .iter()
            .flat_map(|batch| batch.bars.iter())
            .map(|bar| format!("{} {} {}", bar.symbol, bar.close, bar.volume));
        format!("{} {}", step.at, bars.collect::<Vec<_>>().join(", "))
    };
    steps.iter().map(step).collect()
}

#[track_caller]
fn check_steps(content: &str, expected: &[&str]) {
    assert_eq!(text(&steps(content.as_bytes(), MINUTES).unwrap()), expected);
}

/// The message of the error, without the folder of the file.
#[track_caller]
fn check_error(content: &[u8], options: Options, expected: &str) {
    let (dir, paths) = folder(&[("prices.csv", content)]);
    let error = check(&paths, options).unwrap_err().to_string();
    let folder = format!("{}/", dir.path().display());
    assert_eq!(error.replace(&folder, ""), expected);
    let read: Result<Vec<_>, _> = History::open(&paths, options).and_then(Iterator::collect);
    assert_eq!(read.unwrap_err().to_string().replace(&folder, ""), expected);
}

#[track_caller]
fn check_bad_row(row: &str, reason: Reason, what: &str) {
    let good = "2025-10-28T14:30:00Z,AAPL,10.00,10.50,9.50,10.25,5000\n";
    let after = "2025-10-28T14:32:00Z,AAPL,10.00,10.50,9.50,10.25,5000\n";
    let content = format!("{COLUMNS}{good}{row}\n{after}");
    let expected = format!("prices.csv:3: {what}; fix the row or pass --skip-bad-rows");
    check_error(content.as_bytes(), MINUTES, &expected);
    let found = summary(&content, FORGIVING).unwrap();
    assert_eq!(found.rows, 2, "the rows around it are read");
    assert_eq!(found.set_aside.counts().collect::<Vec<_>>(), [(reason, 1)]);
    assert_eq!(found.set_aside.examples()[0].line, 3);
}

#[test]
fn rows_of_one_instant_make_one_step_known_at_its_end() {
    let content = format!(
        "{COLUMNS}2025-10-28T14:30:00Z,MSFT,1,1,1,1,5\n2025-10-28T14:30:00Z,AAPL,2,2,2,2,6.0\n\
         2025-10-28T14:31:00Z,AAPL,3,3,3,3,7\n"
    );
    check_steps(
        &content,
        &["2025-10-28T14:31:00Z MSFT 1.00 5, AAPL 2.00 6", "2025-10-28T14:32:00Z AAPL 3.00 7"],
    );
}

#[test]
fn the_form_of_the_file_does_not_matter() {
    let expected = ["2025-10-28T14:31:00Z AAPL 10.25 5000"];
    let row = "2025-10-28T14:30:00Z,AAPL,10.00,10.50,9.50,10.25,5000";
    for content in [
        format!("{COLUMNS}{row}\n"),
        format!("{COLUMNS}{row}"),
        format!("\u{feff}{COLUMNS}{row}\n\n"),
        format!("{COLUMNS}\n{row}\n").replace('\n', "\r\n"),
        format!("{COLUMNS}\n  \n\"2025-10-28T14:30:00Z\",\"aapl\",\"10.00\",10.5, 9.50 ,1.025e1,5e3\n"),
        "Volume,VWAP,\"Close\",Low,HIGH,Open,Ticker,Date\n5000,\"1,5\",10.25,9.5,10.5,10,AAPL,2025-10-28 14:30:00\n"
            .to_owned(),
    ] {
        check_steps(&content, &expected);
    }
}

#[test]
fn a_time_may_be_text_or_a_count_of_any_unit() {
    for time in [
        "2025-10-28T14:30:00Z",
        "2025-10-28T10:30:00-04:00",
        "2025-10-28T14:30:00.000Z",
        "2025-10-28 14:30:00",
        "2025-10-28 14:30",
        "2025-10-28T14:30:00+00:00",
        "1761661800",
        "1761661800000",
        "1761661800000000",
        "1761661800000000000",
    ] {
        check_steps(
            &format!("{COLUMNS}{time},AAPL,1,1,1,1,1\n"),
            &["2025-10-28T14:31:00Z AAPL 1.00 1"],
        );
    }
}

#[test]
fn a_daily_bar_is_known_one_second_before_the_close_in_new_york_of_its_day() {
    for day in ["2025-10-28", "20251028", "2025-10-28T00:00:00Z", "2025-10-28T04:00:00Z"] {
        let content = format!("{COLUMNS}{day},AAPL,1,1,1,1,1\n");
        let options = Options { interval: Some(Interval::Day), ..Options::default() };
        let steps = steps(content.as_bytes(), options).unwrap();
        assert_eq!(text(&steps), ["2025-10-28T19:59:59Z AAPL 1.00 1"], "{day}");
        let open: Timestamp = "2025-10-28T13:30:00Z".parse().unwrap();
        assert_eq!(steps[0].bars.as_ref().unwrap().bars[0].start, open);
    }
}

#[test]
fn a_day_without_a_session_is_set_aside_and_counted_in_any_case() {
    let content = format!(
        "{COLUMNS}2025-10-24,A,1,1,1,1,1\n2025-10-25,A,1,1,1,1,1\n2025-10-27,A,1,1,1,1,1\n"
    );
    let found = summary(&content, Options::default()).unwrap();
    assert_eq!((found.rows, found.interval), (2, Interval::Day));
    assert_eq!(found.set_aside.counts().collect::<Vec<_>>(), [(Reason::NotATradingDay, 1)]);
}

#[test]
fn a_quote_needs_both_sides_and_is_stamped_at_the_end_of_its_bar() {
    let content = "ts,symbol,open,high,low,close,volume,bid,ask,bid_size,ask_size\n\
                   1761661800,A,1,1,1,1,1,0.99,1.01,200,100\n\
                   1761661860,A,1,1,1,1,1,,,,\n\
                   1761661920,A,1,1,1,1,1,0.99,,200,\n\
                   1761661980,A,1,1,1,1,1,1,1,,\n";
    let steps = steps(content.as_bytes(), Options::default()).unwrap();
    let quotes: Vec<usize> = steps.iter().map(|step| step.quotes.len()).collect();
    assert_eq!(quotes, [1, 0, 0, 1]);
    let quote = steps[0].quotes[0];
    assert_eq!((quote.bid_size, quote.ask_size, quote.at), (200, 100, steps[0].at));
    let crossed = content.replace("0.99,1.01", "1.01,0.99");
    check_error(
        crossed.as_bytes(),
        MINUTES,
        "prices.csv:2: bid 1.01 is above ask 0.99; fix the row or pass --skip-bad-rows",
    );
}

#[test]
fn a_row_that_cannot_be_right_is_named_or_set_aside() {
    let time = "2025-10-28T14:31:00Z,AAPL";
    for (rest, reason, what) in [
        ("9,10,10,9,1", Reason::Bar, "low 10.00 is above open 9.00"),
        ("10,10,10,9,1", Reason::Bar, "low 10.00 is above close 9.00"),
        ("10,9,10,9,1", Reason::Bar, "low 10.00 is above high 9.00"),
        ("10,9,8,9,1", Reason::Bar, "high 9.00 is below open 10.00"),
        ("9,9,8,10,1", Reason::Bar, "high 9.00 is below close 10.00"),
        ("NaN,10,10,9,1", Reason::Price, "open 'NaN' is not a decimal number"),
        ("10,inf,10,9,1", Reason::Price, "high 'inf' is not a decimal number"),
        ("10,10,-1,9,1", Reason::Price, "low '-1.00' must be greater than zero"),
        ("10,10,10,0,1", Reason::Price, "close '0.00' must be greater than zero"),
        ("10,10,10,,1", Reason::Price, "close is missing"),
        ("1_0,10,10,10,1", Reason::Price, "open '1_0' is not a decimal number"),
        ("10,10,10,10,-5", Reason::Volume, "volume -5 must not be negative"),
        ("10,10,10,10,", Reason::Volume, "volume is missing"),
        ("10,10,10,10,many", Reason::Volume, "volume 'many' is not a decimal number"),
        (
            "10,10,10,10,1e20",
            Reason::Volume,
            "volume 1e20 is too large, the limit is 10000000000000",
        ),
        ("10,10,10,10", Reason::FieldCount, "6 fields where the header names 7"),
        ("10,10,10,10,1,", Reason::FieldCount, "8 fields where the header names 7"),
        ("10,10,10,10,\"1", Reason::FieldCount, "a quoted field does not end on its line"),
    ] {
        check_bad_row(&format!("{time},{rest}"), reason, what);
    }
    check_bad_row(
        "2025-10-28T14:29:00Z,AAPL,1,1,1,1,1",
        Reason::Backwards,
        "the time of AAPL is before that of the row above",
    );
    check_bad_row(
        "2025-10-28T14:30:00Z,AAPL,1,1,1,1,1",
        Reason::Duplicate,
        "a second bar of AAPL at the same time",
    );
    check_bad_row(
        "2025-10-29,AAPL,1,1,1,1,1",
        Reason::Time,
        "a date without a time among bars of 1min",
    );
    let use_one = "use 2025-10-28T14:30:00Z, 2025-10-28 or a count since 1970";
    for bad in ["noon", "2025-13-01", "2025-10-28T10:30:00[Nowhere/Land]", "9999999999999999999999"]
    {
        let row = format!("{bad},AAPL,1,1,1,1,1");
        check_bad_row(&row, Reason::Time, &format!("'{bad}' is not a time: {use_one}"));
    }
    check_bad_row(",AAPL,1,1,1,1,1", Reason::Time, "time is missing or not text");
    check_bad_row(
        "2025-10-28T14:31:00Z,A\u{1b}[2J,1,1,1,1,1",
        Reason::Symbol,
        "'A\u{fffd}[2J' is not a symbol: 1 to 15 of A-Z, 0-9, '.', '-', '/' are allowed",
    );
    let endless = format!("2025-10-28T14:31:00Z,AAPL,1,1,1,1,{}", "1".repeat(BUFFER));
    check_bad_row(&endless, Reason::TooLong, "the line is longer than 65536 bytes");
}

#[test]
fn exponents_of_any_size_are_a_number_or_a_fault() {
    for number in
        ["1e99999999999", "1e-99999", "0e99", "1E+2147483648", "9e28", "1e-28", "e5", "1e"]
    {
        let rows = format!("1761661800,A,{number},1,1,1,1\n1761661860,A,1,1,1,1,{number}\n");
        let found =
            summary(&format!("{COLUMNS}1761661800,B,1,1,1,1,1\n{rows}"), FORGIVING).unwrap();
        assert!(found.set_aside.total() >= 1, "{number} is no price");
    }
}

#[test]
fn a_file_that_cannot_be_used_is_refused_with_the_remedy() {
    let names = "the first line must name the columns, separated by commas";
    for (content, expected) in [
        (&b""[..], "prices.csv has no usable row; it is empty".to_owned()),
        (COLUMNS.as_bytes(), "prices.csv has no usable row; it ends after its header".into()),
        (
            b"ts,symbol,open,high,low,close\n1,A,1,1,1,1\n",
            format!("prices.csv:1: no column 'volume' among: ts, symbol, open, high, low, close; {names}"),
        ),
        (
            b"date,time,symbol,open,high,low,close,volume\n",
            "prices.csv:1: two columns for 'timestamp': date and time; rename or remove one".into(),
        ),
        (
            b"\x7fELF\x02\x01\x01\x00\x00",
            "prices.csv:1: this is not text in UTF-8; save the file as CSV (plain or compressed by gzip)".into(),
        ),
    ] {
        check_error(content, MINUTES, &expected);
    }
    let all_bad = format!("{COLUMNS}x,A,1,1,1,1,1\n");
    let error = summary(&all_bad, FORGIVING).unwrap_err().to_string();
    assert!(error.contains("prices.csv:2: 'x' is not a time"), "{error}");
    let none: [&Path; 0] = [];
    assert!(matches!(check(&none, MINUTES), Err(HistoryError::NoFiles)));
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(check(&[dir.path()], MINUTES), Err(HistoryError::NotAFile { .. })));
    let absent = [dir.path().join("absent.csv")];
    assert!(matches!(check(&absent, MINUTES), Err(HistoryError::Unreadable { .. })));
}

#[test]
fn without_a_symbol_column_the_file_name_is_the_symbol() {
    let content = b"ts,open,high,low,close,volume\n1761661800,1,1,1,1,1\n";
    let (_dir, paths) = folder(&[("brk.b.csv", content)]);
    assert_eq!(check(&paths, MINUTES).unwrap().symbols[0].to_string(), "BRK.B");
    let (_dir, paths) = folder(&[("my prices.csv", content)]);
    let error = check(&paths, MINUTES).unwrap_err().to_string();
    assert!(error.contains("'MY PRICES' is not a symbol"), "{error}");
}

#[test]
fn gzip_is_known_by_its_bytes_and_a_cut_file_is_unreadable() {
    let content = format!("{COLUMNS}1761661800,A,1,1,1,1,1\n1761661860,A,2,2,2,2,2\n");
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(content.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    assert_eq!(steps(&packed, MINUTES).unwrap(), steps(content.as_bytes(), MINUTES).unwrap());
    let cut = &packed[..packed.len() - 6];
    assert!(matches!(steps(cut, MINUTES), Err(HistoryError::Unreadable { .. })));
}

#[test]
fn files_merge_by_time_in_the_order_of_the_arguments() {
    let file = |rows: &[(u64, &str)]| {
        let rows = rows.iter().map(|(time, symbol)| format!("{time},{symbol},1,1,1,1,1\n"));
        format!("{COLUMNS}{}", rows.collect::<String>())
    };
    let first = file(&[(1_761_661_860, "Z"), (1_761_661_860, "B"), (1_761_661_980, "Z")]);
    let second = file(&[(1_761_661_800, "A"), (1_761_661_860, "A"), (1_761_661_860, "C")]);
    let (_dir, paths) = folder(&[("1.csv", first.as_bytes()), ("2.csv", second.as_bytes())]);
    let read = |paths: &[PathBuf]| {
        let steps: Result<Vec<_>, _> = History::open(paths, MINUTES).unwrap().collect();
        let symbols = |step: &MarketStep| {
            step.bars
                .iter()
                .flat_map(|batch| batch.bars.iter())
                .map(|bar| bar.symbol.to_string())
                .collect::<String>()
        };
        steps.unwrap().iter().map(symbols).collect::<Vec<_>>()
    };
    assert_eq!(read(&paths), ["A", "ZBAC", "Z"]);
    let turned: Vec<PathBuf> = paths.iter().rev().cloned().collect();
    assert_eq!(read(&turned), ["A", "ACZB", "Z"]);
    let twice = [paths[0].clone(), paths[0].clone()];
    let error = check(&twice, MINUTES).unwrap_err().to_string();
    assert!(error.contains("1.csv:2: a second bar of Z"), "{error}");
}

#[test]
fn the_length_of_a_bar_is_the_smallest_step_of_a_symbol() {
    for (gaps, expected) in [
        (&[60_u64, 600][..], Some(Interval::Minute)),
        (&[900, 300], Some(Interval::FiveMinutes)),
        (&[7_200, 3_600], Some(Interval::Hour)),
        (&[259_200, 86_400], Some(Interval::Day)),
        (&[82_800, 86_400], Some(Interval::Day)),
        (&[600, 1_200], None),
        (&[], None),
    ] {
        let mut time = 1_761_661_800;
        let mut content = format!("{COLUMNS}{time},A,1,1,1,1,1\n");
        for gap in gaps {
            time += gap;
            // Another symbol half a minute later says nothing about the length.
            let rows = format!("{time},A,1,1,1,1,1\n{},B,1,1,1,1,1\n", time + 30);
            content.push_str(&rows);
        }
        let found = summary(&content, Options { bad_rows: BadRows::SetAside, interval: None });
        match (found, expected) {
            (Ok(found), Some(interval)) => assert_eq!(found.interval, interval, "{gaps:?}"),
            (Err(HistoryError::IntervalUnknown { .. }), None) => {}
            (found, expected) => panic!("{gaps:?}: {found:?} instead of {expected:?}"),
        }
    }
}

#[test]
fn files_with_bars_of_different_length_are_refused() {
    let minutes = format!("{COLUMNS}1761661800,A,1,1,1,1,1\n1761661860,A,1,1,1,1,1\n");
    let days = format!("{COLUMNS}2025-10-28,B,1,1,1,1,1\n2025-10-29,B,1,1,1,1,1\n");
    let lone = format!("{COLUMNS}1761661800,C,1,1,1,1,1\n");
    let (dir, paths) = folder(&[
        ("m.csv", minutes.as_bytes()),
        ("d.csv", days.as_bytes()),
        ("lone.csv", lone.as_bytes()),
    ]);
    let error = check(&paths[..2], Options::default()).unwrap_err().to_string();
    let folder = format!("{}/", dir.path().display());
    assert!(
        error.replace(&folder, "").starts_with("d.csv has bars of 1day, but 1min comes from m.csv"),
        "{error}"
    );
    let together = [&paths[2], &paths[0]];
    assert_eq!(check(&together, Options::default()).unwrap().interval, Interval::Minute);
    let hours = Options { interval: Some(Interval::Hour), ..Options::default() };
    let error = check(&paths[..1], hours).unwrap_err().to_string();
    assert!(error.contains("but 1hour comes from --interval"), "{error}");
}

#[test]
fn examples_of_bad_rows_are_bounded_and_their_number_is_not() {
    let rows = "x,A,1,1,1,1,1\n".repeat(1_000);
    let content = format!("{COLUMNS}{rows}1761661800,A,1,1,1,1,1\n");
    let found = summary(&content, FORGIVING).unwrap();
    assert_eq!((found.set_aside.total(), found.set_aside.examples().len()), (1_000, 20));
}

#[test]
fn after_an_error_there_are_no_more_steps() {
    let content = format!(
        "{COLUMNS}1761661800,A,1,1,1,1,1\n1761661860,A,0,1,1,1,1\n1761661920,A,1,1,1,1,1\n"
    );
    let (_dir, paths) = folder(&[("prices.csv", content.as_bytes())]);
    let read: Vec<bool> = History::open(&paths, MINUTES)
        .map_or(vec![], |history| history.map(|step| step.is_ok()).collect());
    assert_eq!(read.iter().filter(|good| !**good).count(), 1);
    assert!(!read[read.len() - 1], "{read:?}");
}

/// Gives a few bytes at a time, as a slow disk or gzip would.
struct Drip(io::Cursor<Vec<u8>>, usize);

impl Read for Drip {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.1);
        self.0.read(&mut buffer[..most])
    }
}

/// All lines that come through the buffer; `None` for one that is too long.
fn lines_of(content: Vec<u8>, drip: usize) -> Vec<Option<Vec<u8>>> {
    let mut lines = Lines::new(Box::new(Drip(io::Cursor::new(content), drip)));
    let mut found = Vec::new();
    loop {
        match lines.ready().unwrap() {
            Ready::End => return found,
            Ready::TooLong => found.push(None),
            Ready::Lines => {
                let pending = lines.pending();
                let length = pending.iter().position(|byte| *byte == b'\n').unwrap();
                found.push(Some(pending[..length].to_vec()));
                lines.consume(length + 1);
            }
        }
    }
}

#[test]
fn lines_come_whole_however_the_bytes_arrive() {
    let longest = BUFFER - 1;
    for lengths in [
        vec![1, 0, 3],
        vec![longest, 5],
        vec![5, longest + 1, 7],
        vec![longest + 1],
        vec![3 * BUFFER, 2 * BUFFER, 1],
        vec![10, 3 * BUFFER],
    ] {
        for (drip, last_feed) in [(usize::MAX, true), (4_099, true), (usize::MAX, false)] {
            let lines: Vec<Vec<u8>> = lengths.iter().map(|length| vec![b'x'; *length]).collect();
            let mut content = lines.join(&b'\n');
            if last_feed {
                content.push(b'\n');
            }
            let expected: Vec<Option<Vec<u8>>> =
                lines.into_iter().map(|line| (line.len() <= longest).then_some(line)).collect();
            let found = lines_of(content, drip);
            assert!(found == expected, "{lengths:?} by {drip}, last feed {last_feed}");
        }
    }
}

#[test]
fn the_sample_of_the_repository_is_what_its_page_says() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/daily-sample.csv");
    let found = check(&[sample], Options::default()).unwrap();
    assert_eq!((found.rows, found.steps, found.set_aside.total()), (3_020, 1_510, 0));
    assert_eq!(found.interval, Interval::Day);
    let [first, last] =
        ["2007-01-03T20:59:59Z", "2012-12-31T20:59:59Z"].map(|t| t.parse().unwrap());
    assert_eq!(found.span, Some((first, last)));
}

/// Reads bytes to the end under both policies; only a panic or an endless loop
/// can fail here.
fn survive(content: &[u8]) {
    let (_dir, paths) = folder(&[("prices.csv", content)]);
    for bad_rows in [BadRows::Refuse, BadRows::SetAside] {
        for interval in [None, Some(Interval::Minute), Some(Interval::Day)] {
            let options = Options { interval, bad_rows };
            let checked = check(&paths, options);
            let Ok(history) = History::open(&paths, options) else {
                assert!(checked.is_err());
                continue;
            };
            let mut before = None;
            for step in history.map_while(Result::ok) {
                assert!(before < Some(step.at), "time goes forward");
                before = Some(step.at);
                for bar in step.bars.iter().flat_map(|batch| batch.bars.iter()) {
                    assert!(bar.checked().is_ok());
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn random_bytes_are_survived(content in prop::collection::vec(any::<u8>(), 0..400), framed: bool) {
        let head: &[u8] = if framed { COLUMNS.as_bytes() } else { b"" };
        survive(&[head, &content].concat());
    }

    #[test]
    fn a_valid_file_with_some_bytes_changed_is_survived(
        changes in prop::collection::vec((0_usize..400, prop::sample::select(b",\n\r\"-.09:TZe+\0\xff A_".as_slice())), 1..8),
    ) {
        let mut content = format!(
            "{COLUMNS}2025-10-28T14:30:00Z,AAPL,10.00,10.50,9.50,10.25,5000\n\
             2025-10-28T14:31:00Z,AAPL,10.25,10.50,9.50,10.00,5000.0\n\
             1761661980,MSFT,1e2,100.12345678,99.5,100,1\n2025-10-29,IBM,1,1,1,1,1\n"
        )
        .into_bytes();
        for (place, byte) in changes {
            let length = content.len();
            content[place % length] = byte;
        }
        survive(&content);
    }

    #[test]
    fn the_quick_reader_means_what_the_careful_one_means(
        time in "(20[012][0-9]-[01][0-9]-[0-3][0-9]([T ][0-2][0-9]:[0-6][0-9](:[0-6][0-9])?Z?)?|[0-9]{1,21}|-?[0-9]{8,12})",
        symbol in "[A-Za-z]{1,5}([./-][A-Z])?",
        prices in prop::collection::vec("([0-9]{0,9}(\\.[0-9]{0,10})?|[0-9]{1,2}\\.[0-9]{2})", 4),
        volume in "[0-9]{0,15}(\\.0{0,3})?",
        quote in "(,,,|[12]\\.[0-9]{2},3\\.[0-9],[0-9]{1,4},[0-9]{0,3})",
        end in "(\n|\r\n)",
    ) {
        let header = b"ts,symbol,open,high,low,close,volume,bid,ask,bid_size,ask_size";
        let header = Header::parse(Path::new("x.csv"), header).unwrap();
        let mut reader = RowReader::new(header);
        let line = format!("{time},{symbol},{},{volume},{quote}", prices.join(","));
        let whole = format!("{line}{end}following");
        // The second reading is answered from what the first one left behind.
        for _ in 0..2 {
            if let Some((row, length)) = reader.quick(whole.as_bytes()) {
                prop_assert_eq!(length, line.len() + end.len());
                prop_assert_eq!(Ok(row), reader.careful(line.as_bytes()));
            }
        }
    }

    #[test]
    fn plain_prices_are_exact_and_quick(units in 1_i64..=1_000_000_000_000_000, volume in 0_u64..10_000_000) {
        let price = crate::domain::money::Price::from_units(units).unwrap();
        let header = Header::parse(Path::new("x.csv"), COLUMNS.trim().as_bytes()).unwrap();
        let line = format!("1761661800000000000,A,{price},{price},{price},{price},{volume}\n");
        let (row, _) = RowReader::new(header).quick(line.as_bytes()).expect("the plain form is quick");
        prop_assert_eq!((row.prices, row.volume), ([price; 4], volume));
    }
}
