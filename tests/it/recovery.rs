//! `flightdeck --no-ui` killed at any moment and started again.
//!
//! What is acknowledged: every event up to the last one of the order path (topics
//! order, venue and operator) that came out; the journal is on disk before such a
//! line is printed. Market data behind it may be lost, they are made again.
//!
//! What is promised: the runs together, with the frames of the sessions left out,
//! say what one run that was never stopped says, event by event; also when the
//! kill has cut a cascade in the middle.

use std::fmt::Write;

use flightdeck::domain::ids::Seq;
use flightdeck::events::{Envelope, Event, SystemEvent, Topic, wire};

use crate::headless::SMALL;
use crate::support::program::{Ended, Home, events, exported};

const KILLS: usize = 10;

fn arguments(more: &str) -> String {
    format!("--no-ui --config small.toml --journal journal --seed 7 {more}")
}

fn home() -> Home {
    Home::new().with("small.toml", SMALL)
}

/// An event without what its number and the numbers of others show in.
fn bare(envelope: &Envelope) -> String {
    let mut line = Vec::new();
    let bare = Envelope { seq: Seq(0), root: Seq(0), cause: None, ..envelope.clone() };
    wire::write(&bare, &mut line);
    String::from_utf8(line).unwrap()
}

/// What was said, without the frames of the sessions and without what a new session
/// asks the venue about the orders that it finds, which is answered and changes nothing.
fn story(run: &[Envelope]) -> Vec<String> {
    const ASKED: [&str; 3] = ["order.get_status", "venue.orders.reported", "order.status.reported"];
    let is_frame = |event: &Event| {
        matches!(
            event,
            Event::System(SystemEvent::SessionStarted(_) | SystemEvent::SessionEnded(_))
        ) || ASKED.contains(&event.name())
    };
    run.iter().filter(|envelope| !is_frame(&envelope.event)).map(bare).collect()
}

#[track_caller]
fn check_same_story(parts: &[Envelope], whole: &[Envelope]) {
    let (parts, whole) = (story(parts), story(whole));
    let differs = parts.iter().zip(&whole).position(|(part, whole)| part != whole);
    if let Some(at) = differs {
        panic!("event {at} differs:\n{}\n{}", parts[at], whole[at]);
    }
    assert_eq!(parts.len(), whole.len(), "one story is longer");
}

/// Reads so many lines, kills, and returns the whole lines that came out.
fn kill_after(home: &Home, lines: usize, more: &str) -> String {
    let mut running = home.start(&arguments(more));
    let mut out = running.read(lines);
    running.signal("KILL");
    let ended = running.end();
    assert_eq!(ended.code, None, "it ended before it was killed: {}", ended.err);
    out.push_str(&ended.out);
    let whole = out.rfind('\n').map_or(0, |at| at + 1);
    out.truncate(whole);
    out
}

#[test]
fn kill_9_at_any_moment_loses_nothing_acknowledged_and_changes_nothing() {
    let home = home();
    let journal = home.path("journal");
    let mut last = 0;
    for kill in 0..KILLS {
        // From the first lines to well into the trading, never waiting.
        let lines = 1 + kill * 1_237 % 797;
        let out = kill_after(&home, lines, "--speed 4000000x");
        let printed = events(&out);
        flightdeck::journal::verify(&journal).unwrap();
        let kept = exported(&journal);
        let kept: Vec<&str> = kept.lines().collect();
        let order_path = [Topic::Order, Topic::Venue, Topic::Operator];
        for (line, envelope) in out.lines().zip(&printed) {
            let place = usize::try_from(envelope.seq.0).unwrap() - 1;
            let is_promised = order_path.contains(&envelope.event.topic());
            assert!(!is_promised || place < kept.len(), "lost: {line}");
            assert!(place >= kept.len() || kept[place] == line, "changed: {line}");
        }
        if let Some(first) = printed.first() {
            assert_eq!(first.seq.0, last + 1, "it did not go on where the journal ended");
        }
        last = u64::try_from(kept.len()).unwrap();
    }
    finish_and_compare(&home);
}

/// Lets a last run go on to the end of the day's first hours, and compares all of
/// them together with one run.
#[track_caller]
fn finish_and_compare(killed: &Home) {
    let ended = killed.run(&arguments("--speed max --until-trades 1"));
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let parts = events(&exported(&killed.path("journal")));
    let trades = parts.iter().filter(|e| e.event.name() == "strategy.trade.logged").count();
    let whole = home().run(&arguments(&format!("--speed max --until-trades {trades}")));
    check_same_story(&parts, &events(&whole.out));
}

#[test]
fn a_run_that_was_stopped_goes_on_as_if_it_had_not_been() {
    let home = home();
    for _ in 0..3 {
        let ended = home.run(&arguments("--speed max --duration 47m"));
        assert_eq!(ended.code, Some(0), "{}", ended.err);
    }
    finish_and_compare(&home);
}

#[test]
fn a_recorded_market_goes_on_where_it_stopped_and_another_one_is_refused() {
    let bars = |close: u32| {
        let mut text = String::from("timestamp,symbol,open,high,low,close,volume\n");
        for minute in 10..50 {
            writeln!(text, "2025-10-28T14:{minute}:00Z,IBM,100,101,99,{close},900").unwrap();
        }
        text
    };
    let home = Home::new().with("bars.csv", bars(100)).with("other.csv", bars(101));
    let run = |rest: &str| home.run(&format!("--no-ui --speed max {rest}"));
    assert_eq!(run("--market bars.csv --journal whole").code, Some(0));
    assert_eq!(run("--market bars.csv --journal parts --duration 15m").code, Some(0));
    check_refused(&run("--market other.csv --journal parts"), &["at 2025-10-28T14:26:00Z"]);
    for _ in 0..2 {
        let ended = run("--market bars.csv --journal parts");
        assert_eq!(ended.code, Some(0), "{}", ended.err);
    }
    let [parts, whole] = ["parts", "whole"].map(|name| events(&exported(&home.path(name))));
    check_same_story(&parts, &whole);
}

#[track_caller]
fn check_refused(ended: &Ended, parts: &[&str]) {
    assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{}", ended.err);
    assert_eq!(ended.err.lines().count(), 1, "{}", ended.err);
    for part in parts {
        assert!(ended.err.contains(part), "{:?} should name {part:?}", ended.err);
    }
}

#[test]
fn a_journal_that_does_not_fit_is_refused_with_the_remedy() {
    let bars = "timestamp,symbol,open,high,low,close,volume\n\
                2025-10-28T14:30:00Z,IBM,1,1,1,1,9\n2025-10-28T14:31:00Z,IBM,1,1,1,1,9\n";
    let other = format!("{SMALL}[risk]\nmax_position_value = 500\n");
    let home = home().with("bars.csv", bars).with("other.toml", other);
    assert_eq!(home.run(&arguments("--speed max --duration 1m")).code, Some(0));
    let before = exported(&home.path("journal"));
    let run = |rest: &str| home.run(&format!("--no-ui --speed max --journal journal {rest}"));
    check_refused(&run("--config small.toml --seed 8"), &["seed 7, not 8", "--seed 7"]);
    check_refused(&run("--config other.toml --seed 7"), &["other settings", "--config"]);
    let market = run("--config small.toml --seed 7 --market bars.csv");
    check_refused(&market, &["--market"]);
    assert_eq!(exported(&home.path("journal")), before, "a refused run wrote something");
    home.run("replay bars.csv --journal-file replayed");
    let replayed = home.run("--no-ui --seed 1 --journal replayed");
    check_refused(&replayed, &["mode 'replay', not 'sim'", "another file"]);
}

#[test]
fn two_programs_never_write_to_one_journal() {
    let home = home();
    let mut first = home.start(&arguments("--speed 1"));
    first.read(1);
    let second = home.run(&arguments("--speed max"));
    check_refused(&second, &["journal.lock", "held by another FlightDeck", "stop that one"]);
    first.signal("TERM");
    assert_eq!(first.end().code, Some(0));
}
