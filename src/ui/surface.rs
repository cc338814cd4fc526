//! What the loop draws on: a terminal behind a writer, and the terminal's extras.
//!
//! The writer may be a real terminal or a buffer, so that tests see every byte that a
//! user's terminal would.

use std::io::{self, BufWriter, Stdout, Write};

use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};

use crate::ui::terminal::{self, Guard};

/// A terminal to draw on.
#[derive(Debug)]
pub struct Surface<W: Write> {
    terminal: Terminal<CrosstermBackend<W>>,
    /// The real terminal, when it is one.
    guard: Option<Guard>,
    /// What the terminal shows is not known.
    is_forgotten: bool,
}

impl Surface<BufWriter<Stdout>> {
    /// Draws on the terminal that the guard holds.
    ///
    /// # Errors
    /// When the terminal does not tell its size.
    pub fn on_terminal(guard: Guard) -> io::Result<Self> {
        Ok(Self { terminal: terminal::screen()?, guard: Some(guard), is_forgotten: false })
    }
}

impl<W: Write> Surface<W> {
    /// Draws on a writer that is taken to be of this size.
    ///
    /// # Errors
    /// When writing fails.
    pub fn on_writer(writer: W, area: Rect) -> io::Result<Self> {
        let options = TerminalOptions { viewport: Viewport::Fixed(area) };
        let terminal = Terminal::with_options(CrosstermBackend::new(writer), options)?;
        Ok(Self { terminal, guard: None, is_forgotten: false })
    }

    /// Draws one frame and writes it out.
    ///
    /// # Errors
    /// When writing fails.
    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        if self.is_forgotten {
            // Not its `clear`, which asks the terminal where the cursor is and reads the
            // keys of two seconds while it waits for an answer.
            terminal::begin_frame(self.terminal.backend_mut())?;
            let area = self.terminal.get_frame().area();
            self.terminal.resize(area)?;
            self.is_forgotten = false;
        }
        terminal::draw_frame(&mut self.terminal, draw)
    }

    /// Forgets what the terminal shows: the next frame is whole.
    pub(super) const fn forget(&mut self) {
        self.is_forgotten = true;
    }

    /// The area that was drawn last.
    pub(super) fn area(&mut self) -> Rect {
        self.terminal.get_frame().area()
    }

    /// Where the terminal's extras are written.
    pub(super) fn writer(&mut self) -> &mut CrosstermBackend<W> {
        self.terminal.backend_mut()
    }

    /// The guard of a real terminal.
    pub(super) const fn guard(&self) -> Option<&Guard> {
        self.guard.as_ref()
    }

    /// The terminal is gone: nothing is written to it any more.
    pub(super) fn lost(&self) {
        if let Some(guard) = &self.guard {
            // Whoever prints after this writes into nothing instead of panicking.
            let _ = terminal::detach();
            guard.leave();
        }
    }
}
