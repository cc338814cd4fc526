//! What adds risk takes review and confirmation; what reduces it takes one key.

use super::{Desk, approval, told};
use crate::domain::time::Timestamp;
use crate::ui::dialog::Stage;
use crate::ui::facts::Mode;
use crate::ui::state::{Answer, Moment, Token};
use crate::ui::update::{Cmd, Msg};
use std::time::Duration;

/// One way in which arming ends.
type End = fn(&mut Desk);

/// Presses keys, then types a text, and checks what the last key asked for.
#[track_caller]
fn check(mode: Mode, keys: &str, text: &str, expected: &[&str]) -> Desk {
    let mut desk = Desk::new(mode);
    let mut commands = desk.press(keys);
    if !text.is_empty() {
        commands = desk.write(text);
    }
    assert_eq!(told(&commands), expected, "{mode:?} {keys} {text}");
    desk
}

#[test]
fn on_paper_an_approval_is_reviewed_and_confirmed_by_another_key() {
    check(Mode::Sim, "a y", "", &["approve T-NVDA"]);
    check(Mode::Paper, "a y", "", &["approve T-NVDA"]);
    check(Mode::Paper, "a", "", &[]);
    check(Mode::Paper, "y", "", &["Page(CopyRow(Watchlist))"]);
}

#[test]
fn enter_and_the_opening_key_never_confirm() {
    for mode in [Mode::Sim, Mode::Paper, Mode::Live] {
        check(mode, "a enter", "", &[]);
        check(mode, "a a", "", &[]);
        check(mode, "! r enter", "", &[]);
        check(mode, "q enter", "", &[]);
    }
}

#[test]
fn real_money_is_armed_and_typed() {
    check(Mode::Live, "a y", "", &[]);
    let desk = check(Mode::Live, "a", "NVDA 50", &[]);
    assert!(desk.last_toast().contains("arm first"), "{}", desk.last_toast());
    check(Mode::Live, "! a", "NVDA 5", &[]);
    check(Mode::Live, "! a", "NVDA 500", &[]); // the 0 before sent it, this one is nothing
    check(Mode::Live, "! a", "nvda 50", &[]);
    check(Mode::Live, "! a", "NVDA 50", &["approve T-NVDA"]);
    check(Mode::Live, "a !", "NVDA 50", &["approve T-NVDA"]);
}

#[test]
fn a_letter_of_the_word_is_typed_even_when_it_is_a_key() {
    let mut desk = Desk::new(Mode::Live);
    desk.press("3 tab tab down !"); // the orders pane, its second row
    desk.app.focus = crate::ui::state::Pane::Orders;
    desk.app.rows.insert(crate::ui::state::Pane::Orders, 1);
    desk.press("a");
    assert_eq!(told(&desk.write("XOM 50")), ["approve T-XOM"]);
}

#[test]
fn an_order_beyond_a_precautionary_limit_is_typed_on_paper_too() {
    let mut desk = Desk::new(Mode::Paper);
    desk.tell(|facts| facts.approvals[0].caution = Some("notional above 5,000".into()));
    assert_eq!(told(&desk.press("a y")), [""; 0]);
    assert_eq!(told(&desk.write("NVDA 50")), ["approve T-NVDA"]);
}

#[test]
fn an_order_that_becomes_unusual_while_it_is_read_is_not_sent_by_a_key() {
    let mut desk = Desk::new(Mode::Paper);
    desk.press("a");
    desk.tell(|facts| facts.approvals[0].caution = Some("off_last: 2 % off".into()));
    assert_eq!(told(&desk.press("y")), [""; 0]);
    assert_eq!(desk.last_toast(), "not sent: off_last: 2 % off; close this and review it again");
    // What is typed is meant, whatever has become unusual meanwhile.
    desk.press("esc a");
    desk.tell(|facts| facts.approvals[0].caution = Some("off_last: 3 % off".into()));
    assert_eq!(told(&desk.write("NVDA 50")), ["approve T-NVDA"]);
}

#[test]
fn a_breaker_a_resume_and_a_flatten_are_armed_and_typed() {
    check(Mode::Paper, "! r", "RESET alpaca.orders", &["reset alpaca.orders"]);
    check(Mode::Paper, "r", "RESET alpaca.orders", &["Quit"; 0]);
    for (line, word, expected) in [
        ("resume", "RESUME", "resume"),
        ("flatten", "FLATTEN", "flatten all"),
        ("flatten AAPL", "FLATTEN AAPL", "flatten AAPL"),
        ("reset alpaca.orders", "RESET alpaca.orders", "reset alpaca.orders"),
    ] {
        for is_armed in [false, true] {
            let mut desk = Desk::new(Mode::Paper);
            if is_armed {
                desk.press("!");
            }
            desk.press(":");
            desk.write(line);
            assert_eq!(told(&desk.press("enter")), [""; 0], "{line}");
            let commands = desk.write(word);
            assert_eq!(told(&commands) == [expected], is_armed, "{line} {commands:?}");
        }
    }
}

#[test]
fn a_dialog_is_deaf_for_its_first_moment() {
    let mut desk = Desk::new(Mode::Paper);
    desk.press("a");
    assert_eq!(told(&desk.press_after(299, "y")), [""; 0]);
    assert_eq!(told(&desk.press_after(1, "y")), ["approve T-NVDA"]);
}

#[test]
fn a_held_key_does_not_trade() {
    let mut desk = Desk::new(Mode::Paper);
    let held = |key: &str| Msg::Key { chord: key.parse().unwrap(), is_repeat: true };
    assert_eq!(told(&desk.send(held("x"))), [""; 0]);
    desk.press("a");
    desk.now = desk.now.plus(Duration::from_secs(1));
    assert_eq!(told(&desk.send(held("y"))), [""; 0]);
    assert_eq!(told(&desk.send(held("ctrl-k"))), ["KILL"], "a held kill key still kills");
}

#[test]
fn a_confirmation_is_sent_once() {
    let mut desk = Desk::new(Mode::Paper);
    assert_eq!(told(&desk.press("a y")), ["approve T-NVDA"]);
    assert_eq!(told(&desk.press("y y x")), [""; 0]);
    assert_eq!(desk.app.pending.len(), 1);
}

#[test]
fn pasting_does_not_confirm() {
    let mut desk = Desk::new(Mode::Live);
    desk.press("! a");
    assert_eq!(told(&desk.send(Msg::Paste("NVDA 50".into()))), [""; 0]);
    assert_eq!(desk.app.dialog.as_ref().unwrap().typed, "");
    assert!(desk.last_toast().contains("type the word"));
}

#[test]
fn the_dialog_tells_how_far_it_has_come_and_esc_always_leaves() {
    for (answer, expected) in [
        (Answer::Accepted, Stage::Accepted),
        (Answer::Rejected("halted".into()), Stage::Rejected("halted".into())),
        (Answer::Unknown, Stage::Unknown),
    ] {
        let mut desk = Desk::new(Mode::Paper);
        desk.press("a y");
        assert_eq!(desk.app.dialog.as_ref().unwrap().stage, Stage::Submitting(Token(1)));
        desk.send(Msg::Answered(Token(1), answer));
        assert_eq!(desk.app.dialog.as_ref().unwrap().stage, expected);
        assert_eq!(told(&desk.press("esc")), [""; 0]);
        assert!(desk.app.dialog.is_none());
    }
}

#[test]
fn a_request_without_an_answer_becomes_unknown_by_itself() {
    let mut desk = Desk::new(Mode::Paper);
    desk.press("a y");
    let wake = desk.app.next_wake().unwrap();
    assert_eq!(wake.since(desk.now), Duration::from_secs(10));
    desk.now = wake;
    desk.send(Msg::Tick);
    assert_eq!(desk.app.dialog.as_ref().unwrap().stage, Stage::Unknown);
    assert!(desk.last_toast().contains("NO ANSWER"), "{}", desk.last_toast());
    desk.send(Msg::Answered(Token(1), Answer::Accepted));
    assert_eq!(desk.app.dialog.as_ref().unwrap().stage, Stage::Unknown, "too late");
}

#[test]
fn an_approval_that_expires_closes_the_dialog_with_a_message() {
    let mut desk = Desk::new(Mode::Paper);
    desk.press("a");
    desk.tell(|facts| facts.at = Timestamp::from_seconds(1_029));
    assert!(desk.app.dialog.is_some());
    desk.tell(|facts| facts.at = Timestamp::from_seconds(1_030));
    assert!(desk.app.dialog.is_none());
    assert_eq!(desk.last_toast(), "BUY 50 NVDA expired, which rejects it");
    desk.press("a");
    desk.tell(|facts| facts.approvals.clear());
    assert_eq!(desk.last_toast(), "BUY 50 NVDA expired, which rejects it");
}

#[test]
fn what_was_reviewed_stays_and_a_market_that_moved_is_refused() {
    let mut desk = Desk::new(Mode::Paper);
    desk.press("a");
    let pinned = desk.app.dialog.clone();
    desk.tell(|facts| {
        facts.approvals[0].title = "BUY 9999 NVDA".into();
        facts.approvals[0].refusal = Some("the market moved 40 bp".into());
    });
    assert_eq!(desk.app.dialog, pinned);
    assert_eq!(told(&desk.press("y")), [""; 0]);
    assert_eq!(desk.last_toast(), "not sent: the market moved 40 bp");
    desk.tell(|facts| facts.approvals[0].refusal = None);
    assert_eq!(told(&desk.press("y")), ["approve T-NVDA"]);
}

#[test]
fn arming_ends_by_time_by_focus_by_the_system_page_by_a_trip_and_by_the_kill_key() {
    let armed = || {
        let mut desk = Desk::new(Mode::Live);
        desk.press("!");
        assert_eq!(desk.app.armed_for(), Some(Duration::from_mins(1)));
        desk
    };
    let mut desk = armed();
    desk.now = desk.now.plus(Duration::from_millis(59_999));
    desk.send(Msg::Tick);
    assert!(desk.app.armed_for().is_some());
    desk.now = desk.now.plus(Duration::from_millis(1));
    desk.send(Msg::Tick);
    assert_eq!((desk.app.armed_for(), desk.last_toast()), (None, "disarmed: time is up"));

    let ends: [(&str, End); 5] = [
        ("focus", |desk| drop(desk.send(Msg::FocusLost))),
        ("system page", |desk| drop(desk.press("8"))),
        ("trip", |desk| drop(desk.tell(|facts| facts.breakers[0].is_tripped = true))),
        ("kill", |desk| drop(desk.press("f12"))),
        ("by hand", |desk| drop(desk.press("!"))),
    ];
    for (name, end) in ends {
        let mut desk = armed();
        end(&mut desk);
        assert_eq!(desk.app.armed_for(), None, "{name}");
    }
    let mut desk = armed();
    desk.press("7 1");
    assert!(desk.app.armed_for().is_some(), "other pages leave it");
}

#[test]
fn what_reduces_risk_is_one_key() {
    check(Mode::Live, "x", "", &["reject T-NVDA"]);
    check(Mode::Live, "a x", "", &["reject T-NVDA"]);
    check(Mode::Live, "p", "", &["reduce"]);
    check(Mode::Live, "ctrl-k", "", &["KILL"]);
    let mut desk = Desk::new(Mode::Live);
    desk.press(":");
    desk.write("cancel all");
    assert_eq!(told(&desk.press("enter")), ["cancel E1", "cancel E2"]);
}

#[test]
fn what_is_cancelled_is_what_is_looked_at() {
    let mut desk = Desk::new(Mode::Paper);
    desk.app.focus = crate::ui::state::Pane::Orders;
    desk.app.rows.insert(desk.app.focus, 4);
    desk.tell(|facts| {
        facts.approvals.insert(0, approval("TSLA"));
        facts.rows.insert(crate::ui::state::Pane::Orders, 6);
    });
    assert_eq!(told(&desk.press("c")), ["cancel E2"], "the cursor went along");
    desk.press("space");
    desk.tell(|facts| facts.approvals.clear());
    assert_eq!(told(&desk.press("c")), ["cancel E2"], "the picture is held still");
    desk.tell(|facts| facts.orders.clear());
    assert_eq!(told(&desk.press("c")), [""; 0], "it is gone by now");
}

#[test]
fn a_protective_stop_is_not_cancelled_by_a_key() {
    let mut desk = Desk::new(Mode::Live);
    desk.app.focus = crate::ui::state::Pane::Orders;
    for (row, expected) in [(2, "cancel E1"), (4, "cancel E2")] {
        desk.app.rows.insert(desk.app.focus, row);
        assert_eq!(told(&desk.press("c")), [expected]);
    }
    desk.app.rows.insert(desk.app.focus, 3);
    assert_eq!(told(&desk.press("c")), [""; 0]);
    assert!(desk.last_toast().contains("protects a position"));
}

#[test]
fn a_read_only_screen_cannot_trade_by_key_or_palette_but_can_halt() {
    let mut desk = Desk::new(Mode::Paper);
    let keymap = crate::ui::keymap::Keymap::load(None, true).unwrap();
    desk.app.keymap = std::sync::Arc::new(keymap);
    assert_eq!(told(&desk.press("! a x p c r")), [""; 0]);
    assert!(desk.app.dialog.is_none() && desk.app.armed_until.is_none());
    for line in ["cancel all", "reduce", "flatten", "resume"] {
        desk.press(":");
        desk.write(line);
        let commands = desk.press("enter");
        let trades = commands.iter().any(|command| matches!(command, Cmd::Operator(..)));
        assert!(!trades && desk.app.dialog.is_none(), "{line} {commands:?}");
    }
    assert_eq!(told(&desk.press("ctrl-k")), ["KILL"]);
    assert_eq!(told(&desk.press("esc q")), [""; 0], "orders work: it is asked");
    assert_eq!(desk.press("y"), [Cmd::Quit], "and can be answered");
}

#[test]
fn bells_are_rare() {
    let mut desk = Desk::new(Mode::Paper);
    let mut bells = 0;
    for second in 0..10 {
        desk.now = Moment(Duration::from_secs(second));
        let symbol = format!("S{second}");
        let commands = desk.tell(|facts| facts.approvals.push(approval(&symbol)));
        bells += commands.len();
    }
    assert_eq!(bells, 2, "one per five seconds");
}
