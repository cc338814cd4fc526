//! What keys do to the house: approve, reject, kill.

use serde_json::Value;

use super::{Desk, QUICK, home};

const CTRL_K: &str = "\x0b";
const CTRL_BACKSLASH: &str = "\x1c";
const F12: &str = "\x1b[24~";

fn manual() -> Desk {
    let desk = Desk::with(home(), &QUICK.replace("small", "manual"), (120, 40), &[]);
    desk.see("waits for approval");
    desk
}

fn count(status: &Value, what: &str) -> u64 {
    status["counts"][what].as_u64().unwrap()
}

#[test]
fn an_approval_takes_the_right_key_after_a_moment_and_the_trade_goes_on() {
    let mut desk = manual();
    let page = {
        // All in one go: the y comes in the dialog's first moment and is not heard.
        desk.press("a\ry");
        desk.see("Review")
    };
    assert!(page.contains("NVDA"), "{page}");
    desk.press("\r\r");
    let status = desk.ask_until("status", |_| true);
    assert_eq!((count(&status, "positions"), count(&status, "working")), (0, 0));
    // Asking took longer than the dead time.
    desk.press("y");
    desk.ask_until("status", |status| count(status, "positions") == 1);
    desk.press("\x1b");
    desk.press("6");
    desk.see("position");
    desk.check_ends_well();
    desk.check_restored();
}

#[test]
fn a_rejected_trade_is_over() {
    let mut desk = manual();
    let waiting = count(&desk.ask_until("status", |_| true), "approvals");
    desk.press("x");
    desk.see("reject");
    let log =
        desk.ask_until("trades", |trades| trades.to_string().contains("rejected at the screen"));
    assert!(waiting > 0, "{log}");
    desk.check_ends_well();
}

#[track_caller]
fn check_kill(name: &str, before: &str, key: &str) {
    let mut desk = Desk::start((120, 40));
    desk.ask_until("status", |status| {
        count(status, "positions") > 0 && count(status, "naked") == 0
    });
    desk.press(before);
    desk.press(key);
    let page = desk.see("KILL");
    let status = desk.check_halted();
    assert_eq!(status["counts"]["naked"], 0, "{name}: {page}");
    check_only_exits_rest(&desk);
    desk.check_ends_well();
    desk.check_restored();
}

/// Every order that works protects a position, and every position has one.
#[track_caller]
pub(super) fn check_only_exits_rest(desk: &Desk) {
    let is_entry = |order: &Value| order["purpose"].to_string().to_lowercase().contains("entry");
    let orders = desk.ask_until("orders", |orders| {
        orders["working"].as_array().is_some_and(|orders| !orders.iter().any(is_entry))
    });
    let working = orders["working"].as_array().unwrap();
    let positions = desk.ask_until("positions", |_| true);
    for position in positions["positions"].as_array().unwrap() {
        let symbol = &position["symbol"];
        assert!(working.iter().any(|order| order["symbol"] == *symbol), "{symbol} has no stop");
    }
}

#[test]
fn every_kill_key_halts_from_anywhere_and_stops_stay() {
    check_kill("ctrl-k", "", CTRL_K);
    check_kill("ctrl-backslash from the palette", ":theme da", CTRL_BACKSLASH);
    check_kill("f12 from a filter", "/ab", F12);
}

#[test]
fn the_kill_key_works_inside_a_dialog() {
    let mut desk = manual();
    desk.press("a");
    desk.see("Review");
    desk.press(CTRL_K);
    desk.see("KILL");
    let status = desk.check_halted();
    assert_eq!(count(&status, "positions"), 0);
    desk.check_ends_well();
}

#[test]
fn a_halt_rings_and_tells_the_terminal_why() {
    let mut desk = Desk::start((120, 40));
    desk.see("NVDA");
    desk.press(CTRL_K);
    desk.hear("\x1b]9;FlightDeck: trading is HALTED");
    desk.hear("\x07");
    desk.check_ends_well();
}
