//! From the kill key to the closed gate, while a burst of market data pours through the
//! house and onto the screen.
//!
//! This process is the person: it opens a pseudo-terminal, starts itself again behind it
//! as the cockpit ([`cockpit`]), and presses Ctrl-K as a terminal would send it, one byte.
//! Measured is the time from before that byte is written until a byte on a socket says
//! that the gate is closed: the terminal's line, the input thread, the gate, and the way
//! back. So the figures are a little above the truth.
//!
//! Where the time goes is told by the system: of each press, how long the cockpit's input
//! thread and the thread that answers for the gate ran on a core, and how long they were
//! ready and waited for one (`/proc/PID/task/TID/schedstat`). The input thread reads the
//! byte and closes the gate itself, before it does anything else: what it does not run it
//! waits for the scheduler. Raising its priority is not permitted to an ordinary user;
//! `chrt -f 1` in front of the command measures what that would be worth.
//!
//! In the same run it counts the frames that reach the terminal, first without a key
//! pressed, then with one a tenth of a second; the cockpit counts events, what was
//! dropped, and what its screen costs.
//!
//! `cargo bench --bench kill` prints it; without cargo's `--bench` it is over soon.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

mod cockpit;
#[path = "../burst/house.rs"]
mod house;
mod onlooker;
#[path = "../support/mod.rs"]
mod support;
#[path = "../burst/tape.rs"]
mod tape;

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use flightdeck::bus::clock::Stopwatch;
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use support::{nanos, percentiles};

/// What the second process is started with, before the name of the socket.
const COCKPIT: &str = "--as-the-cockpit";
/// The terminal's size.
const SIZE: PtySize = PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 };
/// Ctrl-K as a terminal sends it.
const KILL_KEY: [u8; 1] = [0x0b];
/// What ends a frame on the terminal.
const FRAME_ENDS: &[u8] = b"\x1b[?2026l";
/// Longest wait for the cockpit.
const PATIENCE: Duration = Duration::from_mins(2);
/// The goal, milliseconds.
const GOAL: u32 = 50;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let is_measured = arguments.iter().any(|argument| argument == "--bench");
    let at = arguments.iter().position(|argument| argument == COCKPIT);
    if let Some(socket) = at.and_then(|at| arguments.get(at + 1)) {
        let line = UnixStream::connect(socket).expect("the person listens");
        return cockpit::run(&line, is_measured);
    }
    watch_and_press(is_measured);
}

/// What the cockpit says, and when it was heard.
#[derive(Debug)]
struct Heard {
    nanos: u64,
    line: String,
}

fn watch_and_press(is_measured: bool) {
    let watch = Stopwatch::start();
    let folder = tempfile::tempdir().expect("a folder for the socket");
    let path = folder.path().join("line");
    let listener = UnixListener::bind(&path).expect("a socket in a folder of our own");
    let pair = native_pty_system().openpty(SIZE).expect("a pseudo-terminal");
    let mut command = CommandBuilder::new(std::env::current_exe().expect("this program"));
    command.arg(COCKPIT);
    command.arg(&path);
    if is_measured {
        command.arg("--bench");
    }
    command.cwd(folder.path());
    command.env("TERM", "xterm-256color");
    command.env("LANG", "C.UTF-8");
    let mut child = pair.slave.spawn_command(command).expect("this program runs");
    let mut keyboard = pair.master.take_writer().expect("the terminal takes keys");
    let frames = count_frames(pair.master.try_clone_reader().expect("the terminal shows"));
    let (line, _) = listener.accept().expect("the cockpit calls");
    let heard = listen(line.try_clone().expect("a socket"), watch);
    let tasks = child.process_id().map(|id| PathBuf::from(format!("/proc/{id}/task")));
    let mut cockpit = Cockpit { heard, line, watch, tasks: tasks.unwrap_or_default() };

    cockpit.wait("silent");
    let (from, before) = (nanos(watch), frames.load(Ordering::Relaxed));
    cockpit.wait("keys");
    rate("without keys", frames.load(Ordering::Relaxed) - before, nanos(watch) - from);
    let (from, before) = (nanos(watch), frames.load(Ordering::Relaxed));
    let (presses, costs) = cockpit.press(&mut keyboard);
    rate("with keys", frames.load(Ordering::Relaxed) - before, nanos(watch) - from);
    let most = presses.iter().copied().max().unwrap_or_default();
    let [median, late] = percentiles(presses.clone());
    println!(
        "key to closed gate, {} presses: p50 {median:.0} us, p99 {late:.0} us, most {:.0} us; \
         goal {GOAL} ms",
        presses.len(),
        percentiles(vec![most])[0]
    );
    of_that("on a core", costs.iter().map(|cost| cost.ran).collect());
    of_that("waiting for a core", costs.iter().map(|cost| cost.waited).collect());
    while let Ok(heard) = cockpit.heard.recv_timeout(PATIENCE) {
        println!("{}", heard.line);
    }
    let _ = child.wait();
}

/// A part of what the presses took; nothing where the system does not tell.
fn of_that(what: &str, nanos: Vec<u64>) {
    if nanos.is_empty() {
        return;
    }
    let most = nanos.iter().copied().max().unwrap_or_default();
    let most = percentiles(vec![most])[0];
    let [median, late] = percentiles(nanos);
    println!("  of that {what}: p50 {median:.0} us, p99 {late:.0} us, most {most:.0} us");
}

/// What the two threads on the way have had so far, or had during one press.
#[derive(Debug, Clone, Copy)]
struct Cost {
    /// Nanoseconds on a core.
    ran: u64,
    /// Nanoseconds ready and without a core.
    waited: u64,
}

impl Cost {
    const fn since(self, before: Self) -> Self {
        let (ran, waited) = (self.ran - before.ran, self.waited - before.waited);
        Self { ran, waited }
    }
}

#[expect(clippy::cast_precision_loss, reason = "seconds")]
fn rate(when: &str, frames: u64, nanos: u64) {
    let seconds = nanos as f64 / 1e9;
    println!("frames a second {when}: {:.1} over {seconds:.1} s", frames as f64 / seconds);
}

/// Reads the terminal until it is gone.
fn count_frames(mut screen: Box<dyn Read + Send>) -> Arc<AtomicU64> {
    let frames = Arc::new(AtomicU64::new(0));
    let counted = frames.clone();
    thread::spawn(move || {
        let (mut chunk, mut matched) = ([0; 1 << 14], 0);
        while let Ok(count @ 1..) = screen.read(&mut chunk) {
            for byte in &chunk[..count] {
                matched = if *byte == FRAME_ENDS[matched] {
                    matched + 1
                } else {
                    usize::from(*byte == FRAME_ENDS[0])
                };
                if matched == FRAME_ENDS.len() {
                    matched = 0;
                    counted.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    });
    frames
}

/// Hears the cockpit on a thread of its own.
fn listen(line: UnixStream, watch: Stopwatch) -> Receiver<Heard> {
    let (says, heard) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(line).lines().map_while(Result::ok) {
            if says.send(Heard { nanos: nanos(watch), line }).is_err() {
                return;
            }
        }
    });
    heard
}

/// The cockpit as the person knows it.
struct Cockpit {
    heard: Receiver<Heard>,
    line: UnixStream,
    watch: Stopwatch,
    /// Where the system tells of its threads.
    tasks: PathBuf,
}

impl Cockpit {
    /// Waits until the cockpit says a word.
    fn wait(&self, word: &str) {
        loop {
            let heard = self.heard.recv_timeout(PATIENCE).expect("the cockpit says something");
            if heard.line == word {
                return;
            }
            println!("{}", heard.line);
        }
    }

    /// What input thread and gate's thread have had so far, where the system tells.
    fn cost(&self) -> Option<Cost> {
        let mut sum = Cost { ran: 0, waited: 0 };
        let mut found = 0;
        for task in std::fs::read_dir(&self.tasks).ok()?.flatten() {
            let name = std::fs::read_to_string(task.path().join("comm")).ok()?;
            if !["screen-input", "gate"].contains(&name.trim()) {
                continue;
            }
            let said = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
            let mut figures = said.split(' ').map_while(|figure| figure.trim().parse().ok());
            sum.ran += figures.next().unwrap_or(0_u64);
            sum.waited += figures.next().unwrap_or(0_u64);
            found += 1;
        }
        (found == 2).then_some(sum)
    }

    /// Presses the kill key again and again until the cockpit has seen enough; returns how
    /// long each took, in nanoseconds, and what of that its threads ran and waited.
    fn press(&mut self, keyboard: &mut impl Write) -> (Vec<u64>, Vec<Cost>) {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let (mut presses, mut costs) = (Vec::new(), Vec::new());
        loop {
            // Not in step with the frames.
            let rest = Duration::from_millis(rng.random_range(60..140));
            match self.heard.recv_timeout(rest) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Heard { line, .. }) if line == "enough" => return (presses, costs),
                Ok(Heard { line, .. }) => {
                    println!("{line}");
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return (presses, costs),
            }
            let before = self.cost();
            let since = nanos(self.watch);
            keyboard.write_all(&KILL_KEY).expect("the terminal takes a key");
            keyboard.flush().expect("the terminal takes a key");
            let closed = loop {
                let heard = self.heard.recv_timeout(PATIENCE).expect("the gate closes");
                if heard.line == "closed" {
                    break heard.nanos;
                }
                if heard.line == "enough" {
                    return (presses, costs);
                }
            };
            presses.push(closed - since);
            let after = self.cost();
            costs.extend(before.zip(after).map(|(before, after)| after.since(before)));
            self.line.write_all(b"o").expect("the cockpit listens");
            self.wait("open");
        }
    }
}
