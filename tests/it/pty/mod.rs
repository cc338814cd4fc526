//! The cockpit as a person has it: the real binary under a real terminal, keys in, bytes
//! out, signals, and a terminal that goes away or takes nothing.

mod attach;
mod ends;
mod keys;
mod ledger;
mod pages;
mod panic;
mod schwab;
mod silence;
mod storm;
mod tmux;
mod turn;

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use flightdeck::bus::clock::Stopwatch;

use portable_pty::{CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;

use crate::headless::SMALL;
use crate::support::program::Home;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long to wait for the page to change before the house is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// A run of the embedded market that repeats exactly: the first entry is two minutes of
/// the market after the start, which is a second here.
const QUICK: &str = "--config small.toml --journal journal --seed 7 --speed 120x";

/// What came out of a terminal so far.
struct Seen {
    bytes: Vec<u8>,
    parser: vt100::Parser,
    is_closed: bool,
}

/// Empties the page.
const CLEAR: &[u8] = b"\x1b[2J";

type Glass = Arc<(Mutex<Seen>, Condvar)>;

/// The program under a terminal.
pub(crate) struct Desk {
    pub(crate) home: Home,
    id: Pid,
    ended: Receiver<ExitStatus>,
    is_ended: bool,
    master: Option<Box<dyn MasterPty + Send>>,
    keyboard: Option<Box<dyn Write + Send>>,
    glass: Glass,
    _turn: Arc<turn::Turn>,
}

/// A folder with the small market, and one whose entries wait for a human.
pub(super) fn home() -> Home {
    let manual = "[account]\napproval = \"manual\"\napproval_seconds = 86400\n";
    Home::new().with("small.toml", SMALL).with("manual.toml", format!("{SMALL}{manual}"))
}

fn size((cols, rows): (u16, u16)) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

fn parser((cols, rows): (u16, u16)) -> vt100::Parser {
    let side = |side| NonZeroU16::new(side).unwrap();
    vt100::Parser::new(side(rows), side(cols), 0)
}

impl Desk {
    /// Starts the quick market on a terminal of this size.
    pub(super) fn start(area: (u16, u16)) -> Self {
        Self::with(home(), QUICK, area, &[])
    }

    /// Starts with these arguments and variables.
    pub(crate) fn with(
        home: Home,
        arguments: &str,
        area: (u16, u16),
        variables: &[(&str, &str)],
    ) -> Self {
        let mut desk = Self::unread(home, arguments, area, variables);
        desk.read();
        desk
    }

    /// Starts, and nobody reads what is drawn.
    pub(super) fn unread(
        home: Home,
        arguments: &str,
        area: (u16, u16),
        variables: &[(&str, &str)],
    ) -> Self {
        let turn = turn::take();
        let pair = native_pty_system().openpty(size(area)).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_flightdeck"));
        command.args(arguments.split_whitespace());
        command.cwd(home.path("."));
        command.env_clear();
        command.env("HOME", home.path("."));
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        for (name, value) in variables {
            command.env(name, value);
        }
        let mut child = pair.slave.spawn_command(command).unwrap();
        let id = Pid::from_raw(child.process_id().unwrap().try_into().unwrap()).unwrap();
        let (ending, ended) = channel();
        std::thread::spawn(move || child.wait().map(|status| ending.send(status)));
        let keyboard = Some(pair.master.take_writer().unwrap());
        let seen = Seen { bytes: Vec::new(), parser: parser(area), is_closed: false };
        let glass = Arc::new((Mutex::new(seen), Condvar::new()));
        let (master, is_ended) = (Some(pair.master), false);
        Self { home, id, ended, is_ended, master, keyboard, glass, _turn: turn }
    }

    /// Begins to read what is drawn.
    fn read(&mut self) {
        let mut from = self.master.as_ref().unwrap().try_clone_reader().unwrap();
        let glass = self.glass.clone();
        std::thread::spawn(move || {
            let mut bytes = [0; 1 << 14];
            loop {
                let read = from.read(&mut bytes).unwrap_or(0);
                let mut seen = glass.0.lock().unwrap();
                seen.bytes.extend_from_slice(&bytes[..read]);
                seen.parser.process(&bytes[..read]);
                seen.is_closed = read == 0;
                glass.1.notify_all();
                if seen.is_closed {
                    return;
                }
            }
        });
    }

    /// Waits until what was seen is as wished, and returns the page.
    #[track_caller]
    fn until(&self, what: &str, wished: impl Fn(&Seen) -> bool) -> String {
        let seen = self.glass.0.lock().unwrap();
        let wait = |seen: &mut Seen| !wished(seen);
        let (seen, waited) = self.glass.1.wait_timeout_while(seen, PATIENCE, wait).unwrap();
        let page = seen.parser.screen().contents();
        assert!(!waited.timed_out(), "{what} was not seen:\n{page}");
        page
    }

    /// Waits until the page holds a text.
    #[track_caller]
    pub(crate) fn see(&self, text: &str) -> String {
        self.until(text, |seen| seen.parser.screen().contents().contains(text))
    }

    /// Whether any place of the page has a colour.
    pub(super) fn is_coloured(&self) -> bool {
        let seen = self.glass.0.lock().unwrap();
        let screen = seen.parser.screen();
        let (rows, cols) = screen.size();
        let (rows, cols) = (rows.get(), cols.get());
        let mut places = (0..rows).flat_map(|row| (0..cols).map(move |col| (row, col)));
        places.any(|(row, col)| {
            screen.cell(row, col).is_some_and(|cell| {
                [cell.fgcolor(), cell.bgcolor()].iter().any(|it| *it != vt100::Color::Default)
            })
        })
    }

    /// What is on the page now.
    pub(super) fn page(&self) -> String {
        self.glass.0.lock().unwrap().parser.screen().contents()
    }

    /// What a terminal of this size shows of what was drawn since the page was last
    /// cleared; nothing while it was not.
    pub(super) fn drawn_anew(&self, area: (u16, u16)) -> String {
        let seen = self.glass.0.lock().unwrap();
        let cleared = seen.bytes.windows(CLEAR.len()).rposition(|window| window == CLEAR);
        let mut parser = parser(area);
        parser.process(seen.bytes.get(cleared.unwrap_or(seen.bytes.len())..).unwrap());
        parser.screen().contents()
    }

    /// Waits until these bytes were written.
    #[track_caller]
    pub(super) fn hear(&self, text: &str) {
        self.until(&format!("{text:?}"), |seen| holds(&seen.bytes, text));
    }

    /// What was written so far.
    pub(crate) fn written(&self) -> String {
        String::from_utf8_lossy(&self.glass.0.lock().unwrap().bytes).into_owned()
    }

    /// Presses keys, as the bytes that a terminal sends.
    pub(crate) fn press(&mut self, keys: &str) {
        let keyboard = self.keyboard.as_mut().unwrap();
        keyboard.write_all(keys.as_bytes()).unwrap();
        keyboard.flush().unwrap();
    }

    /// Gives the terminal another size.
    pub(super) fn resize(&self, area: (u16, u16)) {
        // A terminal keeps what it is in the middle of reading.
        let (cols, rows) = area;
        let side = |side| NonZeroU16::new(side).unwrap();
        let mut seen = self.glass.0.lock().unwrap();
        seen.parser.screen_mut().set_size(side(rows), side(cols));
        drop(seen);
        self.master.as_ref().unwrap().resize(size(area)).unwrap();
    }

    /// Closes the terminal's window; nobody may be reading it.
    pub(super) fn close(&mut self) {
        self.keyboard = None;
        self.master = None;
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill_process(self.id, signal).unwrap();
    }

    /// Asks the house from beside the terminal; `None` when nobody answers.
    fn ask(&self, verb: &str) -> Option<Value> {
        let ended = self.home.run(&format!("{verb} --json"));
        (ended.code == Some(0)).then(|| serde_json::from_str(&ended.out).unwrap())
    }

    /// Asks until the answer is as wished; each question is a program of its own.
    #[track_caller]
    pub(crate) fn ask_until(&self, verb: &str, wished: impl Fn(&Value) -> bool) -> Value {
        let began = Stopwatch::start();
        loop {
            let answer = self.ask(verb).map(|answer| answer["data"].clone());
            if let Some(data) = answer.as_ref().filter(|data| wished(data)) {
                return data.clone();
            }
            assert!(began.elapsed() < PATIENCE, "{verb}: {answer:?}");
            self.give_way();
        }
    }

    /// Lets others work: until more was drawn, or for a moment.
    fn give_way(&self) {
        let seen = self.glass.0.lock().unwrap();
        drop(self.glass.1.wait_timeout(seen, ASK_AGAIN).unwrap());
    }

    #[track_caller]
    pub(super) fn check_halted(&self) -> Value {
        self.ask_until("status", |status| status["trading"]["phase"] == "HALTED")
    }

    /// Waits for the end of the program.
    #[track_caller]
    pub(crate) fn end(&mut self) -> ExitStatus {
        let Ok(status) = self.ended.recv_timeout(PATIENCE) else {
            panic!("it does not end:\n{}", self.page());
        };
        self.is_ended = true;
        status
    }

    /// Ends it as an operator's script would.
    #[track_caller]
    pub(crate) fn check_ends_well(&mut self) {
        self.signal(Signal::TERM);
        assert_eq!(self.end().exit_code(), 0, "{}", self.written());
    }

    /// Everything that was taken from the terminal was given back.
    #[track_caller]
    pub(crate) fn check_restored(&self) {
        self.until("the end", |seen| seen.is_closed);
        self.check_given_back();
    }

    /// The same while the program goes on.
    #[track_caller]
    pub(super) fn check_given_back(&self) {
        let written = self.written();
        for (taken, back) in [
            ("\x1b[?1049h", "\x1b[?1049l"),
            ("\x1b[?25l", "\x1b[?25h"),
            ("\x1b[?2004h", "\x1b[?2004l"),
            ("\x1b[?1004h", "\x1b[?1004l"),
        ] {
            let (taken, back) = (written.rfind(taken), written.rfind(back));
            assert!(taken.is_some() && back > taken, "{written:?}");
        }
        assert!(written.contains("\x1b[?1000l"), "the mouse is let go");
    }
}

impl Drop for Desk {
    /// A test that fails leaves nobody behind. The program leads a session, and so a
    /// group, of its own.
    fn drop(&mut self) {
        if !self.is_ended && self.ended.try_recv().is_err() {
            let _ = kill_process_group(self.id, Signal::KILL);
            let _ = self.ended.recv_timeout(PATIENCE);
        }
    }
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}
