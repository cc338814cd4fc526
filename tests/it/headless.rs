//! `flightdeck --no-ui` as a script sees it: lines on one stream, remarks on the
//! other, an exit code. The binary itself is run.

use std::fmt::Write;

use flightdeck::domain::time::Timestamp;
use flightdeck::events::{Envelope, Event, SignalEvent, SystemEvent, TapeEvent};
use jiff::SignedDuration;

use crate::support::program::{Ended, Home, events, exported};

/// A coarse market of two stocks: a trade within a second of work.
pub(crate) const SMALL: &str = "[sim]\ncadence_ms = 30000\nsymbols = [\"AAPL\", \"NVDA\"]\n";

fn home() -> Home {
    Home::new().with("small.toml", SMALL)
}

/// Runs on the small market; the journal is `journal`.
fn run(home: &Home, arguments: &str) -> Ended {
    home.run(&format!("--no-ui --config small.toml --journal journal {arguments}"))
}

fn is_trade(envelope: &Envelope) -> bool {
    matches!(envelope.event, Event::Signal(SignalEvent::TradeLogged(_)))
}

fn first_step(run: &[Envelope]) -> Timestamp {
    let step = run.iter().find(|e| matches!(e.event, Event::Tape(TapeEvent::Step(_))));
    step.unwrap().at
}

#[track_caller]
fn check_ended(run: &[Envelope], reason: &str) {
    let Event::System(SystemEvent::SessionEnded(ended)) = &run.last().unwrap().event else {
        panic!("the last event is {:?}", run.last());
    };
    assert_eq!(ended.reason, reason);
}

#[test]
fn a_seed_gives_the_same_bytes_at_any_speed_and_another_seed_gives_others() {
    let runs = ["--seed 7 --speed max", "--seed 7 --speed 4000000x", "--seed 8 --speed max"]
        .map(|arguments| run(&home(), &format!("{arguments} --until-trades 1")));
    assert!(runs.iter().all(|run| run.code == Some(0)), "{:?}", runs.map(|run| run.err));
    assert!(runs[0].out == runs[1].out, "speed shows in the events");
    assert!(runs[0].out != runs[2].out, "the seed does not show");
}

#[test]
fn the_output_is_event_lines_numbered_from_one_and_remarks_go_to_the_error_stream() {
    let home = home();
    let ended = run(&home, "--seed 7 --speed max --until-trades 1");
    let run = events(&ended.out);
    let numbers: Vec<u64> = run.iter().map(|envelope| envelope.seq.0).collect();
    let gapless: Vec<u64> = (1..).take(run.len()).collect();
    assert_eq!(numbers, gapless);
    assert!(matches!(run[0].event, Event::System(SystemEvent::SessionStarted(_))));
    assert_eq!(ended.err.lines().count(), 1, "{}", ended.err);
    assert!(ended.err.starts_with("flightdeck: enough trades: "), "{}", ended.err);
    assert_eq!(exported(&home.path("journal")), ended.out, "the journal tells another story");
}

#[test]
fn a_run_ends_with_the_instant_that_brings_the_last_wanted_trade() {
    let run = events(&run(&home(), "--seed 7 --speed max --until-trades 2").out);
    check_ended(&run, "enough trades");
    let trades: Vec<&Envelope> = run.iter().filter(|envelope| is_trade(envelope)).collect();
    let last = trades.last().unwrap().at;
    assert!(trades.len() >= 2);
    assert!(trades.iter().filter(|trade| trade.at < last).count() < 2, "it went on for too long");
    assert_eq!(run.last().unwrap().at, last);
}

#[test]
fn a_duration_is_time_of_the_market() {
    let run = events(&run(&home(), "--seed 7 --speed max --duration 20m").out);
    check_ended(&run, "enough time");
    let lasted = run.last().unwrap().at.since(first_step(&run));
    assert_eq!(lasted, SignedDuration::from_mins(20));
}

#[test]
fn a_signal_ends_the_run_cleanly() {
    for signal in ["INT", "TERM"] {
        let home = home();
        let arguments = "--no-ui --config small.toml --journal journal --seed 7 --speed 1";
        let mut running = home.start(arguments);
        let mut out = running.read(20);
        running.signal(signal);
        let ended = running.end();
        out.push_str(&ended.out);
        assert_eq!(ended.code, Some(0), "{signal}: {}", ended.err);
        check_ended(&events(&out), "stopped");
        flightdeck::journal::verify(&home.path("journal")).unwrap();
        assert_eq!(exported(&home.path("journal")), out);
    }
}

#[test]
fn a_reader_that_goes_away_ends_the_run_cleanly() {
    let home = home();
    let arguments = "--no-ui --config small.toml --journal journal --seed 7 --speed 3000";
    let mut running = home.start(arguments);
    running.read(5);
    running.close_output();
    let ended = running.end();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(ended.err.starts_with("flightdeck: nobody reads the events: "), "{}", ended.err);
    assert_eq!(ended.err.lines().count(), 1, "{}", ended.err);
    check_ended(&events(&exported(&home.path("journal"))), "nobody reads the events");
}

#[test]
fn recorded_bars_can_stand_for_the_market() {
    let mut bars = String::from("timestamp,symbol,open,high,low,close,volume,bid,ask\n");
    for minute in 30..50 {
        writeln!(
            bars,
            "2025-10-28T14:{minute}:00Z,IBM,100.00,100.50,99.50,100.10,900,100.05,100.15"
        )
        .unwrap();
    }
    let home = home().with("bars.csv", bars);
    let ended = run(&home, "--speed max --market bars.csv");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let run = events(&ended.out);
    check_ended(&run, "the data end here");
    let steps = run.iter().filter(|e| matches!(e.event, Event::Tape(TapeEvent::Step(_))));
    assert_eq!(steps.count(), 20);
}

#[test]
fn a_run_without_a_journal_of_its_own_makes_one_that_no_other_run_overwrites() {
    let home = home();
    for number in 1..=2 {
        let arguments = "--no-ui --config small.toml --seed 7 --speed max --duration 1m";
        let ended = home.run(arguments);
        let journal =
            home.path(&format!(".local/share/flightdeck/sim/seed7-run{number:04}.sqlite"));
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        assert!(ended.err.contains(journal.to_str().unwrap()), "{}", ended.err);
        flightdeck::journal::verify(&journal).unwrap();
    }
}
