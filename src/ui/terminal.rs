//! Taking the terminal and giving it back, in every way a program can end.
//!
//! [`Guard`] enters once and leaves once, whoever asks first: the normal end, an
//! error, a panic of the screen, a signal, going to the background. Signals are
//! caught by the composition root, which calls what is here. When the terminal is
//! gone, [`detach`] comes first: writing to a dead terminal panics in others' code.

use std::fs::OpenOptions;
use std::io::{self, BufWriter, Stdout, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::ThreadId;

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::clipboard::CopyToClipboard;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste,
    EnableFocusChange, EnableMouseCapture,
};
use ratatui::crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    SetTitle, disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{execute, queue};

use rustix::termios::{Action, QueueSelector, tcflow, tcflush};

use crate::ui::facts::Mode;
use crate::view::clean_text;

/// A full frame of 120x40 is 6 kB: one write a frame and few torn ones.
const WRITE_BUFFER: usize = 64 * 1024;
/// A longer row than this goes to the clipboard cut off.
const CLIPBOARD_MAX: usize = 4_096;
/// Characters of a notification; desktops show less.
const NOTIFICATION_MAX: usize = 200;

/// What the screen is drawn into.
pub type Screen = Terminal<CrosstermBackend<BufWriter<Stdout>>>;

/// Opens the drawing surface; [`Guard::enter`] comes first.
///
/// # Errors
/// When the terminal does not tell its size.
pub fn screen() -> io::Result<Screen> {
    Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(WRITE_BUFFER, io::stdout())))
}

/// Holds the terminal while the screen has it. Clones share one terminal, so that
/// the panic hook and the loop can both give it back; the second finds nothing to do.
#[derive(Debug, Clone)]
pub struct Guard {
    is_entered: Arc<AtomicBool>,
    mode: Mode,
}

impl Guard {
    /// Takes the terminal: raw keys, the other page, paste and focus reports, a title
    /// that begins with the mode. On an error what was taken is given back.
    ///
    /// # Errors
    /// When the terminal refuses; it is not one, perhaps.
    pub fn enter(mode: Mode) -> io::Result<Self> {
        let guard = Self { is_entered: Arc::new(AtomicBool::new(false)), mode };
        guard.reenter()?;
        Ok(guard)
    }

    /// Takes the terminal again, after the background.
    ///
    /// # Errors
    /// As [`Guard::enter`].
    pub fn reenter(&self) -> io::Result<()> {
        if self.is_entered.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        let entered = enable_raw_mode().and_then(|()| enter_bytes(&mut io::stdout(), self.mode));
        if entered.is_err() {
            self.leave();
        }
        entered
    }

    /// Gives the terminal back. Errors are passed over: it may be gone, and every step
    /// is tried whatever became of the one before.
    pub fn leave(&self) {
        if !self.is_entered.swap(false, Ordering::SeqCst) {
            return;
        }
        leave_bytes(&mut io::stdout());
        let _ = disable_raw_mode();
    }

    /// Puts a hook before the present one that gives the terminal back when the
    /// screen's own thread panics, so that its words can be read. A panic of an agent
    /// is caught by its seat and must not tear down the screen.
    pub fn restore_on_panic_of(&self, screen: ThreadId) {
        let (guard, next) = (self.clone(), std::panic::take_hook());
        std::panic::set_hook(Box::new(move |panic| {
            if std::thread::current().id() == screen {
                guard.leave();
            }
            next(panic);
        }));
    }
}

/// What is written to take the terminal.
///
/// # Errors
/// When writing fails.
pub fn enter_bytes(out: &mut impl Write, mode: Mode) -> io::Result<()> {
    let title = SetTitle(format!("{} FlightDeck", mode.word()));
    execute!(out, EnterAlternateScreen, Hide, EnableBracketedPaste, EnableFocusChange, title)
}

/// What is written to give it back, in the order that leaves no trace: drawing ends,
/// reports off, cursor on, the page from before. The mouse is given back whether or
/// not it was taken.
pub fn leave_bytes(out: &mut impl Write) {
    let _ = queue!(out, EndSynchronizedUpdate);
    let _ = queue!(out, DisableMouseCapture, DisableFocusChange, DisableBracketedPaste);
    let _ = queue!(out, Show, LeaveAlternateScreen);
    let _ = out.flush();
}

/// Draws one frame between the marks of a synchronized update, so that a terminal
/// that knows them never shows half of it. The end mark is written also when
/// drawing fails.
///
/// # Errors
/// When writing fails.
pub fn draw_frame<W: Write>(
    terminal: &mut Terminal<CrosstermBackend<W>>,
    draw: impl FnOnce(&mut ratatui::Frame<'_>),
) -> io::Result<()> {
    queue!(terminal.backend_mut(), BeginSynchronizedUpdate)?;
    let drawn = terminal.draw(draw).map(drop);
    let ended = execute!(terminal.backend_mut(), EndSynchronizedUpdate);
    drawn.and(ended)
}

/// Writes the mark that begins a synchronized update, ahead of [`draw_frame`] and of what
/// belongs to the same picture.
///
/// # Errors
/// When writing fails.
pub fn begin_frame(out: &mut impl Write) -> io::Result<()> {
    queue!(out, BeginSynchronizedUpdate)
}

/// Ends a synchronized update that a panic may have left begun.
pub fn end_frame(out: &mut impl Write) {
    let _ = execute!(out, EndSynchronizedUpdate);
}

/// Takes the mouse, or gives it back to the terminal for marking text.
///
/// # Errors
/// When writing fails.
pub fn take_mouse(out: &mut impl Write, is_ours: bool) -> io::Result<()> {
    if is_ours { execute!(out, EnableMouseCapture) } else { execute!(out, DisableMouseCapture) }
}

/// Rings.
///
/// # Errors
/// When writing fails.
pub fn ring(out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"\x07")?;
    out.flush()
}

/// Puts a text into the clipboard (OSC 52, which carries it in base 64).
///
/// # Errors
/// When writing fails.
pub fn copy(out: &mut impl Write, text: &str) -> io::Result<()> {
    let text: String = text.chars().take(CLIPBOARD_MAX).collect();
    execute!(out, CopyToClipboard::to_clipboard_from(text))
}

/// Writes the terminal's own notification (OSC 9), which shows also when the page is out
/// of sight. Tells control characters in the text apart from the sequence by leaving
/// them out.
///
/// # Errors
/// When writing fails.
pub fn notify(out: &mut impl Write, text: &str) -> io::Result<()> {
    let text = clean_text(text, NOTIFICATION_MAX);
    write!(out, "\x1b]9;FlightDeck: {text}\x1b\\")?;
    out.flush()
}

/// Throws away what the terminal has not taken yet, so that a thread that waits for it
/// goes on: for the end, when nobody reads any more.
///
/// # Errors
/// When it is no terminal.
pub fn discard() -> io::Result<()> {
    let out = rustix::stdio::stdout();
    // Flushing alone makes room and wakes nobody; letting a stopped terminal go on does.
    tcflow(out, Action::OOff)?;
    tcflush(out, QueueSelector::OFlush)?;
    Ok(tcflow(out, Action::OOn)?)
}

/// Puts `/dev/null` over the three standard streams. First thing after the terminal
/// was lost: whoever prints then would panic.
///
/// # Errors
/// When `/dev/null` cannot be opened or put there.
pub fn detach() -> io::Result<()> {
    let null = OpenOptions::new().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    Ok(())
}
