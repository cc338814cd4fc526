//! Keys, paste and mouse from the terminal, on a thread of their own.
//!
//! The kill key is answered here, before the queue and before anything draws: a
//! screen that hangs cannot hold it up. The thread also finds out that the terminal
//! is gone.
//!
//! The bytes are read here and not by crossterm 0.29, which asks the system for edges
//! only: where a key and a change of size come together it takes the one and forgets
//! that the other is there, until something more arrives; and its read never comes
//! back from a dead terminal. [`decoder`](crate::ui::decoder) knows what they mean. A
//! new size does not come this way; it is a signal, which the composition root hears.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::thread::JoinHandle;

use ratatui::crossterm::event::{Event, KeyEventKind, KeyModifiers};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use tokio::sync::mpsc;

use crate::ui::decoder::Decoder;
use crate::ui::keymap::{Chord, Keymap};
use crate::ui::state::Weight;

/// Closes the gate for entries at once. It is called on the input thread, may be
/// called again, and must not wait: it flips a flag, and records the halt by a way
/// that does not pass through the screen.
pub type KillSwitch = Arc<dyn Fn() + Send + Sync>;

/// One thing that came from the terminal, or from those around the screen.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A key, a paste, a click, the focus.
    Terminal(Event),
    /// The terminal has another size, or had one in between: what it shows is not what
    /// was drawn.
    Resized,
    /// Something that a person should hear of.
    Told(Told),
    /// The theme's files have changed.
    ReloadTheme,
    /// The program was stopped and goes on: what the terminal shows is not ours.
    Continued,
    /// The terminal is gone.
    Lost,
}

/// News for ears and eyes that may be elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// How much it matters.
    pub weight: Weight,
    /// In words; cleaned before it is written.
    pub text: String,
    /// True when it is shown and rung for; false when the screen's own rules do that
    /// and only the terminal's own notification is missing.
    pub is_shown: bool,
}

/// Inputs that wait for the screen. More is a cat on the keyboard: they are let go,
/// and the kill key does not need the queue.
pub const INPUTS_MAX: usize = 256;
/// How often the thread asks whether anybody still listens.
const LOOK_EVERY: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
/// An escape that nothing follows for so long was the key. The bytes of a sequence come
/// in one piece, or as close together as the line between allows.
const SILENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
/// Bytes that are read in one go; a key is one to eight.
const READ_MAX: usize = 1_024;

/// Starts the input thread on a queue of [`INPUTS_MAX`]; it ends when the receiver is
/// dropped or the terminal is lost.
///
/// # Errors
/// When the thread cannot be started.
pub fn start(
    keymap: Arc<Keymap>,
    kill: KillSwitch,
    sender: mpsc::Sender<Input>,
) -> io::Result<JoinHandle<()>> {
    let thread = std::thread::Builder::new().name("screen-input".into());
    thread.spawn(move || listen(&keymap, &kill, &sender))
}

/// Tells whether there is a terminal on the standard input, and somebody behind it.
pub fn is_alive() -> bool {
    // In this order: once the terminal was let go, nothing hangs up any more.
    !matches!(look(&Timespec::default()), Look::Lost) && io::stdin().is_terminal()
}

fn listen(keymap: &Keymap, kill: &KillSwitch, sender: &mpsc::Sender<Input>) {
    let (mut decoder, mut events) = (Decoder::default(), Vec::new());
    let mut bytes = [0; READ_MAX];
    while !sender.is_closed() {
        let look = look(if decoder.is_waiting() { &SILENCE } else { &LOOK_EVERY });
        let is_lost = match look {
            Look::Lost => true,
            Look::Interrupted => false,
            Look::Silent => {
                decoder.silence(&mut events);
                false
            }
            // Whoever has the terminal next may want what is there.
            Look::Readable if sender.is_closed() => return,
            Look::Readable => match rustix::io::read(rustix::stdio::stdin(), &mut bytes) {
                Ok(read) => {
                    decoder.feed(bytes.get(..read).unwrap_or_default(), &mut events);
                    // The end of a file: no terminal in raw mode has one.
                    read == 0
                }
                Err(error) => !matches!(error, Errno::INTR | Errno::AGAIN),
            },
        };
        for event in events.drain(..) {
            pass_on(event, keymap, kill, sender);
        }
        if is_lost {
            // The receiver must hear this: it waits for room if it has to.
            let _ = sender.blocking_send(Input::Lost);
            return;
        }
    }
}

enum Look {
    Readable,
    Silent,
    Interrupted,
    Lost,
}

/// Waits until there is something to read, or for so long.
fn look(wait: &Timespec) -> Look {
    let stdin = rustix::stdio::stdin();
    let mut files = [PollFd::new(&stdin, PollFlags::IN)];
    match poll(&mut files, Some(wait)) {
        Err(_) => return Look::Interrupted,
        Ok(0) => return Look::Silent,
        Ok(_) => {}
    }
    let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
    let is_gone = files.iter().any(|file| file.revents().intersects(gone));
    if is_gone { Look::Lost } else { Look::Readable }
}

/// Answers the kill key, then queues the event; what finds no room is let go.
fn pass_on(event: Event, keymap: &Keymap, kill: &KillSwitch, sender: &mpsc::Sender<Input>) {
    let event = without_escape(event, keymap);
    if let Event::Key(key) = event
        && key.kind != KeyEventKind::Release
        && keymap.is_kill(Chord::from(key))
    {
        kill();
    }
    let _ = sender.try_send(Input::Terminal(event));
}

/// A hand that first closes a dialog and then kills may be so quick that the two arrive
/// as one key with alt. It meant the kill.
fn without_escape(event: Event, keymap: &Keymap) -> Event {
    if let Event::Key(mut key) = event
        && key.modifiers.contains(KeyModifiers::ALT)
    {
        key.modifiers.remove(KeyModifiers::ALT);
        if keymap.is_kill(Chord::from(key)) {
            return Event::Key(key);
        }
    }
    event
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use ratatui::crossterm::event::KeyEvent;

    fn press(text: &str) -> Event {
        Event::Key(text.parse::<Chord>().unwrap().event())
    }

    #[test]
    fn the_kill_key_is_answered_even_when_the_queue_is_full() {
        let keymap = Keymap::shipped();
        let killed = Arc::new(AtomicUsize::new(0));
        let count = killed.clone();
        let kill: KillSwitch = Arc::new(move || {
            count.fetch_add(1, Ordering::SeqCst);
        });
        let (sender, mut receiver) = mpsc::channel(2);
        for key in ["j", "j", "j", "ctrl-k", "f12", "ctrl-4", "ctrl-alt-k", "alt-k"] {
            pass_on(press(key), &keymap, &kill, &sender);
        }
        assert_eq!(killed.load(Ordering::SeqCst), 4);
        assert_eq!(receiver.try_recv(), Ok(Input::Terminal(press("j"))));
    }

    #[test]
    fn letting_the_kill_key_go_is_not_pressing_it() {
        let killed = Arc::new(AtomicUsize::new(0));
        let count = killed.clone();
        let kill: KillSwitch = Arc::new(move || {
            count.fetch_add(1, Ordering::SeqCst);
        });
        let (sender, _receiver) = mpsc::channel(2);
        let key = "ctrl-k".parse::<Chord>().unwrap().event();
        let released = KeyEvent { kind: KeyEventKind::Release, ..key };
        pass_on(Event::Key(released), &Keymap::shipped(), &kill, &sender);
        assert_eq!(killed.load(Ordering::SeqCst), 0);
    }
}
