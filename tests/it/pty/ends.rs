//! How it ends: by key, by signal, with a terminal that is gone.

use rustix::process::Signal;

use super::{Desk, QUICK, home};
use crate::support::program::exported;

#[track_caller]
fn check_signal(signal: Signal) {
    let mut desk = Desk::start((120, 40));
    desk.see("NVDA");
    desk.signal(signal);
    assert_eq!(desk.end().exit_code(), 0, "{signal:?}: {}", desk.written());
    desk.check_restored();
    let written = desk.written();
    let (_, after) = written.rsplit_once("\x1b[?1049l").unwrap();
    assert!(after.contains("flightdeck: stopped: "), "{signal:?}: {after:?}");
    assert!(exported(&desk.home.path("journal")).contains("system.session.ended"));
}

#[test]
fn term_int_and_hup_end_it_cleanly_and_give_the_terminal_back() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        check_signal(signal);
    }
}

#[test]
fn quit_is_the_kill_and_not_the_end() {
    let mut desk = Desk::start((120, 40));
    desk.see("NVDA");
    desk.signal(Signal::QUIT);
    let status = desk.check_halted();
    let seq = status["seq"].as_u64();
    desk.ask_until("status", |status| status["seq"].as_u64() > seq);
    desk.see("HALTED");
    desk.check_ends_well();
    desk.check_restored();
}

#[test]
fn the_key_of_leaving_ends_it() {
    let manual = QUICK.replace("small", "manual");
    let mut desk = Desk::with(home(), &manual, (80, 24), &[]);
    desk.see("NVDA");
    desk.press("q");
    assert_eq!(desk.end().exit_code(), 0);
    desk.check_restored();
}

#[test]
fn a_terminal_that_is_gone_halts_and_the_house_lives_on() {
    let mut desk = Desk::unread(home(), QUICK, (120, 40), &[]);
    desk.ask_until("status", |status| status["counts"]["positions"].as_u64() > Some(0));
    desk.close();
    let status = desk.check_halted();
    assert!(status["trading"]["reason"].to_string().contains("terminal is gone"), "{status}");
    let seq = status["seq"].as_u64();
    desk.ask_until("status", |status| status["seq"].as_u64() > seq);
    super::keys::check_only_exits_rest(&desk);
    desk.check_ends_well();
}

#[track_caller]
fn check_policy(policy: &str) -> Desk {
    let text = std::fs::read_to_string(home().path("small.toml")).unwrap();
    let text = format!("{text}[screen]\non_terminal_lost = \"{policy}\"\n");
    let home = home().with("small.toml", text);
    let mut desk = Desk::unread(home, QUICK, (120, 40), &[]);
    desk.ask_until("status", |status| status["seq"].as_u64() > Some(50));
    desk.close();
    desk
}

#[test]
fn what_follows_a_lost_terminal_is_the_operators_choice() {
    let mut desk = check_policy("exit");
    assert_eq!(desk.end().exit_code(), 0);
    let mut desk = check_policy("headless");
    let seq = desk.ask_until("status", |_| true)["seq"].as_u64();
    let status = desk.ask_until("status", |status| status["seq"].as_u64() > seq);
    assert_eq!(status["trading"]["phase"], "ACTIVE");
    desk.check_ends_well();
}

#[test]
fn without_a_screen_a_hang_up_ends_it_cleanly_unless_nohup_asks_otherwise() {
    let home = home();
    let mut running = home.start(&format!("--no-ui {QUICK}"));
    running.read(5);
    running.signal("USR1");
    running.signal("HUP");
    let ended = running.end();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(ended.err.contains("stopped: "), "{}", ended.err);
}
