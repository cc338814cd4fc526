//! The screen itself fails: its word `panic` is known to builds with assertions alone.

use super::{Desk, QUICK, home, keys};

/// A run with a position, whose screen has panicked.
#[track_caller]
fn panicked(policy: &str) -> Desk {
    let text = std::fs::read_to_string(home().path("small.toml")).unwrap();
    let text = format!("{text}[screen]\non_terminal_lost = \"{policy}\"\n");
    let mut desk = Desk::with(home().with("small.toml", text), QUICK, (120, 40), &[]);
    desk.ask_until("status", |status| {
        status["counts"]["positions"].as_u64() > Some(0) && status["counts"]["naked"] == 0
    });
    desk.press(":panic\r");
    desk.hear("flightdeck: the screen panicked");
    desk.check_given_back();
    let written = desk.written();
    let (_, after) = written.rsplit_once("\x1b[?1049l").unwrap();
    assert!(after.contains("a panic was asked for"), "its words can be read: {after:?}");
    desk
}

#[test]
fn a_screen_that_panics_gives_the_terminal_back_and_the_halted_house_goes_on() {
    let mut desk = panicked("halt");
    let status = desk.check_halted();
    assert!(status["trading"]["reason"].to_string().contains("screen panicked"), "{status}");
    assert_eq!(status["counts"]["naked"], 0);
    let seq = status["seq"].as_u64();
    desk.ask_until("status", |status| status["seq"].as_u64() > seq);
    keys::check_only_exits_rest(&desk);
    desk.check_ends_well();
}

#[test]
fn behind_a_screen_that_panicked_the_house_trades_on_where_wished_and_the_key_kills() {
    let mut desk = panicked("headless");
    let seq = desk.ask_until("status", |_| true)["seq"].as_u64();
    let status = desk.ask_until("status", |status| status["seq"].as_u64() > seq);
    assert_eq!(status["trading"]["phase"], "ACTIVE");
    // The terminal is the person's again: this key is a signal now.
    desk.press("\x1c");
    desk.check_halted();
    keys::check_only_exits_rest(&desk);
    // As is this one, which ends it.
    desk.press("\x03");
    assert_eq!(desk.end().exit_code(), 0, "{}", desk.written());
}
