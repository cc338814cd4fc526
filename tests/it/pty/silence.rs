//! A terminal that takes no bytes: a stuck ssh, a stopped tmux, Ctrl-S.

use std::time::Duration;

use flightdeck::bus::clock::Stopwatch;

use super::{Desk, QUICK, home};

/// The program waits for a terminal that takes nothing: what was drawn fills its buffer.
fn stuck() -> Desk {
    let mut desk = Desk::unread(home(), QUICK, (200, 60), &[]);
    desk.ask_until("status", |status| status["counts"]["positions"].as_u64() > Some(0));
    // Whole pages, until more than the terminal's buffer was drawn.
    let began = Stopwatch::start();
    while began.elapsed() < Duration::from_secs(2) {
        desk.press("\x0c");
        desk.ask_until("status", |_| true);
    }
    desk
}

#[test]
fn a_terminal_that_takes_nothing_holds_up_neither_events_nor_the_kill_nor_the_end() {
    let mut desk = stuck();
    let seq = desk.ask_until("status", |_| true)["seq"].as_u64();
    desk.ask_until("status", |status| status["seq"].as_u64() > seq);
    // The key, which nobody draws.
    desk.press("\x0b");
    let status = desk.check_halted();
    assert_eq!(status["counts"]["naked"], 0);
    desk.check_ends_well();
}

#[test]
fn the_verb_kills_behind_a_terminal_that_takes_nothing() {
    let mut desk = stuck();
    let ended = desk.home.run("kill --reason stuck --json");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    desk.check_halted();
    desk.check_ends_well();
}
