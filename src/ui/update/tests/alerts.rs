//! What is wrong waits for a person, and rings until there is one.

use std::time::Duration;

use super::Desk;
use crate::ui::facts::Mode;
use crate::ui::state::{Overlay, Weight};
use crate::ui::update::{Cmd, Msg};

fn wait(desk: &mut Desk, seconds: u64) -> Vec<Cmd> {
    desk.now = desk.now.plus(Duration::from_secs(seconds));
    desk.send(Msg::Tick)
}

fn alerted() -> Desk {
    let mut desk = Desk::new(Mode::Paper);
    let _ = desk.send(Msg::Alert(Weight::Trip, "AAPL has no stop".into()));
    desk
}

#[test]
fn an_alert_rings_again_every_half_minute_until_it_is_acknowledged() {
    let mut desk = alerted();
    assert_eq!(wait(&mut desk, 29), []);
    for age in ["30s", "60s", "90s"] {
        let commands = wait(&mut desk, if age == "30s" { 1 } else { 30 });
        let [Cmd::Escalate(words)] = commands.as_slice() else { panic!("{commands:?}") };
        assert!(words.contains("1 alerts not acknowledged"), "{words}");
        assert_eq!(wait(&mut desk, 0), [], "once");
    }
    assert!(desk.last_toast().contains("A acknowledges"), "{}", desk.last_toast());
    desk.press_after(100, "A");
    assert_eq!(desk.app.alerts.count, 0);
    assert_eq!(
        desk.app.next_wake().map(|wake| wake.since(desk.now) < Duration::from_secs(7)),
        Some(true)
    );
    for _ in 0..10 {
        assert_eq!(wait(&mut desk, 30), []);
    }
    assert_eq!(desk.app.next_wake(), None, "nothing is waited for any more");
}

#[test]
fn the_loop_is_woken_for_the_bell_when_nothing_else_happens() {
    let mut desk = alerted();
    let _ = wait(&mut desk, 10);
    let wake = desk.app.next_wake().unwrap();
    assert_eq!(wake.since(desk.now), Duration::from_secs(20));
}

#[test]
fn a_notice_waits_for_nobody_and_a_tripped_breaker_does() {
    let mut desk = Desk::new(Mode::Paper);
    let _ = desk.send(Msg::Notice(Weight::Warn, "read again".into()));
    assert_eq!(desk.app.alerts.count, 0);
    desk.tell(|facts| facts.breakers[0].is_tripped = true);
    assert_eq!(desk.app.alerts.count, 1);
    desk.press_after(100, "A");
    desk.press_after(100, "A");
    assert!(desk.last_toast().contains("no alert"), "{}", desk.last_toast());
}

#[test]
fn the_keys_of_lists_scroll_the_help_and_leave_the_row_below_alone() {
    let mut desk = Desk::new(Mode::Paper);
    desk.press("? j j");
    assert_eq!(desk.app.overlay, Some(Overlay::Help));
    assert_eq!((desk.app.help_row, desk.app.row(desk.app.focus)), (2, 0));
    desk.press("k k k");
    assert_eq!(desk.app.help_row, 0);
    desk.press("j esc ?");
    assert_eq!(desk.app.help_row, 0, "it opens at its beginning");
}
