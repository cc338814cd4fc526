//! What one run of bytes is: the beginning of something, a key, a click, a mark.
//!
//! Pure; [`reader`](super::reader) holds the bytes.

use ratatui::crossterm::event::{
    Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

/// A longer sequence is none that we know.
const SEQUENCE_MAX: usize = 64;
const ESCAPE: u8 = 0x1b;

/// What the bytes held so far are.
pub(super) enum Step {
    /// The beginning of something.
    More,
    /// Complete.
    Whole(Event),
    /// Complete, and nothing that we know.
    Unknown,
    /// The last byte does not belong: what stood before it, if anything, and anew.
    Broken(Option<Event>),
    /// A paste begins.
    Paste,
}

pub(super) fn key(code: KeyCode, modifiers: KeyModifiers) -> Event {
    Event::Key(KeyEvent::new(code, modifiers))
}

/// What the bytes are; all but the last were the beginning of something.
pub(super) fn step(held: &[u8]) -> Step {
    match held {
        [] | [ESCAPE] => Step::More,
        // The first was the key; the second may begin a sequence.
        [ESCAPE, ESCAPE] => Step::Broken(Some(key(KeyCode::Esc, KeyModifiers::NONE))),
        [ESCAPE, b'[', body @ ..] => sequence(body),
        [ESCAPE, b'O', body @ ..] => match body {
            [] => Step::More,
            [last] if is_control(*last) => Step::Broken(None),
            [last] => known(named(*last), KeyModifiers::NONE),
            _ => Step::Unknown,
        },
        [ESCAPE, letter @ ..] => letter_of(letter, KeyModifiers::ALT),
        letter => letter_of(letter, KeyModifiers::NONE),
    }
}

const fn is_control(byte: u8) -> bool {
    byte < 0x20 || byte >= 0x7f
}

fn known(code: Option<KeyCode>, modifiers: KeyModifiers) -> Step {
    code.map_or(Step::Unknown, |code| Step::Whole(key(code, modifiers)))
}

/// One letter or control key, perhaps behind an escape.
fn letter_of(bytes: &[u8], held: KeyModifiers) -> Step {
    let Some(first) = bytes.first() else { return Step::More };
    let control = |letter: u8| {
        Step::Whole(key(KeyCode::Char(char::from(letter)), held | KeyModifiers::CONTROL))
    };
    match first {
        b'\r' => Step::Whole(key(KeyCode::Enter, held)),
        b'\t' => Step::Whole(key(KeyCode::Tab, held)),
        0x7f => Step::Whole(key(KeyCode::Backspace, held)),
        0 => control(b' '),
        0x01..=0x1a => control(first - 0x01 + b'a'),
        &ESCAPE => Step::More,
        // As terminals have numbered them since the VT100: ctrl-\ is ctrl-4.
        0x1c..=0x1f => control(first - 0x1c + b'4'),
        0x20.. => match std::str::from_utf8(bytes) {
            Ok(text) => text.chars().next().map_or(Step::Unknown, |letter| {
                let mut held = held;
                held.set(KeyModifiers::SHIFT, letter.is_uppercase());
                Step::Whole(key(KeyCode::Char(letter), held))
            }),
            // The end is missing.
            Err(error) if error.error_len().is_none() => Step::More,
            Err(_) if bytes.len() > 1 => Step::Broken(None),
            Err(_) => Step::Unknown,
        },
    }
}

/// A key of CSI or SS3 by its last byte.
const fn named(last: u8) -> Option<KeyCode> {
    Some(match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'F' => KeyCode::End,
        b'H' => KeyCode::Home,
        b'M' => KeyCode::Enter,
        b'P' => KeyCode::F(1),
        b'Q' => KeyCode::F(2),
        b'R' => KeyCode::F(3),
        b'S' => KeyCode::F(4),
        b'Z' => KeyCode::BackTab,
        _ => return None,
    })
}

/// A key of CSI … ~ by its number.
const fn numbered(number: u16) -> Option<KeyCode> {
    // Each gap in the numbers is one of the VT220's.
    let function = match number {
        11..=15 => number - 10,
        17..=21 => number - 11,
        23..=26 => number - 12,
        28 | 29 => number - 13,
        31..=34 => number - 14,
        _ => 0,
    };
    Some(match number {
        1 | 7 => KeyCode::Home,
        2 => KeyCode::Insert,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        _ => match function {
            0 => return None,
            _ => KeyCode::F(function.to_le_bytes()[0]),
        },
    })
}

/// A key by its character, as CSI u and modifyOtherKeys tell it.
fn coded(code: u16) -> Option<KeyCode> {
    match code {
        9 => Some(KeyCode::Tab),
        13 => Some(KeyCode::Enter),
        27 => Some(KeyCode::Esc),
        127 => Some(KeyCode::Backspace),
        _ => {
            let letter = char::from_u32(u32::from(code)).filter(|letter| !letter.is_control())?;
            // Private use: keys that we have no name for.
            (!(0xe000..=0xf8ff).contains(&code)).then_some(KeyCode::Char(letter))
        }
    }
}

/// What follows `CSI`.
fn sequence(body: &[u8]) -> Step {
    let Some((last, before)) = body.split_last() else { return Step::More };
    match body {
        // Three bytes of any value follow; they must not be read as keys.
        [b'M', place @ ..] => {
            return match place {
                [button, column, row] => clicked(
                    u16::from(*button).checked_sub(32),
                    u16::from(column.saturating_sub(32)),
                    u16::from(row.saturating_sub(32)),
                    false,
                ),
                _ => Step::More,
            };
        }
        [b'['] => return Step::More,
        [b'[', function @ b'A'..=b'E'] => {
            return known(Some(KeyCode::F(function - b'A' + 1)), KeyModifiers::NONE);
        }
        _ => {}
    }
    match last {
        _ if is_control(*last) => Step::Broken(None),
        _ if body.len() > SEQUENCE_MAX => Step::Unknown,
        // Numbers and signs before the last byte.
        0x20..=0x3f => Step::More,
        _ => complete(*last, before),
    }
}

/// A sequence with its last byte.
fn complete(last: u8, before: &[u8]) -> Step {
    let is_sgr = before.first() == Some(&b'<');
    let before = if is_sgr { before.get(1..).unwrap_or_default() } else { before };
    let text = std::str::from_utf8(before).unwrap_or_default();
    // `107:75;5:1`: key and its variants, modifiers and kind.
    let field = |index: usize| text.split(';').nth(index).unwrap_or_default();
    let part = |field: &str, index: usize| field.split(':').nth(index)?.parse::<u16>().ok();
    let number = |index: usize| part(field(index), 0);
    let with = modifiers(number(1).unwrap_or(1));
    match (last, is_sgr) {
        (b'M' | b'm', true) => {
            let (column, row) = (number(1).unwrap_or(0), number(2).unwrap_or(0));
            clicked(number(0), column, row, last == b'm')
        }
        (b'M', false) if !text.is_empty() => {
            let button = number(0).and_then(|button| button.checked_sub(32));
            clicked(button, number(1).unwrap_or(0), number(2).unwrap_or(0), false)
        }
        (b'I', false) => Step::Whole(Event::FocusGained),
        (b'O', false) => Step::Whole(Event::FocusLost),
        (b'Z', false) => known(Some(KeyCode::BackTab), with | KeyModifiers::SHIFT),
        (b'~', false) => match number(0) {
            Some(200) => Step::Paste,
            Some(27) => known(number(2).and_then(coded), with),
            Some(number) => of_kind(numbered(number), with, part(field(1), 1)),
            None => Step::Unknown,
        },
        (b'u', false) => of_kind(number(0).and_then(coded), with, part(field(1), 1)),
        // Any other first number is an answer to a question that we do not ask.
        (_, false) if number(0).unwrap_or(1) == 1 => of_kind(named(last), with, part(field(1), 1)),
        (_, true | false) => Step::Unknown,
    }
}

/// The key pressed, held down, or let go.
fn of_kind(code: Option<KeyCode>, modifiers: KeyModifiers, kind: Option<u16>) -> Step {
    let kind = match kind {
        Some(2) => KeyEventKind::Repeat,
        Some(3) => KeyEventKind::Release,
        Some(_) | None => KeyEventKind::Press,
    };
    let event = |code| Event::Key(KeyEvent::new_with_kind(code, modifiers, kind));
    code.map_or(Step::Unknown, |code| Step::Whole(event(code)))
}

/// Modifiers as sequences number them: one more than the sum of their bits.
fn modifiers(number: u16) -> KeyModifiers {
    let bits = number.saturating_sub(1);
    let names = [KeyModifiers::SHIFT, KeyModifiers::ALT, KeyModifiers::CONTROL];
    let held = names.into_iter().enumerate().filter(|(bit, _)| bits & (1 << bit) != 0);
    held.fold(KeyModifiers::NONE, |all, (_, one)| all | one)
}

/// The mouse. `button` holds the button and what is held down; places count from one.
fn clicked(button: Option<u16>, column: u16, row: u16, is_up: bool) -> Step {
    let Some(bits) = button else { return Step::Unknown };
    let pressed = match bits & 3 {
        0 => MouseButton::Left,
        1 => MouseButton::Middle,
        _ => MouseButton::Right,
    };
    let kind = match (bits & 0xc0, bits & 3, bits & 0x20 != 0) {
        (0, 3, false) => MouseEventKind::Up(MouseButton::Left),
        (0, 3, true) => MouseEventKind::Moved,
        (0, _, true) => MouseEventKind::Drag(pressed),
        (0, _, false) if is_up => MouseEventKind::Up(pressed),
        (0, _, false) => MouseEventKind::Down(pressed),
        (0x40, 0, _) => MouseEventKind::ScrollUp,
        (0x40, 1, _) => MouseEventKind::ScrollDown,
        (0x40, 2, _) => MouseEventKind::ScrollLeft,
        (0x40, _, _) => MouseEventKind::ScrollRight,
        _ => return Step::Unknown,
    };
    let names = [(4, KeyModifiers::SHIFT), (8, KeyModifiers::ALT), (16, KeyModifiers::CONTROL)];
    let held = names.into_iter().filter(|(bit, _)| bits & bit != 0);
    let modifiers = held.fold(KeyModifiers::NONE, |all, (_, one)| all | one);
    let (column, row) = (column.saturating_sub(1), row.saturating_sub(1));
    Step::Whole(Event::Mouse(MouseEvent { kind, column, row, modifiers }))
}
