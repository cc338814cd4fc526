//! Sequences of real terminals, cut at every place, and bytes of none.

use proptest::prelude::*;

use ratatui::crossterm::event::{
    Event, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

use super::Decoder;
use super::reader::{PASTE_END, PASTE_MAX};
use crate::ui::keymap::Chord;

/// In one piece, then the silence.
fn read(bytes: &[u8]) -> Vec<Event> {
    let (mut decoder, mut events) = (Decoder::default(), Vec::new());
    decoder.feed(bytes, &mut events);
    decoder.silence(&mut events);
    assert!(!decoder.is_waiting());
    events
}

/// Byte by byte.
fn read_slowly(bytes: &[u8]) -> Vec<Event> {
    let (mut decoder, mut events) = (Decoder::default(), Vec::new());
    for byte in bytes {
        decoder.feed(&[*byte], &mut events);
    }
    decoder.silence(&mut events);
    events
}

#[track_caller]
fn check(bytes: &str, keys: &str) {
    let events = read(bytes.as_bytes());
    assert_eq!(events, read_slowly(bytes.as_bytes()), "{bytes:?}");
    let chords = events.iter().map(|event| {
        let Event::Key(key) = event else { panic!("{event:?}") };
        Chord::from(*key)
    });
    let wanted = keys.split_whitespace().map(|key| key.parse::<Chord>().unwrap());
    assert_eq!(chords.collect::<Vec<_>>(), wanted.collect::<Vec<_>>(), "{bytes:?}");
}

#[test]
fn letters_and_control_keys_are_themselves() {
    check("aZ1?", "a Z 1 ?");
    check("é€🦀", "é € 🦀");
    check("\r\t\x7f \0", "enter tab backspace space ctrl-space");
    check("\x01\x0b\x0c\x1a", "ctrl-a ctrl-k ctrl-l ctrl-z");
    check("\x1c\x1f", "ctrl-4 ctrl-7");
    check("\x1b", "esc");
    check("\x1b\x1b", "esc esc");
    check("\x1bj\x1bé", "alt-j alt-é");
    check("\x1b\x0b", "ctrl-alt-k");
}

#[test]
fn keys_without_a_letter_come_as_sequences() {
    check("\x1b[A\x1b[B\x1b[C\x1b[D\x1b[H\x1b[F", "up down right left home end");
    check("\x1bOA\x1bOB\x1bOH\x1bOF", "up down home end");
    check("\x1b[1~\x1b[2~\x1b[3~\x1b[4~\x1b[5~\x1b[6~", "home insert delete end pageup pagedown");
    check("\x1bOP\x1bOQ\x1bOR\x1bOS\x1b[15~", "f1 f2 f3 f4 f5");
    check("\x1b[17~\x1b[18~\x1b[19~\x1b[20~\x1b[21~\x1b[23~\x1b[24~", "f6 f7 f8 f9 f10 f11 f12");
    check("\x1b[[A\x1b[[E", "f1 f5");
    check("\x1b[Z", "shift-tab");
    check("\x1b[1;5A\x1b[3;2~\x1b[1;3P", "ctrl-up shift-delete alt-f1");
    check("\x1b\x1b[A", "esc up");
    check("\x1b[107;5u\x1b[27;5;107~\x1b[13u\x1b[27u", "ctrl-k ctrl-k enter esc");
}

#[test]
fn what_breaks_a_sequence_off_is_a_key_of_its_own() {
    check("\x1b[\x0b", "ctrl-k");
    check("\x1b[1;\x0b", "ctrl-k");
    check("\x1bO\x0b", "ctrl-k");
    check("\x1b[12\x1b[24~", "f12");
    check("\x1b[<0;1\x1b", "esc");
    check("\x1b[", "alt-[");
    check("\x1b[12", "");
    check("\x1b[?1;2c", "");
    let events = read(b"\xc3\x0b");
    assert_eq!(events, read(b"\x0b"), "half a letter");
    assert_eq!(read(b"\xff\x80j"), read(b"j"), "no letters");
}

#[test]
fn a_key_that_is_let_go_is_told_apart() {
    let kinds = read(b"\x1b[107;5:1u\x1b[107;5:2u\x1b[107;5:3u").into_iter().map(|event| {
        let Event::Key(key) = event else { panic!("{event:?}") };
        key.kind
    });
    let wanted = [KeyEventKind::Press, KeyEventKind::Repeat, KeyEventKind::Release];
    assert_eq!(kinds.collect::<Vec<_>>(), wanted);
}

#[test]
fn a_paste_is_one_event_bounded_and_ended_by_silence() {
    assert_eq!(read(b"\x1b[200~a\x0b\x1b[A\x1b[201~"), [Event::Paste("a\x0b\x1b[A".into())]);
    assert_eq!(read(b"\x1b[200~half"), [Event::Paste("half".into())]);
    let long = [b"\x1b[200~".as_slice(), &vec![b'x'; 40_000], PASTE_END, b"j"].concat();
    let events = read(&long);
    assert_eq!(events.first(), Some(&Event::Paste("x".repeat(PASTE_MAX))));
    assert_eq!(events.get(1..).unwrap(), read(b"j"));
}

#[track_caller]
fn check_mouse(bytes: &[u8], kind: MouseEventKind, modifiers: KeyModifiers) {
    let mouse = MouseEvent { kind, column: 11, row: 6, modifiers };
    assert_eq!(read(bytes), [Event::Mouse(mouse)], "{bytes:?}");
}

#[test]
fn the_mouse_speaks_in_three_ways() {
    let (left, none) = (MouseButton::Left, KeyModifiers::NONE);
    check_mouse(b"\x1b[<0;12;7M", MouseEventKind::Down(left), none);
    check_mouse(b"\x1b[<0;12;7m", MouseEventKind::Up(left), none);
    check_mouse(b"\x1b[<32;12;7M", MouseEventKind::Drag(left), none);
    check_mouse(b"\x1b[<35;12;7M", MouseEventKind::Moved, none);
    check_mouse(b"\x1b[<64;12;7M", MouseEventKind::ScrollUp, none);
    check_mouse(b"\x1b[<81;12;7M", MouseEventKind::ScrollDown, KeyModifiers::CONTROL);
    check_mouse(b"\x1b[M ,'", MouseEventKind::Down(left), none);
    check_mouse(b"\x1b[32;12;7M", MouseEventKind::Down(left), none);
    assert_eq!(read(b"\x1b[I\x1b[O"), [Event::FocusGained, Event::FocusLost]);
    assert_eq!(read(b"\x1b[<255;1;1M\x1b[<;;M\x1b[<0;99999;1x"), []);
}

proptest! {
    #[test]
    fn any_bytes_are_read_alike_in_one_piece_and_one_by_one(bytes: Vec<u8>) {
        prop_assert_eq!(read(&bytes), read_slowly(&bytes));
    }

    /// The kill key, after whatever a line may have garbled, with a pause before it.
    #[test]
    fn after_a_silence_a_key_is_itself(bytes: Vec<u8>) {
        let (mut decoder, mut events) = (Decoder::default(), Vec::new());
        decoder.feed(&bytes, &mut events);
        decoder.silence(&mut events);
        events.clear();
        decoder.feed(b"\x0b", &mut events);
        prop_assert_eq!(events, read(b"\x0b"));
    }
}
