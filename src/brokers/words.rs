//! The venue's words, made fit to be shown and logged.
//!
//! Foreign text may hold terminal controls and characters that turn the direction of
//! writing; none of that passes (faults page §10.10).

/// The longest text of a broker that we keep, in characters.
const CHARS_MAX: usize = 300;

/// Drops controls and invisible characters, joins runs of blanks, and cuts.
pub(crate) fn cleaned(text: &str) -> String {
    let mut kept = String::with_capacity(text.len().min(CHARS_MAX));
    let mut count = 0;
    let mut blank = false;
    for letter in text.chars() {
        if letter.is_whitespace() {
            blank = count > 0;
            continue;
        }
        if letter.is_control() || is_invisible(letter) {
            continue;
        }
        let needed = if blank { 2 } else { 1 };
        if count + needed > CHARS_MAX {
            break;
        }
        if blank {
            kept.push(' ');
        }
        kept.push(letter);
        (count, blank) = (count + needed, false);
    }
    kept
}

/// Direction marks, joiners, spaces without width, tags.
const fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}'
    )
}

/// What an error and its causes say, in one line.
pub(crate) fn chained(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    cleaned(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(cleaned(text), expected, "{text:?}");
    }

    #[test]
    fn nothing_that_moves_a_terminal_or_turns_the_line_passes() {
        check("insufficient  buying\r\n\tpower ", "insufficient buying power");
        check("\u{1b}[31mred\u{1b}]0;t\u{7}", "[31mred]0;t");
        check("buy \u{202e}lles\u{2069}\u{200b}!", "buy lles!");
        check("\u{9b}2J", "2J");
        check(" \u{feff} ", "");
    }

    #[test]
    fn a_long_text_is_cut_by_characters() {
        assert_eq!(cleaned(&"é".repeat(1_000)).chars().count(), CHARS_MAX);
        assert_eq!(cleaned(&"é ".repeat(1_000)).chars().count(), CHARS_MAX - 1);
    }
}
