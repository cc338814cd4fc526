//! A terminal that takes no bytes: a stuck ssh, a stopped tmux, Ctrl-S.

use super::{Desk, QUICK, home};

/// The buffer of a terminal is 64 KiB at most on Linux.
const PAGES: usize = 20;

/// The program waits for a terminal that takes nothing: what was drawn fills its buffer.
fn stuck() -> Desk {
    let mut desk = Desk::unread(home(), QUICK, (200, 60), &[]);
    desk.ask_until("status", |status| status["counts"]["positions"].as_u64() > Some(0));
    // Whole pages of twelve thousand places: more than any terminal's buffer holds.
    for _ in 0..PAGES {
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
