//! Holds the beginning of what is not complete, and tells pastes from keys.
//!
//! What a run of bytes means is said by [`sequence`](super::sequence).

use ratatui::crossterm::event::{Event, KeyCode, KeyModifiers};

use super::sequence::{Step, key, step};

/// A longer paste is cut off: the longest input line is far shorter.
pub(super) const PASTE_MAX: usize = 16 * 1_024;
/// Ends a paste.
pub(super) const PASTE_END: &[u8] = b"\x1b[201~";
const ESCAPE: u8 = 0x1b;

/// Reads bytes into events.
#[derive(Debug, Default)]
pub(in crate::ui) struct Decoder {
    /// The beginning of a sequence or of a letter.
    held: Vec<u8>,
    /// The paste that is going on.
    pasted: Option<Vec<u8>>,
}

impl Decoder {
    /// Takes bytes as they came; what is complete goes to the end of the list.
    pub(in crate::ui) fn feed(&mut self, bytes: &[u8], events: &mut Vec<Event>) {
        for byte in bytes {
            if self.pasted.is_some() {
                self.paste(*byte, events);
            } else {
                self.take(*byte, events);
            }
        }
    }

    /// Tells whether something was begun and is not complete.
    pub(in crate::ui) const fn is_waiting(&self) -> bool {
        !self.held.is_empty() || self.pasted.is_some()
    }

    /// Nothing came for a while: what was begun is taken as it stands. An escape was
    /// the key, a paste is over, the beginning of anything else is let go.
    pub(in crate::ui) fn silence(&mut self, events: &mut Vec<Event>) {
        if let Some(pasted) = self.pasted.take() {
            events.push(paste_of(&pasted));
        }
        match self.held.as_slice() {
            [ESCAPE] => events.push(key(KeyCode::Esc, KeyModifiers::NONE)),
            [ESCAPE, letter @ (b'[' | b'O')] => {
                events.push(key(KeyCode::Char(char::from(*letter)), KeyModifiers::ALT));
            }
            _ => {}
        }
        self.held.clear();
    }

    fn take(&mut self, byte: u8, events: &mut Vec<Event>) {
        self.held.push(byte);
        match step(&self.held) {
            Step::More => {}
            Step::Whole(event) => {
                self.held.clear();
                events.push(event);
            }
            Step::Unknown => self.held.clear(),
            Step::Broken(before) => {
                self.held.clear();
                events.extend(before);
                self.take(byte, events);
            }
            Step::Paste => {
                self.held.clear();
                self.pasted = Some(Vec::new());
            }
        }
    }

    fn paste(&mut self, byte: u8, events: &mut Vec<Event>) {
        let Some(pasted) = self.pasted.as_mut() else { return };
        pasted.push(byte);
        if let Some(text) = pasted.strip_suffix(PASTE_END) {
            events.push(paste_of(text));
            self.pasted = None;
        } else if pasted.len() > PASTE_MAX + PASTE_END.len() {
            // The tail stays: the end mark may have begun.
            pasted.remove(PASTE_MAX);
        }
    }
}

fn paste_of(bytes: &[u8]) -> Event {
    let text = String::from_utf8_lossy(bytes.get(..PASTE_MAX).unwrap_or(bytes));
    Event::Paste(text.into_owned())
}
