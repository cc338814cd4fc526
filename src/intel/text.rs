//! Text that others wrote, made fit to be kept and shown.
//!
//! Security rule 10: decoded, capped, without anything that can move a cursor, hide, or
//! turn the reading direction, at most [`MARKS_MAX`] marks on one character. It happens
//! once, where a text enters; what a text says is data, whatever it asks for. It knows
//! nothing of what a text means; see [`parse`](crate::intel::parse).

use crate::domain::letters::{is_mark, is_private, is_unseen};

/// Most combining marks that stay on one character.
pub const MARKS_MAX: usize = 4;
/// Most bytes of one line: a subject, a name, a title.
pub const LINE_MAX: usize = 500;

/// A text after cleaning.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cleaned {
    /// What is left.
    pub text: String,
    /// Whether it was longer than allowed.
    pub was_cut: bool,
    /// Whether it held characters that steer or hide.
    pub had_controls: bool,
}

/// Makes one line of at most `max` bytes: every kind of white space becomes one space.
pub fn clean_line(text: &str, max: usize) -> Cleaned {
    clean(text, max, false)
}

/// Cleans a text of several lines, at most `max` bytes: line ends and tabs stay (a tab
/// as a space), the text begins and ends with something.
pub fn clean_block(text: &str, max: usize) -> Cleaned {
    clean(text, max, true)
}

/// Keeps visible ASCII alone, at most `max` bytes: identifiers and addresses, for which
/// a letter that looks like another is a forgery rather than a name.
pub fn clean_token(text: &str, max: usize) -> String {
    text.chars().filter(char::is_ascii_graphic).take(max).collect()
}

fn clean(text: &str, max: usize, keeps_lines: bool) -> Cleaned {
    let mut out = String::with_capacity(text.len().min(max));
    let (mut marks, mut was_cut, mut had_controls) = (0_usize, false, false);
    for letter in text.chars() {
        // Most letters of most mails, and nothing to be asked about them.
        if letter.is_ascii_graphic() && out.len() < max {
            out.push(letter);
            marks = 0;
            continue;
        }
        let letter = if letter == '\n' && keeps_lines {
            '\n'
        } else if letter == '\r' && keeps_lines {
            continue;
        } else if letter.is_whitespace() {
            ' '
        } else if letter.is_control() || is_private(letter) || is_unseen(letter) {
            had_controls = true;
            continue;
        } else {
            letter
        };
        if letter == ' ' && (out.is_empty() || (!keeps_lines && out.ends_with(' '))) {
            continue;
        }
        if is_mark(letter) {
            marks += 1;
            if marks > MARKS_MAX || out.is_empty() || out.ends_with(char::is_whitespace) {
                had_controls = true;
                continue;
            }
        } else {
            marks = 0;
        }
        if out.len() + letter.len_utf8() > max {
            was_cut = true;
            break;
        }
        out.push(letter);
    }
    out.truncate(out.trim_end().len());
    let blank = out.len() - out.trim_start_matches('\n').len();
    out.drain(..blank);
    Cleaned { text: out, was_cut, had_controls }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, line: &str, block: &str) {
        let cleaned = clean_line(text, 20);
        assert_eq!(cleaned.text, line, "{text:?} as a line");
        assert_eq!(clean_line(&cleaned.text, 20).text, line, "cleaning twice changes nothing");
        assert_eq!(clean_block(text, 20).text, block, "{text:?} as a block");
    }

    #[test]
    fn nothing_stays_that_steers_hides_or_piles_up() {
        check("plain", "plain", "plain");
        check("two\r\nlines\n", "two lines", "two\nlines");
        check("\x1b]52;c;aGk=\x07x", "]52;c;aGk=x", "]52;c;aGk=x");
        check("a\u{202E}b\u{200B}c\u{9b}d", "abcd", "abcd");
        check(
            "\u{301}e\u{301}\u{301}\u{301}\u{301}\u{301}",
            "e\u{301}\u{301}\u{301}\u{301}",
            "e\u{301}\u{301}\u{301}\u{301}",
        );
        check("0123456789012345678901234", "01234567890123456789", "01234567890123456789");
    }

    #[test]
    fn a_cut_never_splits_a_letter() {
        let cleaned = clean_block("ääääää", 5);
        assert_eq!((cleaned.text.as_str(), cleaned.was_cut), ("ää", true));
    }

    #[test]
    fn an_identifier_is_visible_ascii() {
        assert_eq!(clean_token("<a b\u{430}@x\n>", 99), "<ab@x>");
    }
}
