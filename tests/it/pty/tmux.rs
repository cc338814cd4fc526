//! Inside tmux, under a shell: drawing, resizing, the background, the kill key, the end.

use std::process::{Command, Stdio};
use std::sync::Arc;

use flightdeck::bus::clock::Stopwatch;

use super::turn::{self, Turn};
use super::{PATIENCE, QUICK, home};
use crate::support::program::Home;

/// A tmux server of its own, in a folder of its own.
struct Tmux {
    home: Home,
    /// The shell, and the session of all that it starts.
    shell: String,
    _turn: Arc<Turn>,
}

impl Tmux {
    /// `None` where there is no tmux.
    fn start() -> Option<Self> {
        let mut tmux = Self { _turn: turn::take(), home: home(), shell: String::new() };
        let shell = ["new-session", "-d", "-x", "120", "-y", "40", "bash --norc --noprofile -i"];
        tmux.run(&shell)?;
        let id = tmux.run(&["display", "-p", "#{pane_pid}"])?;
        id.trim().clone_into(&mut tmux.shell);
        Some(tmux)
    }

    fn run(&self, arguments: &[&str]) -> Option<String> {
        let mut tmux = Command::new("tmux");
        tmux.args(["-f", "/dev/null", "-S"]).arg(self.home.path("tmux")).args(arguments);
        tmux.env("HOME", self.home.path(".")).env("LANG", "C.UTF-8").env_remove("TMUX");
        let output = tmux.current_dir(self.home.path(".")).stdin(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Sends a signal to what the shell has started.
    fn signal(&self, signal: &str) {
        let _ = Command::new("pkill").args([signal, "-P", &self.shell]).status();
    }

    fn press(&self, keys: &[&str]) {
        let arguments: Vec<&str> = ["send-keys"].iter().chain(keys).copied().collect();
        self.run(&arguments).unwrap();
    }

    #[track_caller]
    fn until(&self, what: &str, wished: impl Fn(&str) -> bool) -> String {
        let began = Stopwatch::start();
        loop {
            let page = self.run(&["capture-pane", "-p"]).unwrap_or_default();
            if wished(&page) {
                return page;
            }
            assert!(began.elapsed() < PATIENCE, "{what} was not seen:\n{page}");
        }
    }

    #[track_caller]
    fn see(&self, text: &str) -> String {
        self.until(text, |page| page.contains(text))
    }
}

impl Drop for Tmux {
    /// A program that outlives its terminal is meant to live on: it is ended first.
    fn drop(&mut self) {
        if !self.shell.is_empty() {
            self.signal("-KILL");
        }
        self.run(&["kill-server"]);
    }
}

#[test]
fn in_tmux_it_follows_the_size_goes_to_the_background_comes_back_and_hears_the_kill_key() {
    // Where there is no tmux there is nobody who would run it there.
    let Some(tmux) = Tmux::start() else { return };
    let program = env!("CARGO_BIN_EXE_flightdeck");
    tmux.press(&[&format!("{program} {QUICK}"), "Enter"]);
    tmux.see("NVDA");
    for (round, (columns, rows)) in [("80", "24"), ("120", "40"), ("90", "30")].iter().enumerate() {
        // The key at once behind the change of size, and once only.
        tmux.run(&["resize-window", "-x", columns, "-y", rows]).unwrap();
        tmux.press(&["C-z"]);
        tmux.until("Stopped", |page| page.matches("Stopped").count() > round);
        tmux.press(&["fg", "Enter"]);
        let columns = columns.parse().unwrap();
        tmux.until("the page again", |page| {
            let is_narrow = page.lines().all(|line| line.chars().count() <= columns);
            is_narrow && page.contains("NVDA") && !page.contains("Stopped")
        });
    }
    tmux.press(&["C-k"]);
    tmux.see("KILL");
    // Alone: with a letter behind it, it would be another chord.
    tmux.press(&["Escape"]);
    tmux.until("the page below", |page| !page.contains("pressed "));
    tmux.signal("-TERM");
    tmux.see("stopped: ");
    tmux.press(&["echo code=$?", "Enter"]);
    tmux.see("code=0");
}
