//! Inside tmux, under a shell: drawing, resizing, the kill key, the end.

use std::process::{Command, Stdio};

use flightdeck::bus::clock::Stopwatch;

use super::{PATIENCE, QUICK, home};
use crate::support::program::Home;

/// A tmux server of its own, in a folder of its own.
struct Tmux(Home);

impl Tmux {
    /// `None` where there is no tmux.
    fn start() -> Option<Self> {
        let tmux = Self(home());
        let shell = ["new-session", "-d", "-x", "120", "-y", "40", "bash --norc --noprofile -i"];
        tmux.run(&shell).map(|_| tmux)
    }

    fn run(&self, arguments: &[&str]) -> Option<String> {
        let mut tmux = Command::new("tmux");
        tmux.args(["-f", "/dev/null", "-S"]).arg(self.0.path("tmux")).args(arguments);
        tmux.env("HOME", self.0.path(".")).env("LANG", "C.UTF-8").env_remove("TMUX");
        let output = tmux.current_dir(self.0.path(".")).stdin(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
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
    fn drop(&mut self) {
        self.run(&["kill-server"]);
    }
}

#[test]
fn in_tmux_it_draws_hears_the_kill_key_and_follows_the_size() {
    // Where there is no tmux there is nobody who would run it there.
    let Some(tmux) = Tmux::start() else { return };
    let program = env!("CARGO_BIN_EXE_flightdeck");
    tmux.press(&[&format!("{program} {QUICK}"), "Enter"]);
    tmux.see("NVDA");
    tmux.press(&["C-k"]);
    tmux.see("KILL");
    // Alone: with a letter behind it, it would be another chord.
    tmux.press(&["Escape"]);
    tmux.until("the page below", |page| !page.contains("pressed "));
    tmux.run(&["resize-window", "-x", "80", "-y", "24"]).unwrap();
    tmux.until("80 columns", |page| {
        page.contains("NVDA") && page.lines().all(|line| line.chars().count() <= 80)
    });
    let id = tmux.run(&["display", "-p", "#{pane_pid}"]).unwrap();
    Command::new("pkill").args(["-TERM", "-P", id.trim()]).status().unwrap();
    tmux.see("stopped: ");
    tmux.press(&["echo code=$?", "Enter"]);
    tmux.see("code=0");
}
