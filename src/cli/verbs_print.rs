//! What the operator's verbs print: nothing that steers a terminal, whoever wrote it.

use std::fmt::Write;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::control::protocol::Answer;
use crate::domain::ids::Seq;
use crate::domain::time::Timestamp;

/// Characters of an event's data in a line for people.
const DATA_CHARS_MAX: usize = 160;

/// Tells whether a character does something other than appear: controls, separators,
/// marks of direction, zero-width and tag characters.
fn is_harmful(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Makes a line fit for a terminal; columns stay where they are.
pub(crate) fn harmless(line: &str) -> String {
    line.chars().map(|letter| if is_harmful(letter) { ' ' } else { letter }).collect()
}

/// Makes a line of JSON fit for a terminal without changing what it says: harmful
/// characters stand in its strings alone and are written as their escapes there.
pub(crate) fn json_line(line: &str) -> String {
    let mut safe = String::with_capacity(line.len());
    let mut units = [0; 2];
    for letter in line.trim_end().chars() {
        if is_harmful(letter) {
            for unit in letter.encode_utf16(&mut units) {
                write!(safe, "\\u{unit:04x}").expect("a string takes everything");
            }
        } else {
            safe.push(letter);
        }
    }
    safe
}

/// An answer as a line of JSON.
pub(crate) fn json(answer: &Answer) -> String {
    json_line(&String::from_utf8_lossy(&answer.to_line()))
}

#[derive(Deserialize)]
struct Head<'a> {
    event: &'a str,
    timestamp: Timestamp,
    #[serde(borrow)]
    data: &'a RawValue,
    metadata: Place,
}

#[derive(Deserialize)]
struct Place {
    seq: Seq,
}

/// A line of the stream for people: number, time, name, data.
pub(crate) fn event(line: &str) -> String {
    let Ok(head) = serde_json::from_str::<Head<'_>>(line) else {
        // The count of lost events, or something newer than this program.
        return harmless(line);
    };
    let data: String = head.data.get().chars().take(DATA_CHARS_MAX).collect();
    harmless(&format!("{:>9}  {}  {:<28}  {data}", head.metadata.seq, head.timestamp, head.event))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_its_meaning_and_loses_what_steers_a_terminal() {
        let hostile = "\u{9b}2J\u{202e}YUB\u{200b}\u{e0041}é";
        let line = json_line(&serde_json::to_string(hostile).unwrap());
        assert!(line.chars().all(|letter| !is_harmful(letter)), "{line}");
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), hostile);
    }

    #[test]
    fn a_line_for_people_has_nothing_that_steers_a_terminal() {
        assert_eq!(harmless("a\u{1b}[2J\nb  c\u{202e}"), "a [2J b  c ");
        let line = r#"{"event":"system.alert.raised","timestamp":"2025-10-28T14:30:00Z","trace_id":"x","data":{"text":"hi"},"metadata":{"seq":7}}"#;
        let shown = event(line);
        assert!(shown.starts_with("        7  2025-10-28T14:30:00"), "{shown}");
        assert!(shown.ends_with(r#"{"text":"hi"}"#), "{shown}");
        assert_eq!(event("{\"lost\":3}"), "{\"lost\":3}");
    }
}
