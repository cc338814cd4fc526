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
}

impl Surface<BufWriter<Stdout>> {
    /// Draws on the terminal that the guard holds.
    ///
    /// # Errors
    /// When the terminal does not tell its size.
    pub fn on_terminal(guard: Guard) -> io::Result<Self> {
        Ok(Self { terminal: terminal::screen()?, guard: Some(guard) })
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
        Ok(Self { terminal, guard: None })
    }

    /// Draws one frame and writes it out.
    ///
    /// # Errors
    /// When writing fails.
    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        terminal::draw_frame(&mut self.terminal, draw)
    }

    /// Forgets what the terminal shows, so that the next frame is whole.
    ///
    /// # Errors
    /// When writing fails.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.terminal.clear()
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
