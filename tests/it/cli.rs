//! Requests that cannot be met: one line that names the place and the remedy, an
//! exit code, nothing on the standard output, nothing traded. The binary is run.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use crate::headless::SMALL;
use crate::support::program::{Ended, Home};

const HEADER: &str = "timestamp,symbol,open,high,low,close,volume,bid,ask\n";
const GOOD: &str = "2025-10-28T14:30:00Z,IBM,10,11,9,10,900,,\n\
                    2025-10-28T14:31:00Z,IBM,10,11,9,10,900,,\n";

/// Real daily bars that travel with the program.
fn sample() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/daily-sample.csv").display().to_string()
}

#[track_caller]
fn check_complaint(ended: &Ended, code: i32, parts: &[&str]) {
    assert_eq!(ended.code, Some(code), "{}", ended.err);
    assert_eq!(ended.out, "");
    assert_eq!(ended.err.lines().count(), 1, "one line: {}", ended.err);
    assert!(ended.err.starts_with("flightdeck: "), "{}", ended.err);
    assert!(!ended.err.trim_end().contains(char::is_control), "{:?}", ended.err);
    assert!(ended.err.len() < 2_000, "{} bytes", ended.err.len());
    for part in parts {
        assert!(ended.err.contains(part), "{:?} should name {part:?}", ended.err);
    }
}

/// Replays and, beside it, trades a file; both must refuse.
#[track_caller]
fn check_file(text: impl AsRef<[u8]>, parts: &[&str]) {
    let home = Home::new().with("bars.csv", text).with("small.toml", SMALL);
    let replay = "replay --json --events events --journal-file journal bars.csv";
    check_complaint(&home.run(replay), 2, parts);
    check_complaint(&home.run("--no-ui --journal journal --market bars.csv"), 2, parts);
    assert!(!home.path("events").exists() && !home.path("journal").exists());
}

#[test]
fn a_row_that_cannot_be_right_is_named_with_file_and_line() {
    let rows = [
        ("2025-10-28T14:32:00Z,IBM,10,11", "fields"),
        ("2025-10-28T14:32:00Z,IBM,NaN,11,9,10,900,,", "NaN"),
        ("2025-10-28T14:32:00Z,IBM,inf,11,9,10,900,,", "inf"),
        ("2025-10-28T14:32:00Z,IBM,-10,11,9,10,900,,", "-10"),
        ("2025-10-28T14:32:00Z,IBM,10,8,9,10,900,,", "high"),
        ("2025-10-28T14:32:00Z,IBM,10,11,9,10,900,10.1,10.0", "bid 10.10 is above ask 10.00"),
        ("2025-10-28T14:29:00Z,IBM,10,11,9,10,900,,", "before"),
        ("2025-10-28T14:31:00Z,IBM,10,11,9,10,900,,", "same time"),
        ("yesterday,IBM,10,11,9,10,900,,", "yesterday"),
        ("2025-10-28T14:32:00Z,I\u{1b}[2JBM,10,11,9,10,900,,", "symbol"),
    ];
    for (row, what) in rows {
        let text = format!("{HEADER}{GOOD}{row}\n");
        check_file(&text, &["bars.csv:4: ", what, "fix the row or pass --skip-bad-rows"]);
    }
}

#[test]
fn a_bad_row_is_named_even_when_too_few_are_left_to_tell_the_length_of_a_bar() {
    let text = format!("{HEADER}2025-10-28T14:30:00Z,IBM,10,11,9,10,900,,\n1,IBM,NaN,1,1,1,1,,\n");
    check_file(text, &["bars.csv:3: ", "NaN", "fix the row"]);
}

#[test]
fn bad_rows_are_set_aside_and_counted_when_that_is_wished() {
    let text = format!("{HEADER}{GOOD}2025-10-28T14:32:00Z,IBM,NaN,11,9,10,900,,\n");
    let ended = Home::new().with("bars.csv", text).run("replay --skip-bad-rows bars.csv");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(
        ended.out.contains("1 rows were set aside") || ended.out.contains("1 row was set aside"),
        "{}",
        ended.out
    );
}

#[test]
fn a_file_that_is_none_is_refused_with_the_remedy() {
    check_file("", &["bars.csv", "empty"]);
    check_file(HEADER, &["bars.csv", "after its header"]);
    check_file(
        "timestamp,symbol,open,high,low,close\n1,A,1,1,1,1\n",
        &["bars.csv:1: ", "'volume'"],
    );
    check_file([0x1f, 0x8b, 9, 9, 9], &["bars.csv", "check that it is there"]);
    let garbage: Vec<u8> =
        (0..9_999_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    check_file(garbage, &["bars.csv"]);
    let home = Home::new();
    std::fs::create_dir(home.path("folder")).unwrap();
    check_complaint(&home.run("replay folder"), 2, &["folder is not a regular file"]);
    check_complaint(&home.run("replay missing.csv"), 2, &["missing.csv", "check that it is there"]);
}

#[test]
fn a_line_without_end_is_refused_in_bounded_memory() {
    let home = Home::new();
    let mut file = std::fs::File::create(home.path("bars.csv")).unwrap();
    file.write_all(HEADER.as_bytes()).unwrap();
    for _ in 0..64 {
        file.write_all(&vec![b'7'; 1 << 20]).unwrap();
    }
    drop(file);
    // 256 MB of address space is less than four times the line.
    let mut command = std::process::Command::new("sh");
    let script = "ulimit -v 262144; exec \"$0\" replay bars.csv";
    command.args(["-c", script, env!("CARGO_BIN_EXE_flightdeck")]).current_dir(home.path("."));
    let output = command.stdin(Stdio::null()).output().unwrap();
    let ended = Ended {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    };
    check_complaint(&ended, 2, &["bars.csv:2", "longer than 65536 bytes"]);
}

#[test]
fn an_impossible_flag_is_refused() {
    let home = Home::new();
    for (arguments, what) in [
        ("--bogus", "--bogus"),
        ("replay --bogus x.csv", "--bogus"),
        ("--no-ui --speed 0", "whole number of 1 or more"),
        ("--no-ui --until-trades abc", "--until-trades"),
        ("--no-ui --until-trades 0", "--until-trades"),
        ("--no-ui --duration 1x", "30m"),
        ("--no-ui --seed 18446744073709551615", "9223372036854775807"),
        ("replay x.csv --threads 0", "from 1 to 64"),
        ("replay x.csv --threads 999999999", "from 1 to 64"),
        ("replay x.csv --interval 3min", "1min, 5min, 1hour or 1day"),
        ("replay", "<FILE>"),
    ] {
        let ended = home.run(arguments);
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{arguments}");
        assert!(ended.err.contains(what), "{arguments}: {}", ended.err);
    }
    let ended = home.run("--until-trades 3 replay x.csv");
    check_complaint(&ended, 2, &["--until-trades is for a run", "'replay'", "leave it out"]);
}

#[test]
fn days_outside_the_calendar_are_refused_before_anything_is_done() {
    for year in [1997, 2031] {
        let bars = format!(
            "timestamp,symbol,open,high,low,close,volume\n\
             {year}-03-04T15:00:00Z,A,10,10,10,10,5\n{year}-03-04T15:01:00Z,A,10,10,10,10,5\n"
        );
        let start = format!("[sim]\nstart = \"{year}-03-04\"\n");
        let home = Home::new().with("bars.csv", bars).with("c.toml", start);
        let parts = ["-03-04 is outside the New York market calendar", "continuous"];
        check_complaint(&home.run("replay bars.csv"), 2, &parts);
        check_complaint(&home.run("--no-ui --market bars.csv --journal j"), 2, &parts);
        let parts = ["c.toml:2", "-03-04", "trading day from 1998-01-01 to 2030-12-31"];
        check_complaint(&home.run("--no-ui --config c.toml --journal j"), 2, &parts);
        assert!(!home.path("j").exists());
    }
}

#[test]
fn a_configuration_that_cannot_be_used_is_refused_with_file_and_line() {
    for (text, parts) in [
        ("[risk]\nmax_postion_value = 5\n", ["c.toml:2: ", "max_postion_value"]),
        ("seed = 1\n[account]\nopening_cash = \"many\"\n", ["c.toml:3: ", "'many'"]),
        ("[sim]\nspeed = 0\n", ["c.toml:2: ", "sim.speed is 0"]),
        ("\n[strategy]\nstop_fraction = 0.9\n", ["c.toml:3: ", "strategy.stop_fraction is 0.9"]),
        ("\n[risk]\nmax_drawdown = -1\n", ["c.toml:3: ", "risk.max_drawdown"]),
        ("[sim\n", ["c.toml:1: ", ""]),
    ] {
        let home = Home::new().with("c.toml", text);
        check_complaint(&home.run("--no-ui --journal journal --config c.toml"), 2, &parts);
        check_complaint(&home.run("config check --config c.toml"), 2, &parts);
        assert!(!home.path("journal").exists());
    }
    let home = Home::new();
    check_complaint(&home.run("--no-ui --config no.toml"), 2, &["no.toml", "readable TOML file"]);
    check_complaint(&home.run("--no-ui --preset no"), 2, &["no preset 'no'", "reference"]);
    let home = home.with("c.toml", "[sim]\nsymbols = [\"NOPE\"]\n");
    let unknown = home.run("--no-ui --config c.toml --journal j");
    check_complaint(&unknown, 2, &["sim.symbols", "NOPE", "it lists"]);
    let unknown = home.run("--no-ui --seed 1 --config c.toml --journal j");
    check_complaint(&unknown, 2, &["sim.symbols", "NOPE", "it lists"]);
}

#[test]
fn what_config_print_says_can_be_fed_back() {
    let home = Home::new();
    let printed = home.run("--seed 9 config print");
    assert_eq!(printed.code, Some(0), "{}", printed.err);
    let home = home.with("c.toml", &printed.out);
    let again = home.run("--config c.toml config print");
    assert_eq!((again.code, again.out), (Some(0), printed.out));
}

#[test]
fn a_check_of_the_configuration_asks_every_part_that_a_run_would_ask() {
    let mut home = Home::new();
    for (text, parts) in [
        ("[screen]\ntheme = \"nope\"\n", ["screen.theme", "'nope'"]),
        ("[alerts]\nwebhook = \"ftp://x\"\n", ["alerts.webhook", "https"]),
        ("[bus]\nredis = \"http://x\"\n", ["bus.redis", "redis://"]),
        ("[telemetry]\nendpoint = \"nonsense\"\n", ["telemetry.endpoint", "nonsense"]),
    ] {
        home = home.with("c.toml", text);
        check_complaint(&home.run("--config c.toml config check"), 2, &parts);
    }
    let fine = home.run("config check");
    assert_eq!(fine.code, Some(0), "{}", fine.err);
    std::fs::create_dir_all(home.path(".config/flightdeck")).unwrap();
    for (keys, part) in [("[kill]\nkill = []\n".as_bytes(), "kill"), (b"\xff", "UTF-8")] {
        std::fs::write(home.path(".config/flightdeck/keys.toml"), keys).unwrap();
        check_complaint(&home.run("config check"), 2, &["keys.toml", part]);
    }
}

#[test]
fn a_place_that_cannot_be_written_is_refused_before_anything_is_done() {
    let home = Home::new().with("bars.csv", format!("{HEADER}{GOOD}")).with("notes", "mine");
    std::fs::create_dir(home.path("folder")).unwrap();
    let journal_in_a_file = home.run("replay bars.csv --journal-file notes/journal");
    check_complaint(&journal_in_a_file, 2, &["notes"]);
    check_complaint(&home.run("replay bars.csv --events folder"), 2, &["folder", "name a file"]);
    let missing = home.run("replay bars.csv --events no/such/folder");
    check_complaint(&missing, 2, &["no/such/folder", "name a file"]);
    for flag in ["--events", "--journal-file"] {
        let over = home.run(&format!("replay bars.csv {flag} bars.csv"));
        check_complaint(&over, 2, &["bars.csv", "another one"]);
    }
    check_complaint(&home.run("replay bars.csv --journal-file notes"), 2, &["notes exists"]);
    check_complaint(&home.run("--no-ui --seed 1 --journal folder"), 2, &["folder", "another file"]);
    check_complaint(&home.run("--no-ui --seed 1 --journal notes/journal"), 2, &["notes"]);
    assert_eq!(std::fs::read_to_string(home.path("notes")).unwrap(), "mine");
    assert_eq!(std::fs::read_to_string(home.path("bars.csv")).unwrap(), format!("{HEADER}{GOOD}"));
}

#[test]
fn events_that_a_full_disk_does_not_take_are_missed() {
    let home = Home::new().with("bars.csv", format!("{HEADER}{GOOD}"));
    let ended = home.run("replay bars.csv --events /dev/full");
    check_complaint(&ended, 1, &["events", "disk"]);
}

#[test]
fn a_run_whose_events_a_full_disk_does_not_take_fails() {
    let home = Home::new();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = home.command("--no-ui --seed 1 --duration 5s --speed max --journal j");
    let ended = command.stdout(full).output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let complaint = String::from_utf8(ended.stderr).unwrap();
    assert!(complaint.contains("is the disk full?"), "{complaint}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let home = Home::new();
    let mut command = home.command(&format!("replay --json {}", sample()));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}

/// A journal of a short replay.
fn journalled() -> Home {
    let home = Home::new();
    let mut text = HEADER.to_owned();
    for minute in 10..50 {
        writeln!(text, "2025-10-28T14:{minute}:00Z,IBM,10,11,9,10,900,,").unwrap();
    }
    let home = home.with("bars.csv", text);
    let ended = home.run("replay bars.csv --journal-file journal");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    home
}

#[test]
fn a_whole_journal_verifies_and_one_flipped_byte_is_named_with_its_record() {
    let home = journalled();
    let ended = home.run("journal verify journal");
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    assert!(ended.out.contains("are whole"), "{}", ended.out);
    let mut bytes = std::fs::read(home.path("journal")).unwrap();
    let needle = b"the data end here";
    let at = bytes.windows(needle.len()).position(|window| window == needle).unwrap();
    bytes[at] ^= 1;
    std::fs::write(home.path("journal"), bytes).unwrap();
    let ended = home.run("journal verify journal");
    check_complaint(&ended, 1, &["journal does not verify", "record ", "event "]);
    let ended = home.run("journal export journal");
    assert_eq!(ended.code, Some(1));
    assert!(ended.err.contains("record "), "{}", ended.err);
}

#[test]
fn what_is_no_journal_is_refused() {
    let home = Home::new().with("notes", "mine");
    std::fs::create_dir(home.path("folder")).unwrap();
    for verb in ["verify", "export"] {
        let missing = home.run(&format!("journal {verb} missing"));
        check_complaint(&missing, 2, &["there is no journal at missing"]);
        let folder = home.run(&format!("journal {verb} folder"));
        check_complaint(&folder, 2, &["folder is not a journal"]);
        check_complaint(
            &home.run(&format!("journal {verb} notes")),
            1,
            &["notes", "not a database"],
        );
    }
}

#[test]
fn every_flag_is_explained() {
    let home = Home::new();
    for verb in ["", "replay ", "journal ", "journal verify ", "journal export ", "config "] {
        let help = home.run(&format!("{verb}--help"));
        assert_eq!(help.code, Some(0), "{verb}");
        // An option without words stands alone at the end of its line.
        for line in help.out.lines().filter(|line| line.trim_start().starts_with("--")) {
            let is_bare = line.trim_end().ends_with('>') || !line.trim().contains(' ');
            assert!(!is_bare, "{verb}: {line}");
        }
        assert!(help.out.lines().all(|line| line.chars().count() <= 100), "{verb}");
    }
}
