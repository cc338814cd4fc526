//! The cockpit of an instance that runs elsewhere, under a real terminal.

use std::path::Path;

use super::Desk;
use crate::redis_bus::house::open;
use crate::support::program::Home;
use crate::support::redis::Server;
use crate::support::wired::wire_rules;

const CTRL_K: &str = "\x0b";

/// A terminal on the instance of the tests, as `desk-1` with its key or without.
fn attach(server: &Server, keys: Option<&Path>) -> Desk {
    let key = keys.map(|path| format!("--key-file {} --sender desk-1", path.display()));
    let arguments =
        format!("attach {} --instance test {}", server.url("desk-1"), key.unwrap_or_default());
    Desk::with(Home::new(), &arguments, (120, 40), &[])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_dashboard_elsewhere_catches_up_follows_and_with_the_key_commands() {
    let mut server = Server::guarded();
    let folder = tempfile::tempdir().unwrap();
    let (market, wired) = open(&server, &wire_rules(), &folder).await;
    wired.wait_for("system.bus.up").await;
    wired.setup(&market, "AAPL").await;
    wired.wait_state("AAPL", "HOLDING").await;
    // It comes late: position and stop are of before.
    let mut looking = attach(&server, None);
    looking.see("HOLDING");
    let mark = wired.mark();
    looking.press(CTRL_K);
    looking.see("read-only");
    looking.check_ends_well();
    looking.check_restored();
    drop(looking);
    let mut desk = attach(&server, Some(&folder.path().join("bus.keys")));
    desk.see("HOLDING");
    // Redis goes and comes back: the picture says so, and goes on.
    server.kill();
    desk.see("the picture stands still");
    wired.wait_since(mark, "system.bus.down").await;
    server.start();
    wired.wait_since(mark, "system.bus.up").await;
    desk.see("the picture is of now again");
    assert_eq!(wired.count("operator.kill"), 0);
    desk.press(CTRL_K);
    let killed = wired.wait_for("operator.kill").await;
    assert_eq!((killed.text("by.via"), killed.text("by.user")), ("bus".into(), "desk-1".into()));
    desk.see("HALTED");
    desk.check_ends_well();
    drop(desk);
    wired.end().await;
}
