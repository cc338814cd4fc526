//! What keys do to the house: approve, reject, kill.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use flightdeck::bus::clock::Stopwatch;

use serde_json::Value;

use super::{Desk, PATIENCE, QUICK, home};

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
    // Until the dead time is over; afterwards the key copies a row.
    let began = Stopwatch::start();
    while desk.ask_until("orders", |_| true)["working"] == Value::Array(Vec::new()) {
        desk.press("y");
        assert!(began.elapsed() < PATIENCE, "nothing was sent");
    }
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

#[test]
fn an_alert_is_at_the_webhook_within_five_seconds_with_and_without_a_screen() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let hook = format!("http://{}/hook", listener.local_addr().unwrap());
    let text = std::fs::read_to_string(home().path("small.toml")).unwrap();
    let text = format!("{text}[alerts]\nwebhook = \"{hook}\"\n");
    let mut desk = Desk::with(home().with("small.toml", &text), QUICK, (80, 24), &[]);
    desk.see("NVDA");
    let pressed = Stopwatch::start();
    desk.press(CTRL_K);
    let body = posted(&listener);
    assert!(body.contains("trading is HALTED"), "{body}");
    assert!(pressed.elapsed() < Duration::from_secs(5), "{:?}", pressed.elapsed());
    desk.check_ends_well();

    let home = home().with("small.toml", &text);
    let mut running = home.start(&format!("--no-ui {QUICK}"));
    running.read(5);
    running.signal("QUIT");
    assert!(posted(&listener).contains("SIGQUIT"));
    running.signal("TERM");
    assert_eq!(running.end().code, Some(0));

    let elsewhere = text.replace(&hook, "http://example.org/hook");
    let ended = home.with("small.toml", elsewhere).run(&format!("--no-ui {QUICK}"));
    assert_eq!(ended.code, Some(2));
    assert!(ended.err.contains("the webhook must be https"), "{}", ended.err);
}

/// Takes one post and answers it.
fn posted(listener: &TcpListener) -> String {
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let (mut heard, mut more) = (Vec::new(), [0; 4_096]);
    while !heard.ends_with(b"}") {
        let read = stream.read(&mut more).unwrap();
        assert!(read > 0, "the post is whole");
        heard.extend_from_slice(&more[..read]);
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
    String::from_utf8(heard).unwrap()
}
