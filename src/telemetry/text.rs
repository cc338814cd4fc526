//! Foreign text made safe to show: a writer that escapes what would steer a
//! terminal or forge a line.
//!
//! A log line quotes brokers, mails and file names. A raw newline in one of them
//! would read as a second line, an escape sequence would recolour or retitle the
//! reader's terminal, and a direction mark would show `BUY` for `YUB`. The line
//! itself is put together in [`line`](crate::telemetry::line).

use std::fmt;

/// Passes text on with every harmful character written as its escape, such as
/// `\n` or `\u{1b}`.
///
/// A backslash passes unchanged: `Debug` output is full of them, and the aim is a
/// harmless line, not one that can be turned back.
#[derive(Debug)]
pub(in crate::telemetry) struct Escaping<W>(pub(in crate::telemetry) W);

impl<W: fmt::Write> fmt::Write for Escaping<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some((at, harmful)) = rest.char_indices().find(|(_, letter)| is_harmful(*letter))
        {
            let (harmless, tail) = rest.split_at(at);
            self.0.write_str(harmless)?;
            write!(self.0, "{}", harmful.escape_default())?;
            rest = tail.strip_prefix(harmful).unwrap_or_default();
        }
        self.0.write_str(rest)
    }
}

/// Tells whether a character does something other than appear: the controls of
/// ASCII and Latin-1, line and paragraph separators, and the marks, embeddings,
/// overrides and isolates of direction (Unicode Standard Annex 9, table 1).
fn is_harmful(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{061c}'
                | '\u{200e}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use proptest::prelude::*;

    use super::*;

    fn escaped(text: &str) -> String {
        let mut out = String::new();
        Escaping(&mut out).write_str(text).unwrap();
        out
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(escaped(text), expected);
    }

    #[test]
    fn plain_text_passes_unchanged() {
        check("", "");
        check("bid 10.01 × ask 10.02, naïve, 日本, 🛩", "bid 10.01 × ask 10.02, naïve, 日本, 🛩");
        check(r"C:\path and \n as two letters", r"C:\path and \n as two letters");
    }

    #[test]
    fn what_forges_a_line_is_escaped() {
        check("a\nERROR b", r"a\nERROR b");
        check("a\r\nb", r"a\r\nb");
        check("a\u{2028}b\u{2029}", r"a\u{2028}b\u{2029}");
        check("\u{85}", r"\u{85}");
    }

    #[test]
    fn what_steers_a_terminal_is_escaped() {
        check("\u{1b}[31mred\u{1b}]0;title\u{7}", r"\u{1b}[31mred\u{1b}]0;title\u{7}");
        check("\u{9b}2J", r"\u{9b}2J");
        check("\0\t\u{8}\u{7f}", r"\u{0}\t\u{8}\u{7f}");
    }

    #[test]
    fn what_turns_the_direction_is_escaped() {
        check("\u{202e}YUB\u{202c}", r"\u{202e}YUB\u{202c}");
        check("\u{2066}\u{2069}\u{200f}\u{061c}", r"\u{2066}\u{2069}\u{200f}\u{61c}");
    }

    proptest! {
        #[test]
        fn nothing_harmful_survives(text in any::<String>()) {
            prop_assert!(!escaped(&text).contains(is_harmful));
        }

        #[test]
        fn how_a_text_is_cut_into_pieces_does_not_show(
            pieces in proptest::collection::vec(any::<String>(), 0..5)
        ) {
            let mut out = String::new();
            for piece in &pieces {
                Escaping(&mut out).write_str(piece).unwrap();
            }
            prop_assert_eq!(out, escaped(&pieces.concat()));
        }
    }
}
