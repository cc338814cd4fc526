//! The real binary in a folder of its own: run to its end, or line by line.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use flightdeck::events::{Envelope, wire};

/// A folder that the program runs in and calls its home.
pub(crate) struct Home(tempfile::TempDir);

/// What became of a run.
#[derive(Debug)]
pub(crate) struct Ended {
    /// `None` after a signal.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file and returns the home, to be strung together.
    pub(crate) fn with(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        std::fs::write(self.path(name), text).unwrap();
        self
    }

    /// The program with these arguments, words separated by spaces.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flightdeck"));
        command
            .args(arguments.split_whitespace())
            .current_dir(self.0.path())
            .env_clear()
            .env("HOME", self.0.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs to the end.
    pub(crate) fn run(&self, arguments: &str) -> Ended {
        let output = self.command(arguments).output().unwrap();
        Ended {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Starts, to be read line by line.
    pub(crate) fn start(&self, arguments: &str) -> Running {
        Self::run_with(&mut self.command(arguments))
    }

    /// Starts a command that was made here.
    pub(crate) fn run_with(command: &mut Command) -> Running {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Running { child, lines: Some(lines) }
    }
}

/// A program that is running.
pub(crate) struct Running {
    child: Child,
    lines: Option<BufReader<ChildStdout>>,
}

impl Running {
    /// Waits for so many lines; fewer come when the program ends.
    pub(crate) fn read(&mut self, lines: usize) -> String {
        let from = self.lines.as_mut().unwrap();
        let mut text = String::new();
        for _ in 0..lines {
            if from.read_line(&mut text).unwrap() == 0 {
                break;
            }
        }
        text
    }

    /// Sends a signal by its short name.
    pub(crate) fn signal(&self, name: &str) {
        let command = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success());
    }

    /// Stops reading, as a reader does that has seen enough.
    pub(crate) fn close_output(&mut self) {
        self.lines = None;
    }

    /// Reads what is left and waits for the end.
    pub(crate) fn end(mut self) -> Ended {
        let out = if self.lines.is_some() { self.read(usize::MAX) } else { String::new() };
        let mut err = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        let status = self.child.wait().unwrap();
        Ended { code: status.code(), out, err }
    }
}

impl Drop for Running {
    /// A test that fails leaves nobody behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads event lines, each of which must be one.
#[track_caller]
pub(crate) fn events(lines: &str) -> Vec<Envelope> {
    let read = |line| wire::read(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    lines.lines().map(read).collect()
}

/// The journal as event lines.
#[track_caller]
pub(crate) fn exported(journal: &Path) -> String {
    let mut lines = Vec::new();
    flightdeck::journal::export(journal, &mut lines, true).unwrap();
    String::from_utf8(lines).unwrap()
}
