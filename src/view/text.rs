//! Text that others wrote, made fit for a screen.
//!
//! Broker messages, reasons, opinions of members, mail: all of it is untrusted. It
//! is cleaned once, where it enters the read model, so that no panel has to think of
//! it again (security rule 10: untrusted text is capped and loses everything that
//! can move a cursor, hide, or turn the reading direction). It knows nothing of
//! widths on a screen and of what a text means.

use rust_decimal::Decimal;

/// Most characters of one line of text in the read model.
pub const TEXT_MAX: usize = 240;
/// Most characters of a name: a breaker, a feed, a strategy, a member.
pub const NAME_MAX: usize = 60;
/// Most combining marks that stay on one character.
pub(in crate::view) const MARKS_MAX: usize = 4;

/// Characters that are there without being seen, or that steer how others are seen:
/// the format characters (Cf) of Unicode 16, variation selectors, blank fillers.
const UNSEEN: &[(u32, u32)] = &[
    (0x00AD, 0x00AD),
    (0x034F, 0x034F),
    (0x0600, 0x0605),
    (0x061C, 0x061C),
    (0x06DD, 0x06DD),
    (0x070F, 0x070F),
    (0x0890, 0x0891),
    (0x08E2, 0x08E2),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFB),
    (0x110BD, 0x110BD),
    (0x110CD, 0x110CD),
    (0x13430, 0x1345F),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
];

/// Marks that sit on the character before them (Mn and Me), in blocks: a block may
/// hold a few characters that are none, which costs such a text the fifth in a row.
const MARKS: &[(u32, u32)] = &[
    (0x0300, 0x036F),
    (0x0483, 0x0489),
    (0x0591, 0x05BD),
    (0x05BF, 0x05C7),
    (0x0610, 0x061A),
    (0x064B, 0x065F),
    (0x0670, 0x0670),
    (0x06D6, 0x06ED),
    (0x0711, 0x0711),
    (0x0730, 0x074A),
    (0x07A6, 0x07B0),
    (0x07EB, 0x07F3),
    (0x0816, 0x082D),
    (0x0859, 0x085B),
    (0x0897, 0x089F),
    (0x08CA, 0x0903),
    (0x093A, 0x094F),
    (0x0951, 0x0957),
    (0x0962, 0x0963),
    (0x0981, 0x0983),
    (0x09BC, 0x09CD),
    (0x0A01, 0x0A03),
    (0x0A3C, 0x0A51),
    (0x0ABC, 0x0ACD),
    (0x0B3C, 0x0B57),
    (0x0BBE, 0x0BCD),
    (0x0C3C, 0x0C56),
    (0x0CBC, 0x0CD6),
    (0x0D3B, 0x0D4D),
    (0x0DCA, 0x0DDF),
    (0x0E31, 0x0E31),
    (0x0E34, 0x0E3A),
    (0x0E47, 0x0E4E),
    (0x0EB1, 0x0EB1),
    (0x0EB4, 0x0EBC),
    (0x0EC8, 0x0ECE),
    (0x0F18, 0x0F19),
    (0x0F35, 0x0F39),
    (0x0F71, 0x0F87),
    (0x0F8D, 0x0FBC),
    (0x102B, 0x103E),
    (0x135D, 0x135F),
    (0x17B6, 0x17D3),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20FF),
    (0x2CEF, 0x2CF1),
    (0x2DE0, 0x2DFF),
    (0x302A, 0x302F),
    (0x3099, 0x309A),
    (0xA66F, 0xA67D),
    (0xA69E, 0xA69F),
    (0xA8E0, 0xA8F1),
    (0xFB1E, 0xFB1E),
    (0xFE20, 0xFE2F),
    (0x101FD, 0x101FD),
    (0x1D165, 0x1D169),
    (0x1D185, 0x1D18B),
    (0x1E000, 0x1E02A),
    (0x1E8D0, 0x1E8D6),
];

fn is_in(ranges: &[(u32, u32)], letter: char) -> bool {
    let code = u32::from(letter);
    let at = ranges.partition_point(|(_, last)| *last < code);
    ranges.get(at).is_some_and(|(first, _)| *first <= code)
}

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
        } else if letter.is_control() || is_private(letter) || is_in(UNSEEN, letter) {
            continue;
        }
        if is_in(MARKS, letter) {
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

fn is_private(letter: char) -> bool {
    matches!(u32::from(letter), 0xE000..=0xF8FF | 0xF_0000..=0x10_FFFF)
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
            prop_assert!(!clean.chars().any(|c| c.is_control() || is_in(UNSEEN, c)));
            prop_assert_eq!(clean_text(&clean, max), clean);
        }
    }

    #[test]
    fn the_tables_are_in_order() {
        for table in [UNSEEN, MARKS] {
            assert!(table.windows(2).all(|pair| pair[0].1 < pair[1].0));
            assert!(table.iter().all(|(first, last)| first <= last));
        }
    }
}
