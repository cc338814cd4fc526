//! `flightdeck intel ingest` and `watch` as a person has them: a bar, Ctrl-C, going on.

use std::fmt::Write;
use std::fs;

use flightdeck::sources::intel::store::Store;
use serde_json::Value;

use super::{letter, meeting};
use crate::pty::Desk;
use crate::support::program::Home;

fn exported(home: &Home, store: &str) -> String {
    let mut out = Vec::new();
    Store::existing(&home.path(store)).unwrap().export(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_terminal_sees_how_far_it_is_and_ctrl_c_stops_cleanly_and_it_goes_on_there() {
    const MAILS: usize = 1_500;
    let mut text = String::new();
    for n in 0..MAILS {
        let body = "the margins of $AAPL worry me, sell $2.5M by Friday. ".repeat(20);
        write!(text, "From x Mon Nov 23 10:00:00 2026\n{}\n", letter(n, "note", &body)).unwrap();
    }
    let home = Home::new().with("box", &text);
    let mut desk = Desk::with(home, "intel ingest box --store s", (100, 24), &[]);
    let page = desk.see(" s left");
    assert!(page.contains(" mails, ") && page.contains("/s, "), "{page}");
    desk.press("\u{3}");
    assert_eq!(desk.end().exit_code(), 0);
    desk.see("stopped before the end");
    let home = &desk.home;
    let stored = Store::existing(&home.path("s")).unwrap().seen().unwrap().len();
    assert!(stored > 0 && stored < MAILS, "{stored} were stored");
    let rest = home.run("intel ingest box --store s --json");
    let report: Value = serde_json::from_str(&rest.out).unwrap();
    assert_eq!((&report["read"], &report["duplicates"]), (&MAILS.into(), &stored.into()));
    assert_eq!(report["stored"], MAILS - stored, "{report}");
    assert_eq!(rest.err, "", "no bar where nobody looks");
    assert_eq!(home.run("intel ingest box --store whole").code, Some(0));
    assert!(exported(home, "s") == exported(home, "whole"), "a stop shows in the store");
}

#[test]
fn a_watched_mailbox_is_read_as_mails_and_meetings_arrive() {
    let home = Home::new();
    for place in ["box/new", "box/cur", "box/tmp", "meetings"] {
        fs::create_dir_all(home.path(place)).unwrap();
    }
    fs::write(home.path("box/new/1"), letter(1, "margins", "the margins of $AAPL")).unwrap();
    let arguments = "intel watch box --transcripts meetings --store s --json";
    let mut running = home.start(arguments);
    let mut next = || -> Value { serde_json::from_str(&running.read(1)).unwrap() };
    assert_eq!(next()["stored"], 1);
    // As a mail server delivers: written aside, then moved.
    let arrives = letter(2, "guidance", "its guidance and $AAPL margins worry me");
    fs::write(home.path("box/tmp/2"), arrives).unwrap();
    fs::rename(home.path("box/tmp/2"), home.path("box/new/2")).unwrap();
    let report = next();
    assert_eq!((&report["stored"], &report["read"]), (&1.into(), &1.into()), "only the new one");
    let said = meeting("AAPL margins and guidance worry me");
    fs::write(home.path("said"), said).unwrap();
    fs::rename(home.path("said"), home.path("meetings/a.vtt")).unwrap();
    let report = next();
    assert_eq!((&report["transcripts"], &report["relinked"]), (&1.into(), &2.into()));
    running.signal("INT");
    assert_eq!(running.end().code, Some(0));
    assert!(exported(&home, "s").contains("\"score\":"), "they are linked");
}
