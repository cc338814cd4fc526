//! Rules of the screen.
