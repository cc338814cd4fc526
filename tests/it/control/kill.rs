//! The ways to kill that need no socket: a file and a signal.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use flightdeck::control::kill::on_quit_signal;
use flightdeck::control::killfile;

use crate::control::Inside;
use crate::support::cockpit::rules;
use crate::support::program::Home;

/// Waits until so many things are done; the wait is bounded.
async fn until_done(inside: &Arc<Inside>, count: usize) {
    let wait = async {
        while inside.done().len() < count {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), wait).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_kill_file_kills_when_it_appears_and_again_only_when_it_comes_back() {
    let home = Home::new();
    let file = home.path("sim.kill");
    let inside = Inside::new(&rules());
    let stop = CancellationToken::new();
    let watching = tokio::spawn(killfile::watch(file.clone(), inside.killer(), stop.clone()));
    let looks = |count: u32| tokio::time::sleep(killfile::PERIOD * count);
    looks(4).await;
    assert!(inside.done().is_empty());
    std::fs::write(&file, "the exchange is on\u{1b}[2J fire\nmore").unwrap();
    until_done(&inside, 2).await;
    looks(8).await;
    assert_eq!(inside.done(), ["gate", "operator.kill"], "once for one file");
    {
        let cockpit = inside.cockpit.lock().unwrap();
        let told = cockpit.last("operator.kill");
        assert_eq!(told.text("reason"), "the exchange is on[2J fire");
        assert_eq!(told.text("by.via"), "kill_file");
    }
    std::fs::remove_file(&file).unwrap();
    looks(4).await;
    killfile::write(&file, "again").unwrap();
    killfile::write(&file, "what is there is kept").unwrap();
    until_done(&inside, 4).await;
    assert_eq!(inside.cockpit.lock().unwrap().last("operator.kill").text("reason"), "again");
    stop.cancel();
    watching.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_empty_kill_file_that_is_there_at_the_start_kills() {
    let home = Home::new().with("sim.kill", "");
    let inside = Inside::new(&rules());
    let stop = CancellationToken::new();
    let watching =
        tokio::spawn(killfile::watch(home.path("sim.kill"), inside.killer(), stop.clone()));
    until_done(&inside, 2).await;
    assert_eq!(inside.trading(), "HALTED");
    stop.cancel();
    watching.await.unwrap();
}

#[tokio::test]
async fn the_quit_signal_kills_and_the_process_lives_on() {
    let inside = Inside::new(&rules());
    let stop = CancellationToken::new();
    let hearing = tokio::spawn(on_quit_signal(inside.killer(), stop.clone()));
    // Polled once, it hears; before that the signal would end the process.
    tokio::task::yield_now().await;
    let id = std::process::id().to_string();
    assert!(Command::new("kill").args(["-QUIT", &id]).status().unwrap().success());
    until_done(&inside, 2).await;
    assert_eq!(inside.done(), ["gate", "operator.kill"]);
    assert_eq!(inside.cockpit.lock().unwrap().last("operator.kill").text("by.via"), "signal");
    stop.cancel();
    hearing.await.unwrap().unwrap();
}
