//! One press of a key with what is held down with it, and its text: `ctrl-k`,
//! `shift-tab`, `f12`, `?`.

use std::fmt;
use std::str::FromStr;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key with its modifiers, brought to one form.
///
/// A letter carries its own case, so shift is only kept with keys that have no
/// letter; control with a letter has no case, as terminals cannot tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Hash)]
pub struct Chord {
    /// The key.
    pub code: KeyCode,
    /// Control is held.
    pub control: bool,
    /// Alt is held.
    pub alt: bool,
    /// Shift is held.
    pub shift: bool,
}

/// Why a text is not a chord.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a key: use a letter or sign, or names such as ctrl-k, shift-tab, f12")]
pub struct ChordError(String);

/// Names of keys that print nothing. A space needs one to be seen.
const NAMED: &[(&str, KeyCode)] = &[
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("space", KeyCode::Char(' ')),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
];

impl Chord {
    /// A key without modifiers.
    pub fn key(code: KeyCode) -> Self {
        Self::new(code, KeyModifiers::NONE)
    }

    /// A key with modifiers, brought to the one form.
    pub fn new(code: KeyCode, modifiers: KeyModifiers) -> Self {
        let control = modifiers.contains(KeyModifiers::CONTROL);
        let alt = modifiers.contains(KeyModifiers::ALT);
        let mut shift = modifiers.contains(KeyModifiers::SHIFT);
        let mut code = code;
        if code == KeyCode::BackTab {
            (code, shift) = (KeyCode::Tab, true);
        }
        if let KeyCode::Char(letter) = code {
            let lower = letter.to_ascii_lowercase();
            code = KeyCode::Char(if control { lower } else { letter });
            shift = false;
        }
        Self { code, control, alt, shift }
    }

    /// The letter that a text field would take from it.
    pub const fn letter(&self) -> Option<char> {
        match (self.code, self.control || self.alt) {
            (KeyCode::Char(letter), false) => Some(letter),
            (_, true | false) => None,
        }
    }

    /// The event that a text field would have seen.
    pub fn event(&self) -> KeyEvent {
        let mut modifiers = KeyModifiers::NONE;
        modifiers.set(KeyModifiers::CONTROL, self.control);
        modifiers.set(KeyModifiers::ALT, self.alt);
        modifiers.set(KeyModifiers::SHIFT, self.shift);
        KeyEvent::new(self.code, modifiers)
    }
}

impl From<KeyEvent> for Chord {
    fn from(event: KeyEvent) -> Self {
        Self::new(event.code, event.modifiers)
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (held, name) in [(self.control, "ctrl-"), (self.alt, "alt-"), (self.shift, "shift-")] {
            if held {
                f.write_str(name)?;
            }
        }
        if let Some((name, _)) = NAMED.iter().find(|(_, code)| *code == self.code) {
            return f.write_str(name);
        }
        if let KeyCode::F(number) = self.code {
            return write!(f, "f{number}");
        }
        match self.code.as_char() {
            Some(letter) => write!(f, "{letter}"),
            None => f.write_str("?"),
        }
    }
}

impl FromStr for Chord {
    type Err = ChordError;

    fn from_str(text: &str) -> Result<Self, ChordError> {
        let refused = || ChordError(text.chars().take(40).collect());
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = text;
        loop {
            let known = [
                ("ctrl-", KeyModifiers::CONTROL),
                ("alt-", KeyModifiers::ALT),
                ("shift-", KeyModifiers::SHIFT),
            ];
            let found = known.iter().find_map(|(name, modifier)| {
                let after = rest.strip_prefix(name).filter(|after| !after.is_empty())?;
                Some((after, *modifier))
            });
            let Some((after, modifier)) = found else { break };
            modifiers |= modifier;
            rest = after;
        }
        let code = code(rest).ok_or_else(refused)?;
        // What a terminal cannot send must not look as if it were bound.
        let is_letter = matches!(code, KeyCode::Char(_));
        if is_letter && modifiers.contains(KeyModifiers::SHIFT) {
            return Err(refused());
        }
        Ok(Self::new(code, modifiers))
    }
}

fn code(text: &str) -> Option<KeyCode> {
    let mut letters = text.chars();
    if let (Some(letter), None) = (letters.next(), letters.next()) {
        return (!letter.is_control()).then_some(KeyCode::Char(letter));
    }
    let lower = text.to_ascii_lowercase();
    if let Some((_, code)) = NAMED.iter().find(|(name, _)| *name == lower) {
        return Some(*code);
    }
    let number: u8 = lower.strip_prefix('f')?.parse().ok()?;
    (1..=24).contains(&number).then_some(KeyCode::F(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chord_is_written_as_it_is_read() {
        for text in [
            "ctrl-k",
            "ctrl-\\",
            "ctrl-4",
            "f12",
            "shift-tab",
            "?",
            ":",
            "!",
            "g",
            "G",
            "space",
            "esc",
            "ctrl-alt-x",
            "-",
            "ctrl--",
            "pagedown",
            "shift-f5",
        ] {
            assert_eq!(text.parse::<Chord>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn names_have_no_case_and_letters_do() {
        assert_eq!("F12".parse::<Chord>(), "f12".parse());
        assert_ne!("g".parse::<Chord>(), "G".parse());
    }

    #[test]
    fn what_is_no_key_is_refused_by_name() {
        for bad in ["", "ctrl-", "hyper-x", "f0", "f25", "shift-a", "spacebar", "\u{1b}"] {
            assert!(bad.parse::<Chord>().is_err(), "{bad:?}");
        }
        assert!("f99".parse::<Chord>().unwrap_err().to_string().contains("'f99'"));
    }

    /// Terminals differ in how they tell the same press.
    #[test]
    fn the_same_press_is_the_same_chord() {
        let same = |code, modifiers, text: &str| {
            assert_eq!(Chord::new(code, modifiers), text.parse().unwrap(), "{text}");
        };
        same(KeyCode::BackTab, KeyModifiers::SHIFT, "shift-tab");
        same(KeyCode::BackTab, KeyModifiers::NONE, "shift-tab");
        same(KeyCode::Char('G'), KeyModifiers::SHIFT, "G");
        same(KeyCode::Char('K'), KeyModifiers::CONTROL | KeyModifiers::SHIFT, "ctrl-k");
        same(KeyCode::Char('?'), KeyModifiers::SHIFT, "?");
    }
}
