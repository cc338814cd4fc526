//! Text that others wrote, made fit for a screen.
//!
//! Broker messages, reasons, opinions of members, mail: all of it is untrusted. It
//! is cleaned once, where it enters the read model, so that no panel has to think of
//! it again (security rule 10: untrusted text is capped and loses everything that
//! can move a cursor, hide, or turn the reading direction). It knows nothing of
//! widths on a screen and of what a text means.

use rust_decimal::Decimal;

use crate::domain::letters::{is_mark, is_private, is_unseen};

/// Most characters of one line of text in the read model.
pub const TEXT_MAX: usize = 240;
/// Most characters of a name: a breaker, a feed, a strategy, a member.
pub const NAME_MAX: usize = 60;
/// Most combining marks that stay on one character.
pub(in crate::view) const MARKS_MAX: usize = 4;

/// Makes one line of at most `max` characters of a text that others wrote.
///
/// Line ends, tabs and separators become one space; all other C0 and C1 controls,
/// bidirectional and other format characters, zero-width characters and private
/// characters go; of the marks on one character [`MARKS_MAX`] stay, marks without
/// one go; what is too long ends in `…`. Cleaning a clean text changes nothing.
pub fn clean_text(text: &str, max: usize) -> Box<str> {
    if text.len() <= max && text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return text.trim().into();
    }
    let mut line = String::with_capacity(text.len().min(max));
    let (mut length, mut marks, mut is_cut) = (0_usize, 0_usize, false);
    for letter in text.chars() {
        if letter.is_whitespace() {
            // No space at the beginning, and no second one.
            if line.is_empty() || line.ends_with(' ') {
                continue;
            }
        } else if letter.is_control() || is_private(letter) || is_unseen(letter) {
            continue;
        }
        if is_mark(letter) {
            marks += 1;
            if marks > MARKS_MAX || line.is_empty() || line.ends_with(' ') {
                continue;
            }
        } else {
            marks = 0;
        }
        if length == max {
            is_cut = true;
            break;
        }
        line.push(if letter.is_whitespace() { ' ' } else { letter });
        length += 1;
    }
    line.truncate(line.trim_end().len());
    if is_cut && max > 0 {
        while line.chars().count() >= max {
            line.pop();
        }
        line.push('…');
    }
    line.into()
}

/// A value's name on the wire, without the quotes: for enums whose type belongs to
/// a lower layer.
pub(in crate::view) fn wire_text(value: &impl serde::Serialize) -> Box<str> {
    let text = serde_json::to_string(value).unwrap_or_default();
    clean_text(text.trim_matches('"'), NAME_MAX)
}

/// How many votes a weight counts, which is written in thousandths.
pub(in crate::view) fn votes(weight: &impl serde::Serialize) -> Decimal {
    let thousandths = serde_json::to_string(weight).ok().and_then(|text| text.parse().ok());
    Decimal::new(thousandths.unwrap_or(0), 3).normalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(&*clean_text(text, 20), expected, "{text:?}");
    }

    #[test]
    fn what_steers_a_terminal_or_hides_is_dropped() {
        for (hostile, clean) in [
            ("plain text", "plain text"),
            ("two\r\n lines\tand tab", "two lines and tab"),
            ("\u{1b}[2Jclear", "[2Jclear"),
            ("\u{1b}]52;c;aGk=\u{7}osc", "]52;c;aGk=osc"),
            ("c1\u{9b}31m", "c131m"),
            ("bidi \u{202e}evil\u{2066}\u{2069}", "bidi evil"),
            ("zero\u{200b}\u{200d}\u{feff}width", "zerowidth"),
            ("soft\u{ad}hyphen\u{2060}", "softhyphen"),
            ("tag\u{e0041}\u{e007f}s", "tags"),
            ("vari\u{fe0f}ation", "variation"),
            ("private\u{e0a0}\u{f8ff}", "private"),
            ("line\u{2028}end\u{85}x", "line end x"),
            ("\u{3000}wide  space\u{a0}", "wide space"),
            ("del\u{7f}ete\0", "delete"),
            ("filler\u{3164}\u{115f}\u{2800}", "filler"),
            ("", ""),
        ] {
            check(hostile, clean);
        }
    }

    #[test]
    fn letters_of_any_script_stay() {
        for text in ["Zürich – 5 €", "ナスダック", "שלום", "हिन्दी", "ไทย", "🚀 moon"]
        {
            check(text, text);
        }
    }

    #[test]
    fn four_marks_stay_on_one_character() {
        check(&format!("e{}!", "\u{301}".repeat(200)), "e\u{301}\u{301}\u{301}\u{301}!");
        check("\u{301}\u{302}a", "a");
        check("a \u{301}b", "a b");
    }

    #[test]
    fn what_is_too_long_ends_in_an_ellipsis() {
        check("abcdefghijklmnopqrst", "abcdefghijklmnopqrst");
        check("abcdefghijklmnopqrstu", "abcdefghijklmnopqrs…");
        check(&"界".repeat(30), &format!("{}…", "界".repeat(19)));
        assert_eq!(&*clean_text("anything", 0), "");
    }

    proptest! {
        #[test]
        fn a_clean_text_is_short_and_stays_as_it_is(text in any::<String>(), max in 0_usize..40) {
            let clean = clean_text(&text, max);
            prop_assert!(clean.chars().count() <= max);
            prop_assert!(!clean.chars().any(|c| c.is_control() || is_unseen(c)));
            prop_assert_eq!(clean_text(&clean, max), clean);
        }
    }
}
